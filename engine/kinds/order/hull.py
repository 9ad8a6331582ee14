"""The convex hull of enthalpies over the amounts of the elements: what no mixture of other crystals betters.

What a crystal may decompose into has together the same atoms of each element, whatever sites they were on, and as many
empty sites as it likes (docs/science.md, Eq. 93).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_DIMENSIONS = 4
"""Independent fractions up to which facets are found; above, each crystal is compared by a linear programme."""
_SAME = 1e-9
ON_HULL = 1e-6
"""eV/atom; what lies no farther above the hull is on it."""


def above_hull(amounts: NDArray[np.float64], enthalpies: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far crystals lie above the convex hull of all of them, eV/atom, [n].

    Args:
        amounts: Atoms of each element in each crystal, [n, n_elements], in any unit.
        enthalpies: eV per atom, [n].
    """
    fractions = amounts / amounts.sum(axis=1, keepdims=True)
    centred = fractions - fractions.mean(axis=0)
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
    places = centred @ axes[sizes > _SAME * max(1.0, float(sizes.max(initial=0.0)))].T
    dimensions = places.shape[1]
    if dimensions == 0:
        return np.asarray(enthalpies - enthalpies.min())
    if dimensions > MOST_DIMENSIONS or len(places) < dimensions + 2:
        return _by_programme(fractions, enthalpies)
    return _by_facets(places, enthalpies)


def _by_facets(places: NDArray[np.float64], enthalpies: NDArray[np.float64]) -> NDArray[np.float64]:
    """By the lower facets of the hull: at a place it is as high as the highest of their planes."""
    from scipy.spatial import ConvexHull, QhullError

    scale = max(float(np.ptp(enthalpies)), 1e-12)
    top = enthalpies.max() + scale  # a lid, so that the points span a volume and no lower facet is vertical
    lid = np.column_stack([places, np.full(len(places), top)])
    points = np.concatenate([np.column_stack([places, enthalpies]), lid])
    points[:, -1] /= scale
    try:
        planes = ConvexHull(points).equations
    except QhullError:
        return _by_programme(np.column_stack([places, np.ones(len(places))]), enthalpies)
    planes = planes[planes[:, -2] < -_SAME]  # those that look down
    heights = -(places @ planes[:, :-2].T + planes[:, -1]) / planes[:, -2]
    return np.asarray(np.maximum(enthalpies - scale * heights.max(axis=1), 0.0))


def _by_programme(rows: NDArray[np.float64], enthalpies: NDArray[np.float64]) -> NDArray[np.float64]:
    """By the cheapest mixture of all crystals that has the composition of each; rows [n, m] are conserved."""
    from scipy.optimize import linprog

    found = [
        linprog(enthalpies, A_eq=rows.T, b_eq=row, bounds=(0.0, None), method="highs").fun for row in rows
    ]
    return np.maximum(enthalpies - np.array(found, dtype=float), 0.0)
