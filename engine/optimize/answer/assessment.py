"""What a problem makes of an evaluation: its loss, whether it obeys the constraints, and which way is downhill."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.evaluations import Assessment

if TYPE_CHECKING:
    from api_schemas.base import Gradient
    from engine.composition.space import CompositionSpace
    from engine.optimize.objective import Loss
    from engine.optimize.point import Point


def assessment(
    space: CompositionSpace,
    loss: Loss,
    point: Point,
    *,
    best: float | None = None,
    on_front: bool | None = None,
) -> Assessment:
    """The assessment of one evaluation.

    Args:
        space: Sublattices and elements.
        loss: Objectives and property constraints.
        point: The evaluation.
        best: Least loss up to it.
        on_front: Whether no other evaluation betters it; None where no front is asked for.
    """
    if not point.values:
        return Assessment(best=best, on_front=on_front)
    feasible = point.violation == 0.0
    parts = [float(term.loss(point.values[term.name])) for term in loss.terms]
    counts = feasible and on_front is None and math.isfinite(point.loss) and bool(loss.terms)
    return Assessment(
        loss=point.loss if counts else None,
        parts=[part if math.isfinite(part) else None for part in parts],
        best=best,
        feasible=feasible,
        on_front=on_front,
        downhill=downhill(space, loss, point) if on_front is None else None,
    )


def downhill(space: CompositionSpace, loss: Loss, point: Point) -> Gradient | None:
    """Minus the gradient of the loss per unit fraction, or, with targets only, of its square root.

    The square root is the distance from the targets in tolerances: its slope does not shrink on the way. None where a
    gradient is missing, and where the targets are met exactly.
    """
    if not loss.terms or any(term.name not in point.gradients for term in loss.terms):
        return None
    total = np.zeros(len(space.columns))
    for term in loss.terms:
        total -= term.slope(point.values[term.name]) * point.gradients[term.name]
    if loss.only_targets:
        if point.loss <= 0.0:
            return None
        total /= 2.0 * math.sqrt(point.loss)
    return space.to_composition(total) if np.isfinite(total).all() else None
