"""What can be enumerated: which sizes of cells hold a composition, and how many decorations they have at all."""

from __future__ import annotations

from math import prod

import numpy as np

from engine.crystals.burnside import multinomial
from engine.crystals.crystal import AlchemicalCrystal
from engine.crystals.holding import counts_held, mixed_sites, mixed_sublattices, sites_that_hold
from engine.crystals.parent import IntArray
from engine.crystals.supercells import Supercell

MOST_SITES = 20
"""Mixed sites of a primitive cell up to which all orderings are enumerated: shapes of larger cells are too many."""
MOST_SITES_IN_CELL = 128
"""Mixed sites that a named supercell may have."""
_NOTHING_MIXED = "no sublattice may hold several elements; there is nothing to order"


class NotEnumerable(ValueError):  # noqa: N818  (it becomes a fault of the input)
    """A cell that cannot be decorated as asked: too large, or of no size that holds the composition."""


def checked_sites(sites: int) -> int:
    """A number of mixed sites up to which all orderings can be enumerated.

    Raises:
        NotEnumerable: if it is above `MOST_SITES`.
    """
    if sites > MOST_SITES:
        raise NotEnumerable(
            f"orderings are enumerated up to {MOST_SITES} mixed sites; ask for fewer than {sites}"
        )
    return sites


def checked_matrix(crystal: AlchemicalCrystal, supercell: Supercell) -> tuple[int, ...]:
    """The matrix of a supercell as plain numbers, row by row.

    Raises:
        NotEnumerable: if nothing is mixed, or the supercell is left-handed, flat or larger than `MOST_SITES_IN_CELL`.
    """
    cells = float(np.linalg.det(np.asarray(supercell.matrix, dtype=float)))
    in_cell = mixed_sites(crystal)
    if in_cell == 0:
        raise NotEnumerable(_NOTHING_MIXED)
    if cells < 0.5:
        raise NotEnumerable("the vectors of the supercell must be right-handed and span a volume")
    if cells * in_cell > MOST_SITES_IN_CELL + 0.5:
        raise NotEnumerable(
            f"the supercell has {cells * in_cell:.6g} mixed sites; name one with {MOST_SITES_IN_CELL} at most"
        )
    return tuple(int(value) for value in np.ravel(supercell.matrix))


def n_decorations(crystal: AlchemicalCrystal, cells: int, counts: IntArray | None) -> int:
    """How many decorations so many cells have, equivalent ones counted; counts as of `counts_in`."""
    mixed = mixed_sublattices(crystal)
    if counts is not None:
        return prod(multinomial(counts[crystal.column_slices[number]].tolist()) for number in mixed)
    of = [crystal.sublattices[number] for number in mixed]
    return prod(len(s.elements) ** (cells * len(s.sites)) for s in of)


def counts_in(crystal: AlchemicalCrystal, cells: int, x: tuple[float, ...] | None) -> IntArray | None:
    """How many sites hold each column, None where any number may; if the cells hold the composition.

    Raises:
        NotEnumerable: if they do not.
    """
    if x is None:
        return None
    counts = counts_held(crystal, np.array(x), cells)
    if counts is None:
        sites = cells * mixed_sites(crystal)
        able = sites_that_hold(crystal, np.array(x), max(MOST_SITES, 2 * sites))[:6]
        mend = f"cells with {', '.join(map(str, able))} do" if able else "give simpler fractions"
        raise NotEnumerable(
            f"a supercell of {sites} mixed sites does not hold this composition exactly; {mend}"
        )
    return counts


def sizes_up_to(
    crystal: AlchemicalCrystal, sites: int, x: tuple[float, ...] | None
) -> list[tuple[int, IntArray | None]]:
    """Numbers of cells that are decorated, and how many sites then hold each column (None: any number).

    Args:
        crystal: The primitive parent.
        sites: Most mixed sites.
        x: Composition, [n_columns]; None: any.

    Raises:
        NotEnumerable: if no number of cells has that few mixed sites or holds the composition.
    """
    in_cell = mixed_sites(crystal)
    if in_cell == 0:
        raise NotEnumerable(_NOTHING_MIXED)
    if x is None:
        cells = range(1, sites // in_cell + 1)
        if not cells:
            raise NotEnumerable(f"the primitive cell has {in_cell} mixed sites; ask for as many at least")
        return [(n, None) for n in cells]
    able = sites_that_hold(crystal, np.array(x), sites)
    if not able:
        larger = sites_that_hold(crystal, np.array(x), MOST_SITES)[:6]
        mend = f"cells with {', '.join(map(str, larger))} do" if larger else "give simpler fractions"
        raise NotEnumerable(f"no cell of up to {sites} mixed sites holds this composition exactly; {mend}")
    return [(n // in_cell, counts_held(crystal, np.array(x), n // in_cell)) for n in able]
