"""The mixed sites of one supercell, and their inequivalent decorations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.crystals.burnside import cycle_types, n_inequivalent
from engine.crystals.crystal import AlchemicalCrystal
from engine.crystals.holding import mixed_sublattices, sites_of
from engine.crystals.orbits import inequivalent, site_permutations, translations
from engine.crystals.parent import FloatArray, IntArray, frozen_array
from engine.crystals.supercells import Supercell
from engine.crystals.symmetry import Operation


class MixedCell:
    """The mixed sites of a supercell, cell by cell, and what its symmetry operations do with them.

    Args:
        crystal: The parent.
        supercell: Its repetition.
        of_parent: Symmetry operations of the parent.

    Attributes:
        sites: Sites of the supercell that may hold several elements, [n].
        permutations: Where operations take them, as numbers among these, [n_permutations, n].
    """

    def __init__(
        self, crystal: AlchemicalCrystal, supercell: Supercell, of_parent: Sequence[Operation]
    ) -> None:
        mixed = mixed_sublattices(crystal)
        self.crystal, self.supercell = crystal, supercell
        own = np.concatenate(
            [np.zeros(0, np.int64), *(sites_of(crystal, supercell, number) for number in mixed)]
        )
        self.sites = np.sort(own)
        owner = crystal.site_sublattice[self.sites % crystal.n_sites]
        self.sublattice = np.searchsorted(mixed, owner)
        self.parts = [crystal.column_slices[number] for number in mixed]
        self.permutations = site_permutations(crystal, supercell, self.sites, of_parent)

    def count(self, counts: IntArray | None) -> int:
        """How many decorations are inequivalent, with so many sites for each column [n_columns], or any number."""
        types = cycle_types(self.permutations, self.sublattice, len(self.parts))
        elements = [part.stop - part.start for part in self.parts]
        wanted = None if counts is None else [counts[part].tolist() for part in self.parts]
        return n_inequivalent(types, elements, wanted)

    def decorations(self, counts: IntArray | None) -> tuple[IntArray, IntArray]:
        """Columns of the mixed sites of every inequivalent decoration [m, n], and their numbers of images [m].

        Of its images each is the first in the order of digits, with the rarest element of a sublattice as the first
        digit: filling sites so, most of what is not the first image is seen early.
        """
        ranked = np.arange(self.crystal.n_columns)
        if counts is not None:
            for part in self.parts:
                ranked[part] = part.start + np.argsort(counts[part], kind="stable")
            counts = counts[ranked]
        choices = [range(self.parts[s].start, self.parts[s].stop) for s in self.sublattice]
        found, images = inequivalent(choices, self.permutations, counts)
        return ranked[found], images

    def with_no_smaller_period(self, decorations: IntArray) -> IntArray:
        """Which decorations [m, n] no translation of the parent's lattice leaves as they are, [m] true or false."""
        moved = translations(self.crystal, self.supercell, self.sites)
        kept = np.ones(len(decorations), dtype=bool)
        for permutation in moved:
            kept &= (decorations[:, permutation] != decorations).any(axis=1)
        return kept

    def everywhere(self, decoration: IntArray) -> IntArray:
        """Columns of all sites, -1 on those of no sublattice, for columns of the mixed ones, [n]."""
        columns = np.full(self.supercell.n_cells * self.crystal.n_sites, -1, dtype=np.int64)
        for number, part in enumerate(self.crystal.column_slices):
            columns[sites_of(self.crystal, self.supercell, number)] = part.start
        columns[self.sites] = decoration
        return columns

    def composition(self, columns: IntArray) -> FloatArray:
        """Composition [n_columns] that columns of all sites [n] hold."""
        x = np.bincount(columns[columns >= 0], minlength=self.crystal.n_columns).astype(float)
        for sublattice, part in zip(self.crystal.sublattices, self.crystal.column_slices, strict=True):
            x[part] /= self.supercell.n_cells * len(sublattice.sites)
        return frozen_array(x)
