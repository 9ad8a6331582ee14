"""The unit ``descent``: one search for the ordering of lowest energy in a supercell of the mean-field crystal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.descents import DESCENT, DescentRecord, DescentTask
from engine.units.one_by_one import OneByOne
from engine.units.unit import OF_THE_PLAN

if TYPE_CHECKING:
    from engine.evaluation.evaluator import Evaluator
    from engine.problem.resolved import ResolvedProblem
    from engine.units.unit import Workplace


class Descent(OneByOne[DescentTask, DescentRecord]):
    """Searches for orderings; a checkpoint is saved after every potential call of the supercell."""

    name = DESCENT
    task = DescentTask
    record = DescentRecord
    without_effect = OF_THE_PLAN | {"properties"}

    def said(self, resolved: ResolvedProblem, task: DescentTask) -> str:
        """Which search it is, counted from 1: ``ordering search 2``."""
        del resolved
        return f"ordering search {task.number + 1}"

    def computed(
        self, resolved: ResolvedProblem, task: DescentTask, evaluator: Evaluator, workplace: Workplace
    ) -> DescentRecord:
        """Search for an ordering."""
        from engine.evaluation.descent import OrderingSearch

        save = workplace.save
        return OrderingSearch(
            resolved, task, evaluator, workplace.on_call, workplace.checkpoint, save
        ).found()
