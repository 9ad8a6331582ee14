"""The prior covariance written out with derivatives, against automatic differentiation of its value."""

from __future__ import annotations

import numpy as np
import torch

from engine.optimize.surrogates.kernel import COMMON, CONSTANT, LINEAR, Prior

BASIS = np.linalg.qr(np.eye(4)[:, :3] - 0.25)[0]
LOGS = np.log([0.8, 1.3, 0.02, 0.05, 0.3, 0.7, 1.1, 0.5])
N, M, D = 5, 3, 3


def prior():
    values = np.exp(LOGS)
    return Prior(*values[:2].tolist(), values[4:], *values[2:4].tolist(), BASIS)


def covariance(a, b, logs):
    """Of the values at two places, as the module's docstring has it."""
    bowing, scale, lengths = logs[0].exp(), logs[1].exp(), logs[4:].exp()
    delta = torch.tensor(BASIS) @ (a - b) / lengths
    squares = (a @ b) ** 2 + COMMON * (a @ a) * (b @ b)
    return CONSTANT + LINEAR * (a @ b) + bowing**2 * squares + scale**2 * torch.exp(-0.5 * (delta @ delta))


def training(at, logs):
    """Covariance of values at N places and of derivatives at the first M, with noise, by automatic differentiation."""

    def by_first(a, b):
        return torch.func.grad(covariance, 0)(a, b, logs)

    values = [torch.stack([covariance(a, b, logs) for b in at]) for a in at]
    mixed = [torch.cat([torch.func.grad(covariance, 1)(a, b, logs) for b in at[:M]]) for a in at]
    both = [torch.cat([torch.func.jacrev(by_first, 1)(a, b) for b in at[:M]], 1) for a in at[:M]]
    top = torch.cat([torch.stack(values), torch.stack(mixed)], 1)
    below = torch.cat([torch.stack(mixed).T, torch.cat(both)], 1)
    noise = torch.cat([logs[2].exp().expand(N), logs[3].exp().expand(M * D)])
    return torch.cat([top, below]) + torch.diag(noise**2)


def places():
    return np.random.default_rng(1).normal(scale=0.5, size=(N, D))


def test_the_covariance_of_observations_is_that_of_derivatives_of_values():
    expected = training(torch.tensor(places()), torch.tensor(LOGS))
    np.testing.assert_allclose(prior().training(places(), M), expected, atol=1e-12)
    np.testing.assert_allclose(prior().training(places(), 0), expected[:N, :N], atol=1e-12)


def test_blocks_between_sets_of_places_are_derivatives_of_the_covariance_of_values():
    a, b = places()[:2], places()
    pairs, logs = prior().pairs(a[:, None, :], b), torch.tensor(LOGS)  # each of a on its own, as a batch
    for i, j in np.ndindex(2, N):
        at = torch.tensor(a[i]), torch.tensor(b[j]), logs
        assert abs(pairs.values()[i, 0, j] - covariance(*at)) < 1e-12
        np.testing.assert_allclose(pairs.by_first()[i, 0, j], torch.func.grad(covariance, 0)(*at), atol=1e-12)
        if j < M:
            np.testing.assert_allclose(
                pairs.by_second(M)[i, 0, j], torch.func.grad(covariance, 1)(*at), atol=1e-12
            )
            both = torch.func.jacrev(torch.func.grad(covariance, 0), 1)(*at)
            np.testing.assert_allclose(pairs.by_both(M)[i, 0, j], both, atol=1e-12)


def test_the_slope_by_hyperparameters_is_that_of_automatic_differentiation():
    half = np.random.default_rng(2).normal(size=(N + M * D, N + M * D))
    weights = half + half.T
    logs = torch.tensor(LOGS, requires_grad=True)
    (expected,) = torch.autograd.grad(
        (torch.tensor(weights) * training(torch.tensor(places()), logs)).sum(), logs
    )
    np.testing.assert_allclose(prior().training_slope(places(), M, weights), expected, rtol=1e-10)
