"""What the surrogates, told of every evaluation but one, predict of that one: how well they knew it beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.results import Prediction
from engine.mechanics.threads import fitting_threads
from engine.optimize.surrogates.surrogate import surrogates
from engine.properties.table import PROPERTIES

if TYPE_CHECKING:
    from engine.composition.space import CompositionSpace
    from engine.optimize.objective import Loss
    from engine.optimize.point import Point

FEWEST = 3
"""Converged evaluations, the predicted one among them."""
MOST = 100
"""Others that are learned from, the nearest: with all of a large scan the end of a job would be waited for."""


def predictions(space: CompositionSpace, loss: Loss, points: Sequence[Point], best: int) -> list[Prediction]:
    """Leave-one-out predictions of the objectives' properties at the evaluation number ``best``, known ones left out.

    The surrogates are fitted to the others alone (the `MOST` nearest that converged), hyperparameters included. Empty
    with fewer than `FEWEST` converged evaluations.

    Args:
        space: For the tangent basis.
        loss: Whose objectives are meant.
        points: All evaluations.
        best: Number of the one that is predicted.
    """
    target = next(point for point in points if point.index == best)
    nearest = sorted(
        (point for point in points if point.values and point.index != best),
        key=lambda point: (float(np.linalg.norm(point.x - target.x)), point.index),
    )
    others = sorted(nearest[:MOST], key=lambda point: point.index)
    if len(nearest) + 1 < FEWEST or not target.values:
        return []
    certain = {name for name, part in loss.known.items() if part.whole}
    names = [name for name in dict.fromkeys(term.name for term in loss.terms) if name not in certain]
    with fitting_threads(0):  # the matrices of a surrogate are small
        models = surrogates(space, names, others, {}, loss.known, loss.measured)
        found = {name: models[name].mean_and_deviation(target.x[None]) for name in names}
    return [
        Prediction(
            property=name, mean=float(mean[0]), deviation=float(deviation[0]), unit=PROPERTIES[name].unit
        )
        for name, (mean, deviation) in found.items()
    ]
