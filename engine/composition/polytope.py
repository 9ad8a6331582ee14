"""A convex piece of a composition space: bounds, linear equalities and linear inequalities. Pure linear algebra."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.composition.simplex import FloatArray

TOLERANCE = 1e-9
"""How far a composition may be from a constraint and still obey it."""
_THINNEST = 1e-7
"""An inequality that leaves less room than this everywhere is taken as an equality."""
_CONTRADICTION = 1e-9
"""Inequalities whose dual residual is shorter contradict one another."""
_STEPS_PER_DIMENSION = 40
_NEWTON_STEPS = 60


@dataclass(frozen=True, eq=False)
class Frame:
    """Coordinates z of the affine hull of a polytope: ``x = origin + basis z``, and ``normals z <= room``.

    Attributes:
        origin: The analytic centre (docs/science.md, Eq. 49), [n]; strictly inside every inequality.
        basis: Orthonormal directions in which x can move, [n, d].
        normals: Unit normals of the inequalities, [m, d].
        room: Distance from the origin to each inequality, [m], positive.
    """

    origin: FloatArray
    basis: FloatArray
    normals: FloatArray
    room: FloatArray

    @property
    def dimension(self) -> int:
        """Number of directions, d."""
        return self.basis.shape[1]


@dataclass(frozen=True, eq=False)
class Polytope:
    """``{x : lower <= x <= upper, equalities x = levels, rows x <= limits}``.

    Attributes:
        lower: Lower bounds, [n].
        upper: Upper bounds, [n].
        equalities: Coefficients of the equalities, [k, n].
        levels: Value of each equality, [k].
        rows: Coefficients of the inequalities, [m, n].
        limits: Upper limit of each inequality, [m].
    """

    lower: FloatArray
    upper: FloatArray
    equalities: FloatArray
    levels: FloatArray
    rows: FloatArray
    limits: FloatArray

    @cached_property
    def _inequalities(self) -> tuple[FloatArray, FloatArray]:
        """Every inequality, the bounds included: ``A x <= b``."""
        n = len(self.lower)
        return (
            np.vstack([-np.eye(n), np.eye(n), self.rows.reshape(-1, n)]),
            np.concatenate([-self.lower, self.upper, self.limits]),
        )

    @cached_property
    def _relative_interior(self) -> tuple[FloatArray, NDArray[np.bool_]] | None:
        """A point inside every inequality that can be obeyed with room, and which those are; None if empty.

        One linear program: maximise sum t with ``A x + t <= b s``, ``E x = e s``, ``0 <= t <= 1``, ``s >= 1``; x / s is
        the point (docs/science.md, Eq. 48).
        """
        from scipy.optimize import linprog

        a, b = self._inequalities
        m, n = a.shape
        found = linprog(
            np.concatenate([np.zeros(n), -np.ones(m), [0.0]]),
            A_ub=np.hstack([a, np.eye(m), -b[:, None]]),
            b_ub=np.zeros(m),
            A_eq=np.hstack([self.equalities, np.zeros((len(self.levels), m)), -self.levels[:, None]]),
            b_eq=np.zeros(len(self.levels)),
            bounds=[(None, None)] * n + [(0.0, 1.0)] * m + [(1.0, 1.0 / _THINNEST)],
            method="highs",
        )
        if found.x is None or found.status != 0:
            return None
        scale = found.x[-1]
        return found.x[:n] / scale, found.x[n : n + m] > 0.5

    @property
    def is_empty(self) -> bool:
        """Whether no composition obeys the constraints."""
        return self._relative_interior is None

    @cached_property
    def frame(self) -> Frame:
        """The affine hull with its analytic centre as origin.

        Raises:
            ValueError: if the polytope is empty.
        """
        inside = self._relative_interior
        if inside is None:
            raise ValueError("no composition obeys the constraints")
        from scipy.linalg import null_space

        point, has_room = inside
        a, b = self._inequalities
        equal = np.vstack([self.equalities, a[~has_room]])
        levels = np.concatenate([self.levels, b[~has_room]])
        for _ in range(2):  # the program obeys equalities to 1e-7 only; the second pass removes rounding
            point = point + np.linalg.lstsq(equal, levels - equal @ point, rcond=None)[0]
        basis = null_space(equal, rcond=1e-10) if len(equal) else np.eye(len(point))
        normals = a[has_room] @ basis
        room = b[has_room] - a[has_room] @ point
        length = np.linalg.norm(normals, axis=1)
        moves = length > 1e-12
        normals, room = normals[moves] / length[moves, None], room[moves] / length[moves]
        z = _analytic_centre(normals, np.maximum(room, 0.1 * _THINNEST))
        return Frame(point + basis @ z, basis, normals, np.maximum(room - normals @ z, 0.0))

    def contains(self, x: FloatArray, tolerance: float = TOLERANCE) -> bool:
        """Whether x [n] obeys every constraint within ``tolerance``."""
        a, b = self._inequalities
        return bool(
            np.all(a @ x <= b + tolerance) and np.all(np.abs(self.equalities @ x - self.levels) <= tolerance)
        )

    def project(self, x: FloatArray) -> FloatArray:
        """The nearest point of the polytope (Euclidean, exact), [n].

        By `least_step`.
        """
        frame = self.frame
        z = frame.basis.T @ (x - frame.origin)
        u = least_step(frame.normals, frame.room - frame.normals @ z)
        if u is not None and u.any():
            z = z + u
            # Rounding may leave it outside by a hair: draw it towards the origin, which is strictly inside.
            outward = frame.normals @ z
            out = outward > frame.room
            if np.any(out):
                z = z * float(np.min(frame.room[out] / outward[out]))
        return np.asarray(np.clip(frame.origin + frame.basis @ z, self.lower, self.upper))

    def random(self, rng: np.random.Generator, n: int) -> FloatArray:
        """Points uniform in the polytope, [n, n_columns].

        Hit-and-run chains from the analytic centre (R. L. Smith, Oper. Res. 32, 1296 (1984),
        doi:10.1287/opre.32.6.1296), one per point, with directions rounded by the Hessian of the logarithmic barrier
        there, so that thin polytopes mix as fast as round ones (docs/science.md, Eq. 51).
        """
        frame = self.frame
        d = frame.dimension
        z = np.zeros((n, d))
        if d == 0:
            return np.repeat(frame.origin[None], n, axis=0)
        scaled = frame.normals / frame.room[:, None]
        rounding = np.linalg.inv(np.linalg.cholesky(scaled.T @ scaled + 1e-12 * np.eye(d)))
        for _ in range(_STEPS_PER_DIMENSION * d):
            direction = rng.standard_normal((n, d)) @ rounding
            speed = direction @ frame.normals.T
            left = frame.room - z @ frame.normals.T
            with np.errstate(divide="ignore", invalid="ignore"):
                times = left / speed
            forward = np.where(speed > 1e-14, times, np.inf).min(axis=1)
            backward = np.where(speed < -1e-14, times, -np.inf).max(axis=1)
            z = z + (backward + (forward - backward) * rng.random(n))[:, None] * direction
        return np.array([self.project(frame.origin + frame.basis @ row) for row in z])


def least_step(normals: FloatArray, room: FloatArray) -> FloatArray | None:
    """The shortest u [d] with ``normals u <= room``; None where none obeys all of them.

    Least-distance programming by non-negative least squares (docs/science.md, Eq. 50; C. L. Lawson, R. J. Hanson,
    Solving Least Squares Problems, 1974, chapter 23, doi:10.1137/1.9781611971217), then solved again for the
    constraints found active.

    Args:
        normals: Coefficients of the inequalities, [m, d].
        room: Their limits, [m]; negative where 0 breaks one.
    """
    worst = float((-room).max(initial=0.0))
    if worst <= 1e-15:
        return np.zeros(normals.shape[1])
    from scipy.optimize import nnls

    g, h = -normals, -room / worst
    weights, rest_length = nnls(
        np.vstack([g.T, h]), np.concatenate([np.zeros(g.shape[1]), [1.0]]), maxiter=1000
    )
    if rest_length <= _CONTRADICTION:
        return None
    rest = np.concatenate([g.T @ weights, [h @ weights - 1.0]])
    u = -rest[:-1] / rest[-1]
    active = weights > 1e-12
    exact = np.linalg.lstsq(g[active], h[active], rcond=1e-12)[0]
    if (h - g @ exact).max() <= (h - g @ u).max():
        u = exact
    return np.asarray(worst * u)


def _analytic_centre(normals: FloatArray, room: FloatArray) -> FloatArray:
    """The z [d] that maximises the sum of log(room - normals z), by damped Newton steps from 0."""
    z = np.zeros(normals.shape[1])
    if len(z) == 0:
        return z
    for _ in range(_NEWTON_STEPS):
        inverse = 1.0 / (room - normals @ z)
        gradient = normals.T @ inverse
        scaled = normals * inverse[:, None]
        step = -np.linalg.lstsq(scaled.T @ scaled, gradient, rcond=None)[0]
        decrement = max(0.0, -float(gradient @ step)) ** 0.5
        if decrement < 1e-8:
            break
        z = z + step / (1.0 + decrement)  # never leaves the polytope: the barrier is self-concordant
    return z
