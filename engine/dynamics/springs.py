"""Harmonic energies about reference positions: a crystal with its force constants, Einstein's, and one held site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.dynamics.hamiltonian import Energies
from engine.dynamics.state import deformation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Springs:
    """E = E0 + u.K.u/2 with u the displacements of the atoms (docs/science.md, Eq. 118). lam changes nothing.

    Attributes:
        reference: Positions without energy, [n, 3] Å, in the frame of the unstrained cell.
        matrix: K, [3 n, 3 n] eV/Å^2, symmetric, sites first; by displacements of the atoms, strain included.
        energy: E0, eV.
    """

    reference: FloatArray
    matrix: FloatArray
    energy: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a matrix that does not belong to the positions."""
        if self.matrix.shape != (self.reference.size, self.reference.size):
            raise ValueError(
                f"{len(self.reference)} sites need a matrix of {self.reference.size} rows and columns, "
                f"got {self.matrix.shape}"
            )

    def evaluate(
        self,
        positions: FloatArray,
        strain: FloatArray,
        lam: FloatArray,
        *,
        by_lam: bool = False,
        by_strain: bool = False,
    ) -> Energies:
        """Energies and first derivatives of m replicas; see `engine.dynamics.hamiltonian.Hamiltonian.evaluate`."""
        deform = deformation(strain)
        inside = positions - self.reference
        moved = np.einsum("mab,mib->mia", deform, inside)
        slopes = (moved.reshape(len(moved), -1) @ self.matrix).reshape(moved.shape)
        return Energies(
            energy=self.energy + 0.5 * np.einsum("mia,mia->m", moved, slopes),
            by_position=np.einsum("mab,mia->mib", deform, slopes),
            by_lam=np.zeros_like(lam) if by_lam else None,
            by_strain=np.einsum("mia,mib->mab", slopes, inside) if by_strain else None,
        )


def einstein_matrix(springs: FloatArray) -> FloatArray:
    """Of a crystal whose atoms are held to their places one by one.

    Args:
        springs: Of each site, [n] eV/Å^2.
    """
    return np.diag(np.repeat(springs, 3))


def tether_matrix(site: int, spring: float, masses: FloatArray) -> FloatArray:
    """Of one atom held to its place among the others: to its reference position in the frame of their centre of mass.

    It does not notice when all atoms move together, as a model does not. So what it adds to a partition function with
    the centre of mass fixed is that of the spring alone, whatever the masses (docs/science.md, Eq. 119).

    Args:
        site: The site that is held.
        spring: eV/Å^2.
        masses: Mass of each site, [n] u; two sites or more.
    """
    others = np.where(np.arange(len(masses)) == site, 0.0, masses)
    against = -others / others.sum()
    against[site] = 1.0
    return np.asarray(np.kron(spring * np.outer(against, against), np.eye(3)), dtype=np.float64)
