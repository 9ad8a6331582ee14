"""Implicit derivatives of crystals with many coordinates, by Hessian-vector products instead of whole Hessians.

With n_q coordinates a Hessian takes n_q rows; solving H y = b by MINRES (C. C. Paige, M. A. Saunders, SIAM J. Numer.
Anal. 12, 617 (1975), doi:10.1137/0712047), preconditioned with the quasi-Newton Hessian of the relaxation, takes about
18 products, each as costly as one row. One solve per direction of the composition gives the response of every
coordinate (docs/science.md, Eq. 28), and so every gradient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.mechanics.landscape import CALLS_PER_ROW, FirstDerivatives, Landscape

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESPONSE_TOLERANCE = 1e-8
CORRECTION_TOLERANCE = 1e-2
"""Relative residual of the last Newton step, which need not be exact."""
MAX_PRODUCTS = 200


@dataclass(frozen=True, eq=False)
class Response:
    """What a relaxed crystal with many coordinates answers.

    Attributes:
        dq: Change of the coordinates along each direction of the weights, [n_q, n_directions].
        correction: The last Newton step, [n_q].
        calls: Potential calls that it took.
        converged: Whether every solve converged.
    """

    dq: NDArray[np.float64]
    correction: NDArray[np.float64]
    calls: int
    converged: bool


def response(
    landscape: Landscape,
    at: FirstDerivatives,
    directions: NDArray[np.float64],
    hessian: NDArray[np.float64],
) -> Response:
    """Solve for the implicit derivatives at a point relaxed alone (a batch of one).

    Args:
        landscape: The enthalpy.
        at: The relaxed point.
        directions: Directions of the weights, [n_copies, n_directions].
        hessian: The quasi-Newton Hessian, for the preconditioner, [n_q, n_q].
    """
    from scipy.sparse.linalg import LinearOperator, minres

    products = 0

    def product(vector: NDArray[np.float64]) -> NDArray[np.float64]:
        nonlocal products
        products += 1
        return landscape.hessian_product(at, vector.reshape(1, -1))[0]

    n_q = at.q.shape[1]
    operator = LinearOperator((n_q, n_q), matvec=product, dtype=float)
    preconditioner = _inverse_magnitude(hessian)
    solved = True

    def solve(right: NDArray[np.float64], tolerance: float) -> NDArray[np.float64]:
        nonlocal solved
        if not right.any():
            return np.zeros(n_q)
        solution, failure = minres(operator, right, rtol=tolerance, maxiter=MAX_PRODUCTS, M=preconditioner)
        solved = solved and failure == 0
        return np.asarray(solution, dtype=float)

    correction = solve(-at.dh_dq[0], CORRECTION_TOLERANCE)
    columns = []
    for direction in directions.T:
        right = landscape.mixed_product(at, direction.reshape(1, -1))[0]
        products += 1
        columns.append(solve(-right, RESPONSE_TOLERANCE))
    return Response(
        dq=np.stack(columns, axis=1) if columns else np.zeros((n_q, 0)),
        correction=correction,
        calls=CALLS_PER_ROW * products,
        converged=solved,
    )


def _inverse_magnitude(hessian: NDArray[np.float64]) -> NDArray[np.float64]:
    """|H|^-1 with small eigenvalues lifted: positive definite, as MINRES wants its preconditioner."""
    values, vectors = np.linalg.eigh(hessian)
    magnitudes = np.maximum(np.abs(values), 1e-3 * np.abs(values).max())
    return np.asarray((vectors / magnitudes) @ vectors.T)
