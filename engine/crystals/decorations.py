"""Explicit decorations of a mixed crystal: which sites of a supercell hold which element.

They are quasi-random: their pairs and triangles of neighbours are as those of a random alloy, as far as can be
(A. Zunger et al., Phys. Rev. Lett. 65, 353 (1990), doi:10.1103/PhysRevLett.65.353).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from api_schemas.decorations import ExplicitDecoration
from api_schemas.symbols import SYMBOLS
from engine.crystals.crystal import AlchemicalCrystal
from engine.crystals.holding import rounded_counts, sites_of
from engine.crystals.orbits import site_permutations, standard_forms
from engine.crystals.parent import FloatArray, IntArray
from engine.crystals.short_range_order import Shells, shells_of
from engine.crystals.sqs_process import quasi_random
from engine.crystals.supercells import Supercell

EMPTY = 0
"""Stands for the atomic number of an empty site."""
_BEST = 128
"""Decorations that are told from one another."""
_FEW_SITES = 20
"""Up to so many sites a search finds decorations that symmetry takes to one another."""


@dataclass(frozen=True, eq=False)
class Decoration:
    """What each site of a supercell holds.

    Attributes:
        columns: Column of the composition that each site holds, -1 on a site of no sublattice, [n].
        species: Its atomic number, [n]; EMPTY where nothing is there.
    """

    columns: IntArray
    species: IntArray

    @property
    def present(self) -> IntArray:
        """The sites that hold an atom, [n_atoms]."""
        return np.flatnonzero(self.species != EMPTY)


def shells_on(crystal: AlchemicalCrystal, supercell: Supercell, number: int) -> Shells:
    """The shells of neighbours on a sublattice, by the distances in the parent."""
    positions = supercell.positions(crystal.lattice, crystal.positions)
    return shells_of(supercell.matrix @ crystal.lattice, positions[sites_of(crystal, supercell, number)])


def decorate(
    crystal: AlchemicalCrystal, supercell: Supercell, x: FloatArray, seed: int, number: int
) -> Decoration:
    """A quasi-random decoration of a supercell; the same for the same arguments.

    The decorations that a seeded search finds are put in the order of how random they are (`Shells.disorder`), in a
    seeded order where they are alike in that. Of those that symmetry operations take to one another one is kept in a
    small supercell; in a large one none are found. Different numbers give different decorations while there are so
    many; then they are gone through again.

    Args:
        crystal: The parent.
        supercell: Its repetition.
        x: Composition that the supercell holds, [n_columns]; see `held`.
        seed: Of the search.
        number: Which of the decorations, from 0.

    Raises:
        DecorationsUnavailable: if sqsgenerator is missing or failed.
    """
    columns = np.full(supercell.n_cells * crystal.n_sites, -1, dtype=np.int64)
    for order, part in enumerate(crystal.column_slices):
        sites = sites_of(crystal, supercell, order)
        counts = rounded_counts(x[part], len(sites))
        if np.count_nonzero(counts) < 2:
            chosen = np.full(len(sites), int(counts.argmax()))
        else:
            ranked = _ranked(crystal, supercell, order, counts, seed)
            chosen = ranked[number % len(ranked)]
        columns[sites] = part.start + chosen
    return decoration_of(crystal, supercell, columns)


def decoration_of(crystal: AlchemicalCrystal, supercell: Supercell, columns: IntArray) -> Decoration:
    """The decoration with given columns of the composition.

    Args:
        crystal: The parent.
        supercell: Its repetition.
        columns: Column that each site holds, -1 on a site of no sublattice, cell by cell, [n].
    """
    of_column = np.full(crystal.n_columns, EMPTY, dtype=np.int64)
    varying = crystal.copy_column >= 0
    of_column[crystal.copy_column[varying]] = crystal.copy_species[varying]
    of_site = np.full(crystal.n_sites, EMPTY, dtype=np.int64)
    of_site[crystal.copy_site[~varying]] = crystal.copy_species[~varying]
    species = np.tile(of_site, supercell.n_cells)
    decorated = columns >= 0
    species[decorated] = of_column[columns[decorated]]
    return Decoration(columns, species)


def supercell_of(explicit: ExplicitDecoration) -> Supercell:
    """The supercell of a decoration that travels with a task."""
    return Supercell(np.array(explicit.matrix, dtype=np.int64))


def explicit_crystal(lattice: FloatArray, positions: FloatArray, species: IntArray) -> AlchemicalCrystal:
    """A crystal of one element a site, as it stands.

    Args:
        lattice: Vectors as rows, [3, 3] Å.
        positions: [n, 3] Å.
        species: Atomic numbers, [n].
    """
    return AlchemicalCrystal(
        lattice=lattice,
        frac=positions @ np.linalg.inv(lattice),
        parent_symbols=tuple(SYMBOLS[number] for number in species),
        sublattices=(),
        columns=(),
        copy_site=np.arange(len(species)),
        copy_species=species,
        copy_column=np.full(len(species), -1),
        labels=species,
        conventional=np.eye(3),
    )


def _ranked(
    crystal: AlchemicalCrystal, supercell: Supercell, number: int, counts: IntArray, seed: int
) -> IntArray:
    """Inequivalent decorations of a sublattice from the most random on, [n_decorations, n]."""
    shells = shells_on(crystal, supercell, number)
    sites = sites_of(crystal, supercell, number)
    lattice = supercell.matrix @ crystal.lattice
    positions = supercell.positions(crystal.lattice, crystal.positions)[sites]
    unlike = ~np.eye(len(sites), dtype=bool)
    near = np.searchsorted(shells.radii, shells.nearest[unlike])
    weights = {shell + 1: 1.0 / (shell + 1) for shell in range(len(shells.radii)) if shell in near}
    draw = np.random.default_rng([seed, number])
    found = quasi_random(
        lattice.tolist(),
        (positions @ np.linalg.inv(lattice)).tolist(),
        counts.tolist(),
        [*shells.radii.tolist(), 2.0 * float(np.linalg.norm(lattice, axis=1).sum())],
        weights or {len(shells.radii) + 1: 1.0},
        int(draw.integers(2**31)),
    )
    distinct = np.unique(np.array(found, dtype=np.int64), axis=0)
    distinct = distinct[draw.permutation(len(distinct))]
    order = np.argsort(np.round(shells.disorder(distinct, len(counts)), 9), kind="stable")
    distinct = distinct[order[:_BEST]]
    if len(sites) <= _FEW_SITES:
        forms = standard_forms(distinct, site_permutations(crystal, supercell, sites))
        _, first = np.unique(forms, axis=0, return_index=True)
        distinct = distinct[np.sort(first)]
    return distinct
