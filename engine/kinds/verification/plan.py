"""A plan over compositions whose answer is verified: once it has ended, explicit supercells of the answer are relaxed.

Each decoration is a task of its own, so they run side by side. Which there are follows from the problem, the seed and
the records of the plan alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from api_schemas.supercells import SupercellRecord
from engine.kinds.around import Around
from engine.kinds.kind import Answer, Plan
from engine.kinds.verification.answer import verified
from engine.kinds.verification.asked import hindrance, hindrance_words, supercell_tasks

if TYPE_CHECKING:
    from api_schemas.choices import Verify
    from api_schemas.evaluations import EvaluationRecord
    from api_schemas.results import Stopped
    from api_schemas.supercells import SupercellTask
    from api_schemas.tasks import Record, Task
    from engine.problem.resolved import ResolvedProblem


class WithVerification(Around[Plan]):
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
        super().__init__(plan)
        self._answered = answered
        self._resolved = resolved
        self._verify = verify
        self._most = most
        self._seed = seed
        self._told: dict[int, SupercellRecord] = {}

    @property
    def records(self) -> Sequence[Record]:
        """Every record of the plan, then those of the supercells."""
        return [*self._plan.records, *(self._told[index] for index in sorted(self._told))]

    @property
    def planned(self) -> int:
        """At most so many tasks; once the plan has ended, as many as there are."""
        if self._plan.stopped is not None:
            return len(self._plan.records) + len(self._tasks())
        return self._plan.planned + self._most * self._verify.supercells

    @property
    def stopped(self) -> Stopped | None:
        """Why the plan has ended; None until every supercell is told, too."""
        return None if self._missing() else self._plan.stopped

    def ask(self, n: int | None = None) -> Sequence[Task]:
        """What the plan asks for; once it has ended, the supercells, ``n`` at the most."""
        return self._plan.ask(n) if self._plan.stopped is None else self._missing()[:n]

    def tell(self, records: Sequence[Record]) -> None:
        """Add records in any order; one told twice counts once."""
        self._told |= {one.index: one for one in records if isinstance(one, SupercellRecord)}
        others = [one for one in records if not isinstance(one, SupercellRecord)]
        if others:
            self._plan.tell(others)

    def answer(self, stopped: Stopped) -> Answer:
        """The answer so far, with what the supercells that are there say of it."""
        found = verified(self._resolved, self._plan.answer(stopped), self._answered(), self._told.values())
        return replace(found, notes=[*found.notes, *self._notes()])

    def _missing(self) -> list[SupercellTask]:
        """Tasks of supercells that are not told; none before the plan has ended."""
        if self._plan.stopped is None:
            return []
        return [task for task in self._tasks() if task.index not in self._told]

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
