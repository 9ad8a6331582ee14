"""A mixed crystal with what its energy of disorder needs: a supercell, and probes.

See engine/mechanics/response/fluctuation.py for the energy itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.crystals.one_apart import orbits
from engine.crystals.supercells import Supercell
from engine.crystals.symmetry import Operation, operations
from engine.mechanics.response.fluctuation import MeanField, Probe
from engine.mechanics.response.force_constants import ForceConstants, force_constants
from engine.mechanics.sites import SiteLandscape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.crystals.crystal import AlchemicalCrystal
    from engine.mechanics.coordinates import SymmetryCoordinates
    from engine.potentials.interface import Potential


@dataclass(frozen=True, eq=False)
class Disorder:
    """A crystal, its supercell, and the departures from the mean that are looked at.

    Attributes:
        crystal: The parent with its copies.
        coordinates: Its symmetry-adapted coordinates.
        symmetry: Operations of the labelled parent.
        cell: Energy of one cell.
        supercell: Energy of the supercell.
        probes: One for each mixed sublattice.
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
        return cls(crystal, coordinates, symmetry, cell, repeated, _probes(crystal, cell, repeated))

    def mean_field(self, q: NDArray[np.float64], x: NDArray[np.float64]) -> MeanField:
        """The mean-field crystal at coordinates q [n_q] and a composition x [n_columns]."""
        return MeanField(self.crystal, self.coordinates, self.cell, q, x)

    def force_constants(self, q: NDArray[np.float64], x: NDArray[np.float64]) -> ForceConstants:
        """What holds the sites of the supercell."""
        at = self.mean_field(q, x)
        return force_constants(
            self.supercell,
            at.positions,
            self.coordinates.strain(q),
            at.weights,
            self.symmetry,
            at.derivatives.by_position,
        )


def _probes(crystal: AlchemicalCrystal, cell: SiteLandscape, supercell: SiteLandscape) -> list[Probe]:
    found = []
    pairs = zip(crystal.sublattices, crystal.column_slices, strict=True)
    for number, (sublattice, columns) in enumerate(pairs):
        if len(sublattice.elements) < 2:
            continue
        of_sublattice = orbits(crystal, number)
        sites = np.zeros(
            (len(of_sublattice), supercell.supercell.n_cells * crystal.n_copies, columns.stop - columns.start)
        )
        for orbit, (site, _) in enumerate(of_sublattice):
            sites[orbit, : crystal.n_copies] = _pattern(crystal, columns, [site])
        multiplicities = np.array([multiplicity for _, multiplicity in of_sublattice], dtype=float)
        alike = _pattern(crystal, columns, sublattice.sites)
        found.append(Probe(supercell, cell, columns, sites, multiplicities, alike))
    return found


def _pattern(crystal: AlchemicalCrystal, columns: slice, sites: Sequence[int]) -> NDArray[np.float64]:
    """How the weights of a cell's copies on some sites move with the columns of their sublattice."""
    there = np.isin(crystal.copy_site, list(sites))
    return np.asarray(np.where(there[:, None], crystal.weights_matrix[:, columns], 0.0))
