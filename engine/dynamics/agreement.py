"""Whether runs in both directions agree: each direction's own free energy, and a test of the fluctuation theorem.

Where every run begins in equilibrium and the dynamics is right, the works of both directions obey Crooks' theorem
(doi:10.1103/PhysRevE.60.2721), whatever their distributions are: the odds that a run with the work W went forward rise
with exactly one k_B T. That is tested, since Bennett's estimate takes it for granted (docs/science.md, section 22).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import stdtr

from engine.dynamics.estimators import FEWEST_RUNS, checked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.dynamics.estimators import TwoSided, Works

UNLIKELY = 0.01
"""Probability of so large a disagreement by chance below which runs are said to disagree."""
LEAST_OVERLAP = 0.03
"""Overlap below which nothing is said of agreement, as doi:10.1007/s10822-015-9840-9 recommends for the estimate."""
_NOTHING = 1e-9

Verdict = Literal["agree", "disagree", "unknown"]


@dataclass(frozen=True)
class OneDirection:
    """What the runs of one direction say by themselves of F(B) - F(A).

    Attributes:
        exponential: By the exponential average (doi:10.1103/PhysRevLett.78.2690), eV; with few runs or much dissipation
            it errs towards the mean work.
        cumulant: By the mean and the variance, eV, right where works are Gaussian; None with a single run.
        cumulant_error: Its standard error, eV; None with a single run.
    """

    exponential: float
    cumulant: float | None
    cumulant_error: float | None


@dataclass(frozen=True)
class Agreement:
    """Whether both directions agree.

    Attributes:
        verdict: agree, disagree, or unknown where there are too few runs or no overlap.
        probability: Of so large a disagreement by chance; None where it is unknown.
        forward: What the forward runs say by themselves.
        backward: What the backward runs say by themselves.
        text: The verdict in words, with what to do about it.
    """

    verdict: Verdict
    probability: float | None
    forward: OneDirection
    backward: OneDirection
    text: str


def agreement(
    forward: Sequence[float] | Works, backward: Sequence[float] | Works, found: TwoSided
) -> Agreement:
    """Judge runs by the fluctuation theorem (docs/science.md, Eqs. 128 and 129).

    Args:
        forward: Work of each run from A to B, [n_forward] eV.
        backward: Work of each run from B to A, [n_backward] eV.
        found: The two-sided estimate of the same runs.

    Raises:
        ValueError: if there is no run in a direction, or a work is not finite.
    """
    heat = found.thermal_energy
    f, b = checked(forward, heat, "forward"), checked(backward, heat, "backward")
    by_itself = one_direction(f, heat), one_direction(-b, heat, backward=True)
    probability = None
    if min(len(f), len(b)) >= FEWEST_RUNS and found.overlap >= LEAST_OVERLAP:
        probability = _chance(f, b, found.free_energy / heat)
    verdict: Verdict = "unknown" if probability is None else "disagree" if probability < UNLIKELY else "agree"
    return Agreement(verdict, probability, *by_itself, _words(verdict, probability, found))


def one_direction(works: Works, thermal_energy: float, *, backward: bool = False) -> OneDirection:
    """F(B) - F(A) by the runs of one direction.

    Args:
        works: W, or -W' of backward runs, [n] in units of k_B T.
        thermal_energy: k_B T, eV.
        backward: Whether the runs went from B to A.
    """
    sign = -1.0 if backward else 1.0
    own, n = sign * works, len(works)
    least = own.min()
    exponential = sign * (least - math.log(float(np.exp(least - own).mean())))
    if n == 1:
        return OneDirection(float(exponential) * thermal_energy, None, None)
    variance = float(own.var(ddof=1))
    cumulant = sign * (float(own.mean()) - 0.5 * variance)
    error = math.sqrt(variance / n + 0.5 * variance**2 / (n - 1))
    return OneDirection(
        float(exponential) * thermal_energy, cumulant * thermal_energy, error * thermal_energy
    )


def _chance(f: Works, b: Works, value: float) -> float:
    """Probability of a slope of the odds as far from 1/k_B T, by a score test; 1 where works are all the same.

    The score of the slope, with the free energy the nuisance, is a correlation between the work and what the theorem
    leaves unexplained of the direction; so its size is judged as that of a correlation is. Measured: works that obey
    the theorem are refused in 1 to 2 of 100 cases, Gaussian or skewed, from four runs in a direction on.
    """
    works = np.concatenate([f, -b]) - value
    forward = np.concatenate([np.ones(len(f)), np.zeros(len(b))])
    odds = 1.0 / (1.0 + np.exp(-np.clip(works + math.log(len(f) / len(b)), -500.0, 500.0)))
    weights = odds * (1.0 - odds)
    around = works - float(weights @ works) / float(weights.sum())
    information = float(weights @ around**2)
    if information <= _NOTHING:
        return 1.0
    score = float((forward - odds) @ around)
    count = len(works)
    correlation = min(score**2 / information / count, 1.0 - 1e-12)
    t = math.sqrt(correlation * (count - 2) / (1.0 - correlation))
    return 2.0 * float(stdtr(count - 2, -t))


def _words(verdict: Verdict, probability: float | None, found: TwoSided) -> str:
    pairs = min(found.forward_runs, found.backward_runs)
    if verdict == "agree":
        return f"forward and backward runs agree (probability by chance {probability:.2g})"
    if verdict == "disagree":
        return (
            f"forward and backward runs disagree (probability by chance {probability:.1g}): they did not begin in "
            "equilibrium, or the time step is too large, or the crystal changed on the way; the error does not hold"
        )
    if pairs < FEWEST_RUNS:
        return f"whether forward and backward runs agree is not known from {pairs} of them; {FEWEST_RUNS} are needed"
    return (
        f"forward and backward works hardly overlap ({found.overlap:.2g}), so that whether they agree is not known: "
        "raise budget.steps, so that each run dissipates less"
    )
