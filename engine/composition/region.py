"""The feasible compositions: a composition space with constraints, as a union of convex pieces, one per support."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from api_schemas.errors import FieldError
from engine.composition.polytope import TOLERANCE, Polytope
from engine.composition.simplex import FloatArray
from engine.composition.space import GRID_LIMIT, CompositionSpace
from engine.composition.supports import Supports

_AT_A_TIME = 4096
"""So many points of a grid are checked at a time."""
_BEYOND = 100.0
"""So far beyond the region that the nearest composition has as much as may be of an element."""


@dataclass(frozen=True, eq=False)
class LinearRow:
    """``low <= coefficients x <= high``, scaled so that the largest coefficient is 1.

    Attributes:
        coefficients: Coefficient of each fraction, [n_columns].
        low: Least value, -inf where there is none.
        high: Largest value, inf where there is none.
        pointer: Where the problem asks for it.
        words: Name for messages.
        scale: The largest coefficient as the problem wrote it, by which the row was divided.
    """

    coefficients: FloatArray
    low: float
    high: float
    pointer: str
    words: str
    scale: float = 1.0

    @property
    def is_equality(self) -> bool:
        """Whether it fixes the sum."""
        return self.high - self.low <= TOLERANCE


@dataclass(frozen=True)
class Step:
    """The fractions of a sublattice can be made in steps of one over ``divisions``.

    Attributes:
        divisions: Steps from 0 to 1.
        pointer: Where the problem asks for it.
    """

    divisions: int
    pointer: str

    @property
    def size(self) -> float:
        """One step."""
        return 1.0 / self.divisions


@dataclass(frozen=True, eq=False)
class Region:
    """Compositions of a space that obey every constraint (docs/science.md, Eq. 46).

    Attributes:
        space: Bounds and sublattices.
        rows: Linear constraints.
        least_present: Least fraction of an element that is present at all, by column.
        most_elements: Most elements present, by number of the sublattice.
        steps: Steps in which the answer can be made, by number of the sublattice, where not any composition can.
    """

    space: CompositionSpace
    rows: tuple[LinearRow, ...] = ()
    least_present: dict[int, float] = field(default_factory=dict)
    most_elements: dict[int, int] = field(default_factory=dict)
    steps: dict[int, Step] = field(default_factory=dict)

    @property
    def is_plain(self) -> bool:
        """Whether bounds are the only constraints on the points of a search."""
        return not (self.rows or self.least_present or self.most_elements)

    @cached_property
    def divisions(self) -> NDArray[np.int64]:
        """Of each column the steps from 0 to 1, [n_columns]; 0 where there are none."""
        found = np.zeros(self.space.n_columns, dtype=np.int64)
        for number, step in self.steps.items():
            found[self.space.slices[number]] = step.divisions
        return found

    def is_rounded(self, x: FloatArray) -> bool:
        """Whether a composition can be made in the steps."""
        stepped = self.divisions > 0
        whole = x[stepped] * self.divisions[stepped]
        return bool((np.abs(whole - np.round(whole)) / self.divisions[stepped]).max(initial=0.0) <= TOLERANCE)

    def step_words(self) -> str:
        """The steps for a message."""
        sizes = {step.size for step in self.steps.values()}
        if len(sizes) == 1 and len(self.steps) == len(self.space.names):
            return f"steps of {sizes.pop():g}"
        return "steps of " + " and ".join(
            f"{step.size:g} on {self.space.names[number]}" for number, step in self.steps.items()
        )

    @cached_property
    def pieces(self) -> tuple[Polytope, ...]:
        """The convex pieces that are not empty: one for each set of elements that may be present together."""
        return tuple(self._pieces())

    def _pieces(self) -> Iterator[Polytope]:
        """The pieces one by one, for who need not know them all."""
        found = (self._piece(lower, upper) for lower, upper in self.supports.bounds())
        return (piece for piece in found if not piece.is_empty)

    @property
    def has_room(self) -> bool:
        """Whether a composition obeys the constraints."""
        return self.is_plain or next(self._pieces(), None) is not None

    @property
    def supports(self) -> Supports:
        """The sets of elements that may be present together."""
        return Supports(self.space, self.least_present, self.most_elements)

    @cached_property
    def _one_sided(self) -> tuple[FloatArray, FloatArray]:
        """The linear constraints as ``A x <= b``: an equality is two of them."""
        at_most = [row for row in self.rows if np.isfinite(row.high)]
        at_least = [row for row in self.rows if np.isfinite(row.low)]
        return (
            np.array([row.coefficients for row in at_most] + [-row.coefficients for row in at_least]),
            np.array([row.high for row in at_most] + [-row.low for row in at_least]),
        )

    def _piece(self, lower: FloatArray, upper: FloatArray) -> Polytope:
        n = self.space.n_columns
        sums = np.zeros((len(self.space.slices), n))
        for row, part in zip(sums, self.space.slices, strict=True):
            row[part] = 1.0
        equal = [row for row in self.rows if row.is_equality]
        other = [row for row in self.rows if not row.is_equality]
        at_most = [row for row in other if np.isfinite(row.high)]
        at_least = [row for row in other if np.isfinite(row.low)]
        return Polytope(
            lower=lower,
            upper=upper,
            equalities=np.vstack([sums, *(row.coefficients for row in equal)]),
            levels=np.concatenate([np.ones(len(sums)), [0.5 * (row.low + row.high) for row in equal]]),
            rows=np.array(
                [row.coefficients for row in at_most] + [-row.coefficients for row in at_least]
            ).reshape(-1, n),
            limits=np.array([row.high for row in at_most] + [-row.low for row in at_least]),
        )

    @property
    def can_vary(self) -> bool:
        """Whether there is more than one composition."""
        if self.is_plain:
            return self.space.can_vary
        return any(number > 0 or piece.frame.dimension > 0 for number, piece in enumerate(self._pieces()))

    @cached_property
    def listed(self) -> FloatArray | None:
        """All compositions, [n, n_columns], where there are finitely many; else None."""
        if self.is_plain or any(piece.frame.dimension for piece in self.pieces):
            return None
        return np.unique(np.array([piece.frame.origin for piece in self.pieces]).round(12), axis=0)

    def contains(self, x: FloatArray, tolerance: float = TOLERANCE) -> bool:
        """Whether a composition obeys every constraint within ``tolerance``."""
        return self.space.contains(x, tolerance) and self.broken(x, tolerance) is None

    def broken(self, x: FloatArray, tolerance: float = TOLERANCE) -> FieldError | None:
        """The first constraint beyond the bounds that a composition breaks, and by how much."""
        return next(self.all_broken(x, tolerance), None)

    def all_broken(self, x: FloatArray, tolerance: float = TOLERANCE) -> Iterator[FieldError]:
        """Every constraint beyond the bounds that a composition breaks, and by how much."""
        for row in self.rows:
            value = float(row.coefficients @ x)
            if not row.low - tolerance <= value <= row.high + tolerance:
                beyond = max(row.low - value, value - row.high)
                yield FieldError(
                    pointer=row.pointer, type="infeasible", message=f"{row.words} is broken by {beyond:.3g}"
                )
        for column, least in self.least_present.items():
            if tolerance < x[column] < least - tolerance:
                name = self.space.columns[column]
                text = f"{name} = {x[column]:g} is neither 0 nor at least {least:g}"
                yield FieldError(
                    pointer=f"/constraints/min_if_present/{name}", type="infeasible", message=text
                )
        for number, most in self.most_elements.items():
            present = int(np.sum(x[self.space.slices[number]] > tolerance))
            if present > most:
                name = self.space.names[number]
                text = f"{present} elements are present on {name}; at most {most} may be"
                yield FieldError(pointer=f"/constraints/max_elements/{name}", type="infeasible", message=text)

    def project(self, x: FloatArray) -> FloatArray:
        """The nearest feasible composition, [n_columns]."""
        if self.is_plain:
            return self.space.project(x)
        near = [piece.project(x) for piece in self.near(x, 12)]
        return min(near, key=lambda y: float(np.linalg.norm(y - x)))

    def near(self, x: FloatArray, most: int) -> list[Polytope]:
        """The pieces whose bounds come nearest to a composition, nearest first, ``most`` of them."""
        pieces = self.pieces
        if len(pieces) <= 1:
            return list(pieces)
        lower = np.array([piece.lower for piece in pieces])
        upper = np.array([piece.upper for piece in pieces])
        distance = np.linalg.norm(np.clip(x, lower, upper) - x, axis=1)
        return [pieces[i] for i in np.argsort(distance, kind="stable")[:most]]

    def center(self) -> FloatArray:
        """A feasible composition off every bound that can be avoided; of several pieces, of the largest dimension."""
        if self.is_plain:
            return self.space.center()
        piece = max(self.pieces, key=lambda piece: piece.frame.dimension)
        return np.clip(piece.frame.origin, piece.lower, piece.upper)

    def random(self, rng: np.random.Generator, n: int) -> FloatArray:
        """Feasible compositions, [n, n_columns]: uniform in each piece, every piece as likely."""
        if self.is_plain:
            return self.space.random(rng, n)
        chosen = rng.integers(len(self.pieces), size=n)
        drawn = np.zeros((n, self.space.n_columns))
        for number in np.unique(chosen):
            where = np.flatnonzero(chosen == number)
            drawn[where] = self.pieces[number].random(rng, len(where))
        return drawn

    def extremes(self, rng: np.random.Generator, n: int) -> FloatArray:
        """Feasible compositions with as much as may be of one element on each sublattice, to a percent, [n, n_columns].

        Every element has its turn within ``n_columns`` of them; the elements beside it are drawn.
        """
        found = []
        for number in range(n):
            beyond = self.center()
            for part in self.space.slices:
                turn = number % self.space.n_columns
                wanted = turn if part.start <= turn < part.stop else int(rng.integers(part.start, part.stop))
                beyond[wanted] += _BEYOND
            found.append(self.project(beyond))
        return np.array(found)

    def obeyed(self, points: FloatArray) -> NDArray[np.bool_]:
        """Which of many compositions of the space, [n, n_columns], obey the constraints beyond the bounds, [n]."""
        found = np.ones(len(points), dtype=bool)
        if self.rows:
            sums, limits = self._one_sided
            used = points.any(axis=0)
            found &= np.all(points[:, used] @ sums[:, used].T <= limits + TOLERANCE, axis=1)
        for column, least in self.least_present.items():
            found &= (points[:, column] <= TOLERANCE) | (points[:, column] >= least - TOLERANCE)
        for number, most in self.most_elements.items():
            found &= np.sum(points[:, self.space.slices[number]] > TOLERANCE, axis=1) <= most
        return found

    def grid_size(self, points_per_edge: int, enough: int = GRID_LIMIT) -> int:
        """Number of points of `grid`, counted until there are more than ``enough``.

        Of a lattice of more than `GRID_LIMIT`, the number without the constraints.
        """
        size = self.space.grid_size(points_per_edge)
        if self.is_plain or size > GRID_LIMIT:
            return size
        points = self.space.grid(points_per_edge)
        count = 0
        for start in range(0, size, _AT_A_TIME):
            count += int(self.obeyed(points[start : start + _AT_A_TIME]).sum())
            if count > enough:
                break
        return count

    def grid(self, points_per_edge: int) -> FloatArray:
        """Every feasible point of the simplex lattice, [n, n_columns].

        Raises:
            ValueError: if the lattice has more than `GRID_LIMIT` points before the constraints are applied.
        """
        points = self.space.grid(points_per_edge)
        return points[self.obeyed(points)]
