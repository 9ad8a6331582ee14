"""Which composition a supercell holds, and which supercell holds a composition. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.crystals.parent import FloatArray, IntArray
from engine.crystals.supercells import Supercell, compact_supercell, near_counts

if TYPE_CHECKING:
    from engine.crystals.crystal import AlchemicalCrystal

_AS_GOOD = 0.1
"""Sites by which a number of cells may hold a composition worse than the best one, to have a compact shape."""
AS_WRITTEN = 5e-4
"""A fraction this near to one that a cell holds is that one: thirds are written with three digits."""
_MOST_NUMBERS = 8
"""Numbers of cells of which the shapes are looked at."""


def mixed_sublattices(crystal: AlchemicalCrystal) -> list[int]:
    """Numbers of the sublattices that may hold several elements."""
    return [number for number, s in enumerate(crystal.sublattices) if len(s.elements) > 1]


def supercell_holding(crystal: AlchemicalCrystal, x: FloatArray, sites: int) -> Supercell:
    """The supercell in which a composition is decorated.

    Of the numbers of cells from 0.8 to 1.25 times of what gives the number of sites those are taken that hold the
    composition about best; of these that with the most compact and symmetric shape.

    Args:
        crystal: The parent.
        x: Composition, [n_columns].
        sites: Mixed sites wanted, of all sublattices together.
    """
    return compact_supercell(crystal, cells_holding(crystal, x, sites))


def cells_holding(crystal: AlchemicalCrystal, x: FloatArray, sites: int) -> list[int]:
    """Numbers of cells that hold a composition [n_columns], those nearest to a number of sites first.

    Those near it that hold it exactly; where none does, those that hold it about best.
    """
    mixed = mixed_sublattices(crystal)
    in_cell = mixed_sites(crystal)
    wanted = max(1, round(sites / in_cell)) if mixed else 1
    counts = near_counts(wanted)
    exact = [n for n in counts if counts_held(crystal, x, n) is not None]
    if exact:
        return sorted(exact, key=lambda n: abs(n - wanted))[:_MOST_NUMBERS]
    errors = np.array([np.abs(held(crystal, x, n) - x).max(initial=0.0) for n in counts])
    slack = errors.min() + _AS_GOOD / max(1, wanted * in_cell)
    good = [n for n, error in zip(counts, errors, strict=True) if error <= slack]
    return sorted(good, key=lambda n: abs(n - wanted))[:_MOST_NUMBERS]


def held(crystal: AlchemicalCrystal, x: FloatArray, cells: int) -> FloatArray:
    """The composition [n_columns] nearest to x [n_columns] that so many cells hold."""
    found = np.array(x, dtype=float)
    for sublattice, part in zip(crystal.sublattices, crystal.column_slices, strict=True):
        sites = cells * len(sublattice.sites)
        found[part] = rounded_counts(found[part], sites) / sites
    return found


def held_by(crystal: AlchemicalCrystal, columns: IntArray) -> FloatArray:
    """The composition [n_columns] of a decoration: the column that each site holds, -1 on a site of no sublattice."""
    counts = np.bincount(columns[columns >= 0], minlength=crystal.n_columns).astype(float)
    for part in crystal.column_slices:
        counts[part] /= max(counts[part].sum(), 1.0)
    return counts


def counts_held(crystal: AlchemicalCrystal, x: FloatArray, cells: int) -> IntArray | None:
    """How many sites of so many cells hold each column of a composition, [n_columns]; None if they cannot hold it."""
    near = held(crystal, x, cells)
    if np.abs(near - x).max(initial=0.0) > AS_WRITTEN:
        return None
    sites = np.zeros(crystal.n_columns)
    for sublattice, part in zip(crystal.sublattices, crystal.column_slices, strict=True):
        sites[part] = cells * len(sublattice.sites)
    return np.rint(near * sites).astype(np.int64)


def sites_that_hold(crystal: AlchemicalCrystal, x: FloatArray, up_to: int) -> list[int]:
    """Numbers of mixed sites, of all sublattices together, up to a bound, with which cells hold a composition.

    Args:
        crystal: The parent; cells are repetitions of its cell as it is given.
        x: Composition, [n_columns].
        up_to: Most mixed sites.
    """
    in_cell = mixed_sites(crystal)
    cells = range(1, up_to // in_cell + 1) if in_cell else range(0)
    return [n * in_cell for n in cells if counts_held(crystal, x, n) is not None]


def mixed_sites(crystal: AlchemicalCrystal) -> int:
    """How many sites of a cell may hold several elements."""
    return sum(len(crystal.sublattices[number].sites) for number in mixed_sublattices(crystal))


def rounded_counts(fractions: FloatArray, sites: int) -> IntArray:
    """Whole numbers of sites [n] nearest to fractions [n] of them, by the largest remainders; they add up to all."""
    exact = np.clip(np.asarray(fractions, dtype=float), 0.0, None)
    exact = exact / exact.sum() * sites
    counts = np.floor(exact + 1e-9).astype(np.int64)
    remainders = np.round(exact - counts, 9)  # of equal ones the first is taken, whatever the last digit
    counts[np.argsort(-remainders, kind="stable")[: sites - int(counts.sum())]] += 1
    return counts


def sites_of(crystal: AlchemicalCrystal, supercell: Supercell, number: int) -> IntArray:
    """The sites of a supercell that belong to a sublattice, cell by cell, [n]."""
    own = np.array(crystal.sublattices[number].sites, dtype=np.int64)
    return np.asarray((np.arange(supercell.n_cells)[:, None] * crystal.n_sites + own).reshape(-1))
