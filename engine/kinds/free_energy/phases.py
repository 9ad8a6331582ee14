"""The plan of path phases: the free energies of two crystals, each by a plan of its own, and how they compare.

Task n of the plan of phase p is task 2 n + p here, and says of which phase it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from api_schemas.dynamics import BatchingTask, DynamicsTask, HarmonicTask, RestingCrystal, ThermalCellTask
from api_schemas.free_energies import FreeEnergyAnswer
from api_schemas.results import Stopped
from engine.crystals.symmetry import space_group
from engine.kinds.free_energy.answer import CONVENTION, IN_CELLS, free_energies
from engine.kinds.free_energy.comparison import compared, comparison
from engine.kinds.free_energy.plan import FreeEnergyPlan
from engine.kinds.free_energy.questions import Questions
from engine.kinds.kind import Answer
from engine.kinds.plan_of_units import PlanOfUnits

if TYPE_CHECKING:
    from api_schemas.tasks import Record, Task
    from engine.problem.resolved import ResolvedProblem

CONVENTION_OF_PHASES = (
    "Differences are those of the second phase less the first, per atom, each with 3 N vibrations: three more that are "
    "as the others on average, so that supercells of two sizes compare. Of each phase by itself: "
)


class PhasesPlan(PlanOfUnits):
    """Free energies of two crystals.

    Args:
        resolved: The problem, which compares two.
        seed: Of the first phase; the second has the next one, so that their errors know nothing of each other.
    """

    def __init__(self, resolved: ResolvedProblem, seed: int) -> None:
        super().__init__()
        self.resolved = resolved
        self._names = phase_names(resolved)
        self._plans = [
            FreeEnergyPlan(phase, Questions(phase), seed + number)
            for number, phase in enumerate(resolved.phases)
        ]

    def tell(self, records: Sequence[Record]) -> None:
        """Add records in any order; one told twice counts once."""
        super().tell(records)
        count = len(self._plans)
        for phase, plan in enumerate(self._plans):
            own = [one for one in records if one.index % count == phase]
            plan.tell([one.model_copy(update={"index": one.index // count}) for one in own])

    def tasks(self) -> Iterator[Task]:
        """Every task whose turn has come, told or not, phase by phase."""
        for phase, plan in enumerate(self._plans):
            for task in plan.tasks():
                yield self._numbered(task, phase)

    @property
    def most(self) -> int:
        """At most so many tasks that count, of both."""
        return sum(plan.most for plan in self._plans)

    def end(self) -> Stopped:
        """The accuracy is met everywhere, or what may be spent is spent."""
        options = self.resolved.problem.free_energy
        accuracy = 0.0 if options is None else options.accuracy
        pairs = compared(*(plan.told for plan in self._plans))
        met = sum(one.is_accurate(accuracy) for one in pairs)
        within = f"within {1000 * accuracy:g} meV/atom"
        if met == len(pairs):
            count = "the difference is" if met == 1 else f"all {met} differences are"
            return Stopped(reason="accuracy_met", message=f"{count} known {within}")
        return Stopped(
            reason="budget_spent",
            message=f"{met} of {len(pairs)} differences are known {within}; give budget.runs or budget.steps more for "
            "the others, unless their warnings say otherwise",
        )

    def answer(self, stopped: Stopped) -> Answer:
        """The answer so far."""
        del stopped
        options = self.resolved.problem.free_energy
        in_cell = IN_CELLS["nvt" if options is None else options.ensemble]
        found = [
            one.model_copy(update={"phase": name, "text": f"{name}: {one.text}"})
            for name, plan in zip(self._names, self._plans, strict=True)
            for one in free_energies(plan.told)
        ]
        answer = FreeEnergyAnswer(
            free_energies=found,
            comparison=comparison(self.resolved, self._names, *(plan.told for plan in self._plans)),
            convention=CONVENTION_OF_PHASES + in_cell + CONVENTION,
        )
        return Answer(own=answer.model_dump(mode="json"))

    def _numbered(self, task: Task, phase: int) -> Task:
        """A task of a phase's own plan as one of this plan."""

        def number(own: int) -> int:
            return len(self._plans) * own + phase

        def resting(crystal: RestingCrystal) -> RestingCrystal:
            return crystal.model_copy(update={"evaluation": number(crystal.evaluation)})

        changes: dict[str, Any] = {"index": number(task.index), "phase": phase}
        if task.continues is not None:
            changes["continues"] = number(task.continues)
        if isinstance(task, HarmonicTask | ThermalCellTask):
            changes["crystal"] = resting(task.crystal)
        elif isinstance(task, DynamicsTask | BatchingTask):
            changes["crystals"] = [resting(one) for one in task.crystals]
        return task.model_copy(update=changes)


def phase_names(resolved: ResolvedProblem) -> list[str]:
    """What the phases of a problem are called: by their prototype, else by their space group; told apart by numbers."""
    found = []
    for phase in resolved.phases:
        crystal = phase.crystal
        group = space_group(crystal.lattice, crystal.frac, crystal.labels)
        found.append(phase.problem.structure.prototype or (group[0] if group else "phase"))
    if len(set(found)) == len(found):
        return found
    return [f"{name} {number}" for number, name in enumerate(found, 1)]
