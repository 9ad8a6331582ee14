"""The parent crystal: lattice, fractional coordinates and elements, before any sublattice is laid on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def frozen_array(values: object, dtype: type[np.float64 | np.int64] = np.float64) -> NDArray:
    """A read-only copy of ``values`` as a contiguous array."""
    array = np.array(values, dtype=dtype, order="C")
    array.setflags(write=False)
    return array


@dataclass(frozen=True, eq=False)
class ParentCrystal:
    """A periodic crystal with one element per site, in the order and frame of the input.

    Attributes:
        lattice: Lattice vectors as rows, [3, 3] Å.
        frac: Fractional coordinates, [n_sites, 3].
        symbols: Element of each site, [n_sites].
    """

    lattice: FloatArray
    frac: FloatArray
    symbols: tuple[str, ...]

    def __post_init__(self) -> None:
        """Copy the arrays and make them read-only."""
        object.__setattr__(self, "lattice", frozen_array(self.lattice))
        object.__setattr__(self, "frac", frozen_array(np.reshape(self.frac, (-1, 3))))
        object.__setattr__(self, "symbols", tuple(self.symbols))

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return len(self.symbols)

    @property
    def volume(self) -> float:
        """Volume of the cell, Å^3."""
        return float(abs(np.linalg.det(self.lattice)))
