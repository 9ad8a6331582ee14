"""Relaxed-ion elastic constants: all six strains, with every displacement relaxed, not only the symmetric ones.

At a relaxed point the second derivatives of H = E + P V by a small strain, over the volume, are the stress-strain
coefficients at the pressure P (T. H. K. Barron, M. L. Klein, Proc. Phys. Soc. 85, 523 (1965),
doi:10.1088/0370-1328/85/3/313): with H stationary no choice of the strain measure enters. Sites follow the strain by
u = -H_uu^-1 H_u,strain (docs/science.md, Eq. 41; X. Wu, D. Vanderbilt, D. R. Hamann, Phys. Rev. B 72, 035105 (2005),
doi:10.1103/PhysRevB.72.035105).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.mechanics.coordinates import SymmetryCoordinates
from engine.mechanics.curvature import Directions
from engine.mechanics.landscape import CALLS_PER_ROW, Landscape

if TYPE_CHECKING:
    from numpy.typing import NDArray

VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
"""Voigt's order: xx yy zz yz xz xy."""

_SINGULAR = 1e-9
"""Displacements without a force constant, relative to the stiffest, are not moved: sites that hold nothing."""


@dataclass(frozen=True, eq=False)
class ElasticResponse:
    """How a relaxed crystal answers to a strain.

    Attributes:
        curvature: d2H by two Voigt strains (engineering shears) with all displacements relaxed, [6, 6], eV.
        directions: The six strains, with the displacements that go with them.
        stable: Whether every displacement is held by a restoring force.
        calls: Potential calls that it took.
    """

    curvature: NDArray[np.float64]
    directions: Directions
    stable: bool
    calls: int


def elastic_response(
    landscape: Landscape, q: NDArray[np.float64], lam: NDArray[np.float64]
) -> ElasticResponse:
    """Strain a relaxed crystal in all six ways and let every site follow.

    Args:
        landscape: Enthalpy of the crystal.
        q: Relaxed coordinates, [n_q].
        lam: Weights, [n_copies].
    """
    free = free_coordinates(landscape.coordinates, q)
    unconstrained = landscape.with_coordinates(free)
    at = unconstrained.first(np.zeros((1, free.n_q)), lam[None])
    hessian = unconstrained.second(at).hessian[0]
    internal, coupling = hessian[6:, 6:], hessian[6:, :6]
    values, vectors = np.linalg.eigh(internal) if len(internal) else (np.zeros(0), np.zeros((0, 0)))
    held = np.abs(values) > _SINGULAR * np.abs(values).max(initial=0.0)
    inverse = np.where(held, 1.0 / np.where(held, values, 1.0), 0.0)
    moved = -(vectors * inverse) @ vectors.T @ coupling  # [3N-3, 6]
    curvature = hessian[:6, :6] + coupling.T @ moved
    return ElasticResponse(
        curvature=(curvature + curvature.T) / 2,
        directions=Directions(free.strain_modes, np.einsum("ji,jna->ina", moved, free.displacement_modes)),
        stable=bool((values[held] > 0).all()),
        calls=1 + CALLS_PER_ROW * free.n_q,
    )


def free_coordinates(coordinates: SymmetryCoordinates, q: NDArray[np.float64]) -> SymmetryCoordinates:
    """All six Voigt strains and all displacements but the rigid ones, about the geometry at q."""
    from scipy.linalg import null_space

    lattice, frac = coordinates.geometry(q)
    n_sites = len(frac)
    strains = np.zeros((6, 3, 3))
    for row, (a, b) in enumerate(VOIGT):
        strains[row, a, b] += 0.5
        strains[row, b, a] += 0.5
    between = null_space(np.ones((1, n_sites))).T  # [N - 1, N], orthonormal, each adding up to zero
    displacements = np.einsum("jn,ab->janb", between, np.eye(3)).reshape(-1, n_sites, 3)
    return SymmetryCoordinates(
        lattice=lattice, positions=frac @ lattice, strain_modes=strains, displacement_modes=displacements
    )
