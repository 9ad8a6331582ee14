"""Whether atoms are still surrounded by those that surround them in the parent lattice."""

from __future__ import annotations

import numpy as np

from engine.crystals.parent import FloatArray, IntArray

_REACH = 1.75
"""The nearest shell ends within this many times the shortest distance, at the widest gap between distances."""
_CLEARLY = 0.95
"""Another atom counts as a neighbour where it is this much nearer than the farthest of the parent's neighbours."""


def changed_coordination(
    lattice: FloatArray, positions: FloatArray, lattice_now: FloatArray, positions_now: FloatArray
) -> float:
    """Share of the atoms whose nearest shell of neighbours holds others than in the parent.

    The shell of an atom is what lies before the widest gap between its distances (in bcc both of the first two shells).

    Args:
        lattice: Vectors of the parent's cell as rows, [3, 3] Å.
        positions: Of the atoms in it, [n, 3] Å.
        lattice_now: Vectors of the cell now, [3, 3] Å.
        positions_now: Of the same atoms in the same images of the cell, [n, 3] Å.
    """
    n = len(positions)
    guess = 2.0 * (abs(np.linalg.det(lattice)) / n) ** (1 / 3)
    first, second, image, distance = _pairs(lattice, positions, _REACH * guess)
    vectors = positions_now[second] + image @ lattice_now - positions_now[first]
    now = np.linalg.norm(vectors, axis=1)
    farthest = np.zeros(n)
    shells: list[set[tuple[int, ...]]] = []
    for atom in range(n):
        own = np.flatnonzero(first == atom)
        own = own[np.argsort(distance[own], kind="stable")]
        near = own[distance[own] <= _REACH * distance[own[0]]]
        ratios = distance[near[1:]] / distance[near[:-1]]
        shell = near[: int(ratios.argmax()) + 1] if len(ratios) else near
        farthest[atom] = now[shell].max()
        shells.append({(int(second[pair]), *image[pair].tolist()) for pair in shell})
    first, second, image, distance = _pairs(lattice_now, positions_now, float(farthest.max()))
    changed = set()
    for pair in np.flatnonzero(distance < _CLEARLY * farthest[first]):
        atom = int(first[pair])
        if (int(second[pair]), *image[pair].tolist()) not in shells[atom]:
            changed.add(atom)
    return len(changed) / n


def _pairs(
    lattice: FloatArray, positions: FloatArray, cutoff: float
) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """Both atoms, the image of the second, and the distance of every pair within a cutoff, each way."""
    from vesin import NeighborList

    finder = NeighborList(cutoff=cutoff, full_list=True)
    box, points = np.ascontiguousarray(lattice), np.ascontiguousarray(positions)
    first, second, image, distance = finder.compute(points=points, box=box, periodic=True, quantities="ijSd")
    return first.astype(np.int64), second.astype(np.int64), image.astype(np.int64), distance
