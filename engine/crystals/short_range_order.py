"""Shells of neighbours on a sublattice, and how far a decoration of it is from random (Warren-Cowley parameters)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.crystals.parent import FloatArray, IntArray

SHELLS = 3
"""How many shells of neighbours are looked at."""
_SPLIT = 0.04
"""Distances that differ by less than this share belong to one shell."""


@dataclass(frozen=True, eq=False)
class Shells:
    """The first shells of neighbours of the sites of a sublattice in a supercell.

    Attributes:
        distances: Mean distance of each shell, [n_shells] Å.
        radii: Outer radius of each, between it and the next, [n_shells] Å.
        neighbours: How many images of site j are in a shell of site i, [n_shells, n, n] at [shell, i, j].
        nearest: Distance of the nearest image of site j from site i, [n, n] Å; infinite beyond the last shell.
    """

    distances: FloatArray
    radii: FloatArray
    neighbours: IntArray
    nearest: FloatArray

    def warren_cowley(self, columns: IntArray, n_columns: int) -> FloatArray:
        """Warren-Cowley parameters of decorations (docs/science.md, Eq. 75).

        Args:
            columns: Which element each site holds, [..., n].
            n_columns: How many there are.

        Returns:
            [..., n_shells, n_columns, n_columns]; 0 for random. NaN for elements that are not there.
        """
        held = np.eye(n_columns)[columns]
        bonds = np.einsum("...ik,sij,...jl->...skl", held, self.neighbours, held, optimize=True)
        share = held.mean(axis=-2)
        expected = share[..., None, :, None] * share[..., None, None, :]
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = bonds / self.neighbours.sum(axis=(1, 2))[:, None, None]
            return np.asarray(np.where(expected > 0.0, 1.0 - shares / expected, np.nan))

    def disorder(self, columns: IntArray, n_columns: int) -> FloatArray:
        """How far decorations [..., n] are from random: the sum of |parameters| of unlike pairs over shell, [...]."""
        found = np.abs(np.nan_to_num(self.warren_cowley(columns, n_columns)))
        unlike = np.triu(np.ones((n_columns, n_columns)), 1)
        weights = 1.0 / np.arange(1, len(self.distances) + 1)
        return np.asarray(np.einsum("...skl,s,kl->...", found, weights, unlike))


def shells_of(lattice: FloatArray, positions: FloatArray, count: int = SHELLS) -> Shells:
    """The first shells of neighbours among sites of a periodic crystal, all images counted.

    Args:
        lattice: Vectors of the supercell as rows, [3, 3] Å.
        positions: Of the sites of the sublattice, [n, 3] Å.
        count: How many shells.
    """
    from vesin import NeighborList

    n = len(positions)
    box, points = np.ascontiguousarray(lattice, dtype=float), np.ascontiguousarray(positions, dtype=float)
    reach = 2.5 * (abs(np.linalg.det(lattice)) / n) ** (1 / 3)
    while True:
        finder = NeighborList(cutoff=reach, full_list=True)
        first, second, distance = finder.compute(points=points, box=box, periodic=True, quantities="ijd")
        order = np.sort(distance)
        starts = np.concatenate([[0], np.flatnonzero(order[1:] > (1.0 + _SPLIT) * order[:-1]) + 1])
        if len(distance) and len(starts) > count:
            break
        reach *= 1.3
    inner, outer = order[starts[1 : count + 1] - 1], order[starts[1 : count + 1]]
    radii = (inner + outer) / 2
    shell = np.searchsorted(radii, distance)
    neighbours = np.zeros((count, n, n), dtype=np.int64)
    nearest = np.full((n, n), np.inf)
    inside = shell < count
    np.add.at(neighbours, (shell[inside], first[inside], second[inside]), 1)
    np.minimum.at(nearest, (first[inside], second[inside]), distance[inside])
    means = np.array([distance[shell == number].mean() for number in range(count)])
    return Shells(means, radii, neighbours, nearest)
