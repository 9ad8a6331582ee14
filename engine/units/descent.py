"""The unit ``descent``: one search for the ordering of lowest energy in a supercell of the mean-field crystal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from api_schemas.descents import DESCENT, DescentRecord, DescentTask
from engine.tiers.mean_field import evaluator_at
from engine.units.unit import OF_THE_PLAN

if TYPE_CHECKING:
    from api_schemas.tasks import Task
    from engine.problem.resolved import ResolvedProblem
    from engine.units.unit import Workplace


class Descent:
    """Searches for orderings; a checkpoint is saved after every potential call of the supercell."""

    name = DESCENT
    task = DescentTask
    record = DescentRecord
    without_effect = OF_THE_PLAN | {"properties"}

    def together(self, resolved: ResolvedProblem) -> int:
        """One: a supercell fills a core, and saves checkpoints."""
        del resolved
        return 1

    def words(self, resolved: ResolvedProblem, task: Task) -> str:
        """Which search it is, counted from 1: ``ordering search 2``."""
        del resolved
        return f"ordering search {task.number + 1}" if isinstance(task, DescentTask) else self.name

    def perform(
        self, resolved: ResolvedProblem, tasks: Sequence[Task], workplace: Workplace
    ) -> list[DescentRecord]:
        """Search, task by task."""
        from engine.evaluation.descent import OrderingSearch

        found = []
        for task in tasks:
            if isinstance(task, DescentTask):
                told = workplace.in_steps(self.words(resolved, task))
                search = OrderingSearch(
                    resolved,
                    task,
                    evaluator_at(resolved, told),
                    told.on_call,
                    told.checkpoint,
                    told.save,
                )
                found.append(search.found())
        return found
