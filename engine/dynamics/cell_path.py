"""How the cell changes with lam while atoms keep their scaled positions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.dynamics.state import deformation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CellPath:
    """Strains at a few lam, with a cubic spline between them; two make a straight line.

    Attributes:
        knots: lam of each strain, rising from 0 to 1, [n].
        strains: [n, 3, 3], of the unstrained cell of the Hamiltonian.
    """

    knots: Sequence[float]
    strains: FloatArray

    def __post_init__(self) -> None:
        """Refuse knots that do not lead from 0 to 1, and cells without a volume."""
        knots = np.asarray(self.knots, dtype=float)
        if len(knots) < 2 or knots[0] != 0.0 or knots[-1] != 1.0 or (np.diff(knots) <= 0.0).any():
            raise ValueError(f"knots rise from 0 to 1, got {list(self.knots)}")
        if self.strains.shape != (len(knots), 3, 3):
            raise ValueError(f"{len(knots)} knots need as many strains, got {self.strains.shape}")
        if (np.linalg.det(deformation(self.strains)) <= 0.0).any():
            raise ValueError("a strain of the path turns the cell inside out")

    @cached_property
    def _spline(self) -> Any:
        from scipy.interpolate import CubicSpline

        return CubicSpline(np.asarray(self.knots, dtype=float), self.strains, bc_type="natural")

    def strain(self, lam: FloatArray) -> FloatArray:
        """Strain at each lam, [m, 3, 3]."""
        return np.asarray(self._spline(lam))

    def slope(self, lam: FloatArray) -> FloatArray:
        """Derivative of the strain by lam at each lam, [m, 3, 3]."""
        return np.asarray(self._spline(lam, 1))

    def log_volume(self, lam: FloatArray) -> FloatArray:
        """Logarithm of the volume over that of the unstrained cell at each lam, [m]."""
        return np.asarray(np.log(np.linalg.det(deformation(self.strain(lam)))))
