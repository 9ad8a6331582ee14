"""The energy of a supercell as a function of what its mixed sites hold, positions and cell held."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from engine.crystals.pair_orbits import pair_orbits
from engine.mechanics.occupancies import Composition
from engine.mechanics.pair_model import PairModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.mechanics.sites import SiteLandscape


@dataclass(frozen=True, eq=False)
class MixedSites:
    """A supercell at a fixed geometry.

    Attributes:
        landscape: Its energy.
        positions: Of all sites, [n, 3] Å.
        counts: Sites that hold each column of the composition, [n_columns].
    """

    landscape: SiteLandscape
    positions: NDArray[np.float64]
    counts: NDArray[np.int64]

    @cached_property
    def sites(self) -> NDArray[np.int64]:
        """The sites of the supercell that belong to a sublattice, cell by cell, [n_sites]."""
        return np.flatnonzero(np.tile(self.landscape.crystal.site_sublattice, self._cells) >= 0)

    @cached_property
    def composition(self) -> Composition:
        """What they hold."""
        crystal = self.landscape.crystal
        of_columns = np.repeat(
            np.arange(len(crystal.sublattices)), [len(s.elements) for s in crystal.sublattices]
        )
        return Composition(np.tile(crystal.site_sublattice, self._cells)[self.sites], of_columns, self.counts)

    @cached_property
    def model(self) -> PairModel:
        """What learns second derivatives."""
        return PairModel(
            pair_orbits(self.landscape.crystal, self.landscape.supercell, self.sites), self.composition
        )

    @cached_property
    def atoms(self) -> int:
        """Atoms that are present, the same for every decoration."""
        crystal = self.landscape.crystal
        empty = int(self.counts[np.unique(crystal.vacancy_columns)].sum())
        return crystal.n_sites * self._cells - empty

    def evaluate(self, p: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Energy, eV, and its derivatives [n_sites, n_columns] by occupancies of that shape; one potential call.

        The derivative by the occupancy of a vacancy is zero.
        """
        crystal = self.landscape.crystal
        lam = self.landscape.everywhere(crystal.weights_offset)
        rows, columns = self._places
        lam[self._mixed] = p[rows, columns]
        found = self.landscape.first(self.positions, np.zeros((3, 3)), lam)
        gradient = np.zeros_like(p)
        gradient[rows, columns] = found.by_weight[self._mixed]
        return found.energy, gradient

    def columns(self, held: NDArray[np.int64]) -> NDArray[np.int64]:
        """Column of every site of the supercell, -1 on one of no sublattice, from those of the mixed ones."""
        found = np.full(self.landscape.n_sites, -1, dtype=np.int64)
        found[self.sites] = held
        return found

    @property
    def _cells(self) -> int:
        return self.landscape.supercell.n_cells

    @cached_property
    def _mixed(self) -> NDArray[np.int64]:
        """The copies of the supercell whose weights vary."""
        return np.flatnonzero(np.tile(self.landscape.crystal.copy_column, self._cells) >= 0)

    @cached_property
    def _places(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Row and column of the occupancy of each of these copies."""
        crystal = self.landscape.crystal
        offsets = np.repeat(np.arange(self._cells) * crystal.n_sites, crystal.n_copies)
        site = offsets + np.tile(crystal.copy_site, self._cells)
        place = np.full(self.landscape.n_sites, -1, dtype=np.int64)
        place[self.sites] = np.arange(len(self.sites))
        return place[site[self._mixed]], np.tile(crystal.copy_column, self._cells)[self._mixed]
