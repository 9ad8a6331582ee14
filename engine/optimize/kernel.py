"""Prior covariance of a property and its tangent-space derivatives over compositions.

With z = basis^T x, Delta = z - z' and s = sum over columns of (basis Delta)_c^2 / length_c^2 the prior is

    k(z, z') = constant + linear z.z' + bowing^2 ((z.z')^2 + common |z|^2 |z'|^2) + scale^2 exp(-s/2),

and the covariances of derivatives are its derivatives (C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for
Machine Learning, 2006, section 9.4). The quadratic part is what mixing does to most properties (pair interactions,
Vegard's law with bowing), and is known everywhere once it is known somewhere. Lengths belong to columns, so the prior
does not depend on the choice of basis.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

CONSTANT = 4.0
"""Prior variance of the mean, in standardised units."""
LINEAR = 4.0
"""Prior variance of each slope: fractions change by 1 at most, so slopes of a few standard deviations are usual."""
COMMON = 1.0
"""Prior variance of the coefficient of |z|^2, beside that of each square: elements attract or repel each other mostly
alike."""


@dataclass(frozen=True, eq=False)
class Prior:
    """Hyperparameters of the prior, in units of the standardised property.

    Attributes:
        bowing: Standard deviation of the coefficients of squares z_i^2 in the quadratic part.
        scale: Standard deviation of the part beyond the quadratic.
        lengths: Fraction of each column over which it changes, [n_columns].
        value_noise: Standard deviation of values.
        gradient_noise: Standard deviation of derivatives.
        basis: Orthonormal tangent directions, [n_columns, d].
    """

    bowing: Tensor
    scale: Tensor
    lengths: Tensor
    value_noise: Tensor
    gradient_noise: Tensor
    basis: Tensor

    @property
    def metric(self) -> Tensor:
        """M with s = Delta^T M Delta, [d, d]."""
        return self.basis.T @ (self.basis / self.lengths[:, None] ** 2)

    def values(self, a: Tensor, b: Tensor) -> Tensor:
        """Covariance of values, [..., n, m], at a [..., n, d] and b [..., m, d]."""
        delta = a[..., :, None, :] - b[..., None, :, :]
        s = ((delta @ self.metric) * delta).sum(-1)
        product = a @ b.transpose(-1, -2)
        squares = (a * a).sum(-1)[..., :, None] * (b * b).sum(-1)[..., None, :]
        polynomial = CONSTANT + LINEAR * product + self.bowing**2 * (product**2 + COMMON * squares)
        return polynomial + self.scale**2 * torch.exp(-0.5 * s)

    def values_and_slopes(self, a: Tensor, b: Tensor) -> Tensor:
        """Covariance of values at a [..., n, d] with derivatives at b [m, d]: [..., n, m, d]."""
        delta = a[..., :, None, :] - b
        pulled = delta @ self.metric
        phi = self.scale**2 * torch.exp(-0.5 * (pulled * delta).sum(-1, keepdim=True))
        slope = LINEAR + 2.0 * self.bowing**2 * (a @ b.T)[..., None]
        common = 2.0 * COMMON * self.bowing**2 * (a * a).sum(-1)[..., None, None]
        return slope * a[..., :, None, :] + common * b + phi * pulled

    def slopes(self, a: Tensor, b: Tensor) -> Tensor:
        """Covariance of derivatives at a [n, d] with those at b [m, d]: [n, d, m, d]."""
        metric = self.metric
        delta = a[:, None, :] - b
        pulled = delta @ metric
        phi = self.scale**2 * torch.exp(-0.5 * (pulled * delta).sum(-1))
        bent = metric - pulled[..., :, None] * pulled[..., None, :]
        bowing = 2.0 * self.bowing**2
        diagonal = LINEAR + bowing * (a @ b.T)[..., None, None]
        whole = diagonal * torch.eye(a.shape[-1], dtype=a.dtype) + phi[..., None, None] * bent
        whole = whole + bowing * b[None, :, :, None] * a[:, None, None, :]
        whole = whole + 2.0 * COMMON * bowing * a[:, None, :, None] * b[None, :, None, :]
        return whole.permute(0, 2, 1, 3)

    def training(self, values_at: Tensor, slopes_at: Tensor) -> Tensor:
        """Covariance of all observations with noise, [n + m d, n + m d]: values at [n, d], derivatives at [m, d]."""
        n, (m, d) = len(values_at), slopes_at.shape
        top = self.values(values_at, values_at)
        if m * d:
            mixed = self.values_and_slopes(values_at, slopes_at).reshape(n, m * d)
            below = self.slopes(slopes_at, slopes_at).reshape(m * d, m * d)
            top = torch.cat([torch.cat([top, mixed], 1), torch.cat([mixed.T, below], 1)], 0)
        noise = torch.cat([self.value_noise.expand(n), self.gradient_noise.expand(m * d)])
        return top + torch.diag(noise**2)
