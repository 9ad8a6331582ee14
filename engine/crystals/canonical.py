"""One form for all decorations that symmetry takes to one another, in whatever supercell they are written down."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from engine.crystals.hermite import hermite_form
from engine.crystals.parent import IntArray
from engine.crystals.supercells import Supercell
from engine.crystals.symmetry import operations

if TYPE_CHECKING:
    from engine.crystals.crystal import AlchemicalCrystal

CanonicalForm = tuple[tuple[int, ...], tuple[int, ...]]
"""Hermite form of the decoration's own lattice, row by row, and what its sites hold."""


def own_cell(
    crystal: AlchemicalCrystal, supercell: Supercell, columns: IntArray
) -> tuple[Supercell, IntArray]:
    """The smallest supercell of the parent that holds a decoration [n], and the decoration in it."""
    of_cells = columns.reshape(supercell.n_cells, crystal.n_sites)
    kept = (of_cells[supercell.sums] == of_cells).all(axis=(1, 2))
    smaller = Supercell(hermite_form(np.concatenate([supercell.matrix, supercell.cells[kept]])))
    return smaller, of_cells[supercell.numbers(smaller.cells)].reshape(-1)


@lru_cache(maxsize=1024)
def _images(matrix: bytes, rotations: bytes) -> tuple[tuple[int, ...], ...]:
    """The Hermite form of the lattice that each rotation takes a lattice to."""
    of_lattice = np.frombuffer(matrix, dtype=np.int64).reshape(3, 3)
    of_rotations = np.frombuffer(rotations, dtype=np.int64).reshape(-1, 3, 3)
    return tuple(tuple(hermite_form(of_lattice @ rotation.T).ravel().tolist()) for rotation in of_rotations)


def canonical_form(crystal: AlchemicalCrystal, supercell: Supercell, columns: IntArray) -> CanonicalForm:
    """What a decoration has in common with its images under the parent's operations, and with nothing else.

    Two decorations of supercells of one parent are the same ordering exactly if their forms are equal.

    Args:
        crystal: The parent, in its primitive cell; of another cell the translations within are operations, too.
        supercell: Its repetition.
        columns: What each site holds, cell by cell, [n].
    """
    lattice, images = _on_first_lattice(crystal, *own_cell(crystal, supercell, columns))
    firsts = (of_one[np.lexsort(of_one.T[::-1])[0]] for of_one in images)
    return lattice, min(tuple(form.tolist()) for form in firsts)


def n_images(crystal: AlchemicalCrystal, supercell: Supercell, columns: IntArray) -> int:
    """How many different decorations the parent's operations take one to (docs/science.md, Eq. 84).

    Args:
        crystal: The parent.
        supercell: Its repetition.
        columns: What each site holds, cell by cell, [n].
    """
    smaller, own = own_cell(crystal, supercell, columns)
    _, images = _on_first_lattice(crystal, smaller, own)
    return len(set(_lattices(crystal, smaller))) * len(np.unique(np.concatenate(images), axis=0))


def _lattices(crystal: AlchemicalCrystal, supercell: Supercell) -> tuple[tuple[int, ...], ...]:
    """The Hermite form of the lattice that each operation of the parent takes that of a supercell to."""
    rotations = np.array([operation.rotation for operation in operations(crystal)])
    return _images(supercell.matrix.tobytes(), rotations.tobytes())


def _on_first_lattice(
    crystal: AlchemicalCrystal, supercell: Supercell, columns: IntArray
) -> tuple[tuple[int, ...], list[IntArray]]:
    """The first, in the order of digits, of the lattices that that of a supercell is taken to, and what comes there.

    For each operation that leads to it the images [n_cells, n] of a decoration [n], under all translations.
    """
    lattices = _lattices(crystal, supercell)
    first = min(lattices)
    target = Supercell(np.array(first, dtype=np.int64).reshape(3, 3))
    found = []
    for operation, lattice in zip(operations(crystal), lattices, strict=True):
        if lattice != first:
            continue
        vectors = (supercell.cells @ operation.rotation.T)[:, None, :] + operation.shifts[None]
        moved = target.sums[:, target.numbers(vectors)] * crystal.n_sites + operation.sites
        images = np.empty((target.n_cells, len(columns)), dtype=np.int64)
        np.put_along_axis(images, moved.reshape(target.n_cells, -1), columns[None], axis=1)
        found.append(images)
    return first, found
