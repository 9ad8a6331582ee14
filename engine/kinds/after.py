"""A plan over compositions that goes on with its answer once it has ended: tasks of the evaluations in it.

Each is a task of its own, so they run side by side. Which there are follows from the problem, the seed and the records
of the plan alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Generic, TypeVar

from api_schemas.tasks import Record
from engine.kinds.around import Around
from engine.kinds.kind import Answer, Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from api_schemas.evaluations import EvaluationRecord
    from api_schemas.results import Stopped
    from api_schemas.tasks import Task
    from engine.problem.resolved import ResolvedProblem

_Of = TypeVar("_Of", bound=Record)


class After(Around[Plan], ABC, Generic[_Of]):
    """A plan and the tasks of its answer. Those who derive from it say which there are and what they tell.

    Args:
        plan: The plan; told of nothing yet.
        answered: The evaluations that its answer consists of, as it stands.
        resolved: The problem.
        kept: What comes back for such a task.
        most: At most so many tasks of the answer.
    """

    def __init__(
        self,
        plan: Plan,
        answered: Callable[[], Sequence[EvaluationRecord]],
        resolved: ResolvedProblem,
        kept: type[_Of],
        most: int,
    ) -> None:
        super().__init__(plan)
        self._answered = answered
        self._resolved = resolved
        self._kept = kept
        self._most = most
        self._told: dict[int, _Of] = {}

    @property
    def records(self) -> Sequence[Record]:
        """Every record of the plan, then those of the answer's tasks."""
        return [*self._plan.records, *(self._told[index] for index in sorted(self._told))]

    @property
    def planned(self) -> int:
        """At most so many tasks; once the plan has ended, as many as there are."""
        if self._plan.stopped is not None:
            return len(self._plan.records) + len(self._tasks())
        return self._plan.planned + self._most

    @property
    def stopped(self) -> Stopped | None:
        """Why the plan has ended; None until every task of its answer is told, too."""
        return None if self._missing() else self._plan.stopped

    def ask(self, n: int | None = None) -> Sequence[Task]:
        """What the plan asks for; once it has ended, the tasks of its answer, ``n`` at the most."""
        return self._plan.ask(n) if self._plan.stopped is None else self._missing()[:n]

    def tell(self, records: Sequence[Record]) -> None:
        """Add records in any order; one told twice counts once."""
        self._told |= {one.index: one for one in records if isinstance(one, self._kept)}
        rest = [one for one in records if not isinstance(one, self._kept)]
        if rest:
            self._plan.tell(rest)

    @abstractmethod
    def answer(self, stopped: Stopped) -> Answer:
        """The answer so far, with what the tasks that have been told say of it."""

    @abstractmethod
    def _tasks(self) -> Sequence[Task]:
        """Every task of the answer as it stands, told or not."""

    def _missing(self) -> list[Task]:
        """Tasks of the answer that are not told; none before the plan has ended."""
        if self._plan.stopped is None:
            return []
        return [task for task in self._tasks() if task.index not in self._told]
