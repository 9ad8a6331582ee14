"""What a search has seen: the feasible region, the objectives, and every point told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.composition.region import Region
    from engine.optimize.objective import Loss
    from engine.optimize.point import Point
    from engine.optimize.surrogates.surrogate import FitCache


@dataclass(frozen=True, eq=False)
class History:
    """All that a strategy knows.

    Attributes:
        region: Feasible compositions.
        loss: Objectives and property constraints; empty before the first evaluation.
        points: All points told, by index.
        given: Compositions that the user wants to start from.
        seed: Seed of the job.
        front: Whether several objectives are to be traded off instead of summed.
        fits: Hyperparameters already fitted, a memory of what would be computed again.
    """

    region: Region
    loss: Loss
    points: Sequence[Point]
    given: Sequence[NDArray[np.float64]]
    seed: int
    front: bool = False
    fits: FitCache = field(default_factory=dict)
