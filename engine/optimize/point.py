"""What a search needs of an evaluation, and which of several is the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Point:
    """What a search needs of an evaluation.

    Attributes:
        index: Number of its suggestion.
        origin: Which search wanted it.
        x: [n_columns] composition.
        values: The properties of objectives and constraints.
        gradients: Their tangent-space gradients [n_columns]; empty where the relaxation did not converge.
        loss: Weighted loss; infinite where the relaxation did not converge.
        violation: How far the property constraints are broken; infinite where it did not converge.
        phase: Name of the phase that it relaxed to, where that is not the parent's: properties jump between phases.
        outside: Whether the composition is none that the problem allows: loss and violation are infinite then, too.
    """

    index: int
    origin: str | None
    x: NDArray[np.float64]
    values: dict[str, float]
    gradients: dict[str, NDArray[np.float64]]
    loss: float
    violation: float = 0.0
    outside: bool = False
    phase: str | None = None

    @property
    def rank(self) -> tuple[float, float]:
        """Less is better: first the constraints, then the loss."""
        return (self.violation, self.loss)

    def forbidden(self) -> Point:
        """The same, of a composition that the problem does not allow."""
        return replace(self, loss=math.inf, violation=math.inf, outside=True)


def best_of(points: Sequence[Point]) -> Point:
    """The best point with values; of equals the first.

    Raises:
        ValueError: if no point has values.
    """
    return min((point for point in points if point.values), key=lambda point: (point.rank, point.index))
