"""What trajectories move in: an energy of positions, cell and one parameter lam, and combinations of such.

lam leads from one crystal at 0 to another at 1. It may move the weights of copies (`engine.dynamics.replicas`), or mix
two energies, a harmonic crystal's and a model's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Energies:
    """Energies of m replicas with first derivatives.

    Attributes:
        energy: [m] eV.
        by_position: By positions in the frame of the unstrained cell, [m, n, 3] eV/Å.
        by_lam: [m] eV, None where it was not asked for.
        by_strain: [m, 3, 3] eV, None where it was not asked for.
    """

    energy: FloatArray
    by_position: FloatArray
    by_lam: FloatArray | None = None
    by_strain: FloatArray | None = None


class Hamiltonian(Protocol):
    """An energy of a crystal of n sites that depends on a parameter lam."""

    def evaluate(
        self,
        positions: FloatArray,
        strain: FloatArray,
        lam: FloatArray,
        *,
        by_lam: bool = False,
        by_strain: bool = False,
    ) -> Energies:
        """Energies and first derivatives of m replicas.

        Args:
            positions: [m, n, 3] Å, in the frame of the unstrained cell.
            strain: [m, 3, 3].
            lam: Where each replica is between the ends, [m].
            by_lam: Whether the derivative by lam is wanted.
            by_strain: Whether the derivatives by strain are wanted.
        """
        ...


@dataclass(frozen=True, eq=False)
class Term:
    """An energy and what it is multiplied by at either end; between them the factor is linear in lam."""

    hamiltonian: Hamiltonian
    at_0: float = 1.0
    at_1: float = 1.0


@dataclass(frozen=True, eq=False)
class Combination:
    """The sum of several energies with factors that are linear in lam (docs/science.md, Eq. 117).

    Attributes:
        terms: The energies. Their own dependence on lam goes along.
    """

    terms: Sequence[Term]

    def evaluate(
        self,
        positions: FloatArray,
        strain: FloatArray,
        lam: FloatArray,
        *,
        by_lam: bool = False,
        by_strain: bool = False,
    ) -> Energies:
        """Energies and first derivatives of m replicas; see `Hamiltonian.evaluate`."""
        m = len(positions)
        energy, forces = np.zeros(m), np.zeros(positions.shape)
        slope, stress = np.zeros(m), np.zeros((m, 3, 3))
        for term in self.terms:
            found = term.hamiltonian.evaluate(positions, strain, lam, by_lam=by_lam, by_strain=by_strain)
            factor = term.at_0 + lam * (term.at_1 - term.at_0)
            energy += factor * found.energy
            forces += factor[:, None, None] * found.by_position
            if found.by_lam is not None:
                slope += factor * found.by_lam + (term.at_1 - term.at_0) * found.energy
            if found.by_strain is not None:
                stress += factor[:, None, None] * found.by_strain
        return Energies(energy, forces, slope if by_lam else None, stress if by_strain else None)


def between(first: Hamiltonian, second: Hamiltonian) -> Combination:
    """(1 - lam) first + lam second."""
    return Combination((Term(first, 1.0, 0.0), Term(second, 0.0, 1.0)))
