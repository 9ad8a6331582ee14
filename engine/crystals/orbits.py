"""Permutations of the sites of a supercell by its symmetry operations, and decorations up to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.crystals.parent import IntArray
from engine.crystals.symmetry import operations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.crystals.crystal import AlchemicalCrystal
    from engine.crystals.supercells import Supercell
    from engine.crystals.symmetry import Operation

_Integers = NDArray[np.integer]
_PAIRS = 1_000_000
"""Decorations times permutations that are compared at once."""
_TRIED = 32
"""Permutations that are tried first."""
_ROWS = 20_000
"""Partial decorations that are carried on at once."""
_GROWN = 4
"""They are compared with their images again when there are so many times as many as were left the last time."""


def site_permutations(
    crystal: AlchemicalCrystal,
    supercell: Supercell,
    sites: IntArray,
    of_parent: Sequence[Operation] | None = None,
) -> IntArray:
    """Where the symmetry operations of a supercell take sites of it, as numbers among these; each permutation once.

    Args:
        crystal: The parent.
        supercell: Its repetition; operations of the parent that do not keep its lattice are left out, its translations
            are in.
        sites: Sites of it that are taken to one another, [n].
        of_parent: Operations of the parent; default all of them.

    Returns:
        [n_permutations, n], always in the same order.
    """
    place = np.full(supercell.n_cells * crystal.n_sites, -1, dtype=np.int64)
    place[sites] = np.arange(len(sites))
    cells, in_cell = supercell.cells[sites // crystal.n_sites], sites % crystal.n_sites
    found = []
    for operation in operations(crystal) if of_parent is None else of_parent:
        if not supercell.keeps(operation.rotation):
            continue
        moved = supercell.numbers(cells @ operation.rotation.T + operation.shifts[in_cell])
        found.append(place[supercell.sums[:, moved] * crystal.n_sites + operation.sites[in_cell]])
    permutations = np.concatenate(found)
    idle = (permutations == np.arange(len(sites))).all(
        axis=1
    )  # of a group, each comes as often as the identity
    return permutations if idle.sum() == 1 else np.unique(permutations, axis=0)


def translations(crystal: AlchemicalCrystal, supercell: Supercell, sites: IntArray) -> IntArray:
    """Where the lattice vectors of the parent, but for zero, take sites of a supercell, [n_cells - 1, n]."""
    place = np.full(supercell.n_cells * crystal.n_sites, -1, dtype=np.int64)
    place[sites] = np.arange(len(sites))
    moved = supercell.sums[1:, sites // crystal.n_sites] * crystal.n_sites + sites % crystal.n_sites
    return place[moved]


def standard_forms(decorations: IntArray, permutations: IntArray) -> IntArray:
    """The first, in the order of digits, of the decorations that each [n_decorations, n] is taken to."""
    forms = []
    for decoration in decorations:
        images = np.empty_like(permutations)
        np.put_along_axis(images, permutations, np.broadcast_to(decoration, permutations.shape), axis=1)
        forms.append(images[np.lexsort(images.T[::-1])[0]])
    return np.array(forms)


def inequivalent(
    choices: Sequence[Sequence[int]], permutations: IntArray, counts: IntArray | None
) -> tuple[IntArray, IntArray]:
    """Every decoration of n sites that no permutation takes to another one, as its standard form.

    Sites are filled one after the other; what is filled so far is left as soon as a permutation takes it to something
    smaller (orderly generation: R. C. Read, Ann. Discrete Math. 2, 107 (1978), doi:10.1016/S0167-5060(08)70325-X). So
    what is kept in memory are the decorations that are found and few more, however many there are by symmetry.

    Args:
        choices: What each site may hold, rising, [n] lists.
        permutations: A group of permutations [n_permutations, n], each once, that take no site to one with other
            choices.
        counts: How many sites hold each, [n_columns]; None: any number.

    Returns:
        Decorations [m, n] in the order of their digits, and how many images each has, [m].
    """
    n = len(choices)
    # A group holds all inverses: site i of an image holds what site permutation[i] held.
    sources = np.ascontiguousarray(permutations.astype(np.int32).T)
    highest = max((max(choice) for choice in choices), default=0)
    found: list[_Integers]
    found, sizes = [np.zeros((0, n), dtype=np.int16)], [np.zeros(0, dtype=np.int64)]
    waiting: list[tuple[_Integers, int]] = [(np.zeros((1, 0), dtype=np.int16), 0)]
    while waiting:
        rows, compared = waiting.pop()
        if rows.shape[1] == n:
            kept, fixed = _smallest(rows, sources)
            found.append(rows[kept])
            sizes.append(len(permutations) // fixed)
            continue
        longer = _filled(rows, choices[rows.shape[1]], counts, highest)
        if longer.shape[1] < n and len(longer) > _GROWN * compared:
            longer = longer[_smallest(longer, sources)[0]]
            compared = len(longer)
        for first in reversed(range(0, len(longer), _ROWS)):
            part = longer[first : first + _ROWS]
            waiting.append((part, min(compared, len(part))))
    return np.concatenate(found).astype(np.int64), np.concatenate(sizes)


def _filled(rows: _Integers, choice: Sequence[int], counts: IntArray | None, highest: int) -> _Integers:
    """Decorations of one site more, [m, k + 1], of those of k sites, with no more of anything than there is of it."""
    longer = np.concatenate(
        [np.repeat(rows, len(choice), axis=0), np.tile(np.array(choice, dtype=np.int16), len(rows))[:, None]],
        axis=1,
    )
    if counts is None:
        return longer
    used = (longer == longer[:, -1:]).sum(axis=1)
    room = np.zeros(highest + 1, dtype=np.int64)
    room[: len(counts)] = counts[: highest + 1]
    return longer[used <= room[longer[:, -1]]]


def _smallest(rows: _Integers, sources: _Integers) -> tuple[IntArray, IntArray]:
    """Which decorations [m, k] of the first k sites no permutation is known to make smaller, and how many keep them.

    Args:
        rows: Decorations of the first k of n sites.
        sources: Where what a permutation brings to each site comes from, [n, n_permutations].
    """
    some = sources[:, :: max(1, sources.shape[1] // _TRIED)]
    kept = np.flatnonzero(
        _compared(rows, some)[0]
    )  # most that are not smallest are seen by a few permutations
    smallest, fixed = _compared(rows[kept], sources)
    return kept[smallest], fixed[smallest]


def _compared(rows: _Integers, sources: _Integers) -> tuple[NDArray[np.bool_], IntArray]:
    step = max(1, _PAIRS // sources.shape[1])
    found = [_compared_at_once(rows[n : n + step], sources) for n in range(0, len(rows), step)]
    smallest = [np.zeros(0, dtype=bool), *(each for each, _ in found)]
    return np.concatenate(smallest), np.concatenate([np.zeros(0, dtype=np.int64), *(n for _, n in found)])


def _compared_at_once(rows: _Integers, sources: _Integers) -> tuple[NDArray[np.bool_], IntArray]:
    m, k = rows.shape
    row = np.repeat(np.arange(m), sources.shape[1])
    operation = np.tile(np.arange(sources.shape[1]), m)
    smallest = np.ones(m, dtype=bool)
    for site in range(k):
        source = sources[site, operation]
        known = source < k  # what comes from a site that is not filled yet may be anything
        row, operation, source = row[known], operation[known], source[known]
        image, own = rows[row, source], rows[row, site]
        smallest[row[image < own]] = False
        open_still = (image == own) & smallest[row]
        row, operation = row[open_still], operation[open_still]
    return smallest, np.bincount(row, minlength=m)
