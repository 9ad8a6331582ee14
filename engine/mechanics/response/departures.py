"""How one site of a mixed crystal departs from the mean: its covariance, and directions that make that up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

RAREST = 1e-3
"""Share of a departure below which its forces are counted for more than they are, to know them at all."""


def covariance(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """C = diag(x) - x x^T of a site that holds one element, drawn with probabilities x [n]."""
    return np.asarray(np.diag(x) - np.outer(x, x))


@dataclass(frozen=True, eq=False)
class Departures:
    """The covariance of a site's composition as a sum over departures from the mean, sum_m w_m d_m d_m^T.

    They are smooth in the composition, as eigenvectors are not, so that a second difference along them is, too.

    Attributes:
        shares: w_m, [n_departures].
        directions: d_m, [n_columns, n_departures].
        by_x: Derivative of the shares by the composition, [n_departures, n_columns].
        turning: d_m goes with so much of the composition.
    """

    shares: NDArray[np.float64]
    directions: NDArray[np.float64]
    by_x: NDArray[np.float64]
    turning: float

    @classmethod
    def of(cls, x: NDArray[np.float64]) -> Departures:
        """Of one element drawn from two, the line between them; else from the mean to each, C = sum_k x_k d_k d_k^T."""
        if len(x) == 2:
            line = np.array([[1.0], [-1.0]]) / np.sqrt(2.0)
            return cls(2.0 * x[:1] * x[1:], line, 2.0 * x[None, ::-1], 0.0)
        return cls(x, np.eye(len(x)) - x[:, None], np.eye(len(x)), -1.0)

    def fit(self, basis: NDArray[np.float64]) -> NDArray[np.float64]:
        """How forces along the departures make up those along a basis [n_columns, d], [n_departures, d].

        With it the energy is stationary where no forces along the basis are left.
        """
        along = basis.T @ self.directions
        weighted = along * np.maximum(self.shares, RAREST)
        return np.asarray(np.linalg.solve(weighted @ along.T, weighted).T)
