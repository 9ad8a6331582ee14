"""How many decorations of a supercell are inequivalent, by Burnside's lemma, before any is made; in whole numbers."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from math import comb, factorial, prod
from typing import TYPE_CHECKING

import numpy as np

from engine.crystals.parent import IntArray

if TYPE_CHECKING:
    from collections.abc import Sequence

CycleType = tuple[tuple[tuple[int, int], ...], ...]
"""Of each sublattice: (length, number of cycles of that length), from short to long."""


def cycle_types(permutations: IntArray, sublattice: IntArray, n_sublattices: int) -> Counter[CycleType]:
    """How many permutations have which cycles.

    Args:
        permutations: Where each permutation takes the sites, [n_permutations, n].
        sublattice: Sublattice of each site, from 0, [n].
        n_sublattices: How many there are.
    """
    lengths = _cycle_lengths(permutations)
    n = permutations.shape[1]
    histogram = np.zeros((len(permutations), n_sublattices, n + 1), dtype=np.int64)
    rows = np.arange(len(permutations))
    for site in range(n):
        histogram[rows, sublattice[site], lengths[:, site]] += 1
    found: Counter[CycleType] = Counter()
    for content, count in Counter(row.tobytes() for row in histogram).items():
        kind = np.frombuffer(content, dtype=np.int64).reshape(n_sublattices, n + 1)
        of_sublattices = tuple(
            tuple((int(length), int(row[length]) // int(length)) for length in np.flatnonzero(row))
            for row in kind
        )
        found[of_sublattices] += count
    return found


def _cycle_lengths(permutations: IntArray) -> IntArray:
    """Length of the cycle that each site is in, [n_permutations, n]."""
    start = np.arange(permutations.shape[1])
    lengths = np.zeros_like(permutations)
    going, image, step = np.arange(len(permutations)), permutations, 1
    while len(going):
        back = (image == start) & (lengths[going] == 0)
        lengths[going] += step * back
        open_still = (lengths[going] == 0).any(axis=1)
        going, image = going[open_still], image[open_still]
        image, step = np.take_along_axis(permutations[going], image, axis=1), step + 1
    return lengths


def n_inequivalent(
    types: Counter[CycleType], elements: Sequence[int], counts: Sequence[Sequence[int]] | None
) -> int:
    """Orbits of decorations: the mean number that a permutation keeps (docs/science.md, Eq. 81).

    Args:
        types: Cycle types of a group of permutations, see `cycle_types`.
        elements: How many elements each sublattice may hold.
        counts: How many sites of each sublattice hold each element; None: any number.
    """
    total = sum(number * n_kept(kind, elements, counts) for kind, number in types.items())
    return total // sum(types.values())


def n_kept(kind: CycleType, elements: Sequence[int], counts: Sequence[Sequence[int]] | None) -> int:
    """Decorations that a permutation keeps: all sites of a cycle hold the same (docs/science.md, Eqs. 82 and 83)."""
    if counts is None:
        return prod(k ** sum(m for _, m in cycles) for k, cycles in zip(elements, kind, strict=True))
    return prod(_fillings(cycles, tuple(sorted(wanted))) for cycles, wanted in zip(kind, counts, strict=True))


@lru_cache(maxsize=65536)
def _fillings(cycles: tuple[tuple[int, int], ...], wanted: tuple[int, ...]) -> int:
    """Ways to fill cycles, (length, number) each, with so many sites of each element: one element a cycle."""
    if len(wanted) <= 1:
        return 1
    if len(cycles) == 1:
        length, _ = cycles[0]
        return 0 if any(w % length for w in wanted) else multinomial([w // length for w in wanted])
    first, rest = wanted[0], wanted[1:]
    return sum(ways * _fillings(left, rest) for ways, left in _taken(cycles, first))


def _taken(cycles: tuple[tuple[int, int], ...], sites: int) -> list[tuple[int, tuple[tuple[int, int], ...]]]:
    """In how many ways cycles with so many sites in all are taken, and which are left."""
    if not cycles:
        return [(1, ())] if sites == 0 else []
    (length, number), others = cycles[-1], cycles[:-1]
    found = []
    for taken in range(min(number, sites // length) + 1):
        here = ((length, number - taken),) if taken < number else ()
        for ways, left in _taken(others, sites - taken * length):
            found.append((comb(number, taken) * ways, (*left, *here)))
    return found


def multinomial(counts: Sequence[int]) -> int:
    """Ways to give sites to elements, with so many sites for each."""
    return factorial(sum(counts)) // prod(factorial(count) for count in counts)
