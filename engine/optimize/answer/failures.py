"""What share of the relaxations failed or left the parent's phase, and where.

One failed evaluation tells as much as one that converged.
"""

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
    where = where_words(space, failed, worked)
    return share if where is None else f"{share}, {where}"


def where_words(
    space: CompositionSpace, inside: NDArray[np.float64], outside: NDArray[np.float64]
) -> str | None:
    """On which side of a fraction compositions lie and others do not, as ``all where cation:Sc is 0.5 or more``.

    Args:
        space: For the names of fractions.
        inside: Compositions, [n, n_columns].
        outside: Others, [m, n_columns]; None is said where there are none.
    """
    if not len(outside):
        return None
    score, column, limit, above = max(_limits(inside, outside), key=lambda found: found[0])
    if score < MOSTLY:
        return "with no fraction that tells where"
    which = "all" if score == 1.0 else "mostly"
    side = "or more" if above else "or less"
    return f"{which} where {space.columns[column]} is {limit:.4g} {side}"


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


def phase_words(space: CompositionSpace, points: Sequence[Point]) -> str | None:
    """How many relaxations ended in another phase than the parent's, and where; None where none of several did.

    Args:
        space: For the names of fractions.
        points: Of evaluations that converged.
    """
    left = np.array([point.x for point in points if point.phase is not None])
    if not len(left) or len(points) < 2:
        return None
    names = sorted({point.phase for point in points if point.phase is not None})
    where = where_words(space, left, np.array([point.x for point in points if point.phase is None]))
    share = f"{len(left)} of {len(points)} relaxations left the parent's phase"
    return (
        f"{share}{'' if where is None else f', {where}'} ({'; '.join(names[:3])}): properties jump there, and each "
        "phase has a surrogate of its own"
    )
