"""The unit ``other_potential``: a composition of an answer relaxed with another potential than its search's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.also import OTHER_POTENTIAL, OtherPotentialRecord, OtherPotentialTask
from api_schemas.evaluations import Suggestion
from engine.tiers.registry import TIERS
from engine.units.unit import OF_THE_PLAN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api_schemas.tasks import Task
    from engine.problem.resolved import ResolvedProblem
    from engine.units.unit import Workplace


class OtherPotential:
    """Relaxes compositions in the tier of the task, with everything that they compare with: targets, end members."""

    name = OTHER_POTENTIAL
    task = OtherPotentialTask
    record = OtherPotentialRecord
    without_effect = OF_THE_PLAN

    def together(self, resolved: ResolvedProblem) -> int:
        """One: an answer is one composition."""
        del resolved
        return 1

    def words(self, resolved: ResolvedProblem, task: Task) -> str:
        """Which evaluation it is, counted from 1, and with what: ``evaluation 3 with sevennet-0``."""
        number = task.evaluation if isinstance(task, OtherPotentialTask) else task.index
        return f"evaluation {number + 1} with {resolved.potential.name}"

    def perform(
        self, resolved: ResolvedProblem, tasks: Sequence[Task], workplace: Workplace
    ) -> list[OtherPotentialRecord]:
        """Relax compositions, one after the other.

        Args:
            resolved: The problem as the other potential has it.
            tasks: What to evaluate.
            workplace: Where.
        """
        records = []
        for task in tasks:
            if not isinstance(task, OtherPotentialTask):
                continue
            start = {} if task.warm_start is None else {"warm_start_composition": task.composition}
            suggestion = Suggestion(
                index=task.evaluation,
                composition=task.composition,
                tier=task.tier,
                warm_start=task.warm_start,
                **start,
            )
            told = workplace.in_steps(self.words(resolved, task))
            (found,) = TIERS[task.tier].relaxed(resolved, [suggestion], told)
            records.append(
                OtherPotentialRecord(
                    index=task.index,
                    cost=found.cost,
                    evaluation=task.evaluation,
                    other=0 if task.other is None else task.other,
                    found=found.model_copy(update={"relaxation": None}),
                )
            )
        return records
