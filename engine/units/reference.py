"""The unit ``reference``: what evaluations share, relaxed once and kept by content."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from api_schemas.evaluations import REFERENCE, ReferenceRecord, ReferenceTask
from engine.tiers.mean_field import evaluator_at
from engine.units.unit import OF_THE_PLAN

if TYPE_CHECKING:
    from api_schemas.tasks import Task
    from engine.problem.resolved import ResolvedProblem
    from engine.units.unit import Workplace


class Reference:
    """Relaxes end members, elemental phases, and the crystals of targets and substrates."""

    name = REFERENCE
    task = ReferenceTask
    record = ReferenceRecord
    without_effect = OF_THE_PLAN

    def together(self, resolved: ResolvedProblem) -> int:
        """One: a task holds as many crystals as fit into a batch."""
        del resolved
        return 1

    def words(self, resolved: ResolvedProblem, task: Task) -> str:
        """What is relaxed: ``relaxing the reference Mn, 58 atoms``."""
        from engine.references.shared_tasks import words_of

        return words_of(resolved, task) if isinstance(task, ReferenceTask) else self.name

    def perform(
        self, resolved: ResolvedProblem, tasks: Sequence[Task], workplace: Workplace
    ) -> list[ReferenceRecord]:
        """Relax what the tasks name, unless the store of the workplace has it."""
        return [
            evaluator_at(resolved, workplace.in_steps(self.words(resolved, task))).reference(task)
            for task in tasks
            if isinstance(task, ReferenceTask)
        ]
