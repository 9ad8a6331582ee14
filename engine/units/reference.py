"""The unit ``reference``: what evaluations share, relaxed once and kept by content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.evaluations import REFERENCE, ReferenceRecord, ReferenceTask
from engine.units.one_by_one import OneByOne

if TYPE_CHECKING:
    from engine.evaluation.evaluator import Evaluator
    from engine.problem.resolved import ResolvedProblem
    from engine.units.unit import Workplace


class Reference(OneByOne[ReferenceTask, ReferenceRecord]):
    """Relaxes end members, elemental phases, and crystals of targets and substrates; a task holds a batch."""

    name = REFERENCE
    task = ReferenceTask
    record = ReferenceRecord

    def said(self, resolved: ResolvedProblem, task: ReferenceTask) -> str:
        """What is relaxed: ``relaxing the reference Mn, 58 atoms``."""
        from engine.references.shared_tasks import words_of

        return words_of(resolved, task)

    def computed(
        self, resolved: ResolvedProblem, task: ReferenceTask, evaluator: Evaluator, workplace: Workplace
    ) -> ReferenceRecord:
        """Relax what the task names, unless the store of the workplace has it."""
        del resolved, workplace
        return evaluator.reference(task)
