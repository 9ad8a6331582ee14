"""The difference between explicit supercells and alchemical crystals, as a function of the composition.

It vanishes where nothing is mixed, and pairs of elements on a sublattice bring it about: a Gaussian process over
Redlich-Kister polynomials (docs/science.md, Eq. 145), so that one composition in supercells already says much about its
neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

COMMON, OWN = 0.5, 0.5
"""Variance of what all pairs of a sublattice have in common, and of what each has of its own, at equal parts of two."""
ASYMMETRY = 0.5
"""Variance of each order of a Redlich-Kister polynomial over that of the order before."""
_EQUAL_PARTS = 0.25
"""x_i x_j of two elements in equal parts."""
LEAST_NOISE = 0.03
"""Deviation of what was observed, in units of the difference's own: supercells are small, and steps to what they hold
are linear."""
UNKNOWN_NOISE = 0.1
"""The same of a single decoration, of which nobody knows how it differs from others."""
_ROUNDS = 4


@dataclass(frozen=True, eq=False)
class Observed:
    """Differences of a property that were observed.

    Attributes:
        x: Compositions that the supercells hold, [n, n_columns].
        values: Mean over decorations less the alchemical value there, [n], in the property's unit.
        variance: Of one decoration, in its unit squared; None where no composition has several.
        decorations: How many each value is the mean of, [n].
        typical: What the difference typically is at equal parts of two elements; None where nobody knows.
    """

    x: NDArray[np.float64]
    values: NDArray[np.float64]
    variance: float | None
    decorations: NDArray[np.float64]
    typical: float | None


@dataclass(frozen=True, eq=False)
class Difference:
    """The posterior of the difference of a property (docs/science.md, Eq. 145 and 146).

    Attributes:
        observed: What supercells have said.
        slices: Columns of each sublattice.
    """

    observed: Observed
    slices: Sequence[slice]

    def mean_and_deviation(self, x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation at compositions [n, n_columns], each [n], in the property's unit."""
        cross = self._covariance(x, self.observed.x)
        prior = np.array([self._covariance(one[None], one[None])[0, 0] for one in x])
        solved = np.linalg.solve(self._known, cross.T)
        variance = np.maximum(prior - np.einsum("ij,ji->i", cross, solved), 0.0)
        return cross @ self._weights, self.scale * np.sqrt(variance)

    def slope(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Raw gradient of the mean [n_columns] at one composition [n_columns], per unit fraction."""
        return self._weights @ self._covariance_slopes(x, self.observed.x)

    @cached_property
    def scale(self) -> float:
        """Standard deviation of the difference at equal parts of two elements, in the property's unit.

        What is typical counts as one observation (docs/science.md, Eq. 146); without that the observations say it.
        """
        return self._fitted[0]

    @cached_property
    def _weights(self) -> NDArray[np.float64]:
        return np.asarray(np.linalg.solve(self._known, self.observed.values), dtype=np.float64)

    @property
    def _known(self) -> NDArray[np.float64]:
        """Covariance of the observations in units of the variance at equal parts, [n, n]."""
        return self._fitted[1]

    @cached_property
    def _fitted(self) -> tuple[float, NDArray[np.float64]]:
        seen, n = self.observed, len(self.observed.values)
        prior = self._covariance(seen.x, seen.x)
        if n == 0:
            return (np.inf if seen.typical is None else seen.typical), prior
        scale = max(float(np.abs(seen.values).max()), 1e-12)
        known = prior
        for _ in range(_ROUNDS):
            if seen.variance is None:
                noise = np.full(n, UNKNOWN_NOISE**2)
            else:
                noise = LEAST_NOISE**2 + seen.variance / (seen.decorations * scale**2)
            known = prior + np.diag(noise)
            misfit = float(seen.values @ np.linalg.solve(known, seen.values))
            expected = misfit / n if seen.typical is None else seen.typical**2
            scale = max(float(np.sqrt((expected + misfit) / (1.0 + n))), 1e-12)
        return scale, known

    def _covariance(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Prior covariance of the differences at x [n, n_columns] and y [m, n_columns], [n, m], in standard units."""
        total = np.zeros((len(x), len(y)))
        for part in self.slices:
            products_x, products_y = np.zeros(len(x)), np.zeros(len(y))
            for i, j in combinations(range(part.start, part.stop), 2):
                of_x, of_y = (z[:, i] * z[:, j] / _EQUAL_PARTS for z in (x, y))
                products_x, products_y = products_x + of_x, products_y + of_y
                skew = np.outer(x[:, i] - x[:, j], y[:, i] - y[:, j])
                total += OWN * np.outer(of_x, of_y) / (1.0 - ASYMMETRY * skew)
            total += COMMON * np.outer(products_x, products_y)
        return total

    def _covariance_slopes(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Derivative of the prior covariance at x [n_columns] and y [m, n_columns] by x, [m, n_columns]."""
        found = np.zeros(y.shape)
        for part in self.slices:
            products = np.zeros(len(y))
            slopes = np.zeros(y.shape[1])
            for i, j in combinations(range(part.start, part.stop), 2):
                of_x, of_y = x[i] * x[j] / _EQUAL_PARTS, y[:, i] * y[:, j] / _EQUAL_PARTS
                products += of_y
                slopes[i] += x[j] / _EQUAL_PARTS
                slopes[j] += x[i] / _EQUAL_PARTS
                apart = y[:, i] - y[:, j]
                room = 1.0 - ASYMMETRY * (x[i] - x[j]) * apart
                found[:, i] += OWN * of_y * x[j] / _EQUAL_PARTS / room
                found[:, j] += OWN * of_y * x[i] / _EQUAL_PARTS / room
                bend = OWN * of_x * of_y * ASYMMETRY * apart / room**2
                found[:, i] += bend
                found[:, j] -= bend
            found += COMMON * np.outer(products, slopes)
        return found
