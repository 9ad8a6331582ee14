"""Probes: compositions evaluated to test what the surrogates say before a search may end.

A surrogate that has seen one branch of a property with a kink is sure of the other, of which it knows nothing: nothing
is expected anywhere, and the search would end at a local optimum. So before it ends, compositions far from all that was
tried are evaluated: where elements have been tried little, two of them in equal parts, since phases give way to others
beyond some fraction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.optimize.proposals.claim import PROBE
from engine.optimize.surrogates.convergence import convergence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.composition.region import Region
    from engine.optimize.history import History
    from engine.optimize.point import Point

FEWEST = 5
"""Evaluations before a search may end, or as many as fractions may vary."""
SHARE = 1.2
"""A search is made longer by the probes, from the first on, to so many times what it would have taken, at the most."""
TRIED = 0.45
"""An element counts as tried where it has had so much of the range of its fraction."""
_DRAWN = 256
_NEAR = 0.05


def probe(history: History) -> NDArray[np.float64] | None:
    """The next probe [n_columns]; None once the search has been tested enough.

    It is wanted where fewer than `SHARE` times `FEWEST` evaluations were made, where none of them was a probe, or where
    an element has not been tried; but no more than `SHARE` allows.
    """
    region, points = history.region, [point for point in history.points if not point.outside]
    place = next((i for i, point in enumerate(points) if point.origin == PROBE), len(points))
    fewest = max(FEWEST, int(region.space.varies.sum()))
    if len(points) >= _most(max(fewest, place)):
        return None
    tried = np.array([point.x for point in points])
    missing = _little_tried(region, tried)
    if len(points) >= _most(fewest) and place < len(points) and not missing.any():
        return None
    return _place(region, points, tried, missing, np.random.default_rng([history.seed, len(points)]))


def _most(evaluations: int) -> int:
    """What a search that would have taken so many may take with its probes."""
    return int(SHARE * evaluations + 1e-9)


def _little_tried(region: Region, tried: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which fractions may vary and have not been near their upper bounds, [n_columns]."""
    lower, upper = region.space.tight_bounds
    found: NDArray[np.bool_] = region.space.varies & (
        tried.max(axis=0) < lower + TRIED * (upper - lower) - 1e-9
    )
    return found


def _place(
    region: Region,
    points: Sequence[Point],
    tried: NDArray[np.float64],
    missing: NDArray[np.bool_],
    rng: np.random.Generator,
) -> NDArray[np.float64] | None:
    """Half of each of two elements that have been tried least; else the farthest from all that was tried."""
    drawn = [*region.extremes(rng, region.space.n_columns), *region.random(rng, _DRAWN)]
    if missing.any():
        lower, upper = region.space.tight_bounds
        wanted = np.array(lower)
        for part in region.space.slices:
            order = part.start + np.argsort(tried[:, part].max(axis=0), kind="stable")
            chosen = [c for c in order if missing[c]][:2] or [c for c in order if region.space.varies[c]][:2]
            for column in chosen:
                wanted[column] += (1.0 - lower[part].sum()) / len(chosen)
        drawn.insert(0, region.project(np.minimum(wanted, upper)))
    candidates = np.array(drawn)
    converges = convergence(points, region.space.free_basis)
    if converges is not None:
        candidates = candidates[converges.probability(candidates) > 1.0 - converges.risk]
    if not len(candidates):
        return None
    nearest = np.linalg.norm(candidates[:, None] - tried[None], axis=2).min(axis=1)
    best = 0 if missing.any() and nearest[0] > _NEAR else int(np.argmax(nearest))
    return candidates[best] if nearest[best] > _NEAR else None
