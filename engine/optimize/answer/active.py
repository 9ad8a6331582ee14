"""Which constraints hold the answer back, and by how much: the multipliers of the first-order conditions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linprog, nnls

from engine.optimize.objective import SLACK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.composition.region import Region
    from engine.optimize.objective import Loss
    from engine.optimize.point import Point

ON_BOUND = 1e-6
ON_PROPERTY_BOUND = 10 * SLACK
"""A property this near to its bound, in scales, is on it."""
_NEGLIGIBLE = 1e-6
"""Part of the loss's slope below which a multiplier is nothing."""
_PARALLEL = 1e-9


@dataclass(frozen=True, eq=False)
class Active:
    """A constraint that holds with equality at a composition, or a bound on a property that is broken there.

    Attributes:
        words: What it is called.
        normal: Outward direction: the constraint is ``normal x <= something``, in the unit as written, [n_columns].
        unit: How far the multiplier's unit of relaxation reaches, in words.
        two_sided: Whether its multiplier may have either sign, as that of an equality.
        natural: Whether nobody wrote it, so that nobody can relax it: no fraction is below 0.
    """

    words: str
    normal: NDArray[np.float64]
    unit: str
    two_sided: bool = False
    natural: bool = False


def active_constraints(region: Region, loss: Loss, best: Point) -> list[str]:
    """The constraints active at a composition, each with what relaxing it would bring.

    Constraints that say the same are named together, and relaxed together. Without multipliers where a bound on a
    property is broken: what is best there breaks it least, whatever the loss.
    """
    basis = region.space.tangent_basis
    found = _together(active(region, loss, best), basis)
    gradient = loss_gradient(loss, best)
    if gradient is None or best.violation > 0.0:
        return [one.words for one in found]
    return [
        one.words if value == 0.0 else f"{one.words} (multiplier {value:.3g}: loss per {one.unit})"
        for one, value in zip(found, multipliers(found, gradient, basis), strict=True)
    ]


def multipliers(
    found: Sequence[Active], gradient: NDArray[np.float64], basis: NDArray[np.float64]
) -> list[float]:
    """What the loss gains per unit by which each constraint is relaxed; of a natural one, what more of it costs.

    Multipliers solve ``gradient of the loss + sum of multiplier * normal = 0`` in the tangent space, in least squares
    with those of inequalities not negative (docs/science.md, Eq. 68; J. Nocedal, S. J. Wright, Numerical Optimization,
    2006, section 12.3, doi:10.1007/978-0-387-40065-5). Where more constraints meet than there are directions, many do:
    the least of one is then what relaxing it alone brings, the largest what tightening it costs (J. F. Bonnans, A.
    Shapiro, Perturbation Analysis of Optimization Problems, 2000, doi:10.1007/978-1-4612-1394-9).

    Args:
        found: The active constraints.
        gradient: Of the loss, [n_columns].
        basis: Of the tangent space, [n_columns, n_free].

    Returns:
        One a constraint, in the loss per its unit; of an equality positive where its value should rise.
    """
    normals = np.array([one.normal for one in found]).reshape(len(found), len(basis)) @ basis
    lengths = np.linalg.norm(normals, axis=1)
    steepest = float(np.linalg.norm(basis.T @ gradient))
    counted = [number for number, length in enumerate(lengths) if length > 0.0]
    values = [0.0] * len(found)
    if steepest == 0.0 or not counted:
        return values
    directions = (normals[counted] / lengths[counted, None]).T
    free = np.array([found[number].two_sided for number in counted])
    signed = np.hstack([directions, -directions[:, free]])
    explained = signed @ nnls(signed, -basis.T @ gradient / steepest, maxiter=1000)[0]
    limits = [(None if found[number].two_sided else 0.0, None) for number in counted]
    for place, number in enumerate(counted):
        unit = np.eye(len(counted))[place]
        least, most = (
            sign * answer.fun if answer.status == 0 else -sign * np.inf
            for sign in (1.0, -1.0)
            for answer in [linprog(sign * unit, A_eq=directions, b_eq=explained, bounds=limits)]
        )
        value = max(most, 0.0) if found[number].natural else float(np.clip(0.0, least, most))
        if _NEGLIGIBLE < abs(value) < np.inf:
            values[number] = value * steepest / float(lengths[number])
    return values


def _together(found: Sequence[Active], basis: NDArray[np.float64]) -> list[Active]:
    """Constraints that were written in several ways as one, in the unit of the first."""
    kept: list[Active] = []
    for one in found:
        for place, other in enumerate(kept):
            if (one.natural, one.two_sided) == (other.natural, other.two_sided) and _same(one, other, basis):
                kept[place] = replace(other, words=f"{other.words} together with {one.words}")
                break
        else:
            kept.append(one)
    return kept


def _same(one: Active, other: Active, basis: NDArray[np.float64]) -> bool:
    a, b = one.normal @ basis, other.normal @ basis
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    along = abs(float(a @ b)) if one.two_sided else float(a @ b)
    return lengths > 0.0 and along >= (1.0 - _PARALLEL) * lengths


def loss_gradient(loss: Loss, point: Point) -> NDArray[np.float64] | None:
    """Tangent-space gradient of the loss, [n_columns]; None where a property has none."""
    total = np.zeros(len(point.x))
    for term in loss.terms:
        if term.name not in point.gradients:
            return None
        total += term.slope(point.values[term.name]) * point.gradients[term.name]
    return total


def active(region: Region, loss: Loss, best: Point) -> list[Active]:
    """Bounds, linear constraints, counts and property constraints that hold with equality; in this order.

    Bounds are those that the problem gives, and 0; an upper bound of 1 is none.
    """
    space = region.space
    counts = [
        Active(f"max_elements of {space.names[number]} ({most})", np.zeros(len(best.x)), "element")
        for number, most in region.most_elements.items()
        if _is_full(region, number, best.x)
    ]
    rows = _active_rows(region, best.x)
    return [*_active_bounds(region, best.x), *rows, *counts, *_active_thresholds(loss, best)]


def _is_full(region: Region, number: int, x: NDArray[np.float64]) -> bool:
    """Whether a sublattice has as many elements as it may."""
    most = region.most_elements.get(number)
    return most is not None and int(np.sum(x[region.space.slices[number]] > ON_BOUND)) >= most


def _active_bounds(region: Region, x: NDArray[np.float64]) -> list[Active]:
    space = region.space
    found = []
    for number, part in enumerate(space.slices):
        if part.stop - part.start == 1:
            continue
        full = _is_full(region, number, x)
        for column in range(part.start, part.stop):
            one = _active_bound(region, column, x, full=full)
            if one is not None:
                found.append(one)
    return found


def _active_bound(region: Region, column: int, x: NDArray[np.float64], *, full: bool) -> Active | None:
    """The bound that a fraction is at; ``full``: whether its sublattice has as many elements as it may."""
    name, low, high = region.space.columns[column], region.space.lower[column], region.space.upper[column]
    least = region.least_present.get(column, 0.0)
    unit, per = np.eye(len(x))[column], "unit fraction"
    if high - low <= ON_BOUND:
        return Active(f"{name} fixed at {low:.10g}", unit, per, two_sided=True)
    if x[column] <= low + ON_BOUND:
        if low > 0.0:
            return Active(f"{name} at its lower bound {low:.10g}", -unit, per)
        # A little of it is not to be had, so that its absence does not tell whether that would be worse.
        held = full or least > 0.0
        return Active(f"{name} absent, at its lower bound 0", -unit, per, two_sided=held, natural=True)
    if x[column] >= high - ON_BOUND:
        return None if high >= 1.0 else Active(f"{name} at its upper bound {high:.10g}", unit, per)
    if x[column] <= least + ON_BOUND:
        return Active(f"{name} at its least amount {least:.10g}", -unit, per)
    return None


def _active_rows(region: Region, x: NDArray[np.float64]) -> list[Active]:
    found = []
    for row in region.rows:
        value = float(row.coefficients @ x)
        normal = row.scale * row.coefficients
        per = "unit of charge" if row.pointer == "/constraints/charge_neutrality" else "unit of the sum"
        if row.is_equality:
            found.append(Active(row.words, normal, per, two_sided=True))
        elif value >= row.high - ON_BOUND:
            found.append(Active(row.words, normal, per))
        elif value <= row.low + ON_BOUND:
            found.append(Active(row.words, -normal, per))
    return found


def _active_thresholds(loss: Loss, best: Point) -> list[Active]:
    found = []
    for bound in loss.thresholds:
        value = best.values.get(bound.name)
        if value is None or bound.beyond(value) < -ON_PROPERTY_BOUND:
            continue
        unit = bound.unit if bound.unit != "1" else "unit"
        if bound.beyond(value) > SLACK:
            amount = bound.beyond(value) * bound.scale
            broken = f"{bound.words()} broken by {amount:.3g}" + ("" if bound.unit == "1" else f" {unit}")
            found.append(Active(broken, np.zeros(len(best.x)), unit))
            continue
        slope = best.gradients.get(bound.name)
        normal = np.zeros(len(best.x)) if slope is None else slope
        sign = 1.0 if bound.high - value < value - bound.low or bound.low == bound.high else -1.0
        found.append(Active(bound.words(), sign * normal, unit, two_sided=bound.low == bound.high))
    return found
