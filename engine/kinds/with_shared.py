"""A plan over compositions with what its evaluations share as tasks beside them.

What the search needs is asked for first, as many tasks as can run side by side. End members that it does not need are
asked for with the first evaluations and hold up nothing: the plan goes on without them, and the evaluations are
completed when they are known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from api_schemas.evaluations import EvaluationRecord, ReferenceRecord
from engine.evaluation.completion import completed
from engine.kinds.around import Around
from engine.references.shared_tasks import shared_tasks

if TYPE_CHECKING:
    from api_schemas.evaluations import ReferenceTask
    from api_schemas.results import Stopped
    from api_schemas.tasks import Record, Task
    from engine.kinds.composition_plan import CompositionPlan
    from engine.kinds.kind import Answer


class WithShared(Around["CompositionPlan"]):
    """A plan over compositions and the tasks of what its evaluations share.

    Args:
        plan: The plan over compositions; told of nothing yet.
    """

    def __init__(self, plan: CompositionPlan) -> None:
        super().__init__(plan)
        self._shared = shared_tasks(plan.resolved, waits=plan.waits)
        self._references: dict[int, ReferenceRecord] = {}

    @property
    def records(self) -> Sequence[EvaluationRecord]:
        """Every evaluation told, completed as far as can be."""
        return self._plan.records

    @property
    def planned(self) -> int:
        """At most so many evaluations."""
        return self._plan.planned

    @property
    def stopped(self) -> Stopped | None:
        """Why the plan has ended; None until every task beside it is told, too."""
        return self._plan.stopped if not self._missing() else None

    def ask(self, n: int | None = None) -> Sequence[Task]:
        """What the search needs first, then evaluations, ``n`` of them at the most.

        What runs in the background stands behind the evaluations, whatever ``n`` is, and is asked for until it is told.
        """
        missing = self._missing()
        needed = [task for task in missing if not task.background]
        return needed[:n] or [*self._plan.ask(n), *missing]

    def tell(self, records: Sequence[Record]) -> None:
        """Add records in any order; one told twice counts once."""
        self._references |= {one.index: one for one in records if isinstance(one, ReferenceRecord)}
        self._plan.tell_members([state for one in self._references.values() for state in one.states])
        evaluations = [one for one in records if isinstance(one, EvaluationRecord)]
        if not self._missing():
            known = {one.index for one in evaluations}
            evaluations += [one for one in self._plan.records if one.incomplete and one.index not in known]
            evaluations = completed(self._plan.resolved, evaluations, list(self._references.values()))
        if evaluations:
            self._plan.tell(evaluations)

    def answer(self, stopped: Stopped) -> Answer:
        """The answer so far."""
        return self._plan.answer(stopped)

    def _missing(self) -> list[ReferenceTask]:
        """Tasks beside the evaluations that are not told."""
        return [task for task in self._shared if task.index not in self._references]
