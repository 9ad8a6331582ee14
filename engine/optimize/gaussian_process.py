"""An exact Gaussian process that learns a property from values and tangent-space gradients together."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor

from engine.optimize.kernel import Prior

MOST_ROWS = 1000
"""Observations (values and derivatives) in a fit; beyond it gradients of far points are dropped."""
_FIT_STEPS = 40
_JITTER = 1e-12
_START = {"bowing": 1.0, "scale": 1.0, "length": 0.7, "value_noise": 1e-5, "gradient_noise": 1e-4}
_PRIOR_WIDTH = {"bowing": 1.0, "scale": 1.0, "value_noise": 1.0, "gradient_noise": 1.0}
_LENGTHS_TOGETHER, _LENGTHS_APART = 0.8, 0.3
"""Standard deviations of what the logarithms of all lengths have in common, and of what each has of its own: elements
that have been tried say what to expect of one that has not."""
_NARROWEST, _WIDEST = math.log(0.03), math.log(30.0)


@dataclass(frozen=True, eq=False)
class Observations:
    """What is known of a property.

    Attributes:
        x: Compositions with values, [n, n_columns].
        values: [n], in the property's unit.
        gradients: Tangent-space gradients of the first m compositions, [m, n_columns].
    """

    x: NDArray[np.float64]
    values: NDArray[np.float64]
    gradients: NDArray[np.float64]

    def without_gradients(self) -> Observations:
        """The values alone."""
        return Observations(self.x, self.values, self.gradients[:0])

    def trimmed(self, near: NDArray[np.float64]) -> Observations:
        """At most `MOST_ROWS` rows: gradients farthest from a composition are dropped, then values farthest from it."""
        d = max(1, self.x.shape[1] - 1)
        kept = max(0, (MOST_ROWS - min(len(self.values), MOST_ROWS)) // d)
        if len(self.gradients) <= kept and len(self.values) <= MOST_ROWS:
            return self
        distance = np.linalg.norm(self.x - near, axis=1)
        m = len(self.gradients)
        with_gradient = np.argsort(distance[:m], kind="stable")[:kept]
        rest = np.setdiff1d(np.argsort(distance, kind="stable")[:MOST_ROWS], with_gradient)
        order = np.concatenate([with_gradient, rest])
        return Observations(self.x[order], self.values[order], self.gradients[with_gradient])


@dataclass(frozen=True, eq=False)
class Hyperparameters:
    """A prior with the standardisation that it belongs to: property = mean + spread * standardised."""

    prior: Prior
    mean: float
    spread: float


def standardisation(observations: Observations) -> tuple[float, float]:
    """Mean and spread of a property; gradients tell the spread where there are few values."""
    values, gradients = observations.values, observations.gradients
    mean = float(values.mean())
    slope = float(np.sqrt((gradients**2).sum(axis=1).mean())) if len(gradients) else 0.0
    return mean, max(float(values.std()), 0.3 * slope, 1e-10 * (1.0 + abs(mean)))


def default_hyperparameters(observations: Observations, basis: NDArray[np.float64]) -> Hyperparameters:
    """Hyperparameters before there is enough data to fit them."""
    start = {name: torch.tensor(value, dtype=torch.float64) for name, value in _START.items()}
    lengths = start.pop("length").expand(len(basis)).clone()
    prior = Prior(lengths=lengths, basis=torch.tensor(basis, dtype=torch.float64), **start)
    return Hyperparameters(prior, *standardisation(observations))


def fit(observations: Observations, basis: NDArray[np.float64]) -> Hyperparameters:
    """Hyperparameters of the largest posterior density, from a fixed start, by at most 40 L-BFGS steps.

    The logarithms of all hyperparameters have normal priors around the start, those of lengths with a correlation. The
    gradient of the marginal likelihood is tr((K^-1 - a a^T) dK)/2 with a = K^-1 y (Rasmussen and Williams, equation
    5.9).
    """
    mean, spread = standardisation(observations)
    values_at, slopes_at, y = _standardised(observations, basis, mean, spread)
    tangent = torch.tensor(basis, dtype=torch.float64)
    n_columns = len(basis)
    names = ("bowing", "scale", "value_noise", "gradient_noise")
    start = np.log(np.array([_START[name] for name in names] + [_START["length"]] * n_columns))
    precision = _prior_precision([_PRIOR_WIDTH[name] for name in names], n_columns)

    def objective(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logs = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
        covariance = _prior(logs, tangent).training(values_at, slopes_at)
        factor, failed = torch.linalg.cholesky_ex(covariance.detach())
        if int(failed):
            return 1e10, np.zeros_like(theta)
        inverse = torch.cholesky_inverse(factor)
        weights = inverse @ y
        (0.5 * ((inverse - torch.outer(weights, weights)) * covariance).sum()).backward()
        likelihood = 0.5 * float(y @ weights) + float(factor.diagonal().log().sum())
        away = theta - start
        pull = precision @ away
        slope = np.zeros_like(theta) if logs.grad is None else logs.grad.numpy()
        return likelihood + 0.5 * float(away @ pull), slope + pull

    bounds = [
        (math.log(1e-2), math.log(1e2)),
        (math.log(1e-2), math.log(1e2)),
        (math.log(1e-7), math.log(1e-1)),
        (math.log(1e-6), math.log(0.1)),
    ]
    found = minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[*bounds, *[(_NARROWEST, _WIDEST)] * n_columns],
        options={"maxiter": _FIT_STEPS},
    )
    with torch.no_grad():
        prior = _prior(torch.tensor(found.x, dtype=torch.float64), tangent)
    return Hyperparameters(prior, mean, spread)


def _prior_precision(widths: list[float], n_lengths: int) -> NDArray[np.float64]:
    """Inverse prior covariance of the logarithms of hyperparameters, [n, n]: those with these widths, then lengths."""
    covariance = np.diag(np.square([*widths, *[_LENGTHS_APART] * n_lengths]))
    covariance[len(widths) :, len(widths) :] += _LENGTHS_TOGETHER**2
    inverse: NDArray[np.float64] = np.linalg.inv(covariance)
    return inverse


def _prior(logs: Tensor, basis: Tensor) -> Prior:
    bowing, scale, value_noise, gradient_noise = logs[:4].exp()
    return Prior(bowing, scale, logs[4:].exp(), value_noise, gradient_noise, basis)


def _standardised(
    observations: Observations, basis: NDArray[np.float64], mean: float, spread: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Tangent coordinates of values [n, d] and of derivatives [m, d], and all observations [n + m d]."""
    z = torch.tensor(observations.x @ basis, dtype=torch.float64)
    y = np.concatenate(
        [(observations.values - mean) / spread, (observations.gradients @ basis).ravel() / spread]
    )
    return z, z[: len(observations.gradients)], torch.tensor(y, dtype=torch.float64)


@dataclass(frozen=True, eq=False)
class GaussianProcess:
    """The posterior of a property given observations.

    Attributes:
        observations: Of what is to be learned.
        hyperparameters: Of its prior.
        known: A part of the property that is added to what is learned.
    """

    observations: Observations
    hyperparameters: Hyperparameters
    known: Callable[[Tensor], Tensor] | None = None

    @cached_property
    def _conditioned(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Where values and derivatives were observed, the Cholesky factor, and the weights K^-1 y."""
        h = self.hyperparameters
        values_at, slopes_at, y = _standardised(self.observations, h.prior.basis.numpy(), h.mean, h.spread)
        with torch.no_grad():
            covariance = h.prior.training(values_at, slopes_at)
            jitter = 0.0
            while True:
                factor, failed = torch.linalg.cholesky_ex(covariance + jitter * torch.eye(len(covariance)))
                if not int(failed):
                    break
                jitter = max(1e-10, 10.0 * jitter)  # repeated points; noise of values usually prevents it
            weights = torch.cholesky_solve(y[:, None], factor)[:, 0]
        return values_at, slopes_at, factor, weights

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean [..., q] and covariance [..., q, q] of values at x [..., q, n_columns], in the property's unit."""
        h, prior = self.hyperparameters, self.hyperparameters.prior
        values_at, slopes_at, factor, weights = self._conditioned
        z = x @ prior.basis
        cross = prior.values(z, values_at)
        if slopes_at.numel():
            cross = torch.cat([cross, prior.values_and_slopes(z, slopes_at).flatten(-2)], -1)
        mean = h.mean + h.spread * (cross @ weights)
        if self.known is not None:
            mean = mean + self.known(x)
        q, rows = cross.shape[-2:]
        solved = torch.linalg.solve_triangular(factor, cross.reshape(-1, rows).T, upper=False)
        solved = solved.T.reshape(*cross.shape[:-2], q, rows)
        covariance = prior.values(z, z) - solved @ solved.transpose(-1, -2)
        floor = _JITTER * (1.0 + prior.scale**2) * torch.eye(q, dtype=z.dtype)
        return mean, h.spread**2 * (covariance + floor)

    def mean_and_deviation(self, x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Posterior mean and standard deviation at compositions, each [n], in the property's unit."""
        with torch.no_grad():
            mean, covariance = self.posterior(torch.tensor(x, dtype=torch.float64)[:, None, :])
        return mean[:, 0].numpy(), covariance[:, 0, 0].clamp_min(0.0).sqrt().numpy()

    def leave_one_out(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Error and standard deviation of the value predicted for each composition from all others, each [n].

        A composition is left out whole, with its gradient: with its block B of rows, the error is the first entry of
        (K^-1)_BB^-1 (K^-1 y)_B and the variance that of (K^-1)_BB^-1. In the property's unit.
        """
        values_at, slopes_at, factor, weights = self._conditioned
        n, (m, d) = len(values_at), slopes_at.shape
        inverse = torch.cholesky_inverse(factor)
        errors, variances = np.zeros(n), np.zeros(n)
        for i in range(n):
            block = [i, *range(n + i * d, n + (i + 1) * d)] if i < m else [i]
            first = torch.zeros(len(block), dtype=torch.float64)
            first[0] = 1.0
            solved = torch.linalg.solve(inverse[block][:, block], torch.stack([weights[block], first], 1))
            errors[i], variances[i] = solved[0].tolist()
        spread = self.hyperparameters.spread
        return spread * errors, spread * np.sqrt(np.maximum(variances, 1e-300))
