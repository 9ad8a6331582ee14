"""The unit ``batching``: how many runs are best computed together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.dynamics import BATCHING, BatchingRecord, BatchingTask
from engine.units.one_by_one import OneByOne
from engine.units.unit import OF_THE_PLAN

if TYPE_CHECKING:
    from engine.evaluation.evaluator import Evaluator
    from engine.problem.resolved import ResolvedProblem
    from engine.units.unit import Workplace


class Batching(OneByOne[BatchingTask, BatchingRecord]):
    """Measures it. The one unit whose record depends on the clock: it is stored, and what follows keeps to it."""

    name = BATCHING
    task = BatchingTask
    record = BatchingRecord
    without_effect = OF_THE_PLAN | {"properties"}

    def said(self, resolved: ResolvedProblem, task: BatchingTask) -> str:
        """What is measured."""
        del resolved, task
        return "measuring how many runs are best computed together"

    def computed(
        self, resolved: ResolvedProblem, task: BatchingTask, evaluator: Evaluator, workplace: Workplace
    ) -> BatchingRecord:
        """Measure it."""
        from engine.evaluation.run_size import RunSize

        return RunSize(
            resolved, task, evaluator, workplace.on_call, workplace.checkpoint, workplace.save
        ).measured()
