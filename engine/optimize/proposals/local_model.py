"""A quadratic model of each property around a point, from measured values and tangent-space gradients.

The gradient at the centre is exact; the curvature is the least-norm symmetric matrix that explains the values and
gradients of the other points, nearer points counting more (docs/science.md, Eq. 61 and 62). The loss is composed from
the modelled properties, so that targets are approached as by Gauss-Newton and goals as by quasi-Newton steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.optimize.objective import SLACK
from engine.optimize.proposals.descent import Functions, descend, together
from engine.optimize.surrogates.known_parts import remainder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.composition.region import Region
    from engine.composition.space import CompositionSpace
    from engine.optimize.known_part import KnownPart
    from engine.optimize.objective import Loss
    from engine.optimize.point import Point

NEIGHBOURS_PER_DIMENSION = 3
"""Points used for the curvature, for each free dimension."""
CURVATURE_RADIUS = 0.5
"""Points farther from the centre say little about its curvature."""
NEAREST_PIECES = 8
"""Sets of present elements among which a step chooses."""


@dataclass(frozen=True, eq=False)
class LocalModel:
    """P(x) = value + g.z + z.H.z / 2 + known(x) with z = basis^T (x - centre), for every objective's property."""

    centre: NDArray[np.float64]
    basis: NDArray[np.float64]
    values: dict[str, float]
    gradients: dict[str, NDArray[np.float64]]
    curvatures: dict[str, NDArray[np.float64]]
    known: Mapping[str, KnownPart]

    def predict(self, x: NDArray[np.float64]) -> dict[str, float]:
        """Property values at x [n_columns]."""
        return {name: value for name, (value, _) in self._predict(x).items()}

    def _predict(self, x: NDArray[np.float64]) -> dict[str, tuple[float, NDArray[np.float64]]]:
        """Property values and their gradients in the tangent basis."""
        z = self.basis.T @ (x - self.centre)
        found = {}
        for name, g in self.gradients.items():
            bent = self.curvatures[name] @ z
            value, slope = float(self.values[name] + g @ z + 0.5 * z @ bent), g + bent
            if name in self.known:
                more, steeper = self.known[name].value_and_gradient(x)
                value, slope = value + float(more), slope + self.basis.T @ steeper
            found[name] = (value, slope)
        return found

    def loss(self, loss: Loss, x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Loss and its gradient [n_columns] at x."""
        found = self._predict(x)
        gradient = np.zeros(self.basis.shape[1])
        for term in loss.terms:
            value, slope = found[term.name]
            gradient += term.slope(value) * slope
        return loss({name: value for name, (value, _) in found.items()}), self.basis @ gradient

    def room(self, loss: Loss, x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Distance to each property bound in scales, and its gradient [n, n_columns]; negative where it is broken."""
        predicted = self._predict(x)
        found, slopes = [], []
        for bound in loss.thresholds:
            value, slope = predicted[bound.name]
            for limit, sign in ((bound.low, 1.0), (bound.high, -1.0)):
                if np.isfinite(limit):
                    found.append(sign * (value - limit) / bound.scale)
                    slopes.append(sign * slope / bound.scale)
        return np.array(found), np.array(slopes).reshape(len(found), self.basis.shape[1]) @ self.basis.T


def fit(
    space: CompositionSpace, centre: Point, others: Sequence[Point], known: Mapping[str, KnownPart]
) -> LocalModel:
    """Fit the model around a point that has gradients, using what other points know."""
    centre = remainder(centre, known)
    others = [remainder(point, known) for point in others]
    basis = space.tangent_basis
    n = basis.shape[1]
    near = sorted(
        (p for p in others if p.gradients and 0 < np.abs(p.x - centre.x).max() <= CURVATURE_RADIUS),
        key=lambda p: (float(np.linalg.norm(p.x - centre.x)), p.index),
    )[: NEIGHBOURS_PER_DIMENSION * n]
    gradients = {name: basis.T @ gradient for name, gradient in centre.gradients.items()}
    curvatures = {
        name: _curvature(name, gradient, centre, near, basis) for name, gradient in gradients.items()
    }
    return LocalModel(centre.x, basis, dict(centre.values), gradients, curvatures, known)


def _curvature(
    name: str,
    gradient: NDArray[np.float64],
    centre: Point,
    near: Sequence[Point],
    basis: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Least-norm symmetric H [n, n] with H d = dg and d.H.d = 2 (dP - g.d) for the neighbours, in least squares."""
    n = basis.shape[1]
    if not near or n == 0:
        return np.zeros((n, n))
    rows_of, columns_of = np.triu_indices(n)
    off_diagonal = rows_of != columns_of
    equations, right = [], []
    for point in near:
        if name not in point.gradients:
            continue
        d = basis.T @ (point.x - centre.x)
        length = float(np.linalg.norm(d))
        change = basis.T @ point.gradients[name] - gradient
        for k in range(n):
            row = np.where(rows_of == k, d[columns_of], 0.0) + np.where(
                off_diagonal & (columns_of == k), d[rows_of], 0.0
            )
            equations.append(row / length**2)  # the error of a secant grows with the square of the distance
            right.append(change[k] / length**2)
        row = np.where(off_diagonal, 2.0, 1.0) * d[rows_of] * d[columns_of]
        equations.append(row / length**3)
        right.append(2.0 * (point.values[name] - centre.values[name] - gradient @ d) / length**3)
    if not equations:
        return np.zeros((n, n))
    # Unknowns of off-diagonal entries are scaled so that the least norm is the Frobenius norm of H.
    scale = np.where(off_diagonal, np.sqrt(0.5), 1.0)
    solution = np.linalg.lstsq(np.array(equations) * scale, np.array(right), rcond=1e-8)[0] * scale
    matrix = np.zeros((n, n))
    matrix[rows_of, columns_of] = solution
    matrix[columns_of, rows_of] = solution
    return matrix


@dataclass(frozen=True, eq=False)
class Step:
    """Where a model is least within its trust region, and what it says there."""

    x: NDArray[np.float64]
    loss: float
    violation: float


def minimise(
    region: Region, loss: Loss, model: LocalModel, radius: float, converges: Functions | None = None
) -> Step:
    """The feasible composition with the least modelled loss within ``radius`` (largest fraction moved) of the centre.

    Where no composition within it obeys the property constraints by the model, that which breaks them least.

    Args:
        region: Feasible compositions.
        loss: Objectives and property constraints.
        model: Of the properties.
        radius: Largest change of a fraction.
        converges: Functions that are not negative where a relaxation is sure enough to converge; None where all did.
    """
    centre = model.centre
    at_centre, slope = model.loss(loss, centre)
    norm = float(np.abs(slope).max(initial=0.0))
    unit = max(abs(at_centre), norm * radius, 1e-12)
    starts = [centre]
    if norm > 0:
        starts += [centre - step * radius * slope / norm for step in (0.1, 1.0)]
    starts += [centre + radius * row for row in np.eye(len(centre))]

    def scaled(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, gradient = model.loss(loss, x)
        return value / unit, gradient / unit

    def room(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return model.room(loss, x)

    def broken(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        values, gradients = room(x)
        missing = np.minimum(values, 0.0)
        return 0.5 * float(missing @ missing), missing @ gradients

    best = Step(centre, at_centre, loss.violation(model.predict(centre)))
    for piece in region.near(centre, NEAREST_PIECES):
        nearest = piece.project(centre)
        if np.abs(nearest - centre).max(initial=0.0) > radius:
            continue
        inside = [piece.project(np.clip(start, centre - radius, centre + radius)) for start in starts]
        rooms = [*([room] if loss.thresholds else []), *([converges] if converges else [])]
        found = descend(piece, scaled, inside, centre=centre, radius=radius, at_least_zero=together(rooms))
        if loss.thresholds and all(loss.violation(model.predict(x)) > 0.0 for x in found):
            found += descend(piece, broken, inside, centre=centre, radius=radius, at_least_zero=converges)
        for x in found:
            if converges is not None and converges(x)[0].min() < -SLACK:
                continue
            step = Step(x, model.loss(loss, x)[0], loss.violation(model.predict(x)))
            better = (step.violation, step.loss + 1e-12 * unit) < (best.violation, best.loss)
            if np.isfinite(step.loss) and better:
                best = step
    return best
