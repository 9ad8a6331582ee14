"""Which of many compositions that meet the targets is the answer: the rule of ``strategy.prefer``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

from engine.optimize.answer.kept_targets import nearest_kept
from engine.optimize.objective import Loss, Term, Threshold, point_of
from engine.optimize.proposals import gradient

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from api_schemas.evaluations import EvaluationRecord
    from engine.composition.region import Region
    from engine.optimize.differences import Differences
    from engine.optimize.point import Point

PREFERRED = "preferred"
"""Origin of a composition that is tried since the rule prefers it."""
MIXING_ENERGY = "mixing_energy"
WITHIN = 0.5
"""The part of each tolerance that a preferred composition may use by the linear model: the property bends."""
NEARER = 0.02
"""A composition that comes nearer by less than this is not worth an evaluation."""


class Rule(Protocol):
    """What is preferred among compositions that meet the targets."""

    @property
    def words(self) -> str:
        """What the answer is by the rule."""

    @property
    def most(self) -> int:
        """Evaluations that it may take."""

    def rank(self, record: EvaluationRecord, point: Point) -> float:
        """The less the better."""

    def proposed(
        self, records: Sequence[EvaluationRecord], points: Sequence[Point], best: Point
    ) -> NDArray[np.float64] | None:
        """What to try next, [n_columns]; None where nothing is worth an evaluation."""


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest to a composition.

    Attributes:
        region: The feasible compositions.
        loss: Targets.
        x: To come near to, [n_columns].
        words: What that is.
        most: Evaluations at the most.
    """

    region: Region
    loss: Loss
    x: NDArray[np.float64]
    words: str
    most: int = 3

    def rank(self, record: EvaluationRecord, point: Point) -> float:
        """The distance."""
        del record
        return self._distance(point.x)

    def proposed(
        self, records: Sequence[EvaluationRecord], points: Sequence[Point], best: Point
    ) -> NDArray[np.float64] | None:
        """The nearest by the gradients at what was tried last, which is nearer to it than the best is."""
        del records
        sloped = [point for point in points if point.origin == PREFERRED and self._has_slopes(point)]
        around = sloped[-1] if sloped else best
        if not self._has_slopes(around):
            return None
        found = nearest_kept(self.region, self.loss, around, self.x, WITHIN)
        if found is None or self._distance(found) > self._distance(best.x) - NEARER:
            return None
        return None if any(np.abs(point.x - found).max() < NEARER / 2 for point in points) else found

    def _has_slopes(self, point: Point) -> bool:
        """Whether every target has a gradient there: one without would not be kept."""
        return all(term.name in point.gradients for term in self.loss.terms)

    def _distance(self, x: NDArray[np.float64]) -> float:
        return float(np.linalg.norm(x - self.x))


@dataclass(frozen=True, eq=False)
class LeastMixingEnergy:
    """The least mixing energy, by steps of strategy ``gradient`` with the targets as bounds on their properties.

    Attributes:
        region: The feasible compositions.
        loss: Targets.
        differences: What explicit supercells say of mixing energies; None without any.
        most: Evaluations at the most.
    """

    region: Region
    loss: Loss
    differences: Differences | None = None
    words: str = "the one of least mixing energy"
    most: int = 8

    def rank(self, record: EvaluationRecord, point: Point) -> float:
        """The mixing energy, eV/atom, corrected where supercells tell by how much; what lacks it is last."""
        return self._made(record, point).values.get(MIXING_ENERGY, np.inf)

    def proposed(
        self, records: Sequence[EvaluationRecord], points: Sequence[Point], best: Point
    ) -> NDArray[np.float64] | None:
        """The next step of one local search that begins where the targets were first met."""
        own = {point.index for point in points if point.origin == PREFERRED}
        met = [p for p in points if p.values and self.loss.met(p.values) and not p.outside]
        begun = min(met, key=lambda p: p.index, default=best)
        told = []
        for record, point in zip(records, points, strict=True):
            origin = (
                "step 0" if point.index in own else "start 0" if point.index == begun.index else "elsewhere"
            )
            told.append(replace(self._made(record, point), origin=origin))
        (search,) = gradient.trace(self.region, self._sought, told)
        return search.proposal

    def _made(self, record: EvaluationRecord, point: Point) -> Point:
        """The point as the search for the least mixing energy sees it."""
        made = point_of(record, point.x, self.region.space.columns, self._sought)
        if self.differences is not None:
            made = self.differences.corrected(made, self._sought)
        return made.forbidden() if point.outside else made

    @cached_property
    def _sought(self) -> Loss:
        """Mixing energy as a goal, and the targets as bounds."""
        goal = Term(MIXING_ENERGY, "eV/atom", weight=1.0, target=None, tolerance=1.0, sign=1.0, scale=0.01)
        bands = [
            Threshold(
                term.name,
                term.unit,
                term.target - WITHIN * term.tolerance,
                term.target + WITHIN * term.tolerance,
                scale=term.tolerance,
            )
            for term in self.loss.terms
            if term.target is not None
        ]
        return Loss((goal,), (*self.loss.thresholds, *bands), known=self.loss.known)


def meeting(
    loss: Loss, records: Sequence[EvaluationRecord], points: Sequence[Point]
) -> list[tuple[EvaluationRecord, Point]]:
    """Those that meet the targets and that the problem allows."""
    pairs = zip(records, points, strict=True)
    return [pair for pair in pairs if pair[1].values and loss.met(pair[1].values) and not pair[1].outside]
