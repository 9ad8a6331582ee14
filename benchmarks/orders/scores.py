"""Areas under receiver operating characteristic curves, with bootstrap intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000


def auc(scores: NDArray[np.float64], labels: NDArray[np.bool_]) -> float:
    """The probability that one that is ordered scores above one that is not, ties counted half (Mann and Whitney)."""
    ordered, not_ordered = scores[labels], scores[~labels]
    if not len(ordered) or not len(not_ordered):
        return float("nan")
    above = (ordered[:, None] > not_ordered[None]).mean()
    ties = (ordered[:, None] == not_ordered[None]).mean()
    return float(above + ties / 2)


def interval(scores: NDArray[np.float64], labels: NDArray[np.bool_], seed: int = 0) -> tuple[float, float]:
    """The range of the middle 95 % of the area over resampled crystals."""
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(RESAMPLES):
        chosen = draw.integers(0, len(scores), len(scores))
        found.append(auc(scores[chosen], labels[chosen]))
    low, high = np.nanpercentile(found, [2.5, 97.5])
    return float(low), float(high)


def best_accuracy(scores: NDArray[np.float64], labels: NDArray[np.bool_]) -> float:
    """The share that the best single threshold gets right."""
    thresholds = [-np.inf, *np.sort(scores)]
    return float(max(((scores > threshold) == labels).mean() for threshold in thresholds))
