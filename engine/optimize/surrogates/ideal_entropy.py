"""The part of a mixing free energy that is known without a potential: the ideal entropy of mixing.

Its slope is infinite where an element is absent, so neither a quadratic nor a smooth surrogate follows it there. Models
of a mixing free energy describe the remainder, which is as smooth as other properties, and this part is added back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.mechanics.constants import BOLTZMANN
from engine.optimize.known_part import SMOOTH

if TYPE_CHECKING:
    from numpy.typing import NDArray


MIXING_FREE_ENERGY = "mixing_free_energy"
ABSENT = 1e-12
"""Fraction below which an element is absent."""


@dataclass(frozen=True, eq=False)
class IdealEntropy:
    """-T S = k_B T sum_c sites_c x_c ln x_c / N, N = fixed + sum_c atoms_c x_c, eV per atom (docs/science.md, Eq. 59).

    Attributes:
        sites: Number of sites of each column's sublattice in the parent cell, [n_columns].
        atoms: The same number for elements, 0 for vacancies, [n_columns].
        fixed: Number of atoms of the parent cell in no sublattice.
        temperature: Temperature, K.
    """

    sites: NDArray[np.float64]
    atoms: NDArray[np.float64]
    fixed: float
    temperature: float
    steep: bool = True
    whole: bool = False

    def value_and_gradient(
        self, x: NDArray[np.float64], smooth: float = SMOOTH
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Values [...] and raw gradients at compositions [..., n_columns], by the parabola below ``smooth``."""
        heat = BOLTZMANN * self.temperature
        below = np.minimum(x - smooth, 0.0)
        safe = np.maximum(x, smooth)
        logs = np.log(safe)
        total = self.fixed + x @ self.atoms
        shares = safe * logs + below * (np.log(smooth) + 1.0 + 0.5 * below / smooth)
        value = heat * (shares @ self.sites) / total
        slope = logs + 1.0 + below / smooth
        gradient = (heat * self.sites * slope - value[..., None] * self.atoms) / total[..., None]
        return value, gradient
