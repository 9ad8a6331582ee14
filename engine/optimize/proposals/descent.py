"""Minimising a smooth function of the composition over one convex piece, from several starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.composition.polytope import Polytope

Function = Callable[["NDArray[np.float64]"], "tuple[float, NDArray[np.float64]]"]
"""Value and gradient [n_columns] at a composition [n_columns]."""
Functions = Callable[["NDArray[np.float64]"], "tuple[NDArray[np.float64], NDArray[np.float64]]"]
"""Values [m] and gradients [m, n_columns]."""


def together(functions: Sequence[Functions]) -> Functions | None:
    """Several sets of functions as one; None where there is none."""
    if len(functions) <= 1:
        return functions[0] if functions else None

    def all_of_them(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        found = [function(x) for function in functions]
        return np.concatenate([values for values, _ in found]), np.vstack([slopes for _, slopes in found])

    return all_of_them


def descend(
    piece: Polytope,
    function: Function,
    starts: Sequence[NDArray[np.float64]],
    *,
    centre: NDArray[np.float64] | None = None,
    radius: float = np.inf,
    at_least_zero: Functions | None = None,
    most_steps: int = 100,
) -> list[NDArray[np.float64]]:
    """Local minima by sequential quadratic programming in the coordinates of the piece, one per start.

    Args:
        piece: Feasible compositions.
        function: Function to minimise; of the order of 1.
        starts: Compositions to begin at, [n_columns] each; inside the piece or not.
        centre: Middle of the trust region, [n_columns]; by default none.
        radius: Largest change of a fraction from the centre.
        at_least_zero: Functions that must not become negative.
        most_steps: Most steps of each descent.

    Returns:
        Compositions of the piece to rounding, within the trust region where the centre is in the piece.
    """
    frame = piece.frame
    if frame.dimension == 0:
        return [np.clip(frame.origin, piece.lower, piece.upper)]
    normals, room = frame.normals, frame.room
    if centre is not None and np.isfinite(radius):
        normals = np.vstack([normals, frame.basis, -frame.basis])
        offset = centre - frame.origin
        room = np.concatenate([room, radius + offset, radius - offset])
    constraints = [{"type": "ineq", "fun": lambda z: room - normals @ z, "jac": lambda _: -normals}]
    if at_least_zero is not None:
        constraints.append(
            {
                "type": "ineq",
                "fun": lambda z: at_least_zero(frame.origin + frame.basis @ z)[0],
                "jac": lambda z: at_least_zero(frame.origin + frame.basis @ z)[1] @ frame.basis,
            }
        )

    def of_coordinates(z: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, gradient = function(frame.origin + frame.basis @ z)
        return value, frame.basis.T @ gradient

    found = []
    for start in starts:
        result = minimize(
            of_coordinates,
            frame.basis.T @ (start - frame.origin),
            jac=True,
            method="SLSQP",
            constraints=constraints,
            options={"maxiter": most_steps, "ftol": 1e-14},
        )
        if not np.all(np.isfinite(result.x)):
            continue
        x = piece.project(frame.origin + frame.basis @ result.x)
        if centre is not None:
            length = float(np.abs(x - centre).max(initial=0.0))
            if length > radius and piece.contains(centre):
                x = piece.project(centre + (x - centre) * (radius / length))
        found.append(x)
    return found
