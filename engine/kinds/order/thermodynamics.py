"""How probable the ordered state of a supercell is, and its configurational entropy: sums over all its decorations.

Every decoration of the supercell at its composition counts, those that symmetry makes equal by their degeneracy
(docs/science.md, Eqs. 91 and 92).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.mechanics.constants import BOLTZMANN

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALIKE = 1e-7
"""eV; levels that differ by less are equally low: of their orderings the one with the fewest decorations counts."""
COLDEST, HOTTEST, STEPS = 100.0, 3000.0, 59
"""Temperatures of the curves, K: from, to, and how many."""


@dataclass(frozen=True, eq=False)
class Ensemble:
    """All decorations of one supercell at one composition.

    Attributes:
        energies: Of each set of equivalent decorations, [n] eV per supercell.
        degeneracies: How many decorations are in each, [n].
        orderings: Which ordering of the parent each is, as numbers from 0, [n]: in a cell with less symmetry than the
            parent the orientations of one ordering are several sets.
    """

    energies: NDArray[np.float64]
    degeneracies: NDArray[np.float64]
    orderings: NDArray[np.int64]

    @property
    def ordered(self) -> NDArray[np.bool_]:
        """Which sets are the ordering of lowest energy, [n]; of several equally low the one with fewest decorations."""
        near = np.flatnonzero(self.energies <= self.energies.min() + ALIKE)
        decorations = np.bincount(self.orderings, weights=self.degeneracies)[self.orderings]
        return np.asarray(self.orderings == self.orderings[near[decorations[near].argmin()]])

    def probability(self, temperature: float) -> float:
        """How probable the ordered state is at a temperature (K)."""
        return float(self.probabilities(temperature)[self.ordered].sum())

    def probabilities(self, temperature: float) -> NDArray[np.float64]:
        """How probable each set is at a temperature (K), [n]; at 0 K only the lowest are."""
        above = self.energies - self.energies.min()
        if temperature <= 0.0:
            weights = np.where(above <= ALIKE, self.degeneracies, 0.0)
        else:
            weights = self.degeneracies * np.exp(-above / (BOLTZMANN * temperature))
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


def temperatures() -> NDArray[np.float64]:
    """Those of the curves, K."""
    return np.linspace(COLDEST, HOTTEST, STEPS)
