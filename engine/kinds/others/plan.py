"""A plan over compositions whose answer is evaluated with other potentials, too, once it has ended."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from api_schemas.also import OtherPotentialRecord, OtherPotentialTask
from engine.kinds.after import After
from engine.kinds.kind import Answer, Plan
from engine.kinds.others.entries import entry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from api_schemas.evaluations import EvaluationRecord
    from api_schemas.results import Stopped
    from engine.problem.resolved import ResolvedProblem


class WithOthers(After[OtherPotentialRecord]):
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
        super().__init__(plan, answered, resolved, OtherPotentialRecord, most * len(resolved.others))

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
