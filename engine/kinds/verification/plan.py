"""A plan over compositions whose answer is verified: once it has ended, explicit supercells of it are relaxed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from api_schemas.supercells import SupercellRecord
from engine.kinds.after import After
from engine.kinds.kind import Answer, Plan
from engine.kinds.verification.answer import verified
from engine.kinds.verification.asked import hindrance, hindrance_words, supercell_tasks

if TYPE_CHECKING:
    from api_schemas.choices import Verify
    from api_schemas.evaluations import EvaluationRecord
    from api_schemas.results import Stopped
    from api_schemas.supercells import SupercellTask
    from engine.problem.resolved import ResolvedProblem


class WithVerification(After[SupercellRecord]):
    """A plan and the explicit supercells of what it found.

    Args:
        plan: The plan; told of nothing yet.
        answered: The evaluations that its answer consists of, as it stands.
        resolved: The problem.
        verify: How many supercells, and how large.
        most: At most so many evaluations are verified.
        seed: Of the decorations.
    """

    def __init__(
        self,
        plan: Plan,
        answered: Callable[[], Sequence[EvaluationRecord]],
        resolved: ResolvedProblem,
        verify: Verify,
        most: int,
        seed: int,
    ) -> None:
        super().__init__(plan, answered, resolved, SupercellRecord, most * verify.supercells)
        self._verify = verify
        self._seed = seed

    def answer(self, stopped: Stopped) -> Answer:
        """The answer so far, with what the supercells that are there say of it."""
        found = verified(self._resolved, self._plan.answer(stopped), self._answered(), self._told.values())
        return replace(found, notes=[*found.notes, *self._notes()])

    def _tasks(self) -> list[SupercellTask]:
        """A task for every decoration of every evaluation that can be verified."""
        count = self._verify.supercells
        wanted = [
            record for record in self._answered() if hindrance(self._resolved, record, self._verify) is None
        ]
        return [
            task
            for place, record in enumerate(wanted)
            for task in supercell_tasks(self._resolved, record, self._verify, self._seed, place * count)
        ]

    def _notes(self) -> list[str]:
        """Which parts of the answer were not verified, and why."""
        if self._plan.stopped is None:
            return []
        return hindrance_words(self._resolved, self._answered(), self._verify)
