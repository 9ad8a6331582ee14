"""How probable the ordered state of a supercell is, and its configurational entropy: sums over all its decorations.

Every decoration of the supercell at its composition counts, those that symmetry makes equal by their degeneracy
(docs/science.md, Eqs. 89 and 90).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.constants import physical_constants

if TYPE_CHECKING:
    from numpy.typing import NDArray

K_B = physical_constants["Boltzmann constant in eV/K"][0]
"""eV/K."""
ALIKE = 1e-7
"""eV; levels that differ by less are equally low: of those the one with the fewest decorations is the ordered one."""
COLDEST, HOTTEST, STEPS = 100.0, 3000.0, 59
"""Temperatures of the curves, K: from, to, and how many."""


@dataclass(frozen=True, eq=False)
class Ensemble:
    """All decorations of one supercell at one composition.

    Attributes:
        energies: Of each set of equivalent decorations, [n] eV per supercell.
        degeneracies: How many decorations are in each, [n].
    """

    energies: NDArray[np.float64]
    degeneracies: NDArray[np.float64]

    @property
    def lowest(self) -> int:
        """Number of the ordered state: the set of lowest energy; of several equally low the smallest."""
        near = np.flatnonzero(self.energies <= self.energies.min() + ALIKE)
        return int(near[self.degeneracies[near].argmin()])

    def probabilities(self, temperature: float) -> NDArray[np.float64]:
        """How probable each set is at a temperature (K), [n]; at 0 K only the lowest are."""
        above = self.energies - self.energies.min()
        if temperature <= 0.0:
            weights = np.where(above <= ALIKE, self.degeneracies, 0.0)
        else:
            weights = self.degeneracies * np.exp(-above / (K_B * temperature))
        return np.asarray(weights / weights.sum())

    def entropy(self, temperature: float) -> float:
        """-sum_o P_o ln(P_o/g_o), in k_B per supercell."""
        found = self.probabilities(temperature)
        there = found > 0.0
        return float(-(found[there] * np.log(found[there] / self.degeneracies[there])).sum()) + 0.0

    @property
    def ideal_entropy(self) -> float:
        """The logarithm of the number of decorations, k_B per supercell: their entropy where all energies are equal."""
        return float(np.log(self.degeneracies.sum()))

    @property
    def mean(self) -> float:
        """Energy of the random crystal in this supercell: the average over all decorations, eV per supercell."""
        return float(np.average(self.energies, weights=self.degeneracies))


def temperatures() -> NDArray[np.float64]:
    """Those of the curves, K."""
    return np.linspace(COLDEST, HOTTEST, STEPS)
