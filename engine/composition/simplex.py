"""One bounded simplex: ``{x : lower <= x <= upper, sum(x) = 1}``. Pure functions of its bounds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_ROUNDING = 1e-9
_REJECTION_ROUNDS = 200
_HIT_AND_RUN_STEPS = 60


def tightened(lower: FloatArray, upper: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The narrowest bounds that describe the same set: each bound is reached by some point.

    Args:
        lower: Lower bounds, [k].
        upper: Upper bounds, [k]; the set must not be empty.
    """
    highest = np.minimum(upper, 1.0 - (lower.sum() - lower))
    lowest = np.maximum(lower, 1.0 - (upper.sum() - upper))
    return np.minimum(lowest, highest), np.maximum(lowest, highest)


def project(point: FloatArray, lower: FloatArray, upper: FloatArray) -> FloatArray:
    """Euclidean projection onto the bounded simplex, [k] (docs/science.md, Eq. 50).

    The projection is ``clip(point - tau, lower, upper)`` with the tau at which the entries add up to 1. That
    sum falls piecewise linearly with tau; tau is found exactly from its breakpoints.
    """
    breakpoints = np.sort(np.concatenate([point - lower, point - upper]))
    sums = np.clip(point[None, :] - breakpoints[:, None], lower, upper).sum(axis=1)
    # sums falls from sum(upper) >= 1 to sum(lower) <= 1 along the rising breakpoints.
    after = int(np.searchsorted(-sums, -1.0, side="left"))
    if after == 0:
        tau = breakpoints[0]
    elif after == len(breakpoints):
        tau = breakpoints[-1]
    else:
        drop = sums[after - 1] - sums[after]
        share = 0.0 if drop == 0.0 else (sums[after - 1] - 1.0) / drop
        tau = breakpoints[after - 1] + share * (breakpoints[after] - breakpoints[after - 1])
    return np.asarray(np.clip(point - tau, lower, upper))


def center(lower: FloatArray, upper: FloatArray) -> FloatArray:
    """A point off every bound that can be avoided: the same share of each entry's range, [k]."""
    lowest, highest = tightened(lower, upper)
    room = float((highest - lowest).sum())
    share = 0.0 if room <= 0.0 else (1.0 - float(lowest.sum())) / room
    return np.asarray(lowest + share * (highest - lowest))


def sample(rng: np.random.Generator, n: int, lower: FloatArray, upper: FloatArray) -> FloatArray:
    """Points uniform in the bounded simplex, [n, k].

    Entries that the bounds fix are left out of it. By rejection from the simplex above the lower bounds; where that
    seldom hits, by hit-and-run from the centre.
    """
    lowest, highest = tightened(lower, upper)
    varies = highest - lowest > _ROUNDING
    if not varies.all():
        drawn = np.tile(0.5 * (lowest + highest), (n, 1))
        whole = 1.0 - float(drawn[0, ~varies].sum()) if n else 0.0
        if varies.any() and n:
            drawn[:, varies] = whole * sample(rng, n, lowest[varies] / whole, highest[varies] / whole)
        return drawn
    k = len(lower)
    free = 1.0 - float(lowest.sum())
    kept: list[FloatArray] = []
    for _ in range(_REJECTION_ROUNDS):
        if len(kept) >= n:
            break
        trial = lowest + free * rng.dirichlet(np.ones(k), size=max(n, 16))
        kept.extend(trial[np.all(trial <= highest + _ROUNDING, axis=1)])
    if len(kept) < n:
        kept.extend(_hit_and_run(rng, n - len(kept), lowest, highest))
    return np.array(kept[:n]).reshape(n, k)


def _hit_and_run(rng: np.random.Generator, n: int, lower: FloatArray, upper: FloatArray) -> list[FloatArray]:
    """N chains side by side; every entry has room."""
    x = np.tile(center(lower, upper), (n, 1))
    for _ in range(_HIT_AND_RUN_STEPS * len(lower)):
        direction = rng.standard_normal(x.shape)
        direction -= direction.mean(axis=1, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            rising = np.where(direction > 0, (upper - x) / direction, (lower - x) / direction)
            falling = np.where(direction > 0, (lower - x) / direction, (upper - x) / direction)
        moving = np.abs(direction) > 0.0
        furthest = np.where(moving, rising, np.inf).min(axis=1)
        nearest = np.where(moving, falling, -np.inf).max(axis=1)
        share = rng.random(n)
        length = np.minimum(nearest, 0.0) * (1.0 - share) + np.maximum(furthest, 0.0) * share
        length = np.where(np.isfinite(length), length, 0.0)
        x = np.clip(x + length[:, None] * direction, lower, upper)
    return [project(row, lower, upper) for row in x]


def vertices(lower: FloatArray, upper: FloatArray) -> Iterator[FloatArray]:
    """Corners of the bounded simplex, each once: all entries at a bound but at most one."""
    lowest, highest = tightened(lower, upper)
    k = len(lowest)
    room_after = np.concatenate([np.cumsum((highest - lowest)[::-1])[::-1], [0.0]])
    seen: set[tuple[float, ...]] = set()

    def descend(entry: int, left: float, x: list[float], free: int) -> Iterator[FloatArray]:
        # free: how many entries may still lie between their bounds (1 or 0).
        # left: what is still to be shared out above the lower bounds of the entries from here on.
        if left < -_ROUNDING or left > room_after[entry] + _ROUNDING:
            return
        if entry == k:
            key = tuple(round(value, 9) for value in x)
            if key not in seen:
                seen.add(key)
                yield np.array(x)
            return
        low, high = float(lowest[entry]), float(highest[entry])
        yield from descend(entry + 1, left - (high - low), [*x, high], free)
        if high - low > _ROUNDING:
            yield from descend(entry + 1, left, [*x, low], free)
            if free:
                # The one entry between its bounds takes what the others, at their bounds, leave.
                yield from _with_free(entry, left, x, low, high)

    def _with_free(entry: int, left: float, x: list[float], low: float, high: float) -> Iterator[FloatArray]:
        widths = (highest - lowest)[entry + 1 :]
        for picks in _bound_choices(widths, left, high - low):
            taken = float(widths @ picks)
            rest = lowest[entry + 1 :] + widths * picks
            yield from descend(k, 0.0, [*x, low + (left - taken), *(float(value) for value in rest)], 0)

    yield from descend(0, 1.0 - float(lowest.sum()), [], 1)


def _bound_choices(widths: FloatArray, left: float, room: float) -> Iterator[FloatArray]:
    """0/1 choices c with ``0 < left - widths @ c < room``, in a fixed order."""
    k = len(widths)
    tails = np.concatenate([np.cumsum(widths[::-1])[::-1], [0.0]])

    def descend(entry: int, remaining: float, picks: list[float]) -> Iterator[FloatArray]:
        if remaining <= _ROUNDING or remaining - tails[entry] >= room - _ROUNDING:
            return
        if entry == k:
            yield np.array(picks)
            return
        if widths[entry] > _ROUNDING:
            yield from descend(entry + 1, remaining - float(widths[entry]), [*picks, 1.0])
        yield from descend(entry + 1, remaining, [*picks, 0.0])

    yield from descend(0, left, [])


def lattice_limits(lower: FloatArray, upper: FloatArray, divisions: int) -> list[tuple[int, int]]:
    """Smallest and largest number of ``1/divisions`` steps that each entry may have."""
    return [
        (
            int(np.ceil(low * divisions - _ROUNDING * divisions)),
            int(np.floor(high * divisions + _ROUNDING * divisions)),
        )
        for low, high in zip(lower, upper, strict=True)
    ]


def lattice_size(lower: FloatArray, upper: FloatArray, divisions: int) -> int:
    """Number of points of the simplex lattice with steps ``1/divisions`` within the bounds, without listing them."""
    ways = [1] + [0] * divisions
    for low, high in lattice_limits(lower, upper, divisions):
        running = [0]
        for count in ways:
            running.append(running[-1] + count)
        ways = [
            running[max(total - low, -1) + 1] - running[max(total - high, 0)]
            if total >= low and high >= low
            else 0
            for total in range(divisions + 1)
        ]
    return ways[divisions]


def lattice_points(lower: FloatArray, upper: FloatArray, divisions: int) -> NDArray[np.int64]:
    """Points of the simplex lattice in steps of ``1/divisions``, those rich in the first entry first, [n, k]."""
    limits = lattice_limits(lower, upper, divisions)
    varying = [entry for entry, (low, high) in enumerate(limits) if low != high]
    left = np.array([divisions - sum(low for low, high in limits if low == high)])
    choices: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    for number, entry in enumerate(varying):
        low, high = limits[entry]
        highest = np.minimum(high, left - sum(limits[later][0] for later in varying[number + 1 :]))
        lowest = np.maximum(low, left - sum(limits[later][1] for later in varying[number + 1 :]))
        ways = np.maximum(highest - lowest + 1, 0)
        before = np.repeat(np.arange(len(left)), ways)
        steps = (highest + np.cumsum(ways) - ways)[before] - np.arange(len(before))
        choices.append((before, steps))
        left = left[before] - steps
    chosen = np.flatnonzero(left == 0)
    found = np.tile(np.array([low for low, _ in limits]), (len(chosen), 1))
    for entry, (before, steps) in zip(reversed(varying), reversed(choices), strict=True):
        found[:, entry] = steps[chosen]
        chosen = before[chosen]
    return found
