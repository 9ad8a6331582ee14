"""What is told of surrogates that say nothing better is left: how they stood the tests.

Two tests tell whether they may be trusted. Every evaluation is left out and predicted from the others (docs/science.md,
Eq. 58). And every evaluation was foretold by those before it: hyperparameters that are fitted again after a surprise
explain it away, so that leaving it out no longer shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.optimize.surrogates.surrogate import surrogates

if TYPE_CHECKING:
    from engine.composition.space import CompositionSpace
    from engine.optimize.objective import Loss
    from engine.optimize.point import Point
    from engine.optimize.surrogates.surrogate import FitCache

PROBE, IN_DOUBT = "probe", "doubt"
TESTING = (PROBE, IN_DOUBT)
"""Origins of evaluations that are made as tests."""
CONTRADICTED = 5.0
"""An error of so many deviations contradicts a surrogate,"""
MATERIAL = 0.03
"""where it is larger than this part of the spread of the property."""
SURPRISE = (4.0, MATERIAL)
"""So many deviations, and such a part of the spread, off what was foretold is a surprise."""
SURPRISING = {PROBE: (0.0, 0.1), IN_DOUBT: (2.0, 0.1)}
"""The same of tests: a probe shows what is known only where it was foretold, however unsure the surrogates were."""
FEWEST_TO_FORETELL = 2
"""Evaluations with values before one can be called foretold."""
TESTS = 2
"""Tests in a row that have to come as foretold after an evaluation that did not."""


@dataclass(frozen=True)
class Claim:
    """How the surrogates stood the tests.

    Attributes:
        left_out: Number of evaluations left out, each in its turn.
        worst: Largest error in deviations, of those that matter.
        probes: Number of probes among them.
        worst_probe: Largest error of a probe, in deviations; 0 without one.
        surprises: Number of evaluations that those before had foretold otherwise.
        since: Number of tests after the last of these.
    """

    left_out: int
    worst: float
    probes: int
    worst_probe: float
    surprises: int = 0
    since: int = 0

    @property
    def holds(self) -> bool:
        """Whether no left-out evaluation contradicts the surrogates."""
        return self.worst <= CONTRADICTED

    @property
    def settled(self) -> bool:
        """Whether enough tests have come as foretold after the last evaluation that did not."""
        return self.surprises == 0 or self.since >= TESTS

    def words(self) -> str:
        """The tests for a message."""
        plural = "" if self.probes == 1 else "s"
        few = f"{100 * MATERIAL:g} % of the spread of its property"
        off = (
            f"none was off by more than {few}"
            if self.worst == 0.0
            else f"those off by more than {few} were so by at most {self.worst:.1f} deviations"
        )
        words = (
            f"tested by leaving out each of {self.left_out} evaluations, {self.probes} of them "
            f"probe{plural} far from the rest: {off}"
        )
        if self.surprises:
            came = "1 evaluation came" if self.surprises == 1 else f"{self.surprises} evaluations came"
            words += f"; {came} otherwise than foretold, {self.since} tests since then as foretold"
        return words


def claim(space: CompositionSpace, loss: Loss, points: Sequence[Point], cache: FitCache) -> Claim:
    """Leave every evaluation out of the surrogates, which keep their hyperparameters, and look which were foretold.

    Args:
        space: Composition space.
        loss: Objectives and property constraints.
        points: All points told; one at least has values.
        cache: Fits already made.
    """
    probes = np.array([point.x for point in points if point.origin == PROBE and point.values])
    names = _learned(loss)
    worst, worst_probe, left_out = 0.0, 0.0, 0
    for model in surrogates(space, names, points, cache, loss.known, loss.measured).values():
        errors, deviations = model.leave_one_out()
        own = ~model.observations.measured
        errors, deviations = errors[own], deviations[own]
        left_out = len(errors)
        if left_out < 2:
            continue
        spread = float(np.ptp(model.observations.values[own]))
        off = np.where(np.abs(errors) > MATERIAL * spread, np.abs(errors) / deviations, 0.0)
        worst = max(worst, float(off.max()))
        if len(probes):
            apart = np.abs(model.observations.x[own, None] - probes[None]).max(axis=2).min(axis=1)
            worst_probe = max(worst_probe, float(off[apart == 0.0].max(initial=0.0)))
    unforeseen = surprises(space, loss, points, cache)
    since = points[unforeseen[-1] + 1 :] if unforeseen else points
    tests = sum(point.origin in TESTING and bool(point.values) for point in since)
    return Claim(left_out, worst, len(probes), worst_probe, len(unforeseen), tests)


def surprises(space: CompositionSpace, loss: Loss, points: Sequence[Point], cache: FitCache) -> list[int]:
    """Places of the points that surrogates of those before, as they were fitted then, had foretold otherwise.

    Not of the first of a phase, of which nothing could be foretold. The arguments are those of `claim`.
    """
    found = []
    names = _learned(loss)
    for place, point in enumerate(points):
        before = [one for one in points[:place] if one.values]
        known = {one.phase for one in before}
        if not point.values or len(before) < FEWEST_TO_FORETELL or point.phase not in known:
            continue
        limits = (SURPRISE, SURPRISING.get(point.origin or "", SURPRISE))
        models = surrogates(space, names, points[:place], cache, loss.known, loss.measured)
        for name, model in models.items():
            mean, deviation = (float(each[0]) for each in model.mean_and_deviation(point.x[None]))
            error = abs(point.values[name] - mean)
            spread = float(np.ptp([point.values[name], *(one.values[name] for one in before)]))
            if any(error > z * deviation and error > part * spread for z, part in limits):
                found.append(place)
                break
    return found


def _learned(loss: Loss) -> list[str]:
    """The properties of which surrogates learn something."""
    certain = {name for name, part in loss.known.items() if part.whole}
    return [name for name in loss.properties if name not in certain]
