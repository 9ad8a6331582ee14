"""The unit ``dynamics``: a segment of trajectories that settle at one end and are switched to the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from api_schemas.dynamics import DYNAMICS, DynamicsRecord, DynamicsTask
from engine.tiers.mean_field import evaluator_at
from engine.units.unit import OF_THE_PLAN

if TYPE_CHECKING:
    from api_schemas.tasks import Task
    from engine.problem.resolved import ResolvedProblem
    from engine.units.unit import Workplace


class Dynamics:
    """Moves replicas; a checkpoint is saved at the end of a segment, from which the next one goes on."""

    name = DYNAMICS
    task = DynamicsTask
    record = DynamicsRecord
    without_effect = OF_THE_PLAN | {"properties"}

    def together(self, resolved: ResolvedProblem) -> int:
        """One: its replicas are computed together already."""
        del resolved
        return 1

    def words(self, resolved: ResolvedProblem, task: Task) -> str:
        """Which runs they are, counted from 1: ``forward run 3 at 300 K, steps 100 to 200``."""
        del resolved
        if not isinstance(task, DynamicsTask):
            return self.name
        first, last = task.run + 1, task.run + task.replicas
        runs = f"run {first}" if first == last else f"runs {first} to {last}"
        way = "forward" if task.forward else "backward"
        return f"{way} {runs} at {task.temperature:g} K, steps {task.begin} to {task.end}"

    def perform(
        self, resolved: ResolvedProblem, tasks: Sequence[Task], workplace: Workplace
    ) -> list[DynamicsRecord]:
        """Move, task by task."""
        from engine.evaluation.switching import Switching

        found = []
        for task in tasks:
            if isinstance(task, DynamicsTask):
                told = workplace.in_steps(self.words(resolved, task))
                evaluator = evaluator_at(resolved, told)
                found.append(
                    Switching(resolved, task, evaluator, told.on_call, told.checkpoint, told.save).went()
                )
        return found
