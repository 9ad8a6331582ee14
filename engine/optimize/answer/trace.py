"""The convergence of a search: the loss of each evaluation and the best up to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.results import TracePoint

if TYPE_CHECKING:
    from engine.optimize.point import Point


def trace(points: Sequence[Point]) -> list[TracePoint]:
    """One step an evaluation, by its number; the loss counts where every property constraint is obeyed."""
    found, best = [], np.inf
    for point in sorted(points, key=lambda point: point.index):
        counts = bool(np.isfinite(point.loss)) and point.violation == 0.0
        best = min(best, point.loss) if counts else best
        found.append(
            TracePoint(
                index=point.index,
                loss=point.loss if counts else None,
                best=float(best) if np.isfinite(best) else None,
            )
        )
    return found


def thinned(steps: Sequence[TracePoint], most: int = 50) -> list[float]:
    """The best loss at ``most`` evaluations, spread evenly from the first that has one to the last, to six digits."""
    known = [float(f"{step.best:.6g}") for step in steps if step.best is not None]
    if len(known) <= most:
        return known
    return [known[round(place)] for place in np.linspace(0, len(known) - 1, most)]
