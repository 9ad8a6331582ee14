"""A plan over compositions whose answer is evaluated with other potentials, too, once it has ended.

Each evaluation is a task of its own, so they run side by side. Which there are follows from the problem and the records
of the plan alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from api_schemas.also import OtherPotentialRecord, OtherPotentialTask
from engine.kinds.around import Around
from engine.kinds.kind import Answer, Plan
from engine.kinds.others.entries import entry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from api_schemas.evaluations import EvaluationRecord
    from api_schemas.results import Stopped
    from api_schemas.tasks import Record, Task
    from engine.problem.resolved import ResolvedProblem


class WithOthers(Around[Plan]):
    """A plan and its answer by other potentials.

    Args:
        plan: The plan; told of nothing yet.
        answered: The evaluations that its answer consists of, as it stands.
        resolved: The problem, which names other potentials.
        most: At most so many evaluations are of the answer.
    """

    def __init__(
        self,
        plan: Plan,
        answered: Callable[[], Sequence[EvaluationRecord]],
        resolved: ResolvedProblem,
        most: int,
    ) -> None:
        super().__init__(plan)
        self._answered = answered
        self._resolved = resolved
        self._most = most
        self._told: dict[int, OtherPotentialRecord] = {}

    @property
    def records(self) -> Sequence[Record]:
        """Every record of the plan, then those of the other potentials."""
        return [*self._plan.records, *(self._told[index] for index in sorted(self._told))]

    @property
    def planned(self) -> int:
        """At most so many tasks; once the plan has ended, as many as there are."""
        if self._plan.stopped is not None:
            return len(self._plan.records) + len(self._tasks())
        return self._plan.planned + self._most * len(self._resolved.others)

    @property
    def stopped(self) -> Stopped | None:
        """Why the plan has ended; None until every other potential has told, too."""
        return None if self._missing() else self._plan.stopped

    def ask(self, n: int | None = None) -> Sequence[Task]:
        """What the plan asks for; once it has ended, its answer by the other potentials, ``n`` at the most."""
        return self._plan.ask(n) if self._plan.stopped is None else self._missing()[:n]

    def tell(self, records: Sequence[Record]) -> None:
        """Add records in any order; one told twice counts once."""
        self._told |= {one.index: one for one in records if isinstance(one, OtherPotentialRecord)}
        rest = [one for one in records if not isinstance(one, OtherPotentialRecord)]
        if rest:
            self._plan.tell(rest)

    def answer(self, stopped: Stopped) -> Answer:
        """The answer so far, with what the other potentials that have told say of it."""
        answer = self._plan.answer(stopped)
        of = {record.index: record for record in self._answered()}
        told = sorted(self._told.values(), key=lambda one: (one.evaluation, one.other))
        also = [
            entry(self._resolved.others[one.other], of[one.evaluation], one.found)
            for one in told
            if one.evaluation in of
        ]
        left_out = [
            f"evaluation {record.index + 1} was not evaluated with other potentials: it did not converge"
            for record in of.values()
            if not record.converged and self._plan.stopped is not None
        ]
        return replace(answer, also=also, notes=[*answer.notes, *left_out])

    def _missing(self) -> list[OtherPotentialTask]:
        """Tasks that are not told; none before the plan has ended."""
        if self._plan.stopped is None:
            return []
        return [task for task in self._tasks() if task.index not in self._told]

    def _tasks(self) -> list[OtherPotentialTask]:
        """A task for every evaluation of the answer and every other potential."""
        count = len(self._resolved.others)
        converged = [record for record in self._answered() if record.converged]
        return [
            OtherPotentialTask(
                index=place * count + other,
                tier=self._resolved.problem.potential.tier,
                composition=record.composition,
                evaluation=record.index,
                other=other,
                warm_start=None
                if record.relaxation is None
                else record.relaxation.model_copy(update={"disorder": None}),
            )
            for place, record in enumerate(converged)
            for other in range(count)
        ]
