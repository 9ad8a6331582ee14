"""Remembering what was found of a crystal: spglib takes up to 40 ms for a cubic cell, and the same cells come again."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

import numpy as np

from engine.crystals.parent import FloatArray, IntArray

MOST_REMEMBERED = 256
"""Crystals of which each function keeps its answer; the one least recently asked for is dropped first."""

_T = TypeVar("_T")
_OfCrystal = Callable[[FloatArray, FloatArray, IntArray], _T]


def by_content(function: _OfCrystal[_T]) -> _OfCrystal[_T]:
    """A function of a crystal that remembers its answers by content, digit for digit; faults are not remembered.

    The crystal is a lattice [3, 3] Å with vectors as rows, fractional coordinates [n_sites, 3] and a label per site
    [n_sites]. Answers are shared between callers and must not be changed. Threads may call at the same time.
    """

    @lru_cache(maxsize=MOST_REMEMBERED)
    def remembered(lattice: bytes, frac: bytes, labels: bytes) -> _T:
        return function(
            np.frombuffer(lattice).reshape(3, 3),
            np.frombuffer(frac).reshape(-1, 3),
            np.frombuffer(labels, dtype=np.int64),
        )

    @wraps(function)
    def of_crystal(lattice: FloatArray, frac: FloatArray, labels: IntArray) -> _T:
        return remembered(
            np.ascontiguousarray(lattice, dtype=np.float64).tobytes(),
            np.ascontiguousarray(frac, dtype=np.float64).tobytes(),
            np.ascontiguousarray(labels, dtype=np.int64).tobytes(),
        )

    return of_crystal
