"""By how many atoms an atom is surrounded, and whether by those that surround it in the parent lattice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.crystals.parent import FloatArray, IntArray

_REACH = 1.75
"""The nearest shell ends within this many times the shortest distance, at the widest gap between distances."""
_CLEAR = 1.2
"""A gap between distances ends a shell of neighbours where the farther is so many times the nearer."""
_NEAREST, _FARTHEST = 3.0, 24.0
"""Å; neighbours are looked for within the first, and farther where an atom has none, up to the second."""
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


Shells = tuple[tuple[float, ...], ...]
"""Of each atom its sorted distances up to `_REACH` times the shortest, Å."""


def shells(lattice: FloatArray, positions: FloatArray) -> Shells:
    """The distances of each atom from its neighbours, as far as they may count as nearest.

    Args:
        lattice: Vectors of the cell as rows, [3, 3] Å.
        positions: Of the atoms in it, [n, 3] Å.
    """
    n, reach = len(positions), _NEAREST
    while True:
        first, _, _, distance = _pairs(lattice, positions, reach)
        nearest = np.full(n, np.inf)
        np.minimum.at(nearest, first, distance)
        wanted = _REACH * float(nearest.max(initial=0.0))
        if wanted <= reach or reach >= _FARTHEST:
            break
        reach = min(_FARTHEST, wanted if np.isfinite(wanted) else 2.0 * reach)
    near = distance <= _REACH * nearest[first]
    return tuple(tuple(np.sort(distance[near & (first == atom)]).tolist()) for atom in range(n))


def neighbour_counts(found: Shells, parent: Shells | None = None) -> tuple[int, ...]:
    """How many neighbours each atom has: as many as lie before the widest gap between its distances.

    The rule has no length of its own, so that it asks the same of small atoms and of large ones, and of a crystal under
    pressure; lists of neighbours weighted by solid angles need a Voronoi construction an atom, and count faces.

    Args:
        found: Distances of a crystal.
        parent: Of its parent, whose count stays as long as the gap behind it is more than half as wide (as a
            logarithm) as the widest one: what merely grows or is strained keeps its neighbours.

    Returns:
        Counts, [n]; 0 where no gap is clear, as in a glass, or in the parent none was.
    """
    counts = tuple(_count(distances)[0] for distances in found)
    if parent is None:
        return counts
    return tuple(
        _kept(distances, _count(before)[0], count)
        for distances, before, count in zip(found, parent, counts, strict=True)
    )


def _count(distances: Sequence[float]) -> tuple[int, float]:
    """The number of distances before the widest gap, and that gap as a ratio; 0 where it is not clear."""
    if not distances:
        return 0, 1.0
    ratios = np.array(distances[1:]) / np.array(distances[:-1])
    place = int(ratios.argmax()) if len(ratios) else 0
    if len(ratios) and ratios[place] >= _CLEAR:
        return place + 1, float(ratios[place])
    end = _REACH * distances[0] / distances[-1]
    return (len(distances), end) if end >= _CLEAR else (0, 1.0)


def _kept(distances: Sequence[float], before: int, now: int) -> int:
    """The count ``now`` of an atom that had ``before`` neighbours in the parent, or that one."""
    if now in (0, before) or before == 0:
        return before
    widest = _count(distances)[1]
    behind = distances[before] / distances[before - 1] if before < len(distances) else widest
    return before if np.log(behind) > 0.5 * np.log(widest) else now


def _pairs(
    lattice: FloatArray, positions: FloatArray, cutoff: float
) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """Both atoms, the image of the second, and the distance of every pair within a cutoff, each way."""
    from vesin import NeighborList

    finder = NeighborList(cutoff=cutoff, full_list=True)
    box, points = np.ascontiguousarray(lattice), np.ascontiguousarray(positions)
    first, second, image, distance = finder.compute(points=points, box=box, periodic=True, quantities="ijSd")
    return first.astype(np.int64), second.astype(np.int64), image.astype(np.int64), distance
