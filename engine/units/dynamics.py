"""The unit ``dynamics``: a segment of trajectories that settle at one end and are switched to the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.dynamics import DYNAMICS, DynamicsRecord, DynamicsTask
from engine.units.one_by_one import OneByOne
from engine.units.unit import OF_THE_PLAN

if TYPE_CHECKING:
    from engine.evaluation.evaluator import Evaluator
    from engine.problem.resolved import ResolvedProblem
    from engine.units.unit import Workplace


class Dynamics(OneByOne[DynamicsTask, DynamicsRecord]):
    """Moves replicas; a checkpoint is saved at the end of a segment, from which the next one goes on."""

    name = DYNAMICS
    task = DynamicsTask
    record = DynamicsRecord
    without_effect = OF_THE_PLAN | {"properties"}

    def said(self, resolved: ResolvedProblem, task: DynamicsTask) -> str:
        """Which runs they are, counted from 1: ``forward run 3 at 300 K, steps 100 to 200``."""
        del resolved
        first, last = task.run + 1, task.run + task.replicas
        runs = f"run {first}" if first == last else f"runs {first} to {last}"
        way = "forward" if task.forward else "backward"
        return f"{way} {runs} at {task.temperature:g} K, steps {task.begin} to {task.end}"

    def computed(
        self, resolved: ResolvedProblem, task: DynamicsTask, evaluator: Evaluator, workplace: Workplace
    ) -> DynamicsRecord:
        """Move the replicas of a segment."""
        from engine.evaluation.moving_cell import MovingCellSwitching
        from engine.evaluation.switching import Switching
        from engine.evaluation.vacancy_switching import VacancySwitching

        save = workplace.save
        way = VacancySwitching if task.reference == "vacancy" else Switching
        if task.moving is not None:
            way = MovingCellSwitching
        return way(resolved, task, evaluator, workplace.on_call, workplace.checkpoint, save).went()
