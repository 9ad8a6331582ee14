"""Second derivatives of an energy by the occupancies of sites, learned from gradients with the symmetry of the parent.

About the disordered state they are pair interactions, alike for pairs of sites that symmetry takes to one another: few
numbers, which the gradient at one state of random occupancies already tells (docs/science.md, Eq. 89). Where symmetry
leaves more numbers than gradients tell, the smallest are taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.crystals.pair_orbits import PairOrbits
    from engine.mechanics.occupancies import Composition

SMALLEST = 1e-4
"""Singular values of the fit below this share of the largest tell nothing."""
TOLD = 1e-3
"""Share of the largest singular value above which a number is told."""
MOST_NUMBERS = 1500
"""Numbers that are learned; the classes with the most pairs come first."""


@dataclass(frozen=True, eq=False)
class PairModel:
    """What is learned.

    Attributes:
        orbits: Which pairs of the mixed sites are alike.
        composition: What the sites hold.
    """

    orbits: PairOrbits
    composition: Composition

    def tangent(self, by_occupancy: NDArray[np.float64]) -> NDArray[np.float64]:
        """The part of derivatives [..., n_sites, n_columns] that tells sites of one class apart.

        What all elements of a site, or all sites of a class, have in common is taken away: the composition is fixed,
        and at the disordered state sites of a class are alike.
        """
        found = np.zeros_like(by_occupancy)
        for sites, columns in self._parts:
            part = by_occupancy[..., sites[:, None], columns]
            part = part - part.mean(axis=-1, keepdims=True)
            found[..., sites[:, None], columns] = part - part.mean(axis=-2, keepdims=True)
        return found

    def learned(
        self, points: NDArray[np.float64], gradients: NDArray[np.float64], weights: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Second derivatives [n, n] by all occupancies in a row, n = n_sites * n_columns, symmetric.

        Args:
            points: Occupancies, [n_points, n_sites, n_columns].
            gradients: Derivatives of the energy there, of the same shape, eV.
            weights: What each of the points counts, [n_points].
        """
        scale = weights[:, None, None]
        matrix = (self._rows(points) * scale).reshape(len(self._terms), -1).T
        wanted = (self.tangent(gradients) * scale).reshape(-1)
        found = np.linalg.lstsq(matrix, wanted, rcond=SMALLEST)[0] / self._sizes
        n_sites, n_columns = points.shape[1:]
        total = np.zeros((n_sites, n_columns, n_sites, n_columns))
        for value, (label, a, b) in zip(found, self._terms, strict=True):
            pairs = value * self._pairs(label, a, b)
            total[:, a, :, b] += pairs
            if self._mirrored(label, a, b):
                total[:, b, :, a] += pairs.T
        return total.reshape(n_sites * n_columns, n_sites * n_columns)

    def known(self, points: NDArray[np.float64]) -> int:
        """How many numbers the gradients at points [n_points, n_sites, n_columns] tell."""
        matrix = self._rows(points).reshape(len(self._terms), -1)
        return int(np.linalg.matrix_rank(matrix, rtol=TOLD))

    def _rows(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """What each number adds to the gradients at points, [n_numbers, n_points, n_sites, n_columns]."""
        rows = np.stack([self._product(points, *term) for term in self._terms])
        return self.tangent(rows / self._sizes[:, None, None, None])

    @cached_property
    def _sizes(self) -> NDArray[np.float64]:
        """Norm of the matrix of each number where it is 1."""
        return np.sqrt([self._pairs(*term).sum() * (1.0 + self._mirrored(*term)) for term in self._terms])

    @cached_property
    def _parts(self) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Sites of each class and the columns that they may hold."""
        return [
            (sites[self.orbits.of_sites[sites] == label], columns)
            for sites, columns in self.composition.blocks
            for label in np.unique(self.orbits.of_sites[sites])
        ]

    @cached_property
    def _terms(self) -> list[tuple[int, int, int]]:
        """Class of pairs, column of their first and of their second site, of each number that is learned."""
        labels, counts = np.unique(self.orbits.labels, return_counts=True)
        found: list[tuple[int, int, int]] = []
        for label in labels[np.argsort(-counts, kind="stable")]:
            reverse = self.orbits.reverse[label]
            if label <= reverse and len(found) < MOST_NUMBERS:
                of_first, of_second = self._columns(int(label))
                found += [
                    (int(label), a, b) for a in of_first for b in of_second if label < reverse or a <= b
                ]
        return found

    def _columns(self, label: int) -> list[list[int]]:
        """Columns that the first and the second site of the pairs of a class may hold."""
        pair = np.argwhere(self.orbits.labels == label)[0]
        return [np.flatnonzero(self.composition.allowed[site]).tolist() for site in pair]

    def _mirrored(self, label: int, a: int, b: int) -> bool:
        """Whether a number stands at another place too, for the pairs read backwards."""
        return bool(a != b or self.orbits.reverse[label] != label)

    def _pairs(self, label: int, a: int, b: int) -> NDArray[np.float64]:
        """1 where a pair of sites is of a class, the first able to hold column a and the second b, [n, n]."""
        allowed = self.composition.allowed
        return (self.orbits.labels == label) * np.outer(allowed[:, a], allowed[:, b]).astype(float)

    def _product(self, points: NDArray[np.float64], label: int, a: int, b: int) -> NDArray[np.float64]:
        """The matrix of one number times points, [n_points, n_sites, n_columns]."""
        pairs = self._pairs(label, a, b)
        found = np.zeros_like(points)
        found[:, :, a] = points[:, :, b] @ pairs.T
        if self._mirrored(label, a, b):
            found[:, :, b] += points[:, :, a] @ pairs
        return found
