"""The unit ``decorations``: energies of many decorations of one composition, unrelaxed, a batch at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.decorations import DECORATIONS, DecorationsRecord, DecorationsTask
from engine.units.one_by_one import OneByOne

if TYPE_CHECKING:
    from engine.evaluation.evaluator import Evaluator
    from engine.problem.resolved import ResolvedProblem
    from engine.units.unit import Workplace


class Decorations(OneByOne[DecorationsTask, DecorationsRecord]):
    """Ranks decorations; a task holds as many as are computed before progress is told."""

    name = DECORATIONS
    task = DecorationsTask
    record = DecorationsRecord

    def said(self, resolved: ResolvedProblem, task: DecorationsTask) -> str:
        """How many there are: ``ranking 64 decorations of evaluation 2``."""
        del resolved
        count = len(task.decorations)
        counted = "1 decoration" if count == 1 else f"{count} decorations"
        return f"ranking {counted} of evaluation {task.evaluation + 1}"

    def computed(
        self, resolved: ResolvedProblem, task: DecorationsTask, evaluator: Evaluator, workplace: Workplace
    ) -> DecorationsRecord:
        """Compute the energies of decorations."""
        from engine.evaluation.decorations import unrelaxed

        return unrelaxed(resolved, task, evaluator, workplace.on_call)
