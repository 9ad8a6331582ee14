"""What the gradients of a relaxation tell about the springs of a crystal.

The change of the gradient over a step is a product with the Hessian, n_q numbers at once, and linear in the constants
of the springs, of which there are far fewer than entries of the Hessian. Two or three steps therefore tell most of a
crystal's Hessian, where a quasi-Newton update learns it along one direction at a time: least squares, held near what
was expected (docs/science.md, Eq. 71).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from engine.mechanics.springs import Bonds, Springs

if TYPE_CHECKING:
    from numpy.typing import NDArray

HELD = 1e-2
"""How firmly constants are held near what was expected, against one step."""
LEAST_SPREAD = 0.3
"""Constants may differ from the expected ones by their size, or, of weak springs, by this: eV/Å^2."""
SOFTEST = 0.05
"""Least curvature of an inverse, in scaled coordinates, or a tenth of this against the largest."""


def learned_springs(
    bonds: Bonds,
    steps: NDArray[np.float64],
    changes: NDArray[np.float64],
    scale: NDArray[np.float64],
    known: Springs | None,
) -> Springs:
    """The springs that explain changes of the gradient best.

    Args:
        bonds: The pairs at the geometry whose Hessian is wanted.
        steps: Steps in q, [n_steps, n_q].
        changes: Changes of the gradient over them, [n_steps, n_q], eV per unit of q.
        scale: Factor by which q has unit curvature, roughly, [n_q].
        known: Constants from an earlier or neighbouring relaxation, instead of the expected ones.
    """
    expected = bonds.expected
    start = expected.updated(known).constants
    spread = np.maximum(expected.constants[:, :1], LEAST_SPREAD)
    columns, rests = [], []
    for step, change in zip(steps, changes, strict=True):
        along, across = bonds.stretched(step).transpose(1, 0, 2)
        of_constants = np.stack([bonds.gradients(along), bonds.gradients(across)], axis=2)
        rest = change - np.einsum("qkc,kc->q", of_constants, start)
        size = scale * np.linalg.norm(change / scale)
        columns.append((of_constants * spread / size[:, None, None]).reshape(len(step), -1))
        rests.append(rest / size)
    if not columns:
        return Springs(bonds.kinds, start)
    matrix, right = np.concatenate(columns), np.concatenate(rests)
    normal = matrix.T @ matrix + HELD * np.eye(matrix.shape[1])
    found = np.linalg.solve(normal, matrix.T @ right)
    return Springs(bonds.kinds, start + spread * found.reshape(-1, 2))


def safe_inverse(
    hessian: NDArray[np.float64], scale: NDArray[np.float64]
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """|H|^-1 with small eigenvalues lifted, in scaled coordinates: symmetric and positive definite.

    Args:
        hessian: A model of the second derivatives, [n_q, n_q].
        scale: Factor by which q has unit curvature, roughly, [n_q].
    """
    values, vectors = np.linalg.eigh(hessian / np.outer(scale, scale))
    magnitudes = np.abs(values)
    floor = SOFTEST * max(1.0, 0.1 * float(magnitudes.max(initial=0.0)))
    vectors = vectors / scale[:, None]
    inverse = (vectors / np.maximum(magnitudes, floor)) @ vectors.T
    return lambda vector: inverse @ vector
