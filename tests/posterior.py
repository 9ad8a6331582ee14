"""A Gaussian process by its definition: automatic differentiation of the kernel and one dense solve for each question.

Nothing of it is the engine's but the hyperparameters, which are a choice and no result.
"""

from __future__ import annotations

import numpy as np
import torch

CONSTANT, LINEAR, COMMON = 4.0, 4.0, 1.0
"""Prior variances of the constant, of slopes and of what squares have in common (docs/science.md, Eq. 54)."""


class DensePosterior:
    """The posterior of a property from values and gradients at compositions.

    Args:
        h: Hyperparameters: ``prior``, ``mean`` and ``spread``.
        x: Compositions, [n, n_columns].
        values: Values there, [n].
        gradients: Tangent-space gradients of all of them, [n, n_columns], or of none, [0, n_columns].
    """

    def __init__(self, h, x, values, gradients):
        self.h, self.x, self.values, self.gradients = (
            h,
            np.asarray(x),
            np.asarray(values),
            np.asarray(gradients),
        )
        self.basis, self.lengths = torch.tensor(h.prior.basis), torch.tensor(h.prior.lengths)
        self.places, self.sloped = self._z(self.x), len(self.gradients) > 0
        gram = torch.func.vmap(self._covariances)(self.places)
        noise = [h.prior.value_noise**2] * len(self.x)
        y = (self.values - h.mean) / h.spread
        if self.sloped:
            slopes = torch.func.vmap(torch.func.jacfwd(self._covariances))(self.places)
            gram = torch.cat([gram, slopes.swapaxes(1, 2).reshape(-1, gram.shape[1])])
            noise += [h.prior.gradient_noise**2] * (len(gram) - len(self.x))
            y = np.concatenate([y, (self.gradients @ h.prior.basis).ravel() / h.spread])
        self.gram = gram + torch.diag(torch.tensor(noise, dtype=torch.float64))
        self.weights = torch.linalg.solve(self.gram, torch.tensor(y))

    def mean_and_deviation(self, at):
        """At one composition [n_columns]."""
        z = self._z(at)
        cross = self._covariances(z)
        variance = self._k(z, z) - cross @ torch.linalg.solve(self.gram, cross)
        return self._mean(z).item(), self.h.spread * float(variance.clamp_min(0.0)) ** 0.5

    def gradient(self, at):
        """Tangent-space gradient of the mean at one composition, [n_columns]."""
        z = self._z(at).requires_grad_()
        return self.h.prior.basis @ torch.autograd.grad(self._mean(z), z)[0].numpy()

    def leave_one_out(self):
        """Error and deviation of each value, predicted from all others, [n, 2]."""
        found = []
        for k in range(len(self.x)):
            kept = np.arange(len(self.x)) != k
            slopes = self.gradients[kept] if self.sloped else self.gradients
            rest = DensePosterior(self.h, self.x[kept], self.values[kept], slopes)
            mean, deviation = rest.mean_and_deviation(self.x[k])
            found.append((self.values[k] - mean, deviation))
        return np.array(found)

    def _z(self, x):
        """Tangent coordinates of compositions."""
        return torch.tensor(np.asarray(x) @ self.h.prior.basis, dtype=torch.float64)

    def _mean(self, z):
        return self.h.mean + self.h.spread * (self._covariances(z) @ self.weights)

    def _k(self, a, b):
        p = self.h.prior
        delta = (self.basis @ (a - b)) / self.lengths
        product = a @ b
        square = product**2 + COMMON * (a @ a) * (b @ b)
        return (
            CONSTANT + LINEAR * product + p.bowing**2 * square + p.scale**2 * torch.exp(-0.5 * delta @ delta)
        )

    def _covariances(self, a):
        """Of the value at tangent coordinates a with all values, then derivatives, [rows]."""
        values = torch.func.vmap(self._k, (None, 0))(a, self.places)
        if not self.sloped:
            return values
        slopes = torch.func.vmap(torch.func.jacrev(self._k, argnums=1), (None, 0))(a, self.places)
        return torch.cat([values, slopes.reshape(-1)])
