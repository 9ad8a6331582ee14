"""Supports: the sets of elements that may be present together, by counts and by least fractions of what is present."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product
from math import comb, prod

import numpy as np

from engine.composition.simplex import FloatArray
from engine.composition.space import CompositionSpace

MOST_SUPPORTS = 300
"""Most sets of present elements that are told apart."""


@dataclass(frozen=True, eq=False)
class Supports:
    """The sets of elements that may be present together; of nested sets only the largest.

    Attributes:
        space: Bounds and sublattices.
        least_present: Least fraction of an element that is present at all, by column.
        most_elements: Most elements present, by number of the sublattice.
    """

    space: CompositionSpace
    least_present: Mapping[int, float]
    most_elements: Mapping[int, int]

    def count(self) -> int:
        """How many there are, without listing them."""
        return prod(
            sum(
                comb(len(branching), count) * (comb(len(free), room) if 0 < room < len(free) else 1)
                for count in range(len(branching) + 1)
                if (room := most - len(fixed) - count) >= 0
            )
            for fixed, branching, free, most in self._presence()
        )

    def bounds(self) -> Iterator[tuple[FloatArray, FloatArray]]:
        """Lower and upper bounds [n_columns] of the compositions of each."""
        choices = []
        for fixed, branching, free, most in self._presence():
            sets: list[tuple[int, ...]] = []
            for count in range(len(branching), -1, -1):
                room = min(len(free), most - len(fixed) - count)
                if room >= 0:
                    sets += [
                        (*fixed, *some, *others)
                        for some in combinations(branching, count)
                        for others in combinations(free, room)
                    ]
            choices.append(sets)
        for choice in product(*choices):
            present = [column for columns in choice for column in columns]
            lower, upper = np.array(self.space.lower), np.zeros(self.space.n_columns)
            upper[present] = self.space.upper[present]
            for there in present:
                lower[there] = max(lower[there], self.least_present.get(there, 0.0))
            if np.all(lower <= upper):
                yield lower, upper

    def _presence(self) -> Iterator[tuple[list[int], list[int], list[int], int]]:
        """Of each sublattice: columns always present, absent or with a least fraction, free; and how many may be."""
        for number, part in enumerate(self.space.slices):
            columns = range(part.start, part.stop)
            fixed = [c for c in columns if self.space.lower[c] > 0.0]
            branching = [c for c in columns if c not in fixed and self.least_present.get(c, 0.0) > 0.0]
            free = [c for c in columns if c not in fixed and c not in branching]
            yield fixed, branching, free, self.most_elements.get(number, len(columns))
