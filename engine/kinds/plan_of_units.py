"""What plans that ask for tasks of several units have in common: all follows from the records told."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from api_schemas.evaluations import REFERENCE, RELAXATION
from api_schemas.results import Stopped
from engine.kinds.task_plan import TaskPlan

if TYPE_CHECKING:
    from api_schemas.tasks import Record, Task


class PlanOfUnits(TaskPlan, ABC):
    """A plan over several units. Those who derive from it say which tasks there are, as a function of `of`.

    They override `tasks`, `most`, `end` and `answer`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._of_unit: dict[str, dict[int, Record]] = {}

    @property
    def records(self) -> list[Record]:
        """Everything told, by unit and index."""
        return [
            self._of_unit[unit][index]
            for unit in sorted(self._of_unit)
            for index in sorted(self._of_unit[unit])
        ]

    def tell(self, records: Sequence[Record]) -> None:
        """Add records in any order; one told twice counts once."""
        for record in records:
            self._of_unit.setdefault(record.unit, {})[record.index] = record

    def assessed(self, index: int) -> Record:
        """An evaluation of a mixed crystal, as it was told.

        Raises:
            KeyError: if none of this number was told.
        """
        return self._of_unit[RELAXATION][index]

    @property
    def planned(self) -> int:
        """At most so many tasks that count; once it has ended, as many as there were."""
        if self.stopped is not None:
            return sum(len(told) for unit, told in self._of_unit.items() if unit != REFERENCE)
        return self.most

    @property
    def stopped(self) -> Stopped | None:
        """Once nothing is left to be asked for."""
        return None if next(self._missing(), None) is not None else self.end()

    def ask(self, n: int | None = None) -> list[Task]:
        """All that can be computed now, ``n`` at the most."""
        return [task for place, task in enumerate(self._missing()) if n is None or place < n]

    def of(self, unit: str) -> list[Record]:
        """What was told of a unit."""
        return list(self._of_unit.get(unit, {}).values())

    @abstractmethod
    def tasks(self) -> Iterator[Task]:
        """Every task whose turn has come, told or not."""

    @property
    @abstractmethod
    def most(self) -> int:
        """At most so many tasks that count."""

    @abstractmethod
    def end(self) -> Stopped:
        """Why it has ended."""

    def _missing(self) -> Iterator[Task]:
        """Tasks that can be computed now and were not told, in order."""
        known = self._of_unit
        for task in self.tasks():
            if task.index not in known.get(task.unit, {}):
                yield task
