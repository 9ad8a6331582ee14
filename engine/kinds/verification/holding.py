"""Which compositions explicit supercells can verify: mixed ones, of every element of which they hold an atom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from api_schemas.choices import MOST_SUPERCELL_SITES
from engine.crystals.holding import cells_holding, held, mixed_sublattices
from engine.crystals.supercells import near_counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.crystals.crystal import AlchemicalCrystal

PRESENT = 1e-9
"""A smaller fraction of an element is none."""


def mixed_sites(crystal: AlchemicalCrystal) -> int:
    """Sites of a parent cell that may hold one of several elements."""
    return sum(len(crystal.sublattices[number].sites) for number in mixed_sublattices(crystal))


def most_cells(crystal: AlchemicalCrystal, sites: int) -> int:
    """The most parent cells of a supercell with about so many mixed sites.

    Args:
        crystal: The parent, with a mixed site at least.
        sites: Mixed sites wanted.
    """
    return max(near_counts(max(1, round(sites / mixed_sites(crystal)))))


def is_mixed(crystal: AlchemicalCrystal, x: NDArray[np.float64]) -> bool:
    """Whether some sublattice holds several elements at a composition [n_columns]."""
    return any(np.count_nonzero(x[part] > PRESENT) > 1 for part in crystal.column_slices)


def lost(crystal: AlchemicalCrystal, x: NDArray[np.float64], sites: int) -> list[str]:
    """Elements at a composition [n_columns] of which supercells of about so many mixed sites may hold no atom."""
    fewest = min(near_counts(max(1, round(sites / mixed_sites(crystal)))))
    wanted = [
        x[part] * fewest * len(sublattice.sites)
        for sublattice, part in zip(crystal.sublattices, crystal.column_slices, strict=True)
    ]
    if all(np.all((amount >= 1.0) | (amount <= PRESENT)) for amount in wanted):
        return []  # a whole atom is never rounded away; of a long list most are like this
    absent = np.any([held(crystal, x, cells) == 0.0 for cells in cells_holding(crystal, x, sites)], axis=0)
    return [
        column.rpartition(":")[2]
        for column, gone, share in zip(crystal.columns, absent, x, strict=True)
        if gone and share > PRESENT
    ]


def enough(crystal: AlchemicalCrystal, x: NDArray[np.float64]) -> str:
    """What to do so that supercells hold an atom of every element at a composition [n_columns]: ``take sites: 64``."""
    step = mixed_sites(crystal)
    for sites in range(max(2, step), MOST_SUPERCELL_SITES + 1, step):
        if not lost(crystal, x, sites):
            return f"take sites: {sites}"
    return f"{MOST_SUPERCELL_SITES} sites would not be enough either"


def words(columns: Sequence[str], x: NDArray[np.float64]) -> str:
    """A composition [n_columns] in words: ``Al 0.8125, Sc 0.1875``."""
    shares = [
        f"{column.rpartition(':')[2]} {share:.4g}"
        for column, share in zip(columns, x, strict=True)
        if share > PRESENT
    ]
    return ", ".join(shares)
