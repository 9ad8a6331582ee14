"""The strain of a distorted crystal, averaged over the symmetry operations of its parent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.mechanics.coordinates import SymmetryCoordinates


def symmetric_strain(
    coordinates: SymmetryCoordinates, deformation: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Coordinates [n_strain] of the symmetric strain nearest to a deformation (docs/science.md, Eq. 80).

    Its logarithm is projected, which is the average over the operations; so the volume stays what it is.

    Args:
        coordinates: Symmetry-adapted coordinates of the parent.
        deformation: F, where a position r of the parent becomes F r, [3, 3].
    """
    values, vectors = np.linalg.eigh(deformation.T @ deformation)
    logarithm = (vectors * (0.5 * np.log(values))) @ vectors.T
    modes = coordinates.strain_modes
    mean = np.einsum("i,iab->ab", np.einsum("iab,ab->i", modes, logarithm), modes)
    values, vectors = np.linalg.eigh(mean)
    strain = (vectors * np.expm1(values)) @ vectors.T
    return np.einsum("iab,ab->i", modes, strain)
