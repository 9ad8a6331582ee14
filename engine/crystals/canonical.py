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
    smaller, own = own_cell(crystal, supercell, columns)
    of_parent = operations(crystal)
    lattices = _images(smaller.matrix.tobytes(), np.array([o.rotation for o in of_parent]).tobytes())
    first = min(lattices)
    target = Supercell(np.array(first, dtype=np.int64).reshape(3, 3))
    forms = []
    for operation, lattice in zip(of_parent, lattices, strict=True):
        if lattice != first:
            continue
        vectors = (smaller.cells @ operation.rotation.T)[:, None, :] + operation.shifts[None]
        moved = target.sums[:, target.numbers(vectors)] * crystal.n_sites + operation.sites
        images = np.empty((target.n_cells, len(own)), dtype=np.int64)
        np.put_along_axis(images, moved.reshape(target.n_cells, -1), own[None], axis=1)
        forms.append(images[np.lexsort(images.T[::-1])[0]])
    return first, min(tuple(form.tolist()) for form in forms)
