"""A step from the best composition to one that the surrogates are sure is better.

The expected improvement is largest where little is known: it sends a search to the corners of the composition space
while gradients already tell how to descend. This step is pessimistic instead: it minimises the loss at the less
favourable of the surrogate's mean plus and minus half a standard deviation (docs/science.md, Eq. 65). Its reach follows
from what the surrogates know: it is short where they are young, a Newton step where they have settled, and as long as
it takes where they know another place to be better.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from engine.optimize.objective import SLACK
from engine.optimize.point import best_of
from engine.optimize.proposals.bayesian import SAME
from engine.optimize.proposals.descent import Functions, descend, together
from engine.optimize.surrogates.convergence import convergence
from engine.optimize.surrogates.surrogate import FEWEST_TO_FIT, surrogates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.composition.region import Region
    from engine.optimize.objective import Loss
    from engine.optimize.point import Point
    from engine.optimize.surrogates.phases import Surrogate
    from engine.optimize.surrogates.surrogate import FitCache

FIRST_RADIUS = 0.3
"""Largest change of a fraction until hyperparameters are fitted: before, deviations are a guess."""
FEWEST = 2
"""Compositions before the first step: the first two tell more where they are far apart."""
_DEVIATIONS = 0.5
_SMALLEST = 1e-9**0.5
"""Least deviation, in units of the spread of the property; where it is less it has no slope."""
_STEPS = 30
_STARTS = 2
"""Descents that begin away from the best composition."""


@dataclass(frozen=True, eq=False)
class SureStep:
    """A composition [n_columns] and the decrease of the loss that is sure there.

    Attributes:
        x: The composition.
        improvement: The decrease.
        worth: What it counts for where relaxations have failed: less where this one may; None where none has.
    """

    x: NDArray[np.float64]
    improvement: float
    worth: float | None


@dataclass(frozen=True, eq=False)
class _Predicted:
    """What the surrogates say at one composition.

    Attributes:
        mean: Posterior means, [n_properties].
        mean_slope: Gradients of the means, [n_properties, n_columns].
        margin: `_DEVIATIONS` standard deviations, [n_properties].
        margin_slope: Gradients of the margins, [n_properties, n_columns].
    """

    mean: NDArray[np.float64]
    mean_slope: NDArray[np.float64]
    margin: NDArray[np.float64]
    margin_slope: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pessimist:
    """What the surrogates are sure of.

    Attributes:
        loss: Objectives and property constraints.
        models: Surrogates by property.
        best: The best point: only the constraints count while it breaks them.
        unit: Unit of the losses returned, so that they are of the order of 1.
        seen: Compositions that were looked at: a descent asks for its loss and its bounds one after the other.
    """

    loss: Loss
    models: Mapping[str, Surrogate]
    best: Point
    unit: float
    seen: dict[bytes, _Predicted] = field(default_factory=dict)

    def losses(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """The larger of the losses at the mean plus and minus the margin, at compositions [n, n_columns]: [n]."""
        models = [self.models[name] for name in self.loss.properties]
        both = [model.mean_and_deviation(x) for model in models]
        mean, deviation = (np.stack(each, -1) for each in zip(*both, strict=True))
        least = [_SMALLEST * model.spread for model in models]
        margin = _DEVIATIONS * np.maximum(deviation, least)
        if self.best.violation > 0.0:
            return np.maximum(-self._rooms(mean, margin), 0.0).sum(-1) / self.unit
        return np.maximum(*(self.loss.of_columns(mean + side * margin) for side in (1.0, -1.0))) / self.unit

    def downhill(self, x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """That loss and its gradient [n_columns] at one composition."""
        if self.best.violation > 0.0:
            rooms, slopes = self.room(x)
            missing = np.minimum(rooms, 0.0)
            return -float(missing.sum()) / self.unit, np.sign(missing) @ slopes / self.unit
        at = self._predicted(x)
        ends = [at.mean + side * at.margin for side in (1.0, -1.0)]
        upper = self.loss.of_columns(ends[0]) >= self.loss.of_columns(ends[1])
        values = ends[0] if upper else ends[1]
        slopes = at.mean_slope + (1.0 if upper else -1.0) * at.margin_slope
        slope = np.zeros(len(x))
        for term in self.loss.terms:
            p = self.loss.place(term.name)
            slope += term.slope(float(values[p])) * slopes[p]
        return float(self.loss.of_columns(values)) / self.unit, slope / self.unit

    def room(self, x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Distance to each bound of a property that is sure, [n_bounds], and gradients [n_bounds, n_columns].

        At one composition, in the scales of the bounds; negative beyond them.
        """
        at = self._predicted(x)
        slopes = [
            (sign * at.mean_slope[p] - at.margin_slope[p]) / scale for p, sign, _, scale in self._bounds
        ]
        return self._rooms(at.mean, at.margin), np.array(slopes)

    def _rooms(self, mean: NDArray[np.float64], margin: NDArray[np.float64]) -> NDArray[np.float64]:
        """These distances [..., n_bounds] at means and margins [..., n_properties]."""
        each = [
            (sign * (mean[..., p] - limit) - margin[..., p]) / scale for p, sign, limit, scale in self._bounds
        ]
        return np.stack(each, -1)

    @cached_property
    def _bounds(self) -> list[tuple[int, float, float, float]]:
        """Of each bound the place of its property, 1 where it is a lower one, else -1, the limit and the scale."""
        return [
            (self.loss.place(bound.name), sign, limit, bound.scale)
            for bound in self.loss.thresholds
            for limit, sign in ((bound.low, 1.0), (bound.high, -1.0))
            if np.isfinite(limit)
        ]

    def _predicted(self, x: NDArray[np.float64]) -> _Predicted:
        """What the surrogates say at one composition [n_columns]."""
        key = x.tobytes()
        if key not in self.seen:
            self.seen[key] = _predict([self.models[name] for name in self.loss.properties], x)
        return self.seen[key]


def _predict(models: Sequence[Surrogate], x: NDArray[np.float64]) -> _Predicted:
    found = []
    for model in models:
        at = model.sloped_moments(x[None])
        deviation, least = np.sqrt(at.covariance[0, 0]), _SMALLEST * model.spread
        slope = at.covariance_slope[0, 0] / deviation if deviation > least else np.zeros(len(x))
        found.append((at.mean[0], at.mean_slope[0], _DEVIATIONS * max(deviation, least), _DEVIATIONS * slope))
    return _Predicted(*(np.array(each) for each in zip(*found, strict=True)))


def sure_step(
    region: Region, loss: Loss, points: Sequence[Point], cache: FitCache, drawn: NDArray[np.float64]
) -> SureStep | None:
    """The step and the decrease of the loss that is sure; None where there is none.

    It obeys bounds on properties for sure, and is sure to converge where others failed. While no point obeys the
    bounds, it is the sum by which they are broken that decreases.

    Args:
        region: Feasible compositions.
        loss: Objectives and property constraints.
        points: All points told, by index.
        cache: Fits already made.
        drawn: Compositions of the region, [n, n_columns]: the best of them are tried as starts.
    """
    best = best_of(points)
    models = surrogates(region.space, loss.properties, points, cache, loss.known, loss.measured)
    broken = best.violation > 0.0
    now = best.violation if broken else best.loss
    young = sum(bool(point.values) for point in points) < FEWEST_TO_FIT
    seen = [
        point.violation if broken else point.loss for point in points if point.values and not point.outside
    ]
    view = Pessimist(loss, models, best, max(float(np.ptp(seen)), 1e-3 * max(1.0, abs(now))))
    converges = convergence(points, region.space.free_basis)
    rooms = [
        *([view.room] if loss.thresholds and not broken else []),
        *([converges.room] if converges else []),
    ]
    bounds = together(rooms)
    with warnings.catch_warnings(action="ignore"):
        values_and_ends = [
            (view.downhill(x)[0], x)
            for x in _ends(region, view, best.x, drawn, bounds, young=young)
            if bounds is None or bounds(x)[0].min() >= -SLACK
        ]
    if not values_and_ends:
        return None
    least, x = min(values_and_ends, key=lambda pair: pair[0])
    gain = now - view.unit * least
    known = np.array([point.x for point in points])
    if gain <= 0.0 or np.abs(known - x).max(axis=1).min() <= SAME:
        return None
    return SureStep(x, gain, None if converges is None else gain * converges.factor_at(x))


def _ends(
    region: Region,
    view: Pessimist,
    best: NDArray[np.float64],
    drawn: NDArray[np.float64],
    bounds: Functions | None,
    *,
    young: bool,
) -> list[NDArray[np.float64]]:
    """Where descents from the best composition end and, unless the surrogates are young, from promising ones."""
    _, slope = view.downhill(best)
    starts = [best, best - FIRST_RADIUS**2 * slope / max(float(np.abs(slope).max()), 1e-12)]
    radius = FIRST_RADIUS if young else np.inf
    (piece,) = region.near(best, 1)
    ends = descend(
        piece, view.downhill, starts, centre=best, radius=radius, at_least_zero=bounds, most_steps=_STEPS
    )
    if not young:
        order = np.argsort(view.losses(drawn), kind="stable")
        for start in drawn[order[:_STARTS]]:
            (piece,) = region.near(start, 1)
            ends += descend(piece, view.downhill, [start], at_least_zero=bounds, most_steps=_STEPS)
    return ends
