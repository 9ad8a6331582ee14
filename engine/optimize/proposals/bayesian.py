"""Strategy ``bayesian``: the composition of the largest expected improvement, by surrogates of the properties.

Stateless as every strategy: what to try next is a function of the points told, the seed and the batch so far.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.optimize.point import best_of
from engine.optimize.proposals.acquisition import Acquisition, expected_hypervolume, expected_improvement
from engine.optimize.proposals.descent import descend
from engine.optimize.surrogates.convergence import convergence
from engine.optimize.surrogates.surrogate import FitCache, surrogates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.composition.region import Region
    from engine.optimize.objective import Loss
    from engine.optimize.point import Point
    from engine.optimize.surrogates.phases import Surrogate

FIRST_POINTS = 1
"""Compositions tried before surrogates are asked."""
NEGLIGIBLE = 1e-3
"""An expected improvement of the loss below this ends the search; so does one below this part of what targets are
missed by, or below a tenth of it of the distance from the best goals to those expected of a random composition."""
NEGLIGIBLE_VOLUME = 1e-4
"""The same for the hypervolume of a front, in the unit box of its range."""
DOUBT = 1.5
"""No more than that must be expected even if deviations were so many times those of the surrogates, which are surer
than they should be of where they have not looked."""
GREAT_DOUBT = 10.0
"""That factor where an evaluation contradicts the surrogates."""
SAME = 1e-7
"""Compositions nearer than this are one."""
DISTINCT = 1e-3
"""Compositions of a batch are not nearer to each other, nor all but its first to what was tried: they would tell
nothing apart."""
_CANDIDATES = 256
_EXTREMES = 16
_BETWEEN = 32
_AROUND_BEST = 24
_WIDTHS = (0.1, 0.02)
_NEAREST_FAILED = 8
_SHARES_BACK = (0.2, 0.35, 0.5)
_DESCENTS = 4
_STEPS = 20


@dataclass(frozen=True, eq=False)
class Choice:
    """A composition to try.

    Attributes:
        x: Fractions of the composition, [n_columns].
        improvement: The improvement of the loss expected there.
        worth: That improvement as it counts: less where the relaxation may fail.
        negligible: An expected improvement below this is not worth an evaluation.
        among: Compositions that were looked at first, [n, n_columns].
    """

    x: NDArray[np.float64]
    improvement: float
    worth: float
    negligible: float
    among: NDArray[np.float64]


def best_choice(
    region: Region,
    loss: Loss,
    points: Sequence[Point],
    pending: Sequence[NDArray[np.float64]],
    seed: int,
    cache: FitCache,
    *,
    front: bool = False,
    doubt: float = 1.0,
) -> Choice | None:
    """The composition with the largest expected improvement; None where every candidate was tried before.

    Where relaxations have failed, the improvement counts by the probability that they converge.

    Args:
        region: Feasible compositions.
        loss: Objectives and property constraints.
        points: All points told, by index.
        pending: Compositions chosen for the same batch, [n_columns] each.
        seed: Seed of the job.
        cache: Fits already made.
        front: Whether several objectives are to be traded off instead of summed.
        doubt: Factor on the standard deviations of the surrogates; not for a front.
    """
    models = surrogates(region.space, loss.properties, points, cache, loss.known, loss.measured)
    draw = [seed, len(points), len(pending)]
    samples = int(np.random.SeedSequence(draw).generate_state(1)[0])
    anywhere, likely = _candidates(region, points, np.random.default_rng(draw))
    taken = np.array([*(point.x for point in points), *pending])
    apart = DISTINCT if pending else SAME
    candidates = np.vstack([anywhere, likely])
    candidates = candidates[_distances(candidates, taken) > apart]
    if not len(candidates):
        return None
    acquisition = (
        expected_hypervolume(loss, models, points, pending, samples, candidates)
        if front
        else expected_improvement(loss, models, points, pending, samples, doubt)
    )
    converges = convergence(points, region.space.free_basis)
    if converges is not None and doubt > 1.0:
        # Care puts a choice where little is left to gain: whether a search may end it must not decide.
        converges = converges.at_bearable_risk()
    acquisition = replace(acquisition, converges=converges)
    values = acquisition(candidates)
    tops = _distinct_tops(candidates, values)
    polished = [x for start in tops for x in _climb(region, acquisition, start)]
    everything = np.array([*tops, *polished])
    values = acquisition(everything)
    for number in np.argsort(-values, kind="stable"):
        x = region.project(everything[number])
        if _distances(x[None], taken)[0] > apart:
            least = _negligible(loss, models, anywhere, best_of(points), front=front)
            return Choice(x, acquisition.improvement(x), acquisition.worth(x), least, candidates)
    return None


def _distances(x: NDArray[np.float64], taken: NDArray[np.float64]) -> NDArray[np.float64]:
    """Largest difference of a fraction from the nearest of those taken [m, n_columns], of x [n, n_columns]: [n]."""
    found: NDArray[np.float64] = np.abs(x[:, None, :] - taken[None]).max(axis=2).min(axis=1)
    return found


def _negligible(
    loss: Loss,
    models: dict[str, Surrogate],
    drawn: NDArray[np.float64],
    best: Point,
    *,
    front: bool,
) -> float:
    """The expected improvement below which a search ends (docs/science.md, Eq. 67).

    Args:
        loss: Objectives and property constraints.
        models: Surrogates by property.
        drawn: Compositions drawn from the region, [n, n_columns]: what is usual there tells what is little.
        best: The best point.
        front: Whether several objectives are to be traded off.
    """
    if front:
        return NEGLIGIBLE_VOLUME
    if best.violation > 0.0:
        return NEGLIGIBLE * best.violation
    targets, goals = loss.parts()
    missed, reached = targets(best.values), goals(best.values)
    usual = reached
    if goals.terms:
        means = [models[name].mean(drawn) for name in goals.properties]
        usual = float(goals.of_columns(np.column_stack(means)).mean())
    return NEGLIGIBLE * max(1.0, missed, 0.1 * (usual - reached))


def first_points(
    region: Region, given: Sequence[NDArray[np.float64]], count: int, seed: int
) -> list[NDArray[np.float64]]:
    """The given starts, else the centre; then random compositions, each as far as may be from those before.

    Fewer than ``count`` where there are no others.
    """
    starts = list(given) or [region.center()]
    rng = np.random.default_rng(seed)
    while len(starts) < count:
        drawn = region.random(rng, _CANDIDATES)
        distances = np.min([np.linalg.norm(drawn - x, axis=1) for x in starts], axis=0)
        if distances.max() < DISTINCT:
            break
        starts.append(drawn[int(np.argmax(distances))])
    return starts[:count]


def _candidates(
    region: Region, points: Sequence[Point], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compositions anywhere in the region; and at its ends, between two of them, and around the best points."""
    best = sorted((p for p in points if p.values and not p.outside), key=lambda p: (p.rank, p.index))[:2]
    basis = region.space.free_basis
    around = [
        region.project(point.x + width * (basis @ rng.standard_normal(basis.shape[1])))
        for point in best
        for width in _WIDTHS
        for _ in range(_AROUND_BEST // len(best))
    ]
    extremes = region.extremes(rng, max(_EXTREMES, region.space.n_columns))
    between = [
        region.project(share * one + (1.0 - share) * other)
        for share, (one, other) in zip(
            rng.random(_BETWEEN), rng.choice(extremes, size=(_BETWEEN, 2)), strict=True
        )
    ]
    return region.random(rng, _CANDIDATES), np.vstack(
        [extremes, between, around, *_back(region, points, best)]
    )


def _back(region: Region, points: Sequence[Point], best: Sequence[Point]) -> Iterator[NDArray[np.float64]]:
    """Steps back from what failed, towards the best: from the failures that are nearest to it."""
    failed = np.array([point.x for point in points if not point.values])
    if not len(failed):
        return
    for point in best:
        order = np.argsort(np.linalg.norm(failed - point.x, axis=1), kind="stable")
        for x in failed[order[:_NEAREST_FAILED]]:
            for share in _SHARES_BACK:
                yield region.project(point.x + share * (x - point.x))


def _distinct_tops(candidates: NDArray[np.float64], values: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """The best candidates that are not near to a better one."""
    found: list[NDArray[np.float64]] = []
    for number in np.argsort(-values, kind="stable"):
        x = candidates[number]
        if all(np.abs(x - other).max() > 0.05 for other in found):
            found.append(x)
        if len(found) == _DESCENTS:
            break
    return found


def _climb(region: Region, acquisition: Acquisition, start: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    def downhill(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, slope = acquisition.with_gradient(x)
        return -value, -slope

    return [
        x for piece in region.near(start, 1) for x in descend(piece, downhill, [start], most_steps=_STEPS)
    ]
