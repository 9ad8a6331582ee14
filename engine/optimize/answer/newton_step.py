"""The composition that a potential would choose: one Newton step of the targets from where it was evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.composition.polytope import TOLERANCE, least_step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.composition.polytope import Polytope
    from engine.composition.region import Region
    from engine.optimize.objective import Loss
    from engine.optimize.point import Point

INSIDE = 1e-6
"""An answer may be beyond a constraint by this, as its fractions are stored with twelve digits."""
_RIDGE = 1e-6
"""Of the steepest direction: of compositions that serve the targets alike, the nearest is chosen."""
_AS_GOOD = 1e-9


@dataclass(frozen=True, eq=False)
class Chosen:
    """Where the step leads.

    Attributes:
        x: The composition, [n_columns].
        move: From where the potential was evaluated, [n_columns]; per sublattice it sums to zero.
        expected: Values of the targets' properties there by the linear model.
    """

    x: NDArray[np.float64]
    move: NDArray[np.float64]
    expected: dict[str, float]


def newton_step(region: Region, loss: Loss, point: Point) -> Chosen | None:
    """The nearest composition that serves the targets best, each property taken as linear about the point.

    ``min over d of sum_t w_t ((P_t + g_t.d - target_t)/tolerance_t)^2`` within the constraints and the bounds on
    properties, which are taken as linear, too; of several minima the one with the shortest d, to 1e-6 of a fraction
    (docs/science.md, Eq. 142). The elements that may be present together are those of the point.

    Args:
        region: The feasible compositions.
        loss: Targets and bounds on properties; no goals.
        point: Values and gradients of its properties, of the potential that chooses.

    Returns:
        None where no composition keeps the bounds.
    """
    found: list[tuple[float, float, Chosen]] = []
    for piece in region.pieces:
        if not piece.contains(point.x, INSIDE):
            continue
        x = _within(piece, loss, point)
        if x is None:
            continue
        move = x - point.x
        expected = {
            term.name: point.values[term.name] + float(point.gradients[term.name] @ move)
            for term in loss.terms
        }
        found.append((loss(expected), float(move @ move), Chosen(x, move, expected)))
    if not found:
        return None
    least = min(value for value, _, _ in found)
    alike = [one for one in found if one[0] <= least + _AS_GOOD * max(1.0, least)]
    return min(alike, key=lambda one: one[1])[2]


def _within(piece: Polytope, loss: Loss, point: Point) -> NDArray[np.float64] | None:
    """The step within one convex piece; None where the bounds on properties leave nothing."""
    frame = piece.frame
    start = frame.basis.T @ (point.x - frame.origin)
    normals, room = frame.normals, frame.room - frame.normals @ start
    for bound in loss.thresholds:
        slope, value = frame.basis.T @ point.gradients[bound.name], point.values[bound.name]
        for sign, limit in ((1.0, bound.high), (-1.0, -bound.low)):
            if np.isfinite(limit):
                normals = np.vstack([normals, sign * slope / bound.scale])
                room = np.append(room, (limit - sign * value) / bound.scale)
    factors = [(term.weight**0.5) / term.tolerance for term in loss.terms]
    rows = np.array(
        [
            factor * (frame.basis.T @ point.gradients[term.name])
            for factor, term in zip(factors, loss.terms, strict=True)
        ]
    ).reshape(len(loss.terms), frame.dimension)
    wanted = np.array(
        [
            factor * ((term.target or 0.0) - point.values[term.name])
            for factor, term in zip(factors, loss.terms, strict=True)
        ]
    )
    # |rows z - wanted|^2 + ridge |z|^2 = |y|^2 + a constant, with y = R (z - free): the least y that the inequalities
    # allow is a least-distance problem.
    steepest = float(np.linalg.norm(rows, 2)) if rows.size else 0.0
    ridge = _RIDGE * steepest if steepest > 0.0 else 1.0
    stacked = np.vstack([rows, ridge * np.eye(frame.dimension)])
    orthogonal, triangle = np.linalg.qr(stacked)
    free = np.linalg.lstsq(rows, wanted, rcond=_RIDGE)[0] if steepest > 0.0 else np.zeros(frame.dimension)
    if np.all(normals @ free <= room + TOLERANCE):
        z = free
    else:
        aim = np.linalg.solve(triangle, orthogonal.T @ np.concatenate([wanted, np.zeros(frame.dimension)]))
        inverse = np.linalg.inv(triangle)
        sides, left = normals @ inverse, room - normals @ aim
        lengths = np.linalg.norm(sides, axis=1)
        y = least_step(
            sides[lengths > 0] / lengths[lengths > 0, None], left[lengths > 0] / lengths[lengths > 0]
        )
        if y is None or left[lengths == 0].min(initial=0.0) < -TOLERANCE:
            return None
        z = aim + inverse @ y
    return piece.project(frame.origin + frame.basis @ (start + z))
