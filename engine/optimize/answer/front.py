"""The Pareto front of several objectives without weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from engine.optimize.objective import Loss
    from engine.optimize.point import Point


def nondominated(loss: Loss, points: Sequence[Point]) -> list[Point]:
    """The points that obey the property constraints and that none of the others betters, by the first objective.

    One point betters another if it is as good in every objective and better in one. Of points with equal values
    the first stays.
    """
    usable = [point for point in points if point.values and point.violation == 0.0]
    if not usable:
        return []
    losses = np.array([[term.loss(point.values[term.name]) for term in loss.terms] for point in usable])
    kept = []
    for number, own in enumerate(losses):
        no_worse = np.all(losses <= own, axis=1)
        better = no_worse & np.any(losses < own, axis=1)
        twin = no_worse & ~better & (np.arange(len(losses)) < number)
        if not np.any(better | twin):
            kept.append(number)
    return [usable[number] for number in sorted(kept, key=lambda number: tuple(losses[number]))]
