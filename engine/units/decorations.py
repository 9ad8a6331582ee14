"""The unit ``decorations``: energies of many decorations of one composition, unrelaxed, a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from api_schemas.decorations import DECORATIONS, DecorationsRecord, DecorationsTask
from engine.tiers.mean_field import evaluator_at
from engine.units.unit import OF_THE_PLAN

if TYPE_CHECKING:
    from api_schemas.tasks import Task
    from engine.problem.resolved import ResolvedProblem
    from engine.units.unit import Workplace


class Decorations:
    """Ranks decorations."""

    name = DECORATIONS
    task = DecorationsTask
    record = DecorationsRecord
    without_effect = OF_THE_PLAN

    def together(self, resolved: ResolvedProblem) -> int:
        """One: a task holds as many decorations as are computed before progress is told."""
        del resolved
        return 1

    def words(self, resolved: ResolvedProblem, task: Task) -> str:
        """How many there are: ``ranking 64 decorations of evaluation 2``."""
        del resolved
        if not isinstance(task, DecorationsTask):
            return self.name
        count = len(task.decorations)
        counted = "1 decoration" if count == 1 else f"{count} decorations"
        return f"ranking {counted} of evaluation {task.evaluation + 1}"

    def perform(
        self, resolved: ResolvedProblem, tasks: Sequence[Task], workplace: Workplace
    ) -> list[DecorationsRecord]:
        """Compute the energies of decorations, in order."""
        from engine.evaluation.decorations import unrelaxed

        found = []
        for task in tasks:
            if isinstance(task, DecorationsTask):
                told = workplace.in_steps(self.words(resolved, task))
                found.append(unrelaxed(resolved, task, evaluator_at(resolved, told), told.on_call))
        return found
