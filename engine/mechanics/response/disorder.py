"""A mixed crystal with what its energy of disorder needs: a supercell, probes, and what holds the sites.

See engine/mechanics/response/fluctuation.py for the energy itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.crystals.supercells import Supercell
from engine.crystals.symmetry import Operation, operations
from engine.mechanics.response.fluctuation import MeanField, Medium, Probe
from engine.mechanics.response.force_constants import SOFT, ForceConstants, force_constants
from engine.mechanics.sites import SiteLandscape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.crystals.crystal import AlchemicalCrystal
    from engine.mechanics.coordinates import SymmetryCoordinates
    from engine.potentials.interface import Potential


class CellMedium:
    """The symmetric displacements of one cell, held by their block of the Hessian.

    Args:
        modes: Displacement modes, [n_modes, n_sites, 3].
        hessian: Second derivatives by their amplitudes, [n_modes, n_modes], eV/Å^2.
    """

    def __init__(self, modes: NDArray[np.float64], hessian: NDArray[np.float64]) -> None:
        values, vectors = np.linalg.eigh(hessian) if len(hessian) else (np.zeros(0), np.zeros((0, 0)))
        self._values = values
        self._modes = np.einsum("jm,jna->mna", vectors, modes)

    def solve(self, forces: NDArray[np.float64]) -> NDArray[np.float64]:
        """Displacements [..., n, 3] Å that answer to forces [..., n, 3] eV/Å, soft modes lifted."""
        return self._filtered(forces, 1.0 / np.maximum(self._values, SOFT))

    def apply(self, displacements: NDArray[np.float64]) -> NDArray[np.float64]:
        """Forces [..., n, 3] eV/Å that hold displacements [..., n, 3] Å, soft modes lifted."""
        return self._filtered(displacements, np.maximum(self._values, SOFT))

    def lift(self, displacements: NDArray[np.float64]) -> NDArray[np.float64]:
        """What lifting the soft modes adds to the forces of displacements, [..., n, 3] eV/Å."""
        return self._filtered(displacements, np.maximum(SOFT - self._values, 0.0))

    def _filtered(self, vectors: NDArray[np.float64], factors: NDArray[np.float64]) -> NDArray[np.float64]:
        along = np.einsum("mna,...na->...m", self._modes, vectors) * factors
        return np.einsum("...m,mna->...na", along, self._modes)


@dataclass(frozen=True, eq=False)
class Disorder:
    """A crystal, its supercell, and the departures from the mean that are looked at.

    Attributes:
        crystal: The parent with its copies.
        coordinates: Its symmetry-adapted coordinates.
        symmetry: Operations of the labelled parent.
        cell: Energy of one cell.
        supercell: Energy of the supercell.
        probes: One for each inequivalent mixed site, and one for each mixed sublattice as a whole.
    """

    crystal: AlchemicalCrystal
    coordinates: SymmetryCoordinates
    symmetry: Sequence[Operation]
    cell: SiteLandscape
    supercell: SiteLandscape
    probes: Sequence[Probe]

    @classmethod
    def of(
        cls,
        potential: Potential,
        crystal: AlchemicalCrystal,
        coordinates: SymmetryCoordinates,
        supercell: Supercell,
        on_call: Callable[[], None] | None = None,
    ) -> Disorder:
        """What the disorder of a crystal needs.

        Args:
            potential: The potential, in double precision: second differences are taken.
            crystal: The parent with its copies.
            coordinates: Its symmetry-adapted coordinates.
            supercell: How it is repeated.
            on_call: Called before every potential call; what it raises ends the computation.
        """
        symmetry = operations(crystal)
        one = Supercell(np.eye(3, dtype=np.int64))
        cell, repeated = (
            SiteLandscape(potential, crystal, coordinates.lattice, each, on_call) for each in (one, supercell)
        )
        return cls(crystal, coordinates, symmetry, cell, repeated, _probes(crystal, symmetry, cell, repeated))

    def mean_field(self, q: NDArray[np.float64], x: NDArray[np.float64]) -> MeanField:
        """The mean-field crystal at coordinates q [n_q] and a composition x [n_columns]; one call of a cell."""
        positions, strain = self.coordinates.displaced(q), self.coordinates.strain(q)
        return MeanField(
            self.crystal, self.coordinates, q, x, self.cell.first(positions, strain, self.crystal.weights(x))
        )

    def force_constants(self, q: NDArray[np.float64], x: NDArray[np.float64]) -> ForceConstants:
        """What holds the sites of the supercell."""
        coordinates = self.coordinates
        return force_constants(
            self.supercell,
            coordinates.displaced(q),
            coordinates.strain(q),
            self.crystal.weights(x),
            self.symmetry,
        )

    def media(self, constants: ForceConstants, hessian: NDArray[np.float64]) -> list[Medium]:
        """What holds the sites that each probe pushes.

        Args:
            constants: Of the supercell.
            hessian: Second derivatives of a cell's energy by the coordinates, [n_q, n_q].
        """
        n_strain = self.coordinates.n_strain
        cell = CellMedium(self.coordinates.displacement_modes, hessian[n_strain:, n_strain:])
        return [cell if probe.landscape is self.cell else constants for probe in self.probes]


def _probes(
    crystal: AlchemicalCrystal, symmetry: Sequence[Operation], cell: SiteLandscape, supercell: SiteLandscape
) -> list[Probe]:
    """N/(N-1) (V_00 - V(Gamma)/N) of every mixed sublattice, per cell (docs/science.md, Eq. 72)."""
    found = []
    for sublattice, columns in zip(crystal.sublattices, crystal.column_slices, strict=True):
        if len(sublattice.elements) < 2:
            continue
        n = len(sublattice.sites) * supercell.supercell.n_cells
        canonical = 0.5 * n / (n - 1)
        images = [{int(operation.sites[site]) for operation in symmetry} for site in sublattice.sites]
        for orbit in sorted({min(image): image for image in images}.items()):
            site, equivalent = orbit
            pattern = _pattern(crystal, columns, [site])
            wide = np.zeros((supercell.supercell.n_cells * len(pattern), pattern.shape[1]))
            wide[: len(pattern)] = pattern
            found.append(Probe(supercell, columns, wide, canonical * len(equivalent)))
        found.append(Probe(cell, columns, _pattern(crystal, columns, sublattice.sites), -canonical / n))
    return found


def _pattern(crystal: AlchemicalCrystal, columns: slice, sites: Sequence[int]) -> NDArray[np.float64]:
    """How the weights of a cell's copies on some sites move with the columns of their sublattice."""
    there = np.isin(crystal.copy_site, list(sites))
    return np.asarray(np.where(there[:, None], crystal.weights_matrix[:, columns], 0.0))
