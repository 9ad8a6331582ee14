"""Stages: a plan in parts that follow one another, each a plan of its own over the records of those before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from api_schemas.evaluations import EvaluationRecord, Suggestion
from api_schemas.results import Stopped
from engine.kinds.told import Told


class Stage(Protocol):
    """A part of a plan: it begins when the one before has ended."""

    def owns(self, record: EvaluationRecord) -> bool:
        """Whether a record answers a task of this stage."""

    def tell(self, told: Told) -> None:
        """Take everything told of this stage and of those before it, in place of what was told earlier."""

    def ask(self, n: int | None) -> list[Suggestion]:
        """The next tasks, ``n`` at the most; empty once the stage has ended."""

    def ended(self, before: Stopped | None) -> Stopped | None:
        """Why the plan has ended with this stage, None while the stage goes on.

        Args:
            before: What the stage before it says.
        """


class Stages:
    """Stages one after the other.

    Args:
        first: The first stage.
        others: The stages that follow it.
    """

    def __init__(self, first: Stage, *others: Stage) -> None:
        self._stages = (first, *others)

    def tell(self, told: Told) -> None:
        """Take everything told: each stage gets the records of its own tasks and of the stages before."""
        for number, stage in enumerate(self._stages):
            later = self._stages[number + 1 :]
            records = [one for one in told.records if not any(other.owns(one) for other in later)]
            stage.tell(told if len(records) == len(told.records) else told.only(records))

    def ask(self, n: int | None) -> list[Suggestion]:
        """The tasks of the first stage that goes on."""
        before: Stopped | None = None
        for stage in self._stages:
            ended = stage.ended(before)
            if ended is None:
                return stage.ask(n)
            before = ended
        return []

    @property
    def ended(self) -> Stopped | None:
        """Why the last stage has ended, None while any goes on."""
        before: Stopped | None = None
        for stage in self._stages:
            ended = stage.ended(before)
            if ended is None:
                return None
            before = ended
        return before


def in_order(known: Sequence[EvaluationRecord], told: Sequence[EvaluationRecord]) -> list[EvaluationRecord]:
    """Records by index: those known, and those told, which replace one of the same index."""
    by_index = {record.index: record for record in (*known, *told)}
    return [by_index[index] for index in sorted(by_index)]
