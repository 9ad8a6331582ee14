"""The part of a mixing free energy that is known without a potential: the ideal entropy of mixing.

Its slope is infinite where an element is absent, so neither a quadratic nor a smooth surrogate follows it there. Models
of a mixing free energy describe the remainder, which is as smooth as other properties, and this part is added back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from engine.properties.energetic import BOLTZMANN

if TYPE_CHECKING:
    from numpy.typing import NDArray


MIXING_FREE_ENERGY = "mixing_free_energy"
SMOOTH = 1e-4
"""Below this fraction models go on with the parabola that fits x ln x there: searches need finite slopes."""
ABSENT = 1e-12
"""Fraction below which an element is absent."""


@dataclass(frozen=True, eq=False)
class IdealEntropy:
    """-T S = k_B T sum_c sites_c x_c ln x_c / N, N = fixed + sum_c atoms_c x_c, eV per atom present.

    Attributes:
        sites: Sites of each column's sublattice in the parent cell, [n_columns].
        atoms: The same, 0 for vacancies, [n_columns].
        fixed: Atoms of the parent cell in no sublattice.
        temperature: K.
    """

    sites: NDArray[np.float64]
    atoms: NDArray[np.float64]
    fixed: float
    temperature: float
    steep: bool = True
    whole: bool = False

    def __call__(self, x: Tensor) -> Tensor:
        """Values [...] at compositions [..., n_columns], differentiable."""
        heat = BOLTZMANN * self.temperature
        below = (x - SMOOTH).clamp_max(0.0)
        safe = x.clamp_min(SMOOTH)
        shares = safe * safe.log() + below * (np.log(SMOOTH) + 1.0 + 0.5 * below / SMOOTH)
        total = self.fixed + x @ torch.as_tensor(self.atoms, dtype=x.dtype)
        return heat * (shares @ torch.as_tensor(self.sites, dtype=x.dtype)) / total

    def value_and_gradient(
        self, x: NDArray[np.float64], smooth: float = SMOOTH
    ) -> tuple[float, NDArray[np.float64]]:
        """Value and raw gradient [n_columns] at a composition, by the parabola below the fraction ``smooth``."""
        heat = BOLTZMANN * self.temperature
        below = np.minimum(x - smooth, 0.0)
        safe = np.maximum(x, smooth)
        logs = np.log(safe)
        total = self.fixed + float(self.atoms @ x)
        shares = safe * logs + below * (np.log(smooth) + 1.0 + 0.5 * below / smooth)
        value = heat * float(self.sites @ shares) / total
        slope = logs + 1.0 + below / smooth
        return value, heat * self.sites * slope / total - value * self.atoms / total
