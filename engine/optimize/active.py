"""Which constraints hold the answer back, and by how much: the multipliers of the first-order conditions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import nnls

from engine.optimize.objective import SLACK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.composition.region import Region
    from engine.optimize.objective import Loss, Point

ON_BOUND = 1e-6
ON_PROPERTY_BOUND = 10 * SLACK
"""A property this near to its bound, in scales, is on it."""
_NEGLIGIBLE = 1e-9


@dataclass(frozen=True, eq=False)
class Active:
    """A constraint that holds with equality at a composition.

    Attributes:
        words: What it is called.
        normal: Outward direction: the constraint is ``normal x <= something``, [n_columns].
        unit: How far the multiplier's unit of relaxation reaches, in words.
        two_sided: Whether it is an equality, with a multiplier of either sign.
    """

    words: str
    normal: NDArray[np.float64]
    unit: str
    two_sided: bool = False


def active_constraints(region: Region, loss: Loss, best: Point) -> list[str]:
    """The constraints active at a composition, each with what relaxing it would bring.

    The multipliers solve ``gradient of the loss + sum of multiplier * normal = 0`` in the tangent space, in
    least squares with multipliers of inequalities not negative (J. Nocedal, S. J. Wright, Numerical
    Optimization, 2006, 12.3).
    """
    found = active(region, loss, best)
    gradient = loss_gradient(loss, best)
    if gradient is None or not found:
        return [one.words for one in found]
    basis = region.space.tangent_basis
    normals, signs, owners = [], [], []
    for number, one in enumerate(found):
        for sign in (1.0, -1.0) if one.two_sided else (1.0,):
            normals.append(sign * one.normal @ basis)
            signs.append(sign)
            owners.append(number)
    weights, _ = nnls(np.array(normals).T, -basis.T @ gradient, maxiter=1000)
    multipliers = np.zeros(len(found))
    np.add.at(multipliers, owners, np.array(signs) * weights)
    unit = max(1.0, float(np.abs(gradient).max(initial=0.0)))
    return [
        f"{one.words} (multiplier {value:.3g}: loss per {one.unit})"
        if abs(value) > _NEGLIGIBLE * unit
        else one.words
        for one, value in zip(found, multipliers, strict=True)
    ]


def loss_gradient(loss: Loss, point: Point) -> NDArray[np.float64] | None:
    """Tangent-space gradient of the loss, [n_columns]; None where a property has none."""
    total = np.zeros(len(point.x))
    for term in loss.terms:
        if term.name not in point.gradients:
            return None
        total += term.slope(point.values[term.name]) * point.gradients[term.name]
    return total


def active(region: Region, loss: Loss, best: Point) -> list[Active]:
    """Bounds, linear constraints, counts and property constraints that hold with equality; in this order."""
    space = region.space
    counts = [
        Active(f"max_elements of {space.names[number]} ({most})", np.zeros(len(best.x)), "element")
        for number, most in region.most_elements.items()
        if int(np.sum(best.x[space.slices[number]] > ON_BOUND)) >= most
    ]
    rows = _active_rows(region, best.x)
    return [*_active_bounds(region, best.x), *rows, *counts, *_active_thresholds(loss, best)]


def _active_bounds(region: Region, x: NDArray[np.float64]) -> list[Active]:
    low, high = region.space.tight_bounds
    found = []
    for number, column in enumerate(region.space.columns):
        if high[number] - low[number] <= ON_BOUND:
            continue
        unit = np.zeros(len(x))
        unit[number] = 1.0
        least = region.least_present.get(number, 0.0)
        if x[number] <= low[number] + ON_BOUND:
            found.append(Active(f"{column} at its lower bound {low[number]:g}", -unit, "unit fraction"))
        elif x[number] >= high[number] - ON_BOUND:
            found.append(Active(f"{column} at its upper bound {high[number]:g}", unit, "unit fraction"))
        elif x[number] <= least + ON_BOUND:
            found.append(Active(f"{column} at its least amount {least:g}", -unit, "unit fraction"))
    return found


def _active_rows(region: Region, x: NDArray[np.float64]) -> list[Active]:
    found = []
    for row in region.rows:
        value = float(row.coefficients @ x)
        per = "unit of its largest coefficient"
        if row.is_equality:
            found.append(Active(row.words, row.coefficients, per, two_sided=True))
        elif value >= row.high - ON_BOUND:
            found.append(Active(row.words, row.coefficients, per))
        elif value <= row.low + ON_BOUND:
            found.append(Active(row.words, -row.coefficients, per))
    return found


def _active_thresholds(loss: Loss, best: Point) -> list[Active]:
    found = []
    for bound in loss.thresholds:
        value = best.values.get(bound.name)
        if value is None or bound.beyond(value) < -ON_PROPERTY_BOUND:
            continue
        slope = best.gradients.get(bound.name)
        normal = np.zeros(len(best.x)) if slope is None else slope
        sign = 1.0 if bound.high - value < value - bound.low else -1.0
        found.append(Active(bound.words(), sign * normal, bound.unit if bound.unit != "1" else "unit"))
    return found
