"""Implicit gradients of relaxed quantities (docs/science.md, Eq. 28 and 29).

At a relaxed state dH/dq = 0, so the coordinates answer to the weights by dq*/dlam = -(d2H/dq2)^-1 d2H/dq dlam, and the
relaxed enthalpy by its partial derivative alone (envelope theorem).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.mechanics.relax import Relaxed

SINGULAR = 1e-8
"""A Hessian whose smallest eigenvalue is this small against its largest has no inverse worth the name."""


def coordinate_response(
    relaxed: Relaxed, columns: NDArray[np.float64], tangent: NDArray[np.float64] | None = None
) -> NDArray[np.float64] | None:
    """dq*/dx for weights lam = columns x + constant.

    Args:
        relaxed: A relaxed composition.
        columns: How the weights follow the composition, [n_copies, n_columns].
        tangent: Orthonormal directions in which the composition can move, [n_columns, n_free], where `relax` was given
            ``columns @ tangent`` as its directions.

    Returns:
        [n_q, n_columns], right along every direction of the tangent space (what it says of others has no meaning), or
        None where the Hessian is singular or the derivatives were not asked for.
    """
    if relaxed.response is not None and tangent is not None:
        return np.asarray(relaxed.response @ tangent.T, dtype=float)
    if relaxed.stable is None:
        return None
    values = np.linalg.eigvalsh(relaxed.hessian) if len(relaxed.hessian) else np.ones(1)
    if not np.isfinite(values).all() or np.abs(values).min() <= SINGULAR * np.abs(values).max():
        return None
    return np.asarray(-np.linalg.solve(relaxed.hessian, relaxed.mixed @ columns), dtype=float)
