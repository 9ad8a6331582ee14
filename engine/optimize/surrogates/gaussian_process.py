"""An exact Gaussian process that knows a property from values and tangent-space gradients together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.optimize.known_part import KnownPart
    from engine.optimize.surrogates.kernel import Pairs, Prior

MOST_MEASURED = 300
"""Measured points of which a surrogate learns at a time."""
MOST_ROWS = 1000
"""Observations (values and derivatives) in a fit; beyond it gradients of far points are dropped."""
_JITTER = 1e-12
OFFSET = 3.0
"""Prior standard deviation of the offset of measured values, in standard units: any that the data may ask for."""


@dataclass(frozen=True, eq=False)
class Observations:
    """What is known of a property.

    Attributes:
        x: Compositions with values, [n, n_columns].
        values: Values of the property, [n], in its unit.
        gradients: Tangent-space gradients of the first m compositions, [m, n_columns].
        noise: Standard deviation of each value, and of derivatives there, beyond that of evaluations, [n]; 0 for those.
        measured: Which were measured, and so lie off what the potential gives by the same unknown offset, [n].
        index: Number of the evaluation of each, [n]; negative of what is none.
    """

    x: NDArray[np.float64]
    values: NDArray[np.float64]
    gradients: NDArray[np.float64]
    noise: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    measured: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    index: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def __post_init__(self) -> None:
        """Without a word about it, all are evaluations."""
        if not len(self.noise):
            object.__setattr__(self, "noise", np.zeros(len(self.values)))
        if not len(self.measured):
            object.__setattr__(self, "measured", np.zeros(len(self.values), dtype=bool))
        if not len(self.index):
            object.__setattr__(self, "index", np.full(len(self.values), -1))

    def without_gradients(self) -> Observations:
        """The values alone."""
        return replace(self, gradients=self.gradients[:0])

    def covariance(self, d: int, spread: float) -> NDArray[np.float64]:
        """What is added to the prior covariance of all rows: own noise and the offset in common, [n + m d, n + m d].

        In standard units (docs/science.md, Eq. 60); d is the number of tangent directions.
        """
        m = len(self.gradients)
        noise = np.concatenate([self.noise, np.repeat(self.noise[:m], d)]) / spread
        return np.diag(noise**2) + OFFSET**2 * np.outer(self.shifted(d), self.shifted(d))

    def shifted(self, d: int) -> NDArray[np.float64]:
        """1 in the rows of values that the offset shifts, else 0, [n + m d]."""
        return np.concatenate([self.measured.astype(float), np.zeros(len(self.gradients) * d)])

    def trimmed(self, near: NDArray[np.float64]) -> Observations:
        """At most `MOST_ROWS` rows: gradients farthest from a composition are dropped, then values farthest from it.

        Of measured points no more than the nearest `MOST_MEASURED` stay, so that they push no evaluation out.
        """
        if int(self.measured.sum()) > MOST_MEASURED:
            return self._with_fewer_measured(near).trimmed(near)
        d = max(1, self.x.shape[1] - 1)
        kept = max(0, (MOST_ROWS - min(len(self.values), MOST_ROWS)) // d)
        if len(self.gradients) <= kept and len(self.values) <= MOST_ROWS:
            return self
        distance = np.linalg.norm(self.x - near, axis=1)
        m = len(self.gradients)
        with_gradient = np.argsort(distance[:m], kind="stable")[:kept]
        rest = np.setdiff1d(np.argsort(distance, kind="stable")[:MOST_ROWS], with_gradient)
        order = np.concatenate([with_gradient, rest])
        return Observations(
            self.x[order],
            self.values[order],
            self.gradients[with_gradient],
            self.noise[order],
            self.measured[order],
            self.index[order],
        )

    def _with_fewer_measured(self, near: NDArray[np.float64]) -> Observations:
        places = np.flatnonzero(self.measured)
        distance = np.linalg.norm(self.x[places] - near, axis=1)
        stays = ~self.measured
        stays[places[np.argsort(distance, kind="stable")[:MOST_MEASURED]]] = True
        return Observations(
            self.x[stays],
            self.values[stays],
            self.gradients[stays[: len(self.gradients)]],
            self.noise[stays],
            self.measured[stays],
            self.index[stays],
        )

    def standardised(self, basis: NDArray[np.float64], mean: float, spread: float) -> NDArray[np.float64]:
        """Values, then derivatives along the tangent directions [n_columns, d], in standard units, [n + m d]."""
        rows = [(self.values - mean) / spread, (self.gradients @ basis).ravel() / spread]
        return np.concatenate(rows)


@dataclass(frozen=True, eq=False)
class Hyperparameters:
    """A prior with the standardisation that it belongs to: property = mean + spread * standardised."""

    prior: Prior
    mean: float
    spread: float


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean and covariance of a property at q compositions, in its unit, each for a batch of such sets.

    Attributes:
        mean: Posterior means, [..., q].
        covariance: Posterior covariances, [..., q, q].
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SlopedMoments(Moments):
    """Moments with their gradients.

    Attributes:
        mean_slope: Gradient of each mean by its own composition, [..., q, n_columns].
        covariance_slope: Gradient of each covariance (i, j) by composition i alone, [..., q, q, n_columns]; a variance
            changes by twice as much.
    """

    mean_slope: NDArray[np.float64]
    covariance_slope: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GaussianProcess:
    """The posterior of a property given observations (docs/science.md, Eq. 56).

    Attributes:
        observations: Values and gradients of what is to be learned.
        hyperparameters: Hyperparameters of its prior.
        known: A part of the property that is added to what is learned.
    """

    observations: Observations
    hyperparameters: Hyperparameters
    known: KnownPart | None = None

    @property
    def spread(self) -> float:
        """The unit of its standardised values."""
        return self.hyperparameters.spread

    @property
    def values(self) -> NDArray[np.float64]:
        """What was observed, with the part that is known, [n]."""
        seen = self.observations
        return seen.values if self.known is None else seen.values + self.known.value_and_gradient(seen.x)[0]

    @property
    def alone(self) -> NDArray[np.bool_]:
        """None of its observations is the only one of a phase: [n], all False."""
        return np.zeros(len(self.observations.values), dtype=bool)

    def moments(self, x: NDArray[np.float64]) -> Moments:
        """Posterior at x [..., q, n_columns]."""
        prior = self.hyperparameters.prior
        z = x @ prior.basis
        cross = self._cross(prior.pairs(z, self._conditioned.at))
        return self._moments(x, cross, self._solved(cross), prior.pairs(z, z).values())

    def sloped_moments(self, x: NDArray[np.float64]) -> SlopedMoments:
        """Posterior at x [..., q, n_columns], with gradients."""
        h, prior = self.hyperparameters, self.hyperparameters.prior
        z, m = x @ prior.basis, len(self.observations.gradients)
        pairs, among = prior.pairs(z, self._conditioned.at), prior.pairs(z, z)
        cross = self._cross(pairs)
        solved = self._solved(cross)
        of_slopes = pairs.by_both(m).swapaxes(-3, -2).reshape(*z.shape, -1)
        turned = np.concatenate([pairs.by_first().swapaxes(-1, -2), of_slopes], -1)
        explained = turned @ self._solved_again(solved, cross.shape).swapaxes(-1, -2)[..., None, :, :]
        found = self._moments(x, cross, solved, among.values())
        mean_slope = h.spread * (turned @ self._conditioned.weights) @ prior.basis.T
        if self.known is not None:
            mean_slope = mean_slope + self.known.value_and_gradient(x)[1]
        covariance_slope = h.spread**2 * (among.by_first() - explained.swapaxes(-1, -2)) @ prior.basis.T
        return SlopedMoments(found.mean, found.covariance, mean_slope, covariance_slope)

    def mean(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Posterior mean at compositions [n, n_columns], [n], in the property's unit."""
        pairs = self.hyperparameters.prior.pairs(x @ self.hyperparameters.prior.basis, self._conditioned.at)
        return self._mean(x, self._cross(pairs))

    def mean_and_deviation(self, x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Posterior mean and standard deviation at compositions, each [n], in the property's unit."""
        found = self.moments(x[:, None, :])
        return found.mean[:, 0], np.sqrt(found.covariance[:, 0, 0])

    def leave_one_out(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Error and standard deviation of the value predicted for each composition from all others, each [n].

        A composition is left out whole, with its gradient: with its block B of rows, the error is the first entry of
        (K^-1)_BB^-1 (K^-1 y)_B and the variance that of (K^-1)_BB^-1 (docs/science.md, Eq. 58). In the property's unit.
        """
        weights, (n, d) = self._conditioned.weights, self._conditioned.at.shape
        inverse = torch.cholesky_inverse(self._conditioned.factor).numpy()
        errors, variances = np.zeros(n), np.zeros(n)
        for i in range(n):
            with_gradient = i < len(self.observations.gradients)
            block = [i, *range(n + i * d, n + (i + 1) * d)] if with_gradient else [i]
            right = np.column_stack([weights[block], np.eye(len(block))[0]])
            errors[i], variances[i] = np.linalg.solve(inverse[np.ix_(block, block)], right)[0]
        spread = self.hyperparameters.spread
        return spread * errors, spread * np.sqrt(np.maximum(variances, 1e-300))

    def offset(self) -> tuple[float, float]:
        """By how much measured values lie above those of the potential, and its deviation, in the property's unit."""
        shifted = OFFSET**2 * self.observations.shifted(self._conditioned.at.shape[1])
        half = torch.linalg.solve_triangular(
            self._conditioned.factor, torch.from_numpy(shifted)[:, None], upper=False
        ).numpy()
        variance = max(OFFSET**2 - float((half**2).sum()), 0.0)
        spread = self.hyperparameters.spread
        return spread * float(shifted @ self._conditioned.weights), spread * variance**0.5

    def _cross(self, pairs: Pairs) -> NDArray[np.float64]:
        """Covariance of values at places [..., q, d] with all observations, [..., q, rows]."""
        slopes = pairs.by_second(len(self.observations.gradients))
        return np.concatenate([pairs.values(), slopes.reshape(*slopes.shape[:-2], -1)], -1)

    def _solved(self, cross: NDArray[np.float64]) -> torch.Tensor:
        """L^-1 times the rows of ``cross``, [rows, all]."""
        columns = torch.from_numpy(cross.reshape(-1, cross.shape[-1])).T
        return torch.linalg.solve_triangular(self._conditioned.factor, columns, upper=False)

    def _solved_again(self, solved: torch.Tensor, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """L^-T times what `_solved` found: K^-1 times the rows of ``cross``, in its shape."""
        found = torch.linalg.solve_triangular(self._conditioned.factor.T, solved, upper=True)
        again: NDArray[np.float64] = found.numpy().T.reshape(shape)
        return again

    def _moments(
        self,
        x: NDArray[np.float64],
        cross: NDArray[np.float64],
        solved: torch.Tensor,
        before: NDArray[np.float64],
    ) -> Moments:
        """The posterior, ``before`` being the prior covariance at x."""
        h = self.hyperparameters
        half = solved.numpy().T.reshape(cross.shape)
        covariance = before - half @ half.swapaxes(-1, -2)
        variances = np.einsum("...qq->...q", covariance)
        floor = _JITTER * (1.0 + h.prior.scale**2)
        variances[:] = np.maximum(variances + floor, floor)  # rounding can make them negative
        return Moments(self._mean(x, cross), h.spread**2 * covariance)

    def _mean(self, x: NDArray[np.float64], cross: NDArray[np.float64]) -> NDArray[np.float64]:
        mean = self.hyperparameters.mean + self.hyperparameters.spread * (cross @ self._conditioned.weights)
        return mean if self.known is None else mean + self.known.value_and_gradient(x)[0]

    @cached_property
    def _conditioned(self) -> _Conditioned:
        """What the observations come to."""
        h, basis = self.hyperparameters, self.hyperparameters.prior.basis
        at = self.observations.x @ basis
        y = torch.from_numpy(self.observations.standardised(basis, h.mean, h.spread))
        covariance = torch.from_numpy(
            h.prior.training(at, len(self.observations.gradients))
            + self.observations.covariance(at.shape[1], h.spread)
        )
        jitter = 0.0
        while True:
            factor, failed = torch.linalg.cholesky_ex(covariance + jitter * torch.eye(len(covariance)))
            if not int(failed):
                break
            jitter = max(1e-10, 10.0 * jitter)  # repeated points; noise of values usually prevents it
        return _Conditioned(at, factor, torch.cholesky_solve(y[:, None], factor)[:, 0].numpy())


@dataclass(frozen=True, eq=False)
class _Conditioned:
    """Observations made ready for predictions.

    Attributes:
        at: Tangent coordinates of the compositions, [n, d].
        factor: Cholesky factor L of their covariance K, [rows, rows].
        weights: Weights K^-1 y of the observations, [rows].
    """

    at: NDArray[np.float64]
    factor: torch.Tensor
    weights: NDArray[np.float64]
