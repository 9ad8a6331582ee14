"""What the surrogates know of one evaluation: told of every other, how well they knew it; told of all, what is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.results import Prediction
from engine.mechanics.threads import fitting_threads
from engine.optimize.answer.surrogate_map import member_points
from engine.optimize.surrogates.phases import band
from engine.optimize.surrogates.surrogate import surrogates
from engine.properties.table import PROPERTIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from api_schemas.evaluations import MemberState
    from engine.composition.space import CompositionSpace
    from engine.optimize.objective import Loss
    from engine.optimize.point import Point
    from engine.optimize.surrogates.phases import Surrogate

FEWEST = 3
"""Converged evaluations, the predicted one among them."""
MOST = 100
"""Others that are learned from, the nearest: with all of a large scan the end of a job would be waited for."""


def predictions(
    space: CompositionSpace,
    loss: Loss,
    points: Sequence[Point],
    best: int,
    members: Sequence[MemberState] = (),
) -> list[Prediction]:
    """Leave-one-out predictions of the objectives' properties at the evaluation number ``best``, known ones left out.

    The surrogates are fitted to the others alone (the `MOST` nearest that converged), hyperparameters included. Empty
    with fewer than `FEWEST` converged evaluations.

    Args:
        space: For the tangent basis.
        loss: Whose objectives are meant.
        points: All evaluations.
        best: Number of the one that is predicted.
        members: Relaxed end members, from which the surrogates learn too.
    """
    target = next(point for point in points if point.index == best)
    others = _nearest(points, target, MOST)
    if len(others) + 1 < FEWEST or not target.values:
        return []
    names = _learned(loss)
    told = [*others, *member_points(space, members, names, points)] if names else others
    return [
        Prediction(property=name, mean=mean, deviation=deviation, unit=PROPERTIES[name].unit)
        for name, (mean, deviation) in _expected(space, loss, told, target, band).items()
    ]


def left_open(space: CompositionSpace, loss: Loss, points: Sequence[Point], best: Point) -> dict[str, float]:
    """Posterior standard deviations of the objectives' properties at an evaluation, by surrogates told of it, too.

    The noise of relaxations where it was evaluated with gradients; properties that are known exactly are left out.

    Args:
        space: For the tangent basis.
        loss: Whose objectives are meant.
        points: All evaluations.
        best: One of them, with values.
    """
    told = sorted([*_nearest(points, best, MOST - 1), best], key=lambda point: point.index)
    return {name: deviation for name, (_, deviation) in _expected(space, loss, told, best, _plain).items()}


def _nearest(points: Sequence[Point], target: Point, most: int) -> list[Point]:
    """The others that are nearest and have values, by index."""
    others = [point for point in points if point.values and point.index != target.index]
    nearest = sorted(others, key=lambda point: (float(np.linalg.norm(point.x - target.x)), point.index))
    return sorted(nearest[:most], key=lambda point: point.index)


def _learned(loss: Loss) -> list[str]:
    """The objectives' properties, but those known exactly."""
    certain = {name for name, part in loss.known.items() if part.whole}
    return [name for name in dict.fromkeys(term.name for term in loss.terms) if name not in certain]


_Found = tuple["NDArray[np.float64]", "NDArray[np.float64]"]


def _plain(model: Surrogate, x: NDArray[np.float64]) -> _Found:
    return model.mean_and_deviation(x)


def _expected(
    space: CompositionSpace,
    loss: Loss,
    told: Sequence[Point],
    target: Point,
    find: Callable[[Surrogate, NDArray[np.float64]], _Found],
) -> dict[str, tuple[float, float]]:
    """Mean and deviation, as ``find`` gives them, of the objectives' properties at a composition, by name."""
    names = _learned(loss)
    with fitting_threads(0):  # the matrices of a surrogate are small
        models = surrogates(space, names, told, {}, loss.known, loss.measured)
        found = {name: find(models[name], target.x[None]) for name in names}
    return {name: (float(mean[0]), float(deviation[0])) for name, (mean, deviation) in found.items()}
