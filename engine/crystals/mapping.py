"""Which site of a parent crystal each atom of a supercell is, by its position. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.crystals.parent import FloatArray, IntArray

if TYPE_CHECKING:
    from engine.crystals.crystal import AlchemicalCrystal

MOST_STRAIN = 0.25
"""Entries of the strain of the parent up to which a cell is a repetition of it."""
FARTHEST = 0.45
"""How far an atom may be from its site, as a share of the shortest distance between sites of the parent."""
MOST_ATOMS = 20_000


class NotASupercell(ValueError):  # noqa: N818  (the house's way of naming them)
    """Atoms are no supercell of the parent; the message says why, and what would be."""


@dataclass(frozen=True, eq=False)
class Mapping:
    """A supercell of a parent.

    Attributes:
        matrix: Integer matrix M with ``cell = M @ lattice`` but for a strain, [3, 3].
        sites: Site of the parent that each atom is, [n_atoms].
    """

    matrix: IntArray
    sites: IntArray


def mapped(crystal: AlchemicalCrystal, cell: FloatArray, positions: FloatArray) -> Mapping:
    """Map the atoms of a supercell, which may be strained and vibrate, onto the sites of its parent.

    The supercell has the orientation of the parent and its origin, but for lattice vectors.

    Args:
        crystal: The parent.
        cell: Vectors of the supercell as rows, [3, 3] Å; of either handedness.
        positions: [n_atoms, 3] Å.

    Raises:
        NotASupercell: saying what does not fit.
    """
    n_sites, atoms = crystal.n_sites, len(positions)
    if atoms == 0 or atoms % n_sites:
        raise NotASupercell(
            f"{atoms} atoms are no multiple of the {n_sites} sites of the parent; repeat the parent, and keep atoms on "
            "the sites that are empty"
        )
    if atoms > MOST_ATOMS:
        raise NotASupercell(f"{atoms} atoms are more than {MOST_ATOMS}")
    matrix = _matrix(crystal.lattice, cell, atoms // n_sites)
    lattice = np.linalg.inv(matrix) @ cell
    frac = positions @ np.linalg.inv(lattice)
    sites = np.empty(atoms, dtype=np.int64)
    away = np.empty(atoms)
    for atom, place in enumerate(frac):
        offset = place - crystal.frac
        distances = np.linalg.norm((offset - np.round(offset)) @ lattice, axis=1)
        sites[atom] = distances.argmin()
        away[atom] = distances.min()
    worst = int(away.argmax())
    if away[worst] > FARTHEST * _shortest(crystal):
        raise NotASupercell(
            f"atom {worst} is {away[worst]:.2f} Å from the nearest site of the parent; give a supercell with the "
            "orientation and origin of the parent, such as parent_atoms().repeat(2)"
        )
    numbers = np.round((np.round(frac - crystal.frac[sites]) @ np.linalg.inv(matrix)) % 1.0, 6) % 1.0
    taken = np.unique(np.column_stack([sites, numbers]), axis=0)
    if len(taken) < atoms:
        raise NotASupercell("two atoms are on one site of the parent, and another site has none")
    return Mapping(matrix, sites)


def _matrix(lattice: FloatArray, cell: FloatArray, cells: int) -> IntArray:
    """The integer matrix that repeats the parent, with as many cells as there are atoms for."""
    scale = (abs(np.linalg.det(cell)) / (cells * abs(np.linalg.det(lattice)))) ** (1.0 / 3.0)
    for factor in (scale, 1.0):
        if factor <= 0.0:
            continue
        matrix = np.rint(cell @ np.linalg.inv(lattice * factor))
        if round(abs(float(np.linalg.det(matrix)))) != cells:
            continue
        strain = np.linalg.inv(lattice) @ np.linalg.inv(matrix) @ cell - np.eye(3)
        if np.abs(strain).max() <= MOST_STRAIN:
            return matrix.astype(np.int64)
    raise NotASupercell(
        f"its cell is no repetition of the parent's with {cells} cells; give a supercell with the orientation of the "
        "parent, such as parent_atoms().repeat(2)"
    )


def _shortest(crystal: AlchemicalCrystal) -> float:
    """The shortest distance between two sites of the parent, images among them, Å."""
    shifts = np.array([(i, j, k) for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1)])
    offsets = crystal.frac[:, None, None] - crystal.frac[None, :, None] + shifts
    distances = np.linalg.norm(offsets @ crystal.lattice, axis=-1)
    return float(distances[distances > 1e-6].min())
