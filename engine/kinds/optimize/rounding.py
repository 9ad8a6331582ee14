"""The stage ``rounding`` of kind optimize: the answer, or the members of the front, in the steps of the resolution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.evaluations import EvaluationRecord, Suggestion
from engine.kinds.told import Told
from engine.optimize.answer.rounding import (
    ROUNDED,
    rounded_answer,
    rounded_answer_stop,
    rounded_front,
    rounded_front_stop,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from api_schemas.results import Stopped
    from engine.kinds.optimize.search import GridSearch, Search
    from engine.optimize.point import Point
    from engine.optimize.surrogates.surrogate import FitCache


class Rounding:
    """Evaluates compositions in steps near what a search found.

    Args:
        search: The stage before.
        planned: At most so many evaluations, those of the search included.
    """

    def __init__(self, search: Search | GridSearch, planned: int) -> None:
        self._search = search
        self._planned = planned
        self._fits: FitCache = {}
        self._told = search.told
        self._wanted: list[NDArray[np.float64]] | None = None

    def owns(self, record: EvaluationRecord) -> bool:
        """Whether a record is of a rounded composition."""
        return record.origin == ROUNDED

    def tell(self, told: Told) -> None:
        """Take everything told."""
        before = self._told.records
        if told.records[: len(before)] != before or told.differences is not self._told.differences:
            self._fits.clear()  # the first n are others now
        self._told = told
        self._wanted = None

    def ask(self, n: int | None) -> list[Suggestion]:
        """The compositions in steps that are worth an evaluation."""
        wanted = self._to_evaluate()[:n]
        return [self._told.suggestion(place, x, ROUNDED) for place, x in enumerate(wanted)]

    def ended(self, before: Stopped | None) -> Stopped | None:
        """Once none is worth an evaluation any more."""
        if before is None or self._to_evaluate():
            return None
        loss, region = self._told.loss, self._told.region
        if not region.steps or loss is None:
            return before
        if self._search.seeks_front:
            vectors = [region.space.to_vector(record.composition) for record in self.front()]
            return rounded_front_stop(region, len(self._search.front()), vectors, before)
        best = self.best()
        if best is None:
            return before
        left = self._planned - self._told.spent
        return rounded_answer_stop(region, loss, self._told.points, best[1], before, left=left)

    def best(self) -> tuple[EvaluationRecord, Point] | None:
        """The best evaluation: once something was rounded, among what lies in steps."""
        points = [point for point in self._told.points if point.values]
        if any(point.origin == ROUNDED for point in points):
            points = [point for point in points if self._told.region.is_rounded(point.x)]
        return self._told.best_among(points)

    def front(self) -> list[EvaluationRecord]:
        """The front of the compositions in steps; that of all where none of those converged."""
        region = self._told.region
        made = [point for point in self._told.points if region.is_rounded(point.x)]
        return self._told.nondominated(made) or self._told.nondominated(self._told.points)

    def _to_evaluate(self) -> list[NDArray[np.float64]]:
        if self._wanted is None:
            told, left = self._told, self._planned - self._told.spent
            self._wanted = []
            if told.region.steps and left > 0 and self._search.seeks_front:
                space = told.region.space
                members = [space.to_vector(record.composition) for record in self._search.front()]
                self._wanted = rounded_front(told.region, members, told.vectors, left)
            elif told.region.steps and left > 0 and told.loss is not None:
                found = rounded_answer(told.region, told.loss, told.points, self._fits)
                self._wanted = [] if found is None else [found]
        return self._wanted
