"""Implicit derivatives of crystals with many coordinates, by Hessian-vector products instead of whole Hessians.

With n_q coordinates a Hessian takes n_q rows; the response along one direction of the composition solves H y = b, which
takes some ten products, each as costly as one row, when it is preconditioned with the springs that the relaxation has
learned. Generalised conjugate residuals (S. C. Eisenstat, H. C. Elman, M. H. Schultz, SIAM J. Numer. Anal. 20, 345
(1983), doi:10.1137/0720023) keep every product, so that each direction starts from what the others took, and so
does the last Newton step, which takes none of its own (docs/science.md, Eq. 25, 28 and 72).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.mechanics.landscape import CALLS_PER_ROW, FirstDerivatives, Landscape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Apply = Callable[[NDArray[np.float64]], NDArray[np.float64]]

RESPONSE_TOLERANCE = 1e-5
"""Relative residual in the norm of the preconditioner, before a last step; changes of the strains are right to 1e-5."""
MAX_PRODUCTS = 200
STEP_TOLERANCE, MAX_STEP_PRODUCTS = 0.03, 12
"""Relative residual of the last Newton step, and products that it may take of its own."""
DEPENDENT = 1e-10
"""A product that leaves less than this share of itself outside the span of the others belongs to a singular Hessian."""


@dataclass(frozen=True, eq=False)
class Response:
    """What a relaxed crystal with many coordinates answers.

    Attributes:
        dq: Change of the coordinates along each direction of the weights, [n_q, n_directions].
        correction: The last Newton step, [n_q].
        slope: Change that it makes of the derivative of the enthalpy along each direction, [n_directions], eV.
        calls: Potential calls that it took.
        converged: Whether every solve converged.
    """

    dq: NDArray[np.float64]
    correction: NDArray[np.float64]
    slope: NDArray[np.float64]
    calls: int
    converged: bool


class ConjugateResiduals:
    """Solves H y = b for one b after another, and keeps what it learns of a symmetric H.

    Args:
        product: H times a vector, [n] to [n].
        inverse: Preconditioner, symmetric positive definite, [n] to [n].
    """

    def __init__(self, product: Apply, inverse: Apply) -> None:
        self._product = product
        self._inverse = inverse
        self._places: list[NDArray[np.float64]] = []
        # H times the places, orthonormal in the norm of the preconditioner, and the preconditioner times those.
        self._images: list[NDArray[np.float64]] = []
        self._duals: list[NDArray[np.float64]] = []
        self.products = 0

    def solve(
        self, right: NDArray[np.float64], tolerance: float, most: int = MAX_PRODUCTS
    ) -> tuple[NDArray[np.float64], bool]:
        """The y with the least residual over the space known, after as many further products as the tolerance takes.

        Args:
            right: b, [n].
            tolerance: Residual against b, both in the norm of the preconditioner.
            most: Most products to take.

        Returns:
            y with a last preconditioned step, and whether the tolerance was met before it.
        """
        solution = np.zeros_like(right)
        rest = right.copy()
        for place, image, dual in zip(self._places, self._images, self._duals, strict=True):
            share = float(dual @ rest)
            solution += share * place
            rest -= share * image
        goal = tolerance * np.sqrt(max(float(right @ self._inverse(right)), 0.0))
        for taken in range(most + 1):
            step = self._inverse(rest)
            if np.sqrt(max(float(rest @ step), 0.0)) <= goal:
                return solution + step, True
            if taken == most or not self._learn(step):
                break
            share = float(self._duals[-1] @ rest)
            solution += share * self._places[-1]
            rest -= share * self._images[-1]
        return solution + self._inverse(rest), False

    def _learn(self, place: NDArray[np.float64]) -> bool:
        """One product, made orthonormal to the others; False where it lies in their span."""
        image = self._product(place)
        self.products += 1
        before = np.sqrt(max(float(image @ self._inverse(image)), 0.0))
        for _ in range(2):  # once more, against rounding
            for known, other, dual in zip(self._places, self._images, self._duals, strict=True):
                share = float(dual @ image)
                place = place - share * known
                image = image - share * other
        dual = self._inverse(image)
        size = np.sqrt(max(float(image @ dual), 0.0))
        if not size > DEPENDENT * before:
            return False
        self._places.append(place / size)
        self._images.append(image / size)
        self._duals.append(dual / size)
        return True


def response(
    landscape: Landscape,
    at: FirstDerivatives,
    directions: NDArray[np.float64],
    inverse: Apply,
    step_products: int = MAX_STEP_PRODUCTS,
) -> Response:
    """Solve for the implicit derivatives at a point relaxed alone (a batch of one).

    Args:
        landscape: The enthalpy.
        at: The relaxed point.
        directions: Directions of the weights, [n_copies, n_directions].
        inverse: Preconditioner, symmetric positive definite, [n_q] to [n_q].
        step_products: Products that the last Newton step may take beside those of the directions.
    """
    solver = ConjugateResiduals(
        lambda vector: landscape.hessian_product(at, vector.reshape(1, -1))[0], inverse
    )
    n_q, wanted = at.q.shape[1], directions.shape[1]
    dq, mixed = np.zeros((n_q, wanted)), np.zeros((n_q, wanted))
    converged = True
    for number, direction in enumerate(directions.T):
        mixed[:, number] = landscape.mixed_product(at, direction.reshape(1, -1))[0]
        dq[:, number], solved = solver.solve(-mixed[:, number], RESPONSE_TOLERANCE)
        converged = converged and solved
    correction, _ = solver.solve(-at.dh_dq[0], STEP_TOLERANCE, most=step_products)
    return Response(
        dq=dq,
        correction=correction,
        slope=correction @ mixed,
        calls=CALLS_PER_ROW * (solver.products + wanted),
        converged=converged,
    )
