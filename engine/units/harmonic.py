"""The unit ``harmonic``: force constants of a mean-field crystal, and its model at samples of the harmonic crystal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from api_schemas.dynamics import HARMONIC, HarmonicRecord, HarmonicTask
from engine.tiers.mean_field import evaluator_at
from engine.units.unit import OF_THE_PLAN

if TYPE_CHECKING:
    from api_schemas.tasks import Task
    from engine.problem.resolved import ResolvedProblem
    from engine.units.unit import Workplace


class Harmonic:
    """Samples the harmonic crystal; samples are independent, so that each batch is a task of its own."""

    name = HARMONIC
    task = HarmonicTask
    record = HarmonicRecord
    without_effect = OF_THE_PLAN | {"properties"}

    def together(self, resolved: ResolvedProblem) -> int:
        """One: a supercell fills a core."""
        del resolved
        return 1

    def words(self, resolved: ResolvedProblem, task: Task) -> str:
        """Which samples they are, counted from 1: ``samples 17 to 32 at 300 K``."""
        del resolved
        if not isinstance(task, HarmonicTask):
            return self.name
        if not task.pairs:
            return "force constants"
        first, last = 2 * task.first + 1, 2 * (task.first + task.pairs)
        return f"samples {first} to {last} at {task.temperature:g} K"

    def perform(
        self, resolved: ResolvedProblem, tasks: Sequence[Task], workplace: Workplace
    ) -> list[HarmonicRecord]:
        """Sample, task by task."""
        from engine.evaluation.harmonic import HarmonicSamples

        found = []
        for task in tasks:
            if isinstance(task, HarmonicTask):
                told = workplace.in_steps(self.words(resolved, task))
                evaluator = evaluator_at(resolved, told)
                found.append(
                    HarmonicSamples(
                        resolved, task, evaluator, told.on_call, told.checkpoint, told.save
                    ).sampled()
                )
        return found
