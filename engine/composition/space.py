"""The composition space: a product of bounded simplices, one per sublattice."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise, product

import numpy as np
from numpy.typing import NDArray

from api_schemas.base import Composition
from api_schemas.sublattices import Sublattice
from engine.composition import simplex
from engine.composition.simplex import FloatArray

GRID_LIMIT = 100_000
"""Most points that `CompositionSpace.grid` will list."""
_FIXED = 1e-9
"""Bounds nearer to each other than this fix a fraction."""


@dataclass(frozen=True, eq=False)
class CompositionSpace:
    """Compositions x, [n_columns], that lie between bounds and add up to 1 on every sublattice.

    Attributes:
        names: Name of each sublattice.
        elements: Elements of each sublattice, in the order of the columns.
        lower: Lower bounds as given, [n_columns].
        upper: Upper bounds as given, [n_columns].
    """

    names: tuple[str, ...]
    elements: tuple[tuple[str, ...], ...]
    lower: FloatArray
    upper: FloatArray

    def __post_init__(self) -> None:
        """Make the bounds read-only copies."""
        for name in ("lower", "upper"):
            array = np.array(getattr(self, name), dtype=float)
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @classmethod
    def of(cls, sublattices: Sequence[Sublattice]) -> CompositionSpace:
        """The space of a problem's sublattices."""
        bounds = [bound for sublattice in sublattices for bound in sublattice.elements.values()]
        return cls(
            names=tuple(sublattice.name for sublattice in sublattices),
            elements=tuple(tuple(sublattice.elements) for sublattice in sublattices),
            lower=np.array([low for low, _ in bounds], dtype=float),
            upper=np.array([high for _, high in bounds], dtype=float),
        )

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """``"sublattice:element"`` of each entry of a composition vector."""
        return tuple(
            f"{name}:{e}" for name, elements in zip(self.names, self.elements, strict=True) for e in elements
        )

    @cached_property
    def slices(self) -> tuple[slice, ...]:
        """Where each sublattice lies in a composition vector."""
        ends = np.cumsum([0, *(len(elements) for elements in self.elements)])
        return tuple(slice(int(start), int(end)) for start, end in pairwise(ends))

    @property
    def n_columns(self) -> int:
        """Length of a composition vector."""
        return len(self.lower)

    @property
    def n_free(self) -> int:
        """Dimension of the tangent space."""
        return self.n_columns - len(self.names)

    @cached_property
    def tight_bounds(self) -> tuple[FloatArray, FloatArray]:
        """The narrowest lower and upper bounds that describe the same space, each [n_columns]."""
        lower, upper = np.array(self.lower), np.array(self.upper)
        for part in self.slices:
            lower[part], upper[part] = simplex.tightened(self.lower[part], self.upper[part])
        return lower, upper

    @property
    def can_vary(self) -> bool:
        """Whether the space holds more than one composition."""
        return bool(self.varies.any())

    def to_composition(self, x: FloatArray) -> Composition:
        """A composition vector by sublattice and element."""
        return {
            name: {element: float(value) for element, value in zip(elements, x[part], strict=True)}
            for name, elements, part in zip(self.names, self.elements, self.slices, strict=True)
        }

    def to_vector(self, composition: Composition) -> FloatArray:
        """The vector [n_columns] of a composition; elements that it does not name are 0.

        Raises:
            KeyError: for a sublattice or an element that the space does not have. User input goes through
                `engine.composition.notation.parse_composition` instead.
        """
        x = np.zeros(self.n_columns)
        place = {column: index for index, column in enumerate(self.columns)}
        for name, fractions in composition.items():
            for element, fraction in fractions.items():
                x[place[f"{name}:{element}"]] = fraction
        return x

    def contains(self, x: FloatArray, tolerance: float = 1e-9) -> bool:
        """Whether x lies within the bounds and adds up to 1 on every sublattice, within ``tolerance``."""
        x = np.asarray(x, dtype=float)
        if x.shape != (self.n_columns,) or not np.all(np.isfinite(x)):
            return False
        inside = bool(np.all(x >= self.lower - tolerance) and np.all(x <= self.upper + tolerance))
        return inside and all(abs(float(x[part].sum()) - 1.0) <= tolerance for part in self.slices)

    def project(self, x: FloatArray) -> FloatArray:
        """The nearest composition of the space (Euclidean, exact), [n_columns]."""
        return self._by_part(
            lambda part: simplex.project(np.asarray(x[part], float), self.lower[part], self.upper[part])
        )

    def center(self) -> FloatArray:
        """A composition off every bound that can be avoided, [n_columns]."""
        return self._by_part(lambda part: simplex.center(self.lower[part], self.upper[part]))

    def random(self, rng: np.random.Generator, n: int) -> FloatArray:
        """Compositions uniform in the space, [n, n_columns]."""
        drawn = np.zeros((n, self.n_columns))
        for part in self.slices:
            drawn[:, part] = simplex.sample(rng, n, self.lower[part], self.upper[part])
        return drawn

    def vertices(self, limit: int = 256) -> FloatArray:
        """Corners of the space, at most ``limit`` of them, in a fixed order, [n, n_columns]."""
        corners = [
            list(islice(simplex.vertices(self.lower[part], self.upper[part]), limit)) for part in self.slices
        ]
        found = [np.concatenate([np.zeros(0), *choice]) for choice in islice(product(*corners), limit)]
        return np.array(found).reshape(len(found), self.n_columns)

    @cached_property
    def tangent_basis(self) -> FloatArray:
        """Orthonormal directions in which x can move, [n_columns, n_free].

        The entries of each column add up to zero on every sublattice.

        Per sublattice the Helmert contrasts: each direction is (1, ..., 1, -j, 0, ...) scaled to length 1.
        """
        return self._contrasts(np.ones(self.n_columns, dtype=bool))

    @cached_property
    def varies(self) -> NDArray[np.bool_]:
        """Which fractions the bounds leave free, [n_columns]."""
        lower, upper = self.tight_bounds
        found: NDArray[np.bool_] = upper - lower > _FIXED
        return found

    @cached_property
    def free_basis(self) -> FloatArray:
        """`tangent_basis` of the fractions that the bounds leave free, [n_columns, d]."""
        return self._contrasts(self.varies)

    def _contrasts(self, among: NDArray[np.bool_]) -> FloatArray:
        """Helmert contrasts between those columns of each sublattice, [n_columns, d]."""
        found = []
        for part in self.slices:
            columns = part.start + np.flatnonzero(among[part])
            for j in range(1, len(columns)):
                row = np.zeros(self.n_columns)
                row[columns[:j]] = 1.0
                row[columns[j]] = -float(j)
                found.append(row / math.sqrt(j * (j + 1)))
        basis = np.array(found).reshape(len(found), self.n_columns).T.copy()
        basis.setflags(write=False)
        return basis

    def project_gradient(self, gradient: FloatArray) -> FloatArray:
        """The tangent-space part of raw derivatives: less their mean over each sublattice (docs/science.md, Eq. 31).

        Args:
            gradient: Derivatives per unit fraction, [..., n_columns].

        Returns:
            The same shape; the entries of every sublattice add up to zero.
        """
        projected = np.array(gradient, dtype=float)
        for part in self.slices:
            projected[..., part] -= projected[..., part].mean(axis=-1, keepdims=True)
        return projected

    def grid_size(self, points_per_edge: int) -> int:
        """Number of points of `grid`, without listing them."""
        sizes = (simplex.lattice_size(self.lower[p], self.upper[p], points_per_edge - 1) for p in self.slices)
        return math.prod(sizes)

    def grid(self, points_per_edge: int) -> FloatArray:
        """Every point of the simplex lattice within the bounds, [n, n_columns].

        Each sublattice's fractions are multiples of 1/(points_per_edge - 1); the points rich in the first
        elements come first, and the last sublattice varies fastest.

        Raises:
            ValueError: if there are more than `GRID_LIMIT` points.
        """
        size = self.grid_size(points_per_edge)
        if size > GRID_LIMIT:
            text = f"the grid has {size} points, more than {GRID_LIMIT}; take fewer points per edge"
            raise ValueError(text)
        divisions = points_per_edge - 1
        points = np.zeros((1, 0))
        for part in self.slices:
            own = simplex.lattice_points(self.lower[part], self.upper[part], divisions) / divisions
            points = np.hstack([np.repeat(points, len(own), axis=0), np.tile(own, (len(points), 1))])
        return points

    def __iter__(self) -> Iterator[tuple[str, tuple[str, ...], slice]]:
        """Name, elements and slice of each sublattice."""
        return iter(zip(self.names, self.elements, self.slices, strict=True))

    def _by_part(self, function: Callable[[slice], FloatArray]) -> FloatArray:
        x = np.zeros(self.n_columns)
        for part in self.slices:
            x[part] = function(part)
        return x
