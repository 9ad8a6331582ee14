"""Distances between the sites of a crystal, near given ones: those at which the curvature of a potential jumps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.crystals.parent import FloatArray

JUMP_WIDTH = 0.02
"""Å; this near to a shell at which the curvature of a potential jumps, it is not to be trusted."""


def shells_near(
    lattice: FloatArray, frac: FloatArray, distances: Sequence[float], width: float
) -> list[float]:
    """Which of some distances have a pair of sites within ``width`` of them.

    Args:
        lattice: Lattice vectors as rows, [3, 3], Å.
        frac: Fractional coordinates, [n_sites, 3].
        distances: Distances to look at, Å.
        width: How near to one of them a pair must be, Å.

    Returns:
        Those of the distances, in order.
    """
    if not distances:
        return []
    from vesin import NeighborList

    finder = NeighborList(cutoff=max(distances) + 2.0 * width, full_list=False)
    box = np.ascontiguousarray(lattice, dtype=float)
    points = np.ascontiguousarray(frac @ box)
    (found,) = finder.compute(points=points, box=box, periodic=True, quantities="d")
    return [distance for distance in distances if bool((np.abs(found - distance) <= width).any())]


def near_jumps(lattice: FloatArray, frac: FloatArray, jumps: Sequence[float], potential: str) -> str | None:
    """Where neighbours lie at a distance at which the curvature of a potential jumps, in words; None if nowhere.

    Args:
        lattice: Lattice vectors as rows, [3, 3] Å.
        frac: Fractional coordinates of the sites, [n_sites, 3].
        jumps: The distances, Å.
        potential: Its name.
    """
    near = shells_near(lattice, frac, jumps, JUMP_WIDTH)
    if not near:
        return None
    listed = " and ".join(f"{distance:g} Å" for distance in near)
    return f"neighbours lie within {JUMP_WIDTH} Å of {listed}, where the curvature of {potential} jumps"
