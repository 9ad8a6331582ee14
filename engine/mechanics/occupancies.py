"""Weights of the sites of a supercell under a fixed composition: their entropy, their projection, their rounding.

Occupancies are a matrix p [n_sites, n_columns] of what each mixed site holds: rows add up to 1, columns to the whole
numbers of sites that hold each element (docs/science.md, Eq. 86). A site has no part in the columns of other
sublattices.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

EXACT = 1e-13
"""Error of the sum of a column, in sites, at which its chemical potential is found."""
MOST_STEPS, MOST_HALVINGS = 60, 40
LONGEST = 8.0
"""Change of a chemical potential, in units of the temperature, in one of these steps."""
LEAST = 1e-300
"""Weights below are none for a logarithm."""


@dataclass(frozen=True, eq=False)
class Composition:
    """How many sites of each sublattice hold what.

    Attributes:
        owner: Sublattice of each mixed site, [n_sites].
        column_owner: Sublattice of each column, [n_columns].
        counts: Sites that hold each column, [n_columns]; over a sublattice they add up to its sites.
    """

    owner: NDArray[np.int64]
    column_owner: NDArray[np.int64]
    counts: NDArray[np.int64]

    @cached_property
    def blocks(self) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Sites and columns of each sublattice; columns that no site holds are left out."""
        return [
            (
                np.flatnonzero(self.owner == number),
                np.flatnonzero((self.column_owner == number) & (self.counts > 0)),
            )
            for number in np.unique(self.owner)
        ]

    @cached_property
    def allowed(self) -> NDArray[np.bool_]:
        """Whether a site may hold a column, [n_sites, n_columns]."""
        found = np.zeros((len(self.owner), len(self.counts)), dtype=bool)
        for sites, columns in self.blocks:
            found[np.ix_(sites, columns)] = True
        return found

    @cached_property
    def uniform(self) -> NDArray[np.float64]:
        """Every site of a sublattice alike, [n_sites, n_columns]."""
        found = np.zeros(self.allowed.shape)
        for sites, columns in self.blocks:
            found[np.ix_(sites, columns)] = self.counts[columns] / len(sites)
        return found

    def one_hot(self, held: NDArray[np.int64]) -> NDArray[np.float64]:
        """The occupancies [n_sites, n_columns] of sites that hold a column [n_sites] each."""
        found = np.zeros(self.allowed.shape)
        found[np.arange(len(held)), held] = 1.0
        return found

    def balanced(self, theta: NDArray[np.float64]) -> NDArray[np.float64]:
        """The occupancies nearest to exp(theta) that have the composition (docs/science.md, Eq. 87).

        Args:
            theta: Logarithms of weights, [n_sites, n_columns]; what is not allowed is not looked at.
        """
        found = np.zeros(self.allowed.shape)
        for sites, columns in self.blocks:
            within = np.ix_(sites, columns)
            found[within] = _balanced(theta[within], self.counts[columns].astype(float))
        return found

    def rounded(self, p: NDArray[np.float64]) -> NDArray[np.int64]:
        """What each site holds [n_sites] in the decoration nearest to occupancies [n_sites, n_columns]."""
        from scipy.optimize import linear_sum_assignment

        found = np.empty(len(self.owner), dtype=np.int64)
        for sites, columns in self.blocks:
            places = np.repeat(columns, self.counts[columns])
            rows, chosen = linear_sum_assignment(p[np.ix_(sites, places)], maximize=True)
            found[sites[rows]] = places[chosen]
        return found


def entropy(p: NDArray[np.float64]) -> float:
    """Ideal entropy -sum p ln p of occupancies [n_sites, n_columns], in units of Boltzmann's constant."""
    return float(-(p * np.log(np.maximum(p, LEAST))).sum())


def _balanced(theta: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """exp(theta + a + b), [n, m], with a number a for each row and b for each column: Newton's method for b."""
    b = np.zeros(len(counts))
    value, p = _dual(theta, b, counts)
    for _ in range(MOST_STEPS):
        slope = p.sum(axis=0) - counts
        if np.abs(slope).max() <= EXACT:
            break
        hessian = np.diag(p.sum(axis=0)) - p.T @ p
        hessian += 1e-12 * np.eye(len(b)) * max(float(np.diagonal(hessian).max()), LEAST)
        step = -np.linalg.lstsq(hessian, slope, rcond=None)[0]
        if not np.isfinite(step).all():  # every site holds one element to rounding errors
            break
        step *= min(1.0, LONGEST / max(float(np.abs(step).max()), LEAST))
        for _ in range(MOST_HALVINGS):
            trial, of_trial = _dual(theta, b + step, counts)
            if trial <= value + 1e-13 * abs(value):
                break
            step *= 0.5
        else:
            break
        b, value, p = b + step, trial, of_trial
    return _completed(p, counts)


def _dual(
    theta: NDArray[np.float64], b: NDArray[np.float64], counts: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """The convex function whose slope is the error of the columns, and the weights at chemical potentials b."""
    shifted = theta + b
    top = shifted.max(axis=1, keepdims=True)
    weights = np.exp(shifted - top)
    total = weights.sum(axis=1, keepdims=True)
    return float((top + np.log(total)).sum() - counts @ b), weights / total


def _completed(p: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights [n, m] whose sums are off by a little, made exact.

    What is too much in a row or a column is scaled away, and what is then missing added in proportion (J. Altschuler,
    J. Weed, P. Rigollet, NIPS 2017, algorithm 2, doi:10.48550/arXiv.1705.09634).
    """
    p = p * np.minimum(1.0, 1.0 / p.sum(axis=1))[:, None]
    p = p * np.minimum(1.0, counts / np.maximum(p.sum(axis=0), LEAST))
    rows, columns = np.maximum(1.0 - p.sum(axis=1), 0.0), np.maximum(counts - p.sum(axis=0), 0.0)
    missing = rows.sum()
    return p + np.outer(rows, columns) / missing if missing > 0.0 else p
