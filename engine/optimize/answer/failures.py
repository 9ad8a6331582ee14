"""What share of the relaxations failed, and where: one failed evaluation tells as much as one that converged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.composition.space import CompositionSpace
    from engine.optimize.point import Point

MOSTLY = 0.85
"""Mean of the shares of failures on one side of a limit and of successes on the other from which it is said."""


def failure_words(space: CompositionSpace, points: Sequence[Point]) -> str | None:
    """How many relaxations failed, and on which side of a fraction; None where all converged."""
    failed = np.array([point.x for point in points if not point.values])
    worked = np.array([point.x for point in points if point.values])
    if not len(failed):
        return None
    share = f"{len(failed)} of {len(points)} relaxations failed"
    if not len(worked):
        return share
    score, column, limit, above = max(_limits(failed, worked), key=lambda found: found[0])
    if score < MOSTLY:
        return f"{share}, with no fraction that tells where"
    which = "all" if score == 1.0 else "mostly"
    side = "or more" if above else "or less"
    return f"{share}, {which} where {space.columns[column]} is {limit:.4g} {side}"


def _limits(failed: NDArray[np.float64], worked: NDArray[np.float64]) -> list[tuple[float, int, float, bool]]:
    """Of each fraction of a failure as a limit: how well it parts failures from successes, and on which side they lie.

    Of equals the first column counts, and the limit that leaves all failures on its side.
    """
    found = [(0.0, 0, 0.0, True)]
    for column in range(failed.shape[1]):
        for limit in np.unique(failed[:, column]):
            for above in (True, False):
                sign = 1.0 if above else -1.0
                hit = np.mean(sign * (failed[:, column] - limit) >= 0.0)
                spared = np.mean(sign * (worked[:, column] - limit) < 0.0)
                found.append((float(0.5 * (hit + spared)), column, float(limit), above))
    return found
