"""Along which directions a crystal at rest is unstable, from a few of its gradients.

The Lanczos process for H v = theta P v (B. N. Parlett, The Symmetric Eigenvalue Problem, SIAM 1998,
doi:10.1137/1.9781611971163, section 15.11) needs products of the Hessian H, which are differences of gradients, and
the inverse of P alone. By Sylvester's law H has as many negative eigenvalues as there are negative theta, whatever the
positive definite P is; where P is near to H all others are near to 1, so that a few products find the negative ones
(docs/science.md, Eq. 94).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Inverse = Callable[[NDArray[np.float64]], NDArray[np.float64]]
    Product = Callable[[NDArray[np.float64]], NDArray[np.float64]]

UNSTABLE = -0.02
"""theta below which a direction is unstable: flatter wells than this gain less than the noise of a relaxation."""
LEAST_IF_UNSTABLE, LEAST_IF_STABLE, MOST_PRODUCTS = 3, 5, 8
"""Products that tell of a soft mode, that tell of none (a start may have little of one), and that are taken at most."""
SHARE, SMALL = 0.25, 0.01
"""Residual of the lowest theta at which it is known: against it, or as it is."""


@dataclass(frozen=True, eq=False)
class SoftModes:
    """Directions of negative curvature.

    Attributes:
        values: theta of each, lowest first, [n_modes].
        modes: The directions, orthonormal in the metric P, [n_modes, n].
        products: Products of the Hessian that were taken.
    """

    values: NDArray[np.float64]
    modes: NDArray[np.float64]
    products: int


def soft_modes(product: Product, inverse: Inverse, start: NDArray[np.float64]) -> SoftModes:
    """Directions along which a symmetric Hessian is negative, as far as few products show them.

    Args:
        product: The Hessian times a vector, [n] to [n].
        inverse: Inverse of the metric P, symmetric and positive semidefinite, [n] to [n]; what it takes to nothing is
            not looked at.
        start: The inverse takes it to the first direction, [n]; random, so that every symmetry has a part in it.
    """
    dual, vector = start, inverse(start)
    vectors: list[NDArray[np.float64]] = []
    duals: list[NDArray[np.float64]] = []
    diagonal: list[float] = []
    beside: list[float] = []
    while True:
        size = np.sqrt(max(float(vector @ dual), 0.0))
        if not size > 0.0:
            break
        if vectors:
            beside.append(size)
        vectors.append(vector / size)
        duals.append(dual / size)
        dual = product(vectors[-1])
        vector = inverse(dual)
        diagonal.append(float(vectors[-1] @ dual))
        for _ in range(2):  # once more, against rounding
            for known, other in zip(vectors, duals, strict=True):
                share = float(known @ dual)
                dual, vector = dual - share * other, vector - share * known
        values, within = _ritz(diagonal, beside)
        residual = np.sqrt(max(float(vector @ dual), 0.0)) * abs(within[-1, 0])
        known_well = residual <= max(SHARE * abs(values[0]), SMALL)
        least = LEAST_IF_UNSTABLE if values[0] < UNSTABLE else LEAST_IF_STABLE
        if len(vectors) == MOST_PRODUCTS or (len(vectors) >= least and known_well):
            break
    if not vectors:
        return SoftModes(np.zeros(0), np.zeros((0, len(start))), 0)
    negative = values < UNSTABLE
    return SoftModes(values[negative], (within.T @ np.array(vectors))[negative], len(vectors))


def _ritz(diagonal: list[float], beside: list[float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Eigenvalues and vectors (columns) of a tridiagonal matrix."""
    return np.linalg.eigh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
