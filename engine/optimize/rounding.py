"""Rounding an answer: which compositions in the problem's steps are evaluated again, and what is said of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.results import Stopped
from engine.composition.feasibility import rounded
from engine.composition.polytope import TOLERANCE
from engine.optimize import report

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.composition.region import Region
    from engine.optimize.objective import Loss, Point

ROUNDED = "rounded"
"""Origin of a composition in the steps of the problem's resolution."""


def rounded_answer(region: Region, x: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """The composition in the region's steps that is to be evaluated for an answer; none where it is in them already."""
    found = None if region.is_rounded(x) else rounded(region, x)
    return [] if found is None else [found]


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


def rounded_answer_stop(region: Region, loss: Loss, best: Point, ended: Stopped, evaluations: int) -> Stopped:
    """What to say of a search whose best composition was to be rounded.

    Args:
        region: With steps.
        loss: Objectives.
        best: The answer.
        ended: Why the search ended, before rounding.
        evaluations: How many there were.
    """
    steps = region.step_words()
    if not region.is_rounded(best.x):
        words = f"{ended.message}; the answer is not rounded: the rounded composition did not converge"
    elif ended.reason == "target_met" and loss.met(best.values):
        return report.target_met(loss, evaluations)
    elif ended.reason == "target_met":
        nearest = report.unreachable(region, loss, best)
        words = f"in {steps} {nearest.message}; before rounding, {ended.message}"
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
