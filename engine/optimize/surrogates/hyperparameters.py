"""Hyperparameters of a Gaussian process: guessed from little data, or of the largest posterior density."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.optimize import minimize

from engine.optimize.surrogates.gaussian_process import Hyperparameters
from engine.optimize.surrogates.kernel import Prior

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.optimize.surrogates.gaussian_process import Observations

_FIT_STEPS = 40
_START = {"bowing": 1.0, "scale": 1.0, "value_noise": 1e-5, "gradient_noise": 1e-4}
_START_LENGTH = 0.7
_PRIOR_WIDTH = 1.0
"""Standard deviation of the logarithm of each of these, of lengths excepted."""
_LENGTHS_TOGETHER, _LENGTHS_APART = 0.8, 0.3
"""Standard deviations of what the logarithms of all lengths have in common, and of what each has of its own: elements
that have been tried say what to expect of one that has not."""
_BOUNDS = {
    "bowing": (1e-2, 1e2),
    "scale": (1e-2, 1e2),
    "value_noise": (1e-7, 0.1),
    "gradient_noise": (1e-6, 0.1),
}
_LENGTH_BOUNDS = (0.03, 30.0)


def standardisation(observations: Observations) -> tuple[float, float]:
    """Mean and spread of a property; gradients tell the spread where there are few values.

    Measured values, which lie elsewhere by an offset, count only where there are no others.
    """
    values, gradients = observations.values, observations.gradients
    if not observations.measured.all():
        values = values[~observations.measured]
    mean = float(values.mean())
    slope = float(np.sqrt((gradients**2).sum(axis=1).mean())) if len(gradients) else 0.0
    return mean, max(float(values.std()), 0.3 * slope, 1e-10 * (1.0 + abs(mean)))


def default_hyperparameters(observations: Observations, basis: NDArray[np.float64]) -> Hyperparameters:
    """Hyperparameters before there is enough data to fit them."""
    return Hyperparameters(_prior(_start(len(basis)), basis), *standardisation(observations))


def fit(observations: Observations, basis: NDArray[np.float64]) -> Hyperparameters:
    """Hyperparameters of the largest posterior density, from a fixed start, by at most 40 L-BFGS steps.

    The logarithms of all hyperparameters have normal priors around the start, those of lengths with a correlation. The
    gradient of the marginal likelihood is tr((K^-1 - a a^T) dK)/2 with a = K^-1 y (docs/science.md, Eq. 57; C. E.
    Rasmussen, C. K. I. Williams, Gaussian Processes for Machine Learning, 2006, equation 5.9,
    doi:10.7551/mitpress/3206.001.0001).
    """
    mean, spread = standardisation(observations)
    at, m = observations.x @ basis, len(observations.gradients)
    y = observations.standardised(basis, mean, spread)
    own = observations.covariance(basis.shape[1], spread)
    start, precision = _start(len(basis)), _prior_precision(len(_START), len(basis))

    def objective(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        prior = _prior(theta, basis)
        factor, failed = torch.linalg.cholesky_ex(torch.from_numpy(prior.training(at, m) + own))
        if int(failed):
            return 1e10, np.zeros_like(theta)
        inverse = torch.cholesky_inverse(factor).numpy()
        weights = inverse @ y
        slope = 0.5 * prior.training_slope(at, m, inverse - np.outer(weights, weights))
        likelihood = 0.5 * float(y @ weights) + float(factor.diagonal().log().sum())
        away = theta - start
        pull = precision @ away
        return likelihood + 0.5 * float(away @ pull), slope + pull

    found = minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=np.log([*_BOUNDS.values(), *[_LENGTH_BOUNDS] * len(basis)]),
        options={"maxiter": _FIT_STEPS},
    )
    return Hyperparameters(_prior(found.x, basis), mean, spread)


def _start(n_columns: int) -> NDArray[np.float64]:
    """Logarithms of the hyperparameters where a fit begins, [4 + n_columns]."""
    found: NDArray[np.float64] = np.log([*_START.values(), *[_START_LENGTH] * n_columns])
    return found


def _prior(logs: NDArray[np.float64], basis: NDArray[np.float64]) -> Prior:
    values = np.exp(logs)
    bowing, scale, value_noise, gradient_noise = values[:4].tolist()
    return Prior(bowing, scale, values[4:], value_noise, gradient_noise, basis)


def _prior_precision(n_others: int, n_lengths: int) -> NDArray[np.float64]:
    """Inverse prior covariance of the logarithms of hyperparameters, [n, n]: others, then lengths."""
    covariance = np.diag(np.square([*[_PRIOR_WIDTH] * n_others, *[_LENGTHS_APART] * n_lengths]))
    covariance[n_others:, n_others:] += _LENGTHS_TOGETHER**2
    inverse: NDArray[np.float64] = np.linalg.inv(covariance)
    return inverse
