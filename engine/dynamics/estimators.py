"""Two-sided estimates of free energies: from the work of switching runs in both directions, with an error.

Bennett's acceptance ratio (doi:10.1016/0021-9991(76)90078-4, for work doi:10.1103/PhysRevLett.91.140601) is the maximum
of the likelihood of what both directions say, and holds however far from equilibrium the runs are, as long as each
begins in equilibrium. Its asymptotic error is too small where runs are few or where one run decides; what is reported
instead is measured to be honest (docs/science.md, section 22), with few runs too.

Runs are independent, and bring their work W: that done on the crystal, from A to B in the forward runs and from B to A
in the backward ones. Everything is in the unit of the works, eV.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Works = NDArray[np.float64]

FEWEST_RUNS = 4
"""Runs of a direction below which nothing is said to be met: of fewer, an error that is small is so by chance."""
FEW_DECIDE = 1.0
"""An asymptotic error, in units of k_B T, above which a run or two of each direction decide alone."""
_RESAMPLINGS = 200
_MOST_STEPS, _CLOSE = 100, 1e-12
_MOST_RUNS = 1_000_000
_ONE_SIGMA, _MOST_LIKELY = float(ndtr(1.0)), 0.975


@dataclass(frozen=True)
class TwoSided:
    """A free energy difference F(B) - F(A), from runs in both directions.

    Attributes:
        free_energy: F(B) - F(A), eV.
        standard_error: The truth is within it in 68 of 100 cases, eV: the larger of the two errors below, widened by
            Student's t for the number of runs; None with a single run in a direction.
        confidence: The truth is within it in 95 of 100 cases, eV; None as above.
        asymptotic_error: Of Bennett's estimate in the limit of many runs, with the variances of so few, eV.
        bootstrap_error: The spread of estimates from runs drawn again, eV.
        forward_runs: Number of runs from A to B.
        backward_runs: Number of runs from B to A.
        forward_dissipation: Mean work of the forward runs beyond the free energy, eV.
        backward_dissipation: Mean work of the backward runs beyond the free energy, eV.
        overlap: Of the two distributions of work, from 0 (none) to 1 (the same).
        decided_by_few: Whether a run or two of each direction decide alone: longer runs help, more of them do not.
        thermal_energy: k_B T, eV.
    """

    free_energy: float
    standard_error: float | None
    confidence: float | None
    asymptotic_error: float | None
    bootstrap_error: float | None
    forward_runs: int
    backward_runs: int
    forward_dissipation: float
    backward_dissipation: float
    overlap: float
    decided_by_few: bool
    thermal_energy: float

    @property
    def dissipation(self) -> float:
        """Mean work lost in a run, both directions' mean, eV; the estimate is not needed for it."""
        return 0.5 * (self.forward_dissipation + self.backward_dissipation)


def two_sided(
    forward: Sequence[float] | Works, backward: Sequence[float] | Works, thermal_energy: float, *, seed: int
) -> TwoSided:
    """The free energy difference that runs in both directions give (docs/science.md, Eqs. 122 to 125 and 127).

    Args:
        forward: Work done on the crystal in each run from A to B, [n_forward] eV.
        backward: Work done on it in each run from B to A, [n_backward] eV; the numbers may differ.
        thermal_energy: k_B T, eV.
        seed: Of the bootstrap: the same runs and seed give the same error to the last bit.

    Raises:
        ValueError: if there is no run in a direction, a work is not finite, or k_B T is not positive.
    """
    if not 0.0 < thermal_energy < math.inf:
        raise ValueError(f"k_B T is {thermal_energy} eV; it must be positive")
    f, b = (
        checked(works, thermal_energy, name) for works, name in ((forward, "forward"), (backward, "backward"))
    )
    value = float(bennett(f, b))
    logs = _log_acceptances(f, b, value)
    asymptotic = bootstrap = error = confidence = None
    few = True
    if min(len(f), len(b)) > 1:
        asymptotic = math.sqrt(sum(_relative_variance(log) for log in logs))
        bootstrap = _bootstrap(f, b, seed)
        raw = max(asymptotic, bootstrap)
        few = asymptotic > FEW_DECIDE
        if few:
            raw = max(raw, _linear_response_error(float(f.mean() + b.mean()), len(f), len(b)))
        error, confidence = (raw * _students_t(len(f), len(b), level) for level in (_ONE_SIGMA, _MOST_LIKELY))

    def in_ev(number: float | None) -> float | None:
        return None if number is None else number * thermal_energy

    return TwoSided(
        free_energy=value * thermal_energy,
        standard_error=in_ev(error),
        confidence=in_ev(confidence),
        asymptotic_error=in_ev(asymptotic),
        bootstrap_error=in_ev(bootstrap),
        forward_runs=len(f),
        backward_runs=len(b),
        forward_dissipation=float(f.mean() - value) * thermal_energy,
        backward_dissipation=float(b.mean() + value) * thermal_energy,
        overlap=_overlap(f, b, value),
        decided_by_few=few,
        thermal_energy=thermal_energy,
    )


def is_met(found: TwoSided, accuracy: float) -> bool:
    """Whether the standard error is below an accuracy, eV, and enough runs say so."""
    enough = min(found.forward_runs, found.backward_runs) >= FEWEST_RUNS
    return enough and found.standard_error is not None and found.standard_error <= accuracy


def pairs_wanted(found: TwoSided, accuracy: float) -> int:
    """How many more pairs of runs, one in each direction, should bring the error below an accuracy.

    By docs/science.md, Eq. 126. Where a run or two decide alone the error falls more slowly, and longer
    runs are the mend. Whoever adds runs adds at most as many as there are: of two pairs the expectation is rough.

    Args:
        found: What the runs so far say.
        accuracy: The standard error that is wanted, eV.

    Returns:
        0 if it is met already, at most a million.

    Raises:
        ValueError: if the accuracy is not positive.
    """
    if not accuracy > 0.0:
        raise ValueError(f"the accuracy is {accuracy} eV; it must be positive")
    if is_met(found, accuracy):
        return 0
    pairs = min(found.forward_runs, found.backward_runs)
    if found.standard_error is None:
        return max(1, FEWEST_RUNS - pairs)
    of_one = found.standard_error * math.sqrt(pairs) / _students_t(pairs, pairs, _ONE_SIGMA)
    low, high = max(pairs + 1, FEWEST_RUNS), _MOST_RUNS
    while low < high:
        middle = (low + high) // 2
        enough = of_one * _students_t(middle, middle, _ONE_SIGMA) <= accuracy * math.sqrt(middle)
        low, high = (low, middle) if enough else (middle + 1, high)
    return min(low - pairs, _MOST_RUNS)


def checked(works: Sequence[float] | Works, thermal_energy: float, name: str) -> Works:
    """Works in units of k_B T, [n].

    Raises:
        ValueError: if there are none, or one of them is not finite.
    """
    found = np.asarray(works, dtype=np.float64).reshape(-1) / thermal_energy
    if not len(found):
        raise ValueError(f"there is no {name} run")
    if not np.isfinite(found).all():
        wrong = int(np.flatnonzero(~np.isfinite(found))[0])
        raise ValueError(f"the work of {name} run {wrong + 1} is not finite; leave the run out")
    return found


def bennett(forward: Works, backward: Works, ratio: float | None = None) -> Works:
    """The root of Bennett's equation (docs/science.md, Eq. 122), for many samples of runs at once.

    The root lies between the least and the largest of all W and -W'. Newton steps are made on the difference of the
    logarithms of the two sides, which rises with dF and stays steep where all acceptances vanish; where one leaves what
    is known to hold the root, that is halved.

    Args:
        forward: W, [..., n_forward] in units of k_B T.
        backward: W', [..., n_backward] in units of k_B T.
        ratio: ln(n_forward / n_backward) where it is not that of the last axes.

    Returns:
        The free energy difference, [...] in units of k_B T.
    """
    if ratio is None:
        ratio = math.log(forward.shape[-1] / backward.shape[-1])
    low = np.minimum(forward.min(axis=-1), (-backward).min(axis=-1))
    high = np.maximum(forward.max(axis=-1), (-backward).max(axis=-1))
    value = 0.5 * (low + high)
    for _ in range(_MOST_STEPS):
        of_forward, slope_of_forward = _log_acceptance(ratio + forward - value[..., None])
        of_backward, slope_of_backward = _log_acceptance(backward + value[..., None] - ratio)
        excess = of_forward + ratio - of_backward
        low, high = np.where(excess <= 0.0, value, low), np.where(excess >= 0.0, value, high)
        step = value - excess / (slope_of_forward + slope_of_backward)
        new = np.where((step >= low) & (step <= high), step, 0.5 * (low + high))
        moved, value = np.abs(new - value).max(), new
        if moved <= _CLOSE * (1.0 + np.abs(value).max()):
            break
    return np.asarray(value)


def _log_acceptance(x: Works) -> tuple[Works, Works]:
    """Logarithm of the mean Fermi function over the last axis, and how fast it falls as all x grow."""
    logs = -np.logaddexp(0.0, x)
    largest = logs.max(axis=-1, keepdims=True)
    shares = np.exp(logs - largest)
    mean = shares.mean(axis=-1)
    slope = (shares * -np.expm1(logs)).mean(axis=-1) / mean
    return np.asarray(largest[..., 0] + np.log(mean)), np.asarray(slope)


def _log_acceptances(f: Works, b: Works, value: float) -> tuple[Works, Works]:
    """Logarithms of the Fermi functions of either side at the root."""
    ratio = math.log(len(f) / len(b))
    return -np.logaddexp(0.0, ratio + f - value), -np.logaddexp(0.0, b + value - ratio)


def _relative_variance(logs: Works) -> float:
    """Variance of the mean over its square (docs/science.md, Eq. 123), with n - 1."""
    p = np.exp(logs - logs.max())
    return float(p.var(ddof=1) / p.mean() ** 2 / len(p))


def _bootstrap(f: Works, b: Works, seed: int) -> float:
    """Spread of estimates from n - 1 runs of n, drawn with replacement in each direction: these vary as n runs do."""
    random = np.random.default_rng(seed)
    drawn_f = f[random.integers(len(f), size=(_RESAMPLINGS, len(f) - 1))]
    drawn_b = b[random.integers(len(b), size=(_RESAMPLINGS, len(b) - 1))]
    return float(bennett(drawn_f, drawn_b, math.log(len(f) / len(b))).std())


def _linear_response_error(twice_dissipation: float, n_forward: int, n_backward: int) -> float:
    """The error where works are Gaussian and dissipate as much (docs/science.md, Eq. 125), in units of k_B T.

    The lesser of two: that of many runs, and that of so few that the least works of either side decide.
    """
    variance = max(twice_dissipation, 0.0)  # of each direction: twice the mean dissipation
    nodes, weights = np.polynomial.hermite_e.hermegauss(64)
    weights = weights / weights.sum()
    works = 0.5 * variance + math.sqrt(variance) * nodes
    ratio = math.log(n_forward / n_backward)
    of_many = 0.0
    for n, sign in ((n_forward, 1.0), (n_backward, -1.0)):
        logs = -np.logaddexp(0.0, sign * ratio + works)
        p = np.exp(logs - logs.max())
        mean = float(weights @ p)
        of_many += max(float(weights @ p**2) / mean**2 - 1.0, 0.0) / n
    of_few = 0.25 * variance * (_variance_of_least(n_forward) + _variance_of_least(n_backward))
    return math.sqrt(min(of_many, of_few))


@cache
def _variance_of_least(n: int) -> float:
    """Variance of the least of n standard normal numbers."""
    edges = ndtri(np.linspace(0.0, 1.0, 2002)[1:-1])
    density = n * (1.0 - ndtr(edges)) ** (n - 1)
    density = density / density.sum()
    mean = float(density @ edges)
    return float(density @ (edges - mean) ** 2)


def _students_t(n_forward: int, n_backward: int, level: float) -> float:
    """How many standard errors hold a share of the cases, with the runs' degrees of freedom."""
    return float(stdtrit(n_forward + n_backward - 2, level))


def _overlap(f: Works, b: Works, value: float) -> float:
    """One minus the second eigenvalue of the matrix of overlaps (docs/science.md, Eq. 127)."""
    works = np.concatenate([f, -b]) - value + math.log(len(f) / len(b))
    logs = -np.logaddexp(0.0, works) - np.logaddexp(0.0, -works)
    share = len(f) * len(b) / (len(f) + len(b))
    return float(min(np.exp(logs).sum() / share, 1.0))
