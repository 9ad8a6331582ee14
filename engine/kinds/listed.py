"""A stage that evaluates compositions known beforehand: those of a grid, or those that the problem lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from api_schemas.evaluations import EvaluationRecord, Suggestion
from api_schemas.results import Stopped
from engine.kinds.composition_plan import CompositionPlan
from engine.kinds.stages import Stages
from engine.kinds.told import Told

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.problem.resolved import ResolvedProblem

GRID_BATCH = 64
"""Compositions asked for at a time."""
GRID = "grid"
"""Origin of a composition that was known beforehand."""


class ListedStage:
    """Evaluates a list of compositions in order.

    Args:
        told: Evaluations of the problem told so far; none.
        points: [n_columns] compositions.
    """

    def __init__(self, told: Told, points: Sequence[NDArray[np.float64]]) -> None:
        self.told = told
        self._points = points

    def owns(self, record: EvaluationRecord) -> bool:
        """Every record that no other stage owns."""
        del record
        return True

    def tell(self, told: Told) -> None:
        """Take everything told."""
        self.told = told

    def ask(self, n: int | None) -> list[Suggestion]:
        """The next of the list."""
        done = len(self.told.records)
        following = self._points[done : done + (n or GRID_BATCH)]
        return [self.told.suggestion(place, x, GRID) for place, x in enumerate(following)]

    def ended(self, before: Stopped | None) -> Stopped | None:
        """Once all are done."""
        del before
        return None if len(self.told.records) < len(self._points) else completed(self.told.records)


def completed(records: Sequence[EvaluationRecord]) -> Stopped:
    """What to say of a list that is done."""
    done = len(records)
    failed = sum(not record.converged for record in records)
    words = f"all {done} evaluations are done" if done != 1 else "the evaluation is done"
    return Stopped(reason="completed", message=words + (f"; {failed} did not converge" if failed else ""))


def listed_plan(resolved: ResolvedProblem, points: Sequence[NDArray[np.float64]]) -> CompositionPlan:
    """A plan that evaluates a list of compositions and nothing else."""
    stage = ListedStage(Told(resolved), points)
    return CompositionPlan(resolved, Stages(stage), len(points))
