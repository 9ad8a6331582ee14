"""Displacements of empty sites: they change no energy, so they are frozen (docs/science.md, section 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.crystals.crystal import AlchemicalCrystal
    from engine.mechanics.coordinates import SymmetryCoordinates

EMPTY = 1e-9
"""A site whose weights add up to no more than this holds nothing."""

HOLD = 12.0
"""eV/Å^2: the spring that stands in the Hessian for a frozen displacement; its size matters to nothing."""

_NO_MOTION = 1e-8
"""Squared amplitude of the atoms present, per unit of a coordinate, below which it moves none of them."""


def empty_sites(crystal: AlchemicalCrystal, lam: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the weights [n_copies] leave a site empty, [n_sites]."""
    present = np.bincount(crystal.copy_site, weights=lam, minlength=crystal.n_sites)
    return np.asarray(present <= EMPTY)


def unheld(coordinates: SymmetryCoordinates, empty: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Coordinates that move no atom against another: only empty sites, or all that is present as one.

    Args:
        coordinates: Symmetry-adapted coordinates of the crystal.
        empty: Whether each site holds nothing, [n_sites].

    Returns:
        [n_q, n_unheld], orthonormal columns.
    """
    n_strain, n_displacement = coordinates.n_strain, len(coordinates.displacement_modes)
    if not empty.any() or not n_displacement:
        return np.zeros((coordinates.n_q, 0))
    moved = coordinates.displacement_modes[:, ~empty]
    moved = (moved - moved.mean(axis=1, keepdims=True)).reshape(n_displacement, -1)
    values, vectors = np.linalg.eigh(moved @ moved.T)
    still = vectors[:, values < _NO_MOTION]
    return np.concatenate([np.zeros((n_strain, still.shape[1])), still])
