"""Units whose tasks fill a core each: computed one after the other, every potential call told as a step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from api_schemas.tasks import Record, Task
from engine.tiers.mean_field import evaluator_at
from engine.units.unit import OF_THE_PLAN

if TYPE_CHECKING:
    from engine.evaluation.evaluator import Evaluator
    from engine.problem.resolved import ResolvedProblem
    from engine.units.unit import Workplace

T = TypeVar("T", bound=Task)
R = TypeVar("R", bound=Record)


class OneByOne(ABC, Generic[T, R]):
    """A unit of such tasks; see `engine.units.unit.Unit`. Those who derive from it say what a task does, and do it.

    Attributes:
        name: As tasks name it.
        task: The form of its tasks.
        record: The form of its records.
        without_effect: Fields of a problem on which its records do not depend.
    """

    name: str
    task: type[T]
    record: type[R]
    without_effect = OF_THE_PLAN

    @abstractmethod
    def said(self, resolved: ResolvedProblem, task: T) -> str:
        """What the task does, for people."""

    @abstractmethod
    def computed(self, resolved: ResolvedProblem, task: T, evaluator: Evaluator, workplace: Workplace) -> R:
        """Compute a task.

        Args:
            resolved: The problem.
            task: The task.
            evaluator: Of the problem, at the workplace.
            workplace: Where it is computed; each of its potential calls is told as a step.
        """

    def together(self, resolved: ResolvedProblem) -> int:
        """One."""
        del resolved
        return 1

    def words(self, resolved: ResolvedProblem, task: Task) -> str:
        """What the task does, for people; the unit's name for a task of another."""
        return self.said(resolved, task) if isinstance(task, self.task) else self.name

    def perform(self, resolved: ResolvedProblem, tasks: Sequence[Task], workplace: Workplace) -> list[R]:
        """Compute tasks, in order."""
        found = []
        for task in tasks:
            if isinstance(task, self.task):
                told = workplace.in_steps(self.said(resolved, task))
                found.append(self.computed(resolved, task, evaluator_at(resolved, told), told))
        return found
