"""A step from the best composition to one that the surrogates are sure is better.

The expected improvement is largest where little is known: it sends a search to the corners of the composition space
while gradients already tell how to descend. This step is pessimistic instead: within a trust region it minimises the
loss at the less favourable of the surrogate's mean plus and minus one standard deviation. Its reach follows from what
the surrogates know: it is short where they are young, and a Newton step where they have settled.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from engine.optimize.acquisition import sum_of_losses
from engine.optimize.bayesian import SAME, Choice
from engine.optimize.descent import descend
from engine.optimize.surrogate import surrogates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.composition.region import Region
    from engine.optimize.objective import Loss, Point
    from engine.optimize.surrogate import FitCache

RADIUS = 0.3
"""Largest change of a fraction."""
ENOUGH = 0.1
"""A sure decrease of at least this part of the expected improvement elsewhere is taken first."""
_DEVIATIONS = 1.0
_SMALLEST = 1e-9
"""Variance below which a deviation has no slope, in squared units of the spread of the property."""
_STEPS = 30


def sure_step(region: Region, loss: Loss, points: Sequence[Point], cache: FitCache) -> Choice | None:
    """The step and the decrease of the loss that is sure; None where there is none.

    Args:
        region: Feasible compositions.
        loss: Objectives without property constraints.
        points: All points told, by index.
        cache: Fits already made.
    """
    best = min((p for p in points if p.values), key=lambda p: (p.rank, p.index))
    models = surrogates(region.space, loss.properties, points, cache, loss.known)
    ordered = [models[name] for name in loss.properties]
    unit = max(float(np.ptp([p.loss for p in points if p.values])), 1e-3 * max(1.0, abs(best.loss)))

    def pessimistic(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        at = torch.tensor(x, dtype=torch.float64)[None, :].requires_grad_()
        means, deviations = [], []
        for model in ordered:
            mean, covariance = model.posterior(at)
            floor = _SMALLEST * model.hyperparameters.spread**2
            means.append(mean[0])
            deviations.append(covariance[0, 0].clamp_min(floor).sqrt())
        mean, deviation = torch.stack(means), _DEVIATIONS * torch.stack(deviations)
        value = torch.maximum(sum_of_losses(loss, mean + deviation), sum_of_losses(loss, mean - deviation))
        (slope,) = torch.autograd.grad(value, at)
        return float(value.detach()) / unit, np.nan_to_num(slope[0].numpy()) / unit

    with warnings.catch_warnings(action="ignore"):
        _, slope = pessimistic(best.x)
        downhill = best.x - RADIUS * RADIUS * slope / max(float(np.abs(slope).max()), 1e-12)
        (piece,) = region.near(best.x, 1)
        ends = descend(
            piece, pessimistic, [best.x, downhill], centre=best.x, radius=RADIUS, most_steps=_STEPS
        )
        values = [pessimistic(x)[0] for x in ends]
    if not ends:
        return None
    x, gain = ends[int(np.argmin(values))], best.loss - unit * min(values)
    known = np.array([point.x for point in points])
    if gain <= 0.0 or np.abs(known - x).max(axis=1).min() <= SAME:
        return None
    return Choice(x, gain)
