"""Functions with a kink or a narrow well: a search that trusts what it has seen of them ends too early.

A kink is where a relaxed crystal goes over to another phase: its property is the lower of two smooth branches, and one
branch tells nothing of the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from searches.functions import Case, Property, Vector, of_one


def kinked(k: int) -> Case:
    """The lower of two bowls: the deeper one is stiffer and lies towards an element."""
    rng = np.random.default_rng(200 + k)
    shallow = rng.dirichlet(np.full(k, 5.0))
    deep = 0.6 * np.eye(k)[int(np.argmin(shallow))] + 0.4 * rng.dirichlet(np.full(k, 3.0))
    branches = [_bowl(shallow, 1.0, 0.0), _bowl(deep, 1.5, -0.15)]
    return of_one("kinked", k, _lower(branches), [shallow, deep])


def layered(k: int) -> Case:
    """A regular solution that gives way to another phase beyond some 0.4 of one element, as wurtzite to layered."""
    rng = np.random.default_rng(230 + k)
    pairs = np.triu(rng.uniform(-1.0, 0.6, (k, k)), 1)
    pairs = pairs + pairs.T
    pure = rng.uniform(0.0, 0.2, k)
    other = np.full(k, 0.55)
    other[k - 1] = -0.35

    def parent(x: Vector) -> tuple[float, Vector]:
        return float(0.5 * x @ pairs @ x + pure @ x), pairs @ x + pure

    def rival(x: Vector) -> tuple[float, Vector]:
        bent = 0.8 * (x - 0.5 * (np.eye(k)[k - 1] + np.eye(k)[0]))
        return float(other @ x + 0.5 * bent @ bent / 0.8), other + bent

    return of_one("layered", k, _lower([parent, rival]))


def folded(k: int) -> Case:
    """The lowest of three bowls of different stiffness: two kinks meet."""
    rng = np.random.default_rng(260 + k)
    centres = [rng.dirichlet(np.full(k, 1.5)) for _ in range(3)]
    branches = [
        _bowl(c, stiffness, floor)
        for c, stiffness, floor in zip(centres, (1.0, 1.3, 1.6), (0.0, -0.05, -0.12), strict=True)
    ]
    return of_one("folded", k, _lower(branches), centres)


def narrow(k: int) -> Case:
    """A bowl with a narrow well on its slope, a fifth of the simplex wide, twice as deep as the bowl."""
    rng = np.random.default_rng(290 + k)
    wide = rng.dirichlet(np.full(k, 5.0))
    well = 0.5 * np.eye(k)[int(np.argmax(wide))] + 0.5 * rng.dirichlet(np.full(k, 2.0))
    depth, width = 0.6, 0.2

    def function(x: Vector) -> tuple[float, Vector]:
        away, inside = x - wide, x - well
        part = depth * float(np.exp(-(inside @ inside) / width**2))
        return float(away @ away) - part, 2.0 * away + 2.0 * part * inside / width**2

    return of_one("narrow", k, function, [wide, well])


def _bowl(centre: Vector, stiffness: float, floor: float) -> Property:
    def function(x: Vector) -> tuple[float, Vector]:
        away = x - centre
        return stiffness * float(away @ away) + floor, 2.0 * stiffness * away

    return function


def _lower(branches: Sequence[Property]) -> Property:
    def function(x: Vector) -> tuple[float, Vector]:
        return min((branch(x) for branch in branches), key=lambda found: found[0])

    return function


KINKED: tuple[Callable[[int], Case], ...] = (kinked, layered, folded, narrow)
"""By number of elements."""
