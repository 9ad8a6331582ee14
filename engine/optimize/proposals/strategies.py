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
    """

    name: str
    propose: Callable[[History, int], list[Proposal]]


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
    pending = [one.x for one in proposals]
    return [*proposals, *_improving(history, n - len(proposals), pending, sure_steps=sure_steps)]


def _improving(
    history: History, n: int, pending: list[NDArray[np.float64]], *, sure_steps: bool
) -> list[Proposal]:
    """Compositions of the largest expected improvement, one after the other, each with those before as pending.

    The first may be a sure step instead. None where no improvement to speak of is expected.
    """
    from engine.mechanics.threads import fitting_threads
    from engine.optimize.proposals.bayesian import DOUBT, EARLY_DOUBT, FEWEST

    found: list[Proposal] = []
    pending = list(pending)
    enough = sum(not point.outside for point in history.points) >= FEWEST
    for _ in range(n):
        step = None
        with fitting_threads(0):  # the matrices of a surrogate are small
            choice = _choice(history, pending)
            if sure_steps and choice is not None and not pending:
                step = _sure_step(history, choice)
            if step is None and _is_little(choice) and not history.front:
                choice = _choice(history, pending, DOUBT if enough else EARLY_DOUBT)
        if step is not None:
            proposal = Proposal(step.x, "step")
        elif choice is None or ((enough or pending) and _is_little(choice)):
            break
        else:
            proposal = Proposal(choice.x, "improve")
        pending.append(proposal.x)
        found.append(proposal)
    return found


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
    """The sure step, where it gains what is worth an evaluation: however much is expected elsewhere."""
    from engine.optimize.proposals.sure_step import FEWEST, sure_step

    if len(history.points) < FEWEST:
        return None
    step = sure_step(history.region, history.loss, history.points, history.fits, choice.among)
    return None if step is None or step.improvement < choice.negligible else step


STRATEGIES: Registry[Strategy] = Registry(
    "strategy",
    Strategy("gradient", _gradient),
    Strategy("bayesian", _bayesian),
    Strategy("hybrid", lambda history, n: _bayesian(history, n, sure_steps=True)),
    Strategy("random", _random),
)
"""Every strategy that proposes; a grid is listed beforehand."""
