"""Rounding an answer: which compositions in the problem's steps are evaluated again, and what is said of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.results import Stopped
from engine.composition.feasibility import rounded
from engine.composition.polytope import TOLERANCE
from engine.mechanics.threads import fitting_threads
from engine.optimize.answer import stop_words
from engine.optimize.answer.lattice import most_promising
from engine.optimize.point import best_of
from engine.optimize.surrogates.surrogate import surrogates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.composition.region import Region
    from engine.optimize.objective import Loss
    from engine.optimize.point import Point
    from engine.optimize.surrogates.surrogate import FitCache

ROUNDED = "rounded"
"""Origin of a composition in the steps of the problem's resolution."""
MOST_TRIES = 6
"""Rounded compositions that are evaluated for one answer."""
WORTH_TRYING = 1e-3
"""An expected decrease of the loss below this (relative to that of missed targets, at least 1) is not worth an
evaluation."""


def rounded_answer(
    region: Region, loss: Loss, points: Sequence[Point], fits: FitCache
) -> NDArray[np.float64] | None:
    """The composition in the region's steps that is to be evaluated next for an answer; None where no more is worth it.

    The nearest one need not be the best: many miss a target by less. Those around it are ranked by the surrogates, and
    evaluated one after the other while one promises more than the best of those before.

    Args:
        region: With steps.
        loss: Objectives and property constraints.
        points: All points told.
        fits: Fits of surrogates already made.

    Returns:
        [n_columns].
    """
    tried = [point for point in points if point.origin == ROUNDED]
    searched = [point for point in points if point.origin != ROUNDED and point.values]
    if not searched or len(tried) >= MOST_TRIES or region.is_rounded(best_of(searched).x):
        return None
    made = [point for point in points if point.values and region.is_rounded(point.x)]
    if tried and any(loss.met(point.values) for point in made):
        return None
    nearest = rounded(region, best_of(searched).x)
    if nearest is None:
        return None
    known = [point.x for point in points if region.is_rounded(point.x)]
    with fitting_threads(0):  # the matrices of a surrogate are small
        models = surrogates(region.space, loss.properties, points, fits, loss.known, loss.measured)
        found = most_promising(region, loss, models, nearest, known)
    if found is None:
        return None
    x, (violation, expected) = found
    if not (tried and made):
        return x
    reached = best_of(made)
    missed = loss.parts()[0](reached.values)
    if reached.violation > 0.0:
        worth = violation < reached.violation
    else:
        worth = violation == 0.0 and reached.loss - expected > WORTH_TRYING * max(1.0, missed)
    return x if worth else None


def rounded_front(
    region: Region, members: Sequence[NDArray[np.float64]], known: Sequence[NDArray[np.float64]], most: int
) -> list[NDArray[np.float64]]:
    """The compositions in the region's steps that are to be evaluated for a front, each once.

    Args:
        region: With steps.
        members: Compositions of the front, in its order.
        known: What has been evaluated.
        most: How many at the most; of more, some spread over the front with both its ends.
    """
    wanted: list[NDArray[np.float64]] = []
    for member in members:
        found = rounded(region, member)
        if found is None or any(np.abs(found - other).max() <= TOLERANCE for other in [*known, *wanted]):
            continue
        wanted.append(found)
    if len(wanted) <= most:
        return wanted
    return [wanted[round(place)] for place in np.linspace(0, len(wanted) - 1, most)]


def rounded_answer_stop(
    region: Region, loss: Loss, points: Sequence[Point], best: Point, ended: Stopped, *, left: int
) -> Stopped:
    """What to say of a search whose best composition was to be rounded.

    Args:
        region: With steps.
        loss: Objectives.
        points: All points told.
        best: The answer.
        ended: Why the search ended, before rounding.
        left: Evaluations of the budget that were not made.
    """
    steps = region.step_words()
    tried = sum(point.origin == ROUNDED for point in points)
    if not region.is_rounded(best.x) and tried:
        words = f"{ended.message}; the answer is not rounded: no rounded composition converged"
    elif not region.is_rounded(best.x):
        why = "nothing in steps was found in time" if left else "no evaluation was left for that"
        words = f"{ended.message}; the answer is not rounded: {why}"
    elif ended.reason == "target_met" and loss.met(best.values):
        return stop_words.target_met(loss, len(points))
    elif ended.reason == "target_met":
        if best.violation > 0.0:
            fault = stop_words.broken(loss, best)
        else:
            fault = f"the nearest found has {stop_words.missed(loss, best)}: take finer steps or a larger tolerance"
        words = f"in {steps} {fault}; before rounding, {ended.message}"
        return Stopped(reason="unreachable_target", message=words)
    else:
        words = f"{ended.message}; the answer is in {steps}"
    return Stopped(reason=ended.reason, message=words)


def rounded_front_stop(
    region: Region, before: int, front: Sequence[NDArray[np.float64]], ended: Stopped
) -> Stopped:
    """What to say of a search whose front of ``before`` compositions was to be rounded, and is now ``front``."""
    if all(region.is_rounded(x) for x in front):
        words = f"rounded to {region.step_words()} its {before} compositions leave a front of {len(front)}"
    else:
        words = "the front is not rounded: no rounded composition converged"
    return Stopped(reason=ended.reason, message=f"{ended.message}; {words}")
