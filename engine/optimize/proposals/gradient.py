"""Strategy ``gradient``: local searches from several starts, with models of the properties and a trust region.

Stateless: what to try next is read off the points told so far. Each point carries the search that wanted it
(``start 0``, ``step 0``, ...), and a search's centre and trust radius follow from its points in order, so a campaign
resumed from stored evaluations continues exactly as if it had never stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.optimize.proposals.local_model import fit, minimise
from engine.optimize.surrogates.convergence import convergence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.composition.region import Region
    from engine.optimize.objective import Loss
    from engine.optimize.point import Point
    from engine.optimize.surrogates.convergence import Convergence

FIRST_RADIUS = 0.3
"""Largest change of a fraction in the first step of a search."""
LAST_RADIUS = 1e-3
CONVERGED_STEP = 1e-7
"""A proposed change of every fraction below this ends a search, whatever it is to bring: a tight tolerance asks for
small steps."""
SAME_START = 2e-4
"""A start this near to what was tried is none."""
SAME_IN_BATCH = 1e-3
"""Two searches that step this near to each other wait for one evaluation."""
LIKELY = 2.0 / 3.0
"""A start must be so likely to converge."""
SAME_BASIN = 0.02
"""A search that steps this near to the optimum of a better, finished one ends there."""
CONVERGED_DECREASE = 1e-3
"""A modelled decrease of the loss below this (relative to that of missed targets, at least 1) ends a search: where the
zero of a goal lies says nothing."""
MAX_STARTS = 6
CANDIDATES = 512
"""Random compositions among which the next start is the one farthest from all others."""


@dataclass(frozen=True, eq=False)
class Proposal:
    """A composition to evaluate and the search that wants it."""

    x: NDArray[np.float64]
    origin: str


@dataclass(frozen=True, eq=False)
class Search:
    """A local search as its points tell it.

    Attributes:
        number: Number of the search.
        centre: Best point of the search.
        radius: Trust radius, the largest change of a fraction.
        proposal: Composition wanted next, [n_columns]; None once it has converged.
    """

    number: int
    centre: Point
    radius: float
    proposal: NDArray[np.float64] | None


def starts_wanted(region: Region, given: int) -> int:
    """How many searches a campaign runs before it gives up or has converged."""
    return max(
        given,
        min(MAX_STARTS, 1 + 2 * int(np.count_nonzero(np.ptp(region.space.tight_bounds, axis=0) > 0) // 2)),
    )


def propose(
    region: Region,
    searches: Sequence[Search],
    points: Sequence[Point],
    given_starts: Sequence[NDArray[np.float64]],
    n: int | None,
    seed: int,
) -> list[Proposal]:
    """The next compositions; empty once every search has converged.

    Args:
        region: Feasible compositions.
        searches: State of every search, from `trace`.
        points: All points told.
        given_starts: Compositions that the user wants to start from, [n_columns] each.
        n: Number of proposals; None leaves it to the strategy (one step of one search at a time).
        seed: Seed of the random starts.
    """
    count = n or 1
    steps: list[Proposal] = []
    for search in searches:
        x = search.proposal
        if x is not None and len(steps) < count and all(_apart(x, one.x) > SAME_IN_BATCH for one in steps):
            steps.append(Proposal(x, f"step {search.number}"))
    starts_in_all = max(starts_wanted(region, len(given_starts)), count)
    begun = 1 + max((search.number for search in searches), default=-1)
    fresh = min(count - len(steps), starts_in_all - begun)
    if fresh <= 0:
        return steps
    starts = _starts(region, given_starts, begun + fresh, seed, convergence(points, region.space.free_basis))
    taken = [*(point.x for point in points), *(one.x for one in steps)]
    for number in range(begun, len(starts)):
        if number < len(given_starts) or all(_apart(starts[number], x) >= SAME_START for x in taken):
            steps.append(Proposal(starts[number], f"start {number}"))
            taken.append(starts[number])
    return steps


def _apart(x: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The largest difference of a fraction."""
    return float(np.abs(x - other).max())


def trace(region: Region, loss: Loss, points: Sequence[Point]) -> list[Search]:
    """The state of every search, from the points told."""
    by_search: dict[int, list[Point]] = {}
    for point in sorted((p for p in points if not p.outside), key=lambda p: p.index):
        kind, _, number = (point.origin or "").partition(" ")
        if kind in {"start", "step"} and number.isdigit():
            by_search.setdefault(int(number), []).append(point)
    searches: list[Search] = []
    converges = convergence(points, region.space.free_basis)
    for key in sorted(by_search):
        searches.append(_search(region, loss, key, by_search[key], points, searches, converges))
    return searches


def _search(
    region: Region,
    loss: Loss,
    number: int,
    own: Sequence[Point],
    everything: Sequence[Point],
    before: Sequence[Search],
    converges: Convergence | None,
) -> Search:
    centre, radius = own[0], FIRST_RADIUS
    for point in own[1:]:
        length = float(np.abs(point.x - centre.x).max())
        if point.rank < centre.rank:
            centre = point
            radius = min(1.0, max(radius, 2.0 * length)) if length > 0.5 * radius else radius
        elif point.values or converges is None:
            radius = 0.35 * min(radius, length)
    if not set(loss.properties) <= set(centre.gradients) or radius < LAST_RADIUS:
        return Search(number, centre, radius, None)
    others = sorted((p for p in everything if p is not centre), key=lambda p: p.index)
    model = fit(region.space, centre, others, loss.known)
    found = minimise(region, loss, model, radius, None if converges is None else converges.room)
    x = found.x
    step = float(np.abs(x - centre.x).max(initial=0.0))
    if centre.violation > 0.0:
        gained = centre.violation - found.violation > CONVERGED_DECREASE * centre.violation
    else:
        missed = loss.parts()[0](centre.values)
        gained = centre.loss - found.loss >= CONVERGED_DECREASE * max(1.0, missed)
    finished = step < CONVERGED_STEP or not gained
    merged = any(
        search.proposal is None
        and search.centre.rank <= centre.rank
        and np.abs(search.centre.x - x).max() < SAME_BASIN
        for search in before
    )
    return Search(number, centre, radius, None if finished or merged else x)


def _starts(
    region: Region,
    given: Sequence[NDArray[np.float64]],
    count: int,
    seed: int,
    converges: Convergence | None,
) -> list[NDArray[np.float64]]:
    """The given starts, else the centre; then random compositions, each as far as may be from those before.

    Where relaxations have failed, only among those that rather converge.
    """
    starts = list(given) or [region.center()]
    rng = np.random.default_rng(seed)
    while len(starts) < count:
        candidates = region.random(rng, CANDIDATES)
        if converges is not None:
            likely = candidates[converges.probability(candidates) > LIKELY]
            candidates = likely if len(likely) else candidates
        distances = np.min([np.linalg.norm(candidates - x, axis=1) for x in starts], axis=0)
        starts.append(candidates[int(np.argmax(distances))])
    return starts[:count]
