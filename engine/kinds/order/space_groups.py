"""Space groups of decorations, and of what they relax to."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from engine.crystals import symmetry
from engine.crystals.parent import FloatArray, IntArray

IDEAL, RELAXED = 1e-2, 5e-2
"""Å; how far atoms may be from where a symmetry operation takes them: on the sites of the parent, and relaxed."""
_REMEMBERED = 20_000
"""An answer is made anew with every record."""


def space_group(lattice: FloatArray, frac: FloatArray, numbers: IntArray, *, relaxed: bool) -> str:
    """International symbol and number, e.g. ``P4/mmm (123)``; by spglib (doi:10.1080/27660400.2024.2384822).

    Args:
        lattice: Vectors as rows, [3, 3] Å.
        frac: Fractional coordinates, [n, 3].
        numbers: Atomic numbers, [n].
        relaxed: Whether the atoms were relaxed, and are where they belong to some hundredths of an Å only.
    """
    arrays = (
        np.asarray(lattice, dtype=float),
        np.asarray(frac, dtype=float),
        np.asarray(numbers, dtype=np.int64),
    )
    return _found(*(array.tobytes() for array in arrays), RELAXED if relaxed else IDEAL)


@lru_cache(maxsize=_REMEMBERED)
def _found(lattice: bytes, frac: bytes, numbers: bytes, tolerance: float) -> str:
    found = symmetry.space_group(
        np.frombuffer(lattice).reshape(3, 3),
        np.frombuffer(frac).reshape(-1, 3),
        np.frombuffer(numbers, dtype=np.int64),
        tolerance,
    )
    return "P1 (1)" if found is None else "{} ({})".format(*found)
