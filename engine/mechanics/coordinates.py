"""Symmetry-adapted strain and internal coordinates q of a labelled parent crystal.

The coordinates are fixed once, from the symmetry operations that leave the parent and its sublattice labels unchanged,
so that every composition of a job moves in the same space (docs/science.md, Eq. 17 and 18).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.crystals.symmetry import SYMMETRY_TOLERANCE, Operation, operations

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.crystals.crystal import AlchemicalCrystal


@dataclass(frozen=True, eq=False)
class SymmetryCoordinates:
    """A basis of the strains and displacements that keep the symmetry of the labelled parent.

    With q = (e, u): strain = sum_i e_i strain_modes[i], and site positions
    (r0 + sum_j u_j displacement_modes[j]) (1 + strain)^T; lattice rows L0 (1 + strain)^T. What nothing holds is left
    out: strains of the cell along vacuum, and movements of fragments that no neighbours connect.

    Attributes:
        lattice: Lattice vectors of the parent made exactly symmetric, as rows, [3, 3], Å.
        positions: Positions of the parent made exactly symmetric, [n_sites, 3], Å.
        strain_modes: Symmetric strains, orthonormal in the Frobenius product, [n_strain, 3, 3], dimensionless.
        displacement_modes: Displacements, orthonormal, without rigid translations, [n_displacement, n_sites, 3]; their
            amplitudes are in Å.
    """

    lattice: NDArray[np.float64]
    positions: NDArray[np.float64]
    strain_modes: NDArray[np.float64]
    displacement_modes: NDArray[np.float64]

    @property
    def n_strain(self) -> int:
        """Number of strain coordinates (the first entries of q)."""
        return len(self.strain_modes)

    @property
    def n_q(self) -> int:
        """Number of coordinates."""
        return len(self.strain_modes) + len(self.displacement_modes)

    def strain(self, q: NDArray[np.float64]) -> NDArray[np.float64]:
        """Strain [3, 3] of the coordinates q [n_q]."""
        return np.einsum("i,iab->ab", q[: self.n_strain], self.strain_modes)

    def displaced(self, q: NDArray[np.float64]) -> NDArray[np.float64]:
        """Positions [n_sites, 3] Å of the coordinates q [n_q] before the strain."""
        return self.positions + np.einsum("j,jna->na", q[self.n_strain :], self.displacement_modes)

    def geometry(self, q: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lattice [3, 3] Å and fractional coordinates [n_sites, 3] of the coordinates q [n_q]."""
        deformation = np.eye(3) + self.strain(q)
        fractional = self.displaced(q) @ np.linalg.inv(self.lattice)
        return self.lattice @ deformation.T, fractional

    def residual(self, q: NDArray[np.float64], gradient: NDArray[np.float64]) -> tuple[float, float]:
        """Largest site force (eV/Å) and stress component (eV/Å^3) behind a gradient dH/dq [n_q] in eV per unit of q."""
        forces = np.einsum("j,jna->na", gradient[self.n_strain :], self.displacement_modes)
        deformation = np.eye(3) + self.strain(q)
        volume = abs(np.linalg.det(self.lattice @ deformation.T))
        stress = np.einsum("i,iab->ab", gradient[: self.n_strain], self.strain_modes) @ deformation.T / volume
        force = float(np.linalg.norm(forces, axis=1).max()) if len(self.displacement_modes) else 0.0
        return force, float(np.abs(stress).max())


def symmetry_coordinates(
    crystal: AlchemicalCrystal, tolerance: float = SYMMETRY_TOLERANCE
) -> SymmetryCoordinates:
    """Find the symmetry-adapted coordinates of a crystal labelled by sublattice.

    Args:
        crystal: The parent; its labels [n_sites] tell which sites a symmetry operation may exchange.
        tolerance: Distance within which spglib takes sites as equivalent, Å.
    """
    found = operations(crystal, tolerance)
    lattice = _symmetric_lattice(np.array(crystal.lattice, dtype=float), found)
    cartesian = [operation.cartesian(lattice) for operation in found]
    permutations = [operation.sites for operation in found]
    frac = _symmetric_sites(crystal, found)
    strains = _invariant_strains(cartesian)
    displacements = _invariant_displacements(cartesian, permutations, crystal.n_sites)
    if crystal.connections is not None:
        held = crystal.connections.held_projector(lattice)
        strains = _orthonormal(np.einsum("ab,nbc,cd->nad", held, strains, held))
        free = crystal.connections.floating_modes(lattice, frac @ lattice).reshape(-1, 3 * crystal.n_sites)
        flat = displacements.reshape(-1, 3 * crystal.n_sites)
        displacements = _orthonormal((flat - flat @ free.T @ free).reshape(-1, crystal.n_sites, 3))
    return SymmetryCoordinates(
        lattice=lattice,
        positions=frac @ lattice,
        strain_modes=strains,
        displacement_modes=displacements,
    )


def _orthonormal(modes: NDArray[np.float64]) -> NDArray[np.float64]:
    """An orthonormal basis of what modes [n, ...] span after a projector that keeps their symmetry.

    The projector commutes with the symmetry, so that each mode of a suitable basis was kept whole or lost.
    """
    if len(modes) == 0:
        return modes
    _, sizes, rows = np.linalg.svd(modes.reshape(len(modes), -1), full_matrices=False)
    return np.asarray(rows[sizes > 0.5].reshape(-1, *modes.shape[1:]))


def _symmetric_lattice(lattice: NDArray[np.float64], found: list[Operation]) -> NDArray[np.float64]:
    """The lattice [3, 3] strained, without a rotation, so that every operation keeps its metric exactly."""
    metric = lattice @ lattice.T
    mean = np.mean([each.rotation.T @ metric @ each.rotation for each in found], axis=0)
    inverse = np.linalg.inv(lattice)
    values, vectors = np.linalg.eigh(inverse @ mean @ inverse.T)
    return np.asarray(lattice @ (vectors * np.sqrt(values)) @ vectors.T)


def _symmetric_sites(crystal: AlchemicalCrystal, found: list[Operation]) -> NDArray[np.float64]:
    """Fractional coordinates [n_sites, 3] averaged over the images under every operation."""
    total = np.zeros_like(crystal.frac)
    for operation in found:
        images = crystal.frac @ operation.rotation.T + operation.translation
        off = images - crystal.frac[operation.sites]
        off -= np.round(off)
        off -= off.mean(
            axis=0
        )  # a translation found by spglib is only as exact as the sites that it was found from
        total[operation.sites] += crystal.frac[operation.sites] + off
    return np.asarray(total / len(found))


def _basis_of_projector(projector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows spanning the eigenvalue-1 space of a symmetric projector, in a form with many zeros where possible."""
    values, vectors = np.linalg.eigh((projector + projector.T) / 2)
    space = vectors[:, values > 0.5]
    if space.shape[1] == 0:
        return np.zeros((0, projector.shape[0]))
    # Pivoted QR of the projector picks simple vectors (axes, single sublattices) instead of arbitrary mixtures.
    from scipy.linalg import qr

    orthonormal, _, _ = qr(space @ space.T, pivoting=True, mode="economic")
    basis = orthonormal[:, : space.shape[1]].T
    largest = np.abs(basis).argmax(axis=1)
    return basis * np.sign(basis[np.arange(len(basis)), largest])[:, None]


def _invariant_strains(rotations: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    elementary = np.zeros((6, 3, 3))
    for row, (a, b) in enumerate(((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))):
        elementary[row, a, b] = elementary[row, b, a] = 1.0 if a == b else np.sqrt(0.5)
    averaged = sum(np.einsum("ab,nbc,dc->nad", s, elementary, s) for s in rotations) / len(rotations)
    projector = np.einsum("nab,mab->nm", elementary, averaged)
    return np.einsum("in,nab->iab", _basis_of_projector(projector), elementary)


def _invariant_displacements(
    rotations: list[NDArray[np.float64]], permutations: list[NDArray[np.int64]], n_sites: int
) -> NDArray[np.float64]:
    projector = np.zeros((n_sites, 3, n_sites, 3))
    sites = np.arange(n_sites)
    for rotation, permutation in zip(rotations, permutations, strict=True):
        projector[permutation, :, sites, :] += rotation
    flat = projector.reshape(3 * n_sites, 3 * n_sites) / len(rotations)
    rigid = np.tile(np.eye(3), (n_sites, 1)) / np.sqrt(n_sites)
    without_rigid = np.eye(3 * n_sites) - rigid @ rigid.T
    # Rigid translations commute with every operation, so the product of the two projectors is a projector.
    return _basis_of_projector(without_rigid @ flat @ without_rigid).reshape(-1, n_sites, 3)
