"""What each strategy proposes next, as a function of everything told; and which strategy ``auto`` takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.registry import Registry
from engine.optimize.history import History
from engine.optimize.proposals import gradient
from engine.optimize.proposals.gradient import Proposal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from api_schemas.problem import Problem
    from engine.composition.region import Region
    from engine.optimize.proposals.bayesian import Choice
    from engine.optimize.proposals.sure_step import SureStep

OFF_THE_EDGE = 1e-5
"""Part of the way to the middle of the region that compositions keep from its edges where slopes are infinite."""


@dataclass(frozen=True)
class Chosen:
    """A strategy and, where `auto` chose it, why."""

    name: str
    reason: str | None = None


@dataclass(frozen=True)
class Strategy:
    """A strategy that proposes.

    Attributes:
        name: As in `api_schemas.strategies`.
        propose: The next compositions, from everything told and how many at the most; a pure function of these. None
            are proposed once it has converged.
        tested: Whether its surrogates are tested before it ends.
    """

    name: str
    propose: Callable[[History, int], list[Proposal]]
    tested: bool = False


def choose(problem: Problem) -> Chosen:
    """The strategy of a problem.

    A target is reached by a few Gauss-Newton steps along exact gradients; a goal may have several optima, which
    surrogates with gradients tell apart, with sure steps downhill between.
    """
    name = problem.strategy.name
    if name != "auto":
        return Chosen(name)
    if problem.seeks_front:
        return Chosen("bayesian", "auto chose bayesian: a front needs a surrogate of every objective")
    if problem.measured:
        return Chosen("hybrid", "auto chose hybrid: its surrogates learn from the measured points, too")
    if all(objective.target is not None for objective in problem.objectives):
        return Chosen("gradient", "auto chose gradient: targets are reached along exact gradients")
    return Chosen("hybrid", "auto chose hybrid: a goal may have several optima, which surrogates tell apart")


def propose(name: str, history: History, n: int) -> list[Proposal]:
    """The next compositions; empty once the strategy has converged.

    Args:
        name: Strategy, one of STRATEGIES.
        history: Everything told.
        n: Number of proposals at the most.

    Raises:
        api_schemas.registry.UnknownName: if there is no such strategy.
    """
    chosen = STRATEGIES[name].propose(history, n)
    steep = {name for name, part in history.loss.known.items() if part.steep}
    if not steep & set(history.loss.properties):
        return chosen
    return [Proposal(_off_the_edge(history.region, one.x), one.origin) for one in chosen]


def _off_the_edge(region: Region, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """A composition next to x with a little of every element that may be there: a free energy has its slope there."""
    (piece,) = region.near(x, 1)
    return x + OFF_THE_EDGE * (piece.frame.origin - x)


def _gradient(history: History, n: int) -> list[Proposal]:
    """Local searches along exact gradients."""
    searches = gradient.trace(history.region, history.loss, history.points)
    return gradient.propose(history.region, searches, history.points, history.given, n, history.seed)


def _random(history: History, n: int) -> list[Proposal]:
    """Given starts, then compositions drawn one by one: each depends on the seed and its number only."""
    first = len(history.points)
    drawn: list[NDArray[np.float64]] = []
    listed = history.region.listed
    for number in range(first, first + n):
        rng = np.random.default_rng([history.seed, number])
        if number < len(history.given):
            drawn.append(history.given[number])
        elif listed is None:
            drawn.append(history.region.random(rng, 1)[0])
        else:
            taken = np.array([*(point.x for point in history.points), *drawn]).reshape(-1, listed.shape[1])
            apart = np.abs(listed[:, None] - taken[None]).max(axis=2, initial=0.0).min(axis=1, initial=1.0)
            left = listed[apart > gradient.SAME_START]
            if not len(left):
                break
            drawn.append(left[int(rng.integers(len(left)))])
    return [Proposal(x, "random") for x in drawn]


def _bayesian(history: History, n: int, *, sure_steps: bool = False) -> list[Proposal]:
    """Where improvement is expected; ``hybrid`` with ``sure_steps``."""
    from engine.optimize.proposals.bayesian import FIRST_POINTS, first_points

    inside = [point for point in history.points if not point.outside]
    done = len(inside)
    wanted = max(FIRST_POINTS, len(history.given))
    if not any(point.values for point in inside):
        wanted = max(wanted, done + n)  # nothing is known yet
    starts = first_points(history.region, history.given, wanted, history.seed)[done : done + n]
    proposals = [Proposal(x, "first") for x in starts]
    if proposals and done == 0:
        return proposals  # without any value there is nothing to model
    if not any(point.values for point in inside):
        return proposals  # all failed, and there is no other composition
    pending = [one.x for one in proposals]
    return [*proposals, *_improving(history, n - len(proposals), pending, sure_steps=sure_steps)]


def _improving(
    history: History, n: int, pending: list[NDArray[np.float64]], *, sure_steps: bool
) -> list[Proposal]:
    """Compositions of the largest expected improvement, one after the other, each with those before as pending.

    The first may be a sure step instead or, where no improvement to speak of is expected, a probe.
    """
    from engine.mechanics.threads import fitting_threads

    found: list[Proposal] = []
    pending = list(pending)
    for _ in range(n):
        with fitting_threads(0):  # the matrices of a surrogate are small
            proposal = _next(history, pending, sure_steps=sure_steps)
        if proposal is None:
            break
        pending.append(proposal.x)
        found.append(proposal)
    return found


def _next(history: History, pending: list[NDArray[np.float64]], *, sure_steps: bool) -> Proposal | None:
    """The next composition of a batch; None once nothing is expected and the surrogates have stood the test."""
    from engine.optimize.proposals.probes import FEWEST

    choice = _choice(history, pending)
    step = _sure_step(history, choice) if sure_steps and choice is not None and not pending else None
    if step is not None:
        return Proposal(step.x, "step")
    young = history.front and not pending and len(history.points) < FEWEST
    if choice is not None and (young or not _is_little(choice)):
        return Proposal(choice.x, "improve")
    return None if history.front else _in_doubt(history, pending)


def _in_doubt(history: History, pending: list[NDArray[np.float64]]) -> Proposal | None:
    """What to evaluate where nothing is expected: what tests that, and what is expected if surrogates know less."""
    from engine.optimize.proposals.bayesian import DOUBT, GREAT_DOUBT
    from engine.optimize.proposals.claim import IN_DOUBT, PROBE, claim
    from engine.optimize.proposals.probes import probe

    tested = None if pending else probe(history)
    if tested is not None:
        return Proposal(tested, PROBE)
    choice = _choice(history, pending, DOUBT)
    if choice is not None and not _is_little(choice):
        return Proposal(choice.x, "improve")
    if pending:
        return None
    stood = claim(history.region.space, history.loss, history.points, history.fits)
    if stood.holds and stood.settled:
        return None
    doubted = _choice(history, [], GREAT_DOUBT)
    if doubted is None or (stood.holds and _is_little(doubted)):
        return None
    return Proposal(doubted.x, IN_DOUBT)


def _choice(history: History, pending: list[NDArray[np.float64]], doubt: float = 1.0) -> Choice | None:
    """Where most improvement is expected, with deviations `doubt` times those of the surrogates."""
    from engine.optimize.proposals.bayesian import best_choice

    return best_choice(
        history.region,
        history.loss,
        history.points,
        pending,
        history.seed,
        history.fits,
        front=history.front,
        doubt=doubt,
    )


def _is_little(choice: Choice | None) -> bool:
    """Whether what is expected is not worth an evaluation."""
    return choice is None or choice.improvement < choice.negligible


def _sure_step(history: History, choice: Choice) -> SureStep | None:
    """The sure step, where it gains what is worth an evaluation: however much is expected elsewhere.

    Where relaxations have failed it has to be worth more than that: where several borders explain what failed, a step
    that keeps from all of them does not go far, and which one it is another composition tells.
    """
    from engine.optimize.proposals.sure_step import FEWEST, sure_step

    if len(history.points) < FEWEST:
        return None
    step = sure_step(history.region, history.loss, history.points, history.fits, choice.among)
    if step is None or step.improvement < choice.negligible:
        return None
    return None if step.worth is not None and step.worth < choice.worth else step


STRATEGIES: Registry[Strategy] = Registry(
    "strategy",
    Strategy("gradient", _gradient),
    Strategy("bayesian", _bayesian, tested=True),
    Strategy("hybrid", lambda history, n: _bayesian(history, n, sure_steps=True), tested=True),
    Strategy("random", _random),
)
"""Every strategy that proposes; a grid is listed beforehand."""
