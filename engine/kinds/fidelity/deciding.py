"""Which evaluation needs explicit supercells next: the one whose difference decides the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.optimize.point import best_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.kinds.told import Told
    from engine.optimize.differences import Differences
    from engine.optimize.objective import Loss, Term
    from engine.optimize.point import Point

WITHIN = 1.5
"""A target counts as met where it would be if the difference were so many deviations larger or smaller."""
SURE = 0.5
"""A goal counts as known where its deviation is at most so much of its scale."""
SHARE_OF_FRONT = 0.05
"""An objective of a front counts as known where its deviation is at most this part of the range of the front."""


def undecided(told: Told, answer: Sequence[int], *, front: bool) -> list[int]:
    """Numbers of the evaluations whose supercells would decide the answer, the most needed first.

    Args:
        told: Everything told.
        answer: Numbers of the evaluations that the answer consists of.
        front: Whether that is a front.
    """
    known, loss = told.differences, told.loss
    if known is None or loss is None:
        return []
    points = {point.index: point for point in told.points if point.values}
    need: dict[int, float] = {}
    units = _units(loss, [points[number] for number in answer], front=front)
    for number in answer:
        wanted = _wanted(known, loss, points[number], units, front=front)
        if wanted > 1.0:
            need[number] = wanted
    if not front and not need and points and not loss.only_targets:
        need = _rivals(known, loss, list(points.values()))
    return sorted((n for n in need if n not in known.explicit), key=lambda n: (-need[n], n))


def deviations(known: Differences, point: Point, names: Sequence[str]) -> dict[str, float]:
    """Standard deviation of the difference of each property at a point; 0 where that has none."""
    exact = known.properties if known.explicit else frozenset(names)
    return {
        name: known.deviation(name, point.values[name], point.x) if name in exact else 0.0 for name in names
    }


def _wanted(known: Differences, loss: Loss, point: Point, units: Sequence[float], *, front: bool) -> float:
    """How badly a point needs supercells: more than 1 where what it has is not sure enough."""
    if not any(one.supercells for one in known.explicit.values()):
        return np.inf
    found = deviations(known, point, loss.properties)
    wanted = 0.0
    for term, unit in zip(loss.terms, units, strict=True):
        wanted = max(wanted, _of_term(term, point.values[term.name], found[term.name], unit, front=front))
    for bound in loss.thresholds:
        deviation = found[bound.name]
        room = -bound.beyond(point.values[bound.name]) * bound.scale
        wanted = max(wanted, WITHIN * deviation / max(room, SURE * bound.scale))
    return wanted


def _of_term(term: Term, value: float, deviation: float, unit: float, *, front: bool) -> float:
    if term.target is None or front:
        return deviation / unit
    missed = abs(value - term.target)
    if missed > term.tolerance:
        return deviation / unit
    return (missed + WITHIN * deviation) / term.tolerance


def _units(loss: Loss, members: Sequence[Point], *, front: bool) -> list[float]:
    """The deviation up to which each objective is known."""
    found = []
    for term in loss.terms:
        unit = SURE * (term.scale if term.target is None else term.tolerance)
        if front and members:
            unit = max(unit, SHARE_OF_FRONT * float(np.ptp([one.values[term.name] for one in members])))
        found.append(unit)
    return found


def _rivals(known: Differences, loss: Loss, points: Sequence[Point]) -> dict[int, float]:
    """How much each point may be better than the best one if its difference is a deviation more favourable."""
    best = best_of(points)
    found: dict[int, float] = {}
    for point in points:
        if point is best or point.index in known.explicit or point.violation > 0.0 or best.violation > 0.0:
            continue
        own = deviations(known, point, loss.properties)
        off = [abs(term.slope(point.values[term.name])) * own[term.name] for term in loss.terms]
        gain = best.loss - point.loss + float(np.linalg.norm(off))
        if gain > SURE:
            found[point.index] = gain
    return found
