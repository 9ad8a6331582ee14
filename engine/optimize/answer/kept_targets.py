"""Compositions that keep the targets, to first order in the gradients at the answer (docs/science.md, Eq. 144)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.composition.polytope import Polytope
    from engine.composition.region import Region
    from engine.optimize.objective import Loss
    from engine.optimize.point import Point

MOST_PIECES = 12
"""Sets of elements that may be present together among which is looked, the nearest."""


def kept_ranges(region: Region, loss: Loss, best: Point) -> NDArray[np.float64]:
    """The least and the largest of each fraction with every target kept, [n_columns, 2], by linear programs.

    A target that the answer misses is kept where it is missed by no more.

    Args:
        region: The feasible compositions.
        loss: With targets, and bounds on properties.
        best: The answer, with values and gradients.
    """
    found = np.stack([best.x, best.x], axis=1)
    for piece in kept(region, loss, best):
        for column in np.flatnonzero(region.space.varies):
            ends = [_outermost(piece, int(column), sign) for sign in (1.0, -1.0)]
            if None in ends:
                break  # this piece keeps nothing
            found[column] = min(found[column, 0], ends[0]), max(found[column, 1], ends[1])
    return found


def _outermost(piece: Polytope, column: int, sign: float) -> float | None:
    """The least (sign 1) or the largest (-1) that a fraction may be; None where nothing may be."""
    from scipy.optimize import linprog

    cost = np.zeros(len(piece.lower))
    cost[column] = sign
    answer = linprog(
        cost,
        A_ub=piece.rows,
        b_ub=piece.limits,
        A_eq=piece.equalities,
        b_eq=piece.levels,
        bounds=list(zip(piece.lower, piece.upper, strict=True)),
        method="highs",
    )
    if answer.status != 0:
        return None
    return float(np.clip(answer.x[column], piece.lower[column], piece.upper[column]))


def nearest_kept(
    region: Region, loss: Loss, best: Point, x: NDArray[np.float64], within: float
) -> NDArray[np.float64] | None:
    """Of the compositions that keep the targets the nearest to x, [n_columns]; None where there is none.

    Args:
        region: The feasible compositions.
        loss: With targets.
        best: Where values and gradients are known.
        x: [n_columns] to be come near to.
        within: The part of each tolerance that may be used: to first order is not exactly.
    """
    found = [piece.project(x) for piece in kept(region, loss, best, within) if not piece.is_empty]
    return min(found, key=lambda y: float(np.linalg.norm(y - x)), default=None)


def kept(region: Region, loss: Loss, best: Point, within: float | None = None) -> list[Polytope]:
    """The pieces of the region in which targets and bounds on properties are kept; some may be empty.

    Args:
        region: The feasible compositions.
        loss: With targets.
        best: Where values and gradients are known.
        within: The part of each tolerance that may be used; None for all of it, and for as much as is missed there.
    """
    rows, limits = _bands(loss, best, within)
    return [
        replace(piece, rows=np.vstack([piece.rows, rows]), limits=np.concatenate([piece.limits, limits]))
        for piece in region.near(best.x, MOST_PIECES)
    ]


def _bands(loss: Loss, best: Point, within: float | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows [m, n_columns] and limits [m] of what properties may come to; each scaled to a largest coefficient of 1."""
    bands = [(bound.name, bound.low, bound.high) for bound in loss.thresholds]
    for term in loss.terms:
        if term.target is None:
            continue
        missed = abs(best.values[term.name] - term.target)
        reach = max(term.tolerance, missed) if within is None else within * term.tolerance
        bands.append((term.name, term.target - reach, term.target + reach))
    rows, limits = [], []
    for name, low, high in bands:
        slope = best.gradients.get(name)
        scale = 0.0 if slope is None else float(np.abs(slope).max())
        if slope is None or scale == 0.0:
            continue
        offset = best.values[name] - float(slope @ best.x)
        for sign, limit in ((1.0, high), (-1.0, low)):
            if np.isfinite(limit):
                rows.append(sign * slope / scale)
                limits.append(sign * (limit - offset) / scale)
    return np.array(rows).reshape(len(rows), len(best.x)), np.array(limits)
