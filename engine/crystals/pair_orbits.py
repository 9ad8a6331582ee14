"""Which pairs of sites of a supercell are alike: orbits under the symmetry of the labelled parent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from engine.crystals.symmetry import operations

if TYPE_CHECKING:
    from engine.crystals.crystal import AlchemicalCrystal
    from engine.crystals.parent import IntArray
    from engine.crystals.supercells import Supercell


@dataclass(frozen=True, eq=False)
class PairOrbits:
    """Classes of pairs of sites.

    Attributes:
        labels: Class of each ordered pair, [n, n]; the pairs of a site with itself have classes of their own.
    """

    labels: IntArray

    @cached_property
    def count(self) -> int:
        """Number of classes."""
        return int(self.labels.max(initial=-1)) + 1

    @cached_property
    def reverse(self) -> IntArray:
        """The class of the pairs of each class read backwards, [count]."""
        found = np.empty(self.count, dtype=np.int64)
        found[self.labels] = self.labels.T
        return found

    @cached_property
    def of_sites(self) -> IntArray:
        """Class of each site, [n]: sites of one class are taken to one another by an operation."""
        return np.asarray(np.diagonal(self.labels))


def pair_orbits(crystal: AlchemicalCrystal, supercell: Supercell, sites: IntArray) -> PairOrbits:
    """The orbits of pairs of sites under the operations and translations that keep the supercell.

    Args:
        crystal: The parent.
        supercell: Its repetition.
        sites: Sites of the supercell, [n]; every operation takes them to one another.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n = len(sites)
    place = np.full(supercell.n_cells * crystal.n_sites, -1, dtype=np.int64)
    place[sites] = np.arange(n)
    first, second = (part.reshape(-1) for part in np.indices((n, n)))
    images = []
    for moved in _generators(crystal, supercell):
        to = place[moved[sites]]
        images.append(to[first] * n + to[second])
    pairs = np.tile(first * n + second, len(images))
    links = coo_matrix(
        (np.ones(len(pairs), dtype=bool), (pairs, np.concatenate(images))), shape=(n * n, n * n)
    )
    _, labels = connected_components(links, directed=False)
    return PairOrbits(labels.reshape(n, n).astype(np.int64))


def _generators(crystal: AlchemicalCrystal, supercell: Supercell) -> list[IntArray]:
    """Where the operations that keep the supercell, and the three primitive translations, take all sites, [n] each."""
    found = []
    for operation in operations(crystal):
        if supercell.keeps(operation.rotation):
            vectors = (supercell.cells @ operation.rotation.T)[:, None, :] + operation.shifts[None]
            found.append((supercell.numbers(vectors) * crystal.n_sites + operation.sites).reshape(-1))
    for number in supercell.numbers(np.eye(3, dtype=np.int64)):
        cells = supercell.sums[number]
        found.append((cells[:, None] * crystal.n_sites + np.arange(crystal.n_sites)).reshape(-1))
    return found
