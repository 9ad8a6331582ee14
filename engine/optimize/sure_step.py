"""A step from the best composition to one that the surrogates are sure is better.

The expected improvement is largest where little is known: it sends a search to the corners of the composition space
while gradients already tell how to descend. This step is pessimistic instead: it minimises the loss at the less
favourable of the surrogate's mean plus and minus half a standard deviation. Its reach follows from what the surrogates
know: it is short where they are young, a Newton step where they have settled, and as long as it takes where they know
another place to be better.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from engine.optimize.acquisition import sum_of_losses
from engine.optimize.bayesian import SAME
from engine.optimize.descent import Functions, descend
from engine.optimize.objective import SLACK, best_of
from engine.optimize.surrogate import FEWEST_TO_FIT, surrogates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.composition.region import Region
    from engine.optimize.gaussian_process import GaussianProcess
    from engine.optimize.objective import Loss, Point
    from engine.optimize.surrogate import FitCache

FIRST_RADIUS = 0.3
"""Largest change of a fraction until hyperparameters are fitted: before, deviations are a guess."""
ENOUGH = 0.01
"""A sure decrease of at least this part of the expected improvement elsewhere is taken first."""
FEWEST = 2
"""Compositions before the first step: the first two tell more where they are far apart."""
_DEVIATIONS = 0.5
_SMALLEST = 1e-9
"""Variance below which a deviation has no slope, in squared units of the spread of the property."""
_STEPS = 30
_STARTS = 2
"""Descents that begin away from the best composition."""


@dataclass(frozen=True, eq=False)
class SureStep:
    """A composition [n_columns] and the decrease of the loss that is sure there."""

    x: NDArray[np.float64]
    improvement: float


@dataclass(frozen=True, eq=False)
class _Pessimist:
    """What the surrogates are sure of, at compositions [n, n_columns].

    Attributes:
        loss: Objectives and property constraints.
        models: By property.
        best: The best point: only the constraints count while it breaks them.
        unit: Of the losses returned, so that they are of the order of 1.
    """

    loss: Loss
    models: Mapping[str, GaussianProcess]
    best: Point
    unit: float

    def losses(self, x: torch.Tensor) -> torch.Tensor:
        """The larger of the losses half a deviation above and below the mean, [n]."""
        if self.best.violation > 0.0:
            return (-self.rooms(x)).clamp_min(0.0).sum(-1) / self.unit
        mean, deviation = self._predicted(x)
        ends = [sum_of_losses(self.loss, mean + side * deviation) for side in (1.0, -1.0)]
        return torch.maximum(*ends) / self.unit

    def rooms(self, x: torch.Tensor) -> torch.Tensor:
        """Least distance to each bound of a property that is sure, in its scales, [n, n_bounds]; negative beyond it."""
        mean, deviation = self._predicted(x)
        found = []
        for bound in self.loss.thresholds:
            place = self.loss.properties.index(bound.name)
            for limit, sign in ((bound.low, 1.0), (bound.high, -1.0)):
                if np.isfinite(limit):
                    found.append((sign * (mean[:, place] - limit) - deviation[:, place]) / bound.scale)
        return torch.stack(found, -1)

    def downhill(self, x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Loss and its gradient [n_columns] at one composition."""
        at = torch.tensor(x[None], dtype=torch.float64, requires_grad=True)
        (value,) = self.losses(at)
        (slope,) = torch.autograd.grad(value, at)
        return float(value.detach()), np.nan_to_num(slope[0].numpy())

    def room(self, x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Distances to the bounds [n_bounds] and their gradients [n_bounds, n_columns] at one composition."""
        at = torch.tensor(x[None], dtype=torch.float64, requires_grad=True)
        (values,) = self.rooms(at)
        slopes = [torch.autograd.grad(value, at, retain_graph=True)[0][0].numpy() for value in values]
        return values.detach().numpy(), np.nan_to_num(np.array(slopes))

    def _predicted(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and half a deviation of every property, each [n, n_properties]."""
        means, deviations = [], []
        for name in self.loss.properties:
            model = self.models[name]
            mean, covariance = model.posterior(x[:, None, :])
            floor = _SMALLEST * model.hyperparameters.spread**2
            means.append(mean[:, 0])
            deviations.append(covariance[:, 0, 0].clamp_min(floor).sqrt())
        return torch.stack(means, -1), _DEVIATIONS * torch.stack(deviations, -1)


def sure_step(
    region: Region, loss: Loss, points: Sequence[Point], cache: FitCache, drawn: NDArray[np.float64]
) -> SureStep | None:
    """The step and the decrease of the loss that is sure; None where there is none.

    It obeys bounds on properties for sure. While no point obeys them, it is the sum by which they are broken that
    decreases.

    Args:
        region: Feasible compositions.
        loss: Objectives and property constraints.
        points: All points told, by index.
        cache: Fits already made.
        drawn: Compositions of the region, [n, n_columns]: the best of them are tried as starts.
    """
    best = best_of(points)
    models = surrogates(region.space, loss.properties, points, cache, loss.known)
    broken = best.violation > 0.0
    now = best.violation if broken else best.loss
    young = sum(bool(point.values) for point in points) < FEWEST_TO_FIT
    seen = [point.violation if broken else point.loss for point in points if point.values]
    view = _Pessimist(loss, models, best, max(float(np.ptp(seen)), 1e-3 * max(1.0, abs(now))))
    bounds = view.room if loss.thresholds and not broken else None
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
    return SureStep(x, gain)


def _ends(
    region: Region,
    view: _Pessimist,
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
        with torch.no_grad():
            order = np.argsort(view.losses(torch.tensor(drawn)).numpy(), kind="stable")
        for start in drawn[order[:_STARTS]]:
            (piece,) = region.near(start, 1)
            ends += descend(piece, view.downhill, [start], at_least_zero=bounds, most_steps=_STEPS)
    return ends
