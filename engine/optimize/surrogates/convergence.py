"""Where relaxations converge: a classifier beside the surrogates, learned from those that failed.

Mostly they fail beyond some fraction of an element, or beyond some sum or difference of two. Each such limit that
everything told agrees with is a hypothesis, its place anywhere between the outermost success and the nearest failure.
Beside them stands a border of any shape: a composition lies not farther from it than from the nearest one of the other
outcome, so half that distance estimates the signed distance from the border, with the deviation of a uniform
distribution, and a Gaussian process, nearly a plane, joins these (docs/science.md, Eq. 66). So the border is
known as finely as it has been closed in on, which a process on mere labels does not give.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, product
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.linalg.lapack import dtrtrs
from scipy.special import ndtr
from torch import Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.optimize.point import Point

BEARABLE = 0.3
"""Share of failures that is aimed at,"""
AHEAD = 10
"""over all relaxations and so many more: what has failed leaves less to risk in these."""
_LEAST_RISK, _MOST_RISK = 0.1, 0.5
_OF_PAIRS, _OF_ANY_SHAPE = 0.3, 0.1
"""Prior weights of limits of two fractions and of a border of any shape, where that of limits of one is 1."""
_UNIFORM = 1.0 / np.sqrt(12.0)
_BENT, _LENGTH = 0.03, 0.3
"""Size of the deviations of the border from a plane, and the fraction over which they change."""
_LEAST = 1e-6
_UNLIKELY = 1e-6


@dataclass(frozen=True, eq=False)
class Convergence:
    """The probability that a relaxation converges, or that a composition lies inside of another border.

    Attributes:
        basis: Orthonormal tangent directions, [n_columns, d].
        at: Tangent coordinates of the compositions tried, [n, d].
        factor: Cholesky factor of the covariance of their signed distances from the border, [n, n].
        weights: Inverse covariance times these distances, [n].
        limits: Sums of fractions that may not exceed some value, [m, n_columns].
        outermost: The largest of each that converged, [m].
        widths: From there to the least that failed, [m], positive.
        shares: Posterior weights of the border of any shape and of the limits, [1 + m].
        risk: Probability to fail that the next relaxation may have.
    """

    basis: Tensor
    at: Tensor
    factor: Tensor
    weights: Tensor
    limits: Tensor
    outermost: Tensor
    widths: Tensor
    shares: Tensor
    risk: float

    def of(self, x: Tensor) -> Tensor:
        """That probability, [n], at compositions [n, n_columns]."""
        z = x @ self.basis
        cross = _covariance(z, self.at)
        explained = torch.linalg.solve_triangular(self.factor, cross.T, upper=False).square().sum(0)
        variance = (1.0 + z.square().sum(-1) + _BENT**2 - explained).clamp_min(_LEAST**2)
        within = torch.special.ndtr((cross @ self.weights) / variance.sqrt())
        below = (1.0 - (x @ self.limits.T - self.outermost) / self.widths).clamp(0.0, 1.0)
        return self.shares[0] * within + below @ self.shares[1:]

    def worth(self, x: Tensor) -> Tensor:
        """What is added to the logarithms of expected improvements at x [n, n_columns], [n].

        The logarithm of the probability times (1 - r) / r. Where the gain rises evenly towards a border that may be
        anywhere between two compositions, the best try is then the part r of the way: that of the risk.
        """
        return (1.0 / self.risk - 1.0) * self.of(x).clamp_min(_UNLIKELY).log()

    def at_bearable_risk(self) -> Convergence:
        """The same, with the share of failures that is aimed at as the least risk."""
        return replace(self, risk=max(self.risk, BEARABLE))

    def factor_at(self, x: NDArray[np.float64]) -> float:
        """What a gain at a composition [n_columns] counts by."""
        return float(self.worth(torch.tensor(x[None], dtype=torch.float64)).exp()[0])

    def probability(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """That probability, [n], at compositions [n, n_columns]."""
        found: NDArray[np.float64] = self.of(torch.tensor(x, dtype=torch.float64)).numpy()
        return found

    def room(self, x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """By how much a composition [n_columns] is surer than it must be, [1], and gradient [1, n_columns]."""
        probability, slope = self._at_one(x)
        return np.array([probability - (1.0 - self.risk)]), slope[None]

    def _at_one(self, x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """The probability at a composition [n_columns], and its gradient [n_columns].

        In closed form and without tensors, which take ten times as long: a descent asks for it thousands of times.
        """
        basis, at, factor, weights, limits, outermost, widths, shares = self._arrays
        z = basis.T @ x
        away = z - at
        bending = _BENT**2 * np.exp(-0.5 * (away**2).sum(axis=1) / _LENGTH**2)
        cross = 1.0 + at @ z + bending
        by_z = at - (bending / _LENGTH**2)[:, None] * away
        half = dtrtrs(factor, cross, lower=1)[0]
        explaining = dtrtrs(factor, half, lower=1, trans=1)[0]
        variance = 1.0 + z @ z + _BENT**2 - half @ half
        variance_by_z = 2.0 * (z - explaining @ by_z) if variance > _LEAST**2 else 0.0 * z
        variance = max(variance, _LEAST**2)
        sure = (cross @ weights) / np.sqrt(variance)
        sure_by_z = (weights @ by_z) / np.sqrt(variance) - 0.5 * sure / variance * variance_by_z
        below = 1.0 - (limits @ x - outermost) / widths
        falling = shares[1:] / widths * ((below >= 0.0) & (below <= 1.0))
        density = np.exp(-0.5 * sure**2) / np.sqrt(2.0 * np.pi)
        probability = shares[0] * ndtr(sure) + np.clip(below, 0.0, 1.0) @ shares[1:]
        return float(probability), shares[0] * density * (basis @ sure_by_z) - falling @ limits

    @cached_property
    def _arrays(self) -> tuple[NDArray[np.float64], ...]:
        kept = (
            self.basis,
            self.at,
            self.factor,
            self.weights,
            self.limits,
            self.outermost,
            self.widths,
            self.shares,
        )
        return tuple(np.asfortranarray(one.numpy()) for one in kept)


def convergence(points: Sequence[Point], basis: NDArray[np.float64]) -> Convergence | None:
    """What the points told say of it; None where all relaxations converged, or none.

    Args:
        points: All points told.
        basis: Orthonormal tangent directions, [n_columns, d].
    """
    worked = np.array([bool(point.values) for point in points])
    if worked.all() or not worked.any():
        return None
    return border(np.array([point.x for point in points]), worked, basis)


def border(x: NDArray[np.float64], inside: NDArray[np.bool_], basis: NDArray[np.float64]) -> Convergence:
    """The probability to lie inside of a border that parts compositions of two outcomes.

    Args:
        x: Compositions, [n, n_columns].
        inside: Which of them lie inside, [n]; some do, and some do not.
        basis: Orthonormal tangent directions, [n_columns, d].
    """
    apart = np.linalg.norm(x[:, None] - x[None], axis=-1)
    apart[inside[:, None] == inside[None]] = np.inf
    nearest = np.maximum(apart.min(axis=1), _LEAST)
    at = torch.from_numpy(x @ basis)
    distance = torch.from_numpy(np.where(inside, 0.5, -0.5) * nearest)
    covariance = _covariance(at, at) + torch.diag(torch.from_numpy((_UNIFORM * nearest) ** 2 + _LEAST**2))
    factor = torch.linalg.cholesky(covariance)
    weights = torch.cholesky_solve(distance[:, None], factor)[:, 0]
    limits, prior = _hypotheses(x.shape[1])
    sums = x @ limits.T
    outermost, widths = sums[inside].max(axis=0), sums[~inside].min(axis=0) - sums[inside].max(axis=0)
    agree = widths > _LEAST
    shares = np.concatenate([[_OF_ANY_SHAPE * nearest.min()], prior[agree] * widths[agree]])
    return Convergence(
        basis=torch.from_numpy(np.array(basis)),
        at=at,
        factor=factor,
        weights=weights,
        limits=torch.from_numpy(limits[agree]),
        outermost=torch.from_numpy(outermost[agree]),
        widths=torch.from_numpy(widths[agree]),
        shares=torch.from_numpy(shares / shares.sum()),
        risk=_risk(len(inside), int((~inside).sum())),
    )


def _risk(tried: int, failed: int) -> float:
    """Probability to fail that keeps to `BEARABLE` where it is that of each of the `AHEAD` next relaxations."""
    return float(np.clip((BEARABLE * (tried + AHEAD) - failed) / AHEAD, _LEAST_RISK, _MOST_RISK))


def _hypotheses(n_columns: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums [m, n_columns] that may not exceed some value, and their prior weights [m]: of one fraction and of two."""
    single = np.vstack([np.eye(n_columns), -np.eye(n_columns)])
    pairs = [
        one * np.eye(n_columns)[i] + other * np.eye(n_columns)[j]
        for i, j in combinations(range(n_columns), 2)
        for one, other in product((1.0, -1.0), repeat=2)
    ]
    prior = [*[1.0 / len(single)] * len(single), *[_OF_PAIRS / max(len(pairs), 1)] * len(pairs)]
    return np.vstack([single, *pairs]), np.array(prior)


def _covariance(a: Tensor, b: Tensor) -> Tensor:
    """Of signed distances at a [n, d] and b [m, d]: a plane of any place and direction, and its bending, [n, m]."""
    away = (a[:, None] - b[None]).square().sum(-1)
    return 1.0 + a @ b.T + _BENT**2 * torch.exp(-0.5 * away / _LENGTH**2)
