"""Prior covariance of a property and its tangent-space derivatives over compositions.

With z = basis^T x, Delta = z - z' and s = sum over columns of (basis Delta)_c^2 / length_c^2 the prior is
(docs/science.md, Eq. 54)

    k(z, z') = constant + linear z.z' + bowing^2 ((z.z')^2 + common |z|^2 |z'|^2) + scale^2 exp(-s/2),

and the covariances of derivatives are its derivatives (docs/science.md, Eq. 55; C. E. Rasmussen, C. K. I. Williams,
Gaussian Processes for Machine Learning, 2006, section 9.4, doi:10.7551/mitpress/3206.001.0001). The quadratic part is
what mixing does to most properties (pair interactions, Vegard's law with bowing), and is known everywhere once it is
known somewhere. Lengths belong to columns, so the prior does not depend on the choice of basis.

Derivatives are written out: the matrices of a search are small, and automatic differentiation would take most of the
time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

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

    bowing: float
    scale: float
    lengths: NDArray[np.float64]
    value_noise: float
    gradient_noise: float
    basis: NDArray[np.float64]

    @cached_property
    def metric(self) -> NDArray[np.float64]:
        """M with s = Delta^T M Delta, [d, d]."""
        found: NDArray[np.float64] = self.basis.T @ (self.basis / self.lengths[:, None] ** 2)
        return found

    def pairs(self, a: NDArray[np.float64], b: NDArray[np.float64]) -> Pairs:
        """Every place a [..., n, d] with every place b [..., m, d]."""
        delta = a[..., :, None, :] - b[..., None, :, :]
        pulled = delta @ self.metric
        exponential = self.scale**2 * np.exp(-0.5 * (pulled * delta).sum(-1))
        return Pairs(self, a, b, delta, pulled, exponential, a @ np.swapaxes(b, -1, -2))

    def training(self, at: NDArray[np.float64], m: int) -> NDArray[np.float64]:
        """Covariance of all observations with noise, [n + m d, n + m d].

        Args:
            at: Places where values are observed, [n, d].
            m: Number of places, the first ones, at which derivatives are observed.
        """
        n, d = at.shape
        pairs = self.pairs(at, at)
        whole = np.empty((n + m * d, n + m * d))
        whole[:n, :n] = pairs.values()
        whole[:n, n:] = pairs.by_second(m).reshape(n, m * d)
        whole[n:, :n] = whole[:n, n:].T
        whole[n:, n:] = pairs.by_both(m)[:m].swapaxes(1, 2).reshape(m * d, m * d)
        whole[np.diag_indices(n + m * d)] += np.repeat(
            [self.value_noise**2, self.gradient_noise**2], [n, m * d]
        )
        return whole

    def training_slope(
        self, at: NDArray[np.float64], m: int, weights: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """How the sum of ``weights`` times `training` changes with the logarithms of hyperparameters, [4 + n_columns].

        In the order bowing, scale, value noise, gradient noise, lengths.

        Args:
            at: Places where values are observed, [n, d].
            m: Number of places, the first ones, at which derivatives are observed.
            weights: Symmetric weights of the covariances, [n + m d, n + m d].
        """
        n, d = at.shape
        pairs = self.pairs(at, at)
        of_values = weights[:n, :n]
        of_mixed = 2.0 * weights[:n, n:].reshape(n, m, d)
        of_slopes = weights[n:, n:].reshape(m, d, m, d).swapaxes(1, 2)
        noise = weights.diagonal()
        bowing = pairs.squares_weighted(of_values, of_mixed, of_slopes)
        scale, metric = pairs.exponential_weighted(of_values, of_mixed, of_slopes)
        lengths = -2.0 * ((self.basis @ metric) * self.basis).sum(1) / self.lengths**2
        logs = [
            2.0 * self.bowing**2 * bowing,
            2.0 * scale,
            2.0 * self.value_noise**2 * noise[:n].sum(),
            2.0 * self.gradient_noise**2 * noise[n:].sum(),
        ]
        return np.concatenate([logs, lengths])


@dataclass(frozen=True, eq=False)
class Pairs:
    """Covariances of values and derivatives at places a [..., n, d] with those at places b [..., m, d].

    Attributes:
        prior: Prior of the property.
        a: The first places, [..., n, d].
        b: The second places, [..., m, d].
        delta: Differences a - b, [..., n, m, d].
        pulled: The metric times the differences, [..., n, m, d].
        exponential: The part of the covariance of values beyond the quadratic, [..., n, m].
        product: Scalar products a.b, [..., n, m].
    """

    prior: Prior
    a: NDArray[np.float64]
    b: NDArray[np.float64]
    delta: NDArray[np.float64]
    pulled: NDArray[np.float64]
    exponential: NDArray[np.float64]
    product: NDArray[np.float64]

    def values(self) -> NDArray[np.float64]:
        """Of values with values, [..., n, m]."""
        squares = (self.a**2).sum(-1)[..., :, None] * (self.b**2).sum(-1)[..., None, :]
        bowed = self.prior.bowing**2 * (self.product**2 + COMMON * squares)
        found: NDArray[np.float64] = CONSTANT + LINEAR * self.product + bowed + self.exponential
        return found

    def by_first(self) -> NDArray[np.float64]:
        """Of derivatives at a with values at b, [..., n, m, d]."""
        bowing = 2.0 * self.prior.bowing**2
        found: NDArray[np.float64] = (LINEAR + bowing * self.product)[..., None] * self.b[..., None, :, :]
        found += (bowing * COMMON) * (self.b**2).sum(-1)[..., None, :, None] * self.a[..., :, None, :]
        found -= self.exponential[..., None] * self.pulled
        return found

    def by_second(self, most: int) -> NDArray[np.float64]:
        """Of values at a with derivatives at the first places b, [..., n, most, d]."""
        bowing = 2.0 * self.prior.bowing**2
        slope = LINEAR + bowing * self.product[..., :most, None]
        found: NDArray[np.float64] = slope * self.a[..., :, None, :]
        found += (bowing * COMMON) * (self.a**2).sum(-1)[..., :, None, None] * self.b[..., None, :most, :]
        found += self.exponential[..., :most, None] * self.pulled[..., :most, :]
        return found

    def by_both(self, most: int) -> NDArray[np.float64]:
        """Of derivatives at a with those at the first places b, [..., n, most, d of a, d of b]."""
        bowing = 2.0 * self.prior.bowing**2
        a, b, pulled = self.a[..., :, None, :], self.b[..., None, :most, :], self.pulled[..., :most, :]
        bent = self.prior.metric - pulled[..., :, None] * pulled[..., None, :]
        found: NDArray[np.float64] = self.exponential[..., :most, None, None] * bent
        found += bowing * (
            b[..., :, None] * a[..., None, :] + 2.0 * COMMON * a[..., :, None] * b[..., None, :]
        )
        diagonal = np.einsum("...pp->...p", found)
        diagonal += (LINEAR + bowing * self.product[..., :most])[..., None]
        return found

    def squares_weighted(
        self, of_values: NDArray[np.float64], of_mixed: NDArray[np.float64], of_slopes: NDArray[np.float64]
    ) -> float:
        """Sum of weights times the covariances of the quadratic part with a bowing of 1.

        Args:
            of_values: Weights of `values`, [n, m].
            of_mixed: Weights of `by_second`, [n, most, d].
            of_slopes: Weights of `by_both`, of the first places a only, [most, most, d of a, d of b].
        """
        a, b, most = self.a, self.b, of_mixed.shape[1]
        lengths_a, lengths_b = (a**2).sum(-1), (b**2).sum(-1)
        along = (of_mixed * a[:, None, :]).sum(-1)
        across = (of_mixed * b[:most]).sum(-1)
        one_way = a[:most, None, None, :] @ of_slopes @ b[:most, :, None]
        other_way = b[:most, None, :] @ of_slopes @ a[:most, None, :, None]
        trace = np.trace(of_slopes, axis1=-2, axis2=-1)
        product = self.product[:, :most]
        return float(
            (of_values * (self.product**2 + COMMON * lengths_a[:, None] * lengths_b)).sum()
            + 2.0 * (product * along + COMMON * lengths_a[:, None] * across).sum()
            + 2.0 * ((product[:most] * trace).sum() + other_way.sum() + 2.0 * COMMON * one_way.sum())
        )

    def exponential_weighted(
        self, of_values: NDArray[np.float64], of_mixed: NDArray[np.float64], of_slopes: NDArray[np.float64]
    ) -> tuple[float, NDArray[np.float64]]:
        """Sum of weights, as above, times the covariances beyond the quadratic, and its derivative by the metric.

        The derivative [d, d] is not symmetrised.
        """
        most, d = of_mixed.shape[1:]
        phi, delta = self.exponential[:, :most], self.delta[:, :most]
        square, pulled = self.exponential[:most, :most], self.pulled[:, :most]
        turned = (of_slopes @ pulled[:most, :, :, None])[..., 0]
        bent = (of_slopes * self.prior.metric).sum((-2, -1)) - (pulled[:most] * turned).sum(-1)
        whole = of_values * self.exponential
        whole[:, :most] += phi * (of_mixed * pulled).sum(-1)
        whole[:most, :most] += square * bent

        def outer(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
            found: NDArray[np.float64] = left.reshape(-1, d).T @ right.reshape(-1, d)
            return found

        by_metric = -0.5 * outer(whole[..., None] * self.delta, self.delta)
        by_metric += outer(phi[..., None] * of_mixed, delta)
        by_metric += (square[..., None, None] * of_slopes).sum((0, 1))
        by_metric -= 2.0 * outer(square[..., None] * turned, delta[:most])
        return float(whole.sum()), by_metric
