"""The plan of kind optimize: a search, then what is preferred among many answers, or the rounding of the one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.composition.notation import parse_composition
from engine.kinds.composition_plan import CompositionPlan
from engine.kinds.optimize.preferring import Preferring
from engine.kinds.optimize.rounding import Rounding
from engine.kinds.optimize.rounding_reserve import rounding_reserve
from engine.kinds.optimize.search import GridSearch, Search
from engine.kinds.stages import Stages
from engine.references.mixed import needs_end_members

if TYPE_CHECKING:
    from api_schemas.evaluations import EvaluationRecord
    from engine.optimize.point import Point
    from engine.problem.resolved import ResolvedProblem


class OptimizePlan(CompositionPlan):
    """A search with the strategy of the problem, the rule among many answers, and the rounding of its answer.

    Args:
        resolved: The problem.
        seed: Of everything random.
    """

    def __init__(self, resolved: ResolvedProblem, seed: int) -> None:
        problem = resolved.problem
        spare = rounding_reserve(problem)
        given = [
            parse_composition(resolved.space, composition, ("at", str(i)))
            for i, composition in enumerate(problem.at)
        ]
        planned, waits = resolved.planned, needs_end_members(problem)
        self._search: Search | GridSearch
        if problem.strategy.name == "grid":
            grid = resolved.region.grid(resolved.points_per_edge)
            points = [*given, *grid][: problem.strategy.max_evaluations - spare]
            planned, waits = len(points) + spare, True
            self._search = GridSearch(resolved, points)
        else:
            self._search = Search(resolved, seed, given, spare)
        self._preferring = Preferring(self._search.told, given, planned)
        self._rounding = Rounding(self._search, planned)
        stages = Stages(self._search, self._preferring, self._rounding)
        super().__init__(resolved, stages, planned, seeks_front=problem.seeks_front, waits=waits)

    def answered(self) -> tuple[EvaluationRecord, Point] | None:
        """The best evaluation: of many that meet the targets the preferred; once rounded, among what lies in steps."""
        return None if self.seeks_front else self._preferring.best() or self._rounding.best()

    def answer_records(self) -> list[EvaluationRecord]:
        """The best evaluation, or the members of the front."""
        found = self.answered()
        return self.front_records() if found is None else [found[0]]

    def front_records(self) -> list[EvaluationRecord]:
        """The front, of compositions in steps once it has been rounded."""
        if not self.seeks_front:
            return []
        everything = self.told.nondominated(self.told.points)
        rounded = everything and self.resolved.region.steps and self.stopped is not None
        return self._rounding.front() if rounded else everything

    def notes(self) -> list[str]:
        """The strategy that auto chose and why, and the properties whose gradients were set aside."""
        return [*self._search.notes(), *super().notes()]
