"""Space groups of decorations and of what they relax to, and how many decorations of a supercell are equal to one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.crystals import symmetry
from engine.crystals.by_content import by_content
from engine.crystals.parent import FloatArray, IntArray

if TYPE_CHECKING:
    from engine.crystals.crystal import AlchemicalCrystal
    from engine.crystals.enumeration import Ordering

IDEAL, RELAXED = 1e-2, 5e-2
"""Å; how far atoms may be from where a symmetry operation takes them: on the sites of the parent, and relaxed."""


def space_group(lattice: FloatArray, frac: FloatArray, numbers: IntArray, *, relaxed: bool) -> str:
    """International symbol and number, e.g. ``P4/mmm (123)``; by spglib (doi:10.1080/27660400.2024.2384822).

    Args:
        lattice: Vectors as rows, [3, 3] Å.
        frac: Fractional coordinates, [n, 3].
        numbers: Atomic numbers, [n].
        relaxed: Whether the atoms were relaxed, and are where they belong to some hundredths of an Å only.
    """
    return (_of_relaxed if relaxed else _of_ideal)(lattice, frac, numbers)


@by_content
def _of_ideal(lattice: FloatArray, frac: FloatArray, numbers: IntArray) -> str:
    return _found(lattice, frac, numbers, IDEAL)


@by_content
def _of_relaxed(lattice: FloatArray, frac: FloatArray, numbers: IntArray) -> str:
    return _found(lattice, frac, numbers, RELAXED)


def _found(lattice: FloatArray, frac: FloatArray, numbers: IntArray, tolerance: float) -> str:
    found = symmetry.space_group(lattice, frac, numbers, tolerance)
    return "P1 (1)" if found is None else "{} ({})".format(*found)


def degeneracy_of(crystal: AlchemicalCrystal, ordering: Ordering) -> int:
    """How many decorations of its supercell are equal to an ordering by symmetry."""
    from engine.crystals.orbits import site_permutations

    sites = np.flatnonzero(ordering.columns >= 0)
    moved = site_permutations(crystal, ordering.supercell, sites)
    return len(np.unique(ordering.columns[sites][moved], axis=0))
