"""The unit ``relaxation``: one composition relaxed, with every property and its exact gradient, in the task's tier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from api_schemas.evaluations import RELAXATION, EvaluationRecord, Suggestion
from engine.crystals.together import batch_size
from engine.tiers.registry import TIERS
from engine.units.unit import OF_THE_PLAN, words_of

if TYPE_CHECKING:
    from api_schemas.tasks import Task
    from engine.problem.resolved import ResolvedProblem
    from engine.units.unit import Workplace

TOGETHER = 4
"""Compositions relaxed at once in one process: faster than one by one, and progress is still seen."""


class Relaxation:
    """Relaxes compositions and differentiates their properties."""

    name = RELAXATION
    task = Suggestion
    record = EvaluationRecord
    without_effect = OF_THE_PLAN

    def together(self, resolved: ResolvedProblem) -> int:
        """How many compositions are relaxed at a time: of a large crystal one, so that workers can share them."""
        return min(TOGETHER, batch_size(resolved.crystal))

    def words(self, resolved: ResolvedProblem, task: Task) -> str:
        """Which evaluation it is, counted from 1."""
        del resolved
        return f"evaluation {task.index + 1}"

    def perform(
        self, resolved: ResolvedProblem, tasks: Sequence[Task], workplace: Workplace
    ) -> list[EvaluationRecord]:
        """Relax compositions of one tier, in order."""
        suggestions = [task for task in tasks if isinstance(task, Suggestion)]
        (tier,) = {task.tier for task in tasks}
        told = workplace.in_steps(words_of(self, resolved, tasks))
        return TIERS[tier].relaxed(resolved, suggestions, told)
