"""A plan over compositions whose answer is verified: once it has ended, explicit supercells of the answer are relaxed.

Each decoration is a task of its own, so they run side by side. Which there are follows from the problem, the seed and
the records of the plan alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from api_schemas.supercells import SupercellRecord, SupercellTask
from engine.kinds.around import Around
from engine.kinds.computed import Computed
from engine.kinds.kind import Answer, Plan
from engine.kinds.verification import holding
from engine.kinds.verification.entries import entries

if TYPE_CHECKING:
    from api_schemas.base import Composition
    from api_schemas.choices import Verify
    from api_schemas.evaluations import Evaluation, EvaluationRecord, RelaxationState
    from api_schemas.results import Stopped
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
        answer = self._plan.answer(stopped)
        of = {record.index: record for record in self._answered()}
        told: dict[int, list[SupercellRecord]] = {}
        for one in sorted(self._told.values(), key=lambda one: (one.evaluation, one.decoration)):
            if one.evaluation in of:
                told.setdefault(one.evaluation, []).append(one)
        found = [entry for number in told for entry in entries(self._resolved, of[number], told[number])]
        left = {
            _key(of[number].composition): any(one.left_parent for one in made)
            for number, made in told.items()
        }
        evaluations = answer.evaluations
        return replace(
            answer,
            best=None if answer.best is None else _marked(answer.best, left),
            front=[_marked(one, left) for one in answer.front],
            evaluations=Computed(len(evaluations), lambda place: _marked(evaluations[place], left)),
            verification=found,
            notes=[*answer.notes, *self._notes()],
        )

    def _missing(self) -> list[SupercellTask]:
        """Tasks of supercells that are not told; none before the plan has ended."""
        if self._plan.stopped is None:
            return []
        return [task for task in self._tasks() if task.index not in self._told]

    def _tasks(self) -> list[SupercellTask]:
        """A task for every decoration of every evaluation that can be verified."""
        count = self._verify.supercells
        verified = [record for record in self._answered() if self._hindrance(record) is None]
        return [
            SupercellTask(
                index=place * count + decoration,
                tier=self._resolved.problem.potential.tier,
                composition=record.composition,
                evaluation=record.index,
                decoration=decoration,
                sites=self._verify.sites,
                seed=self._seed,
                warm_start=_start_of(record),
            )
            for place, record in enumerate(verified)
            for decoration in range(count)
        ]

    def _hindrance(self, record: EvaluationRecord) -> str | None:
        """Why an evaluation cannot be verified."""
        if not record.converged:
            return "did not converge"
        crystal, x = self._resolved.crystal, self._resolved.space.to_vector(record.composition)
        if not holding.is_mixed(crystal, x):
            return "mixes nothing: its crystal is explicit already"
        absent = holding.lost(crystal, x, self._verify.sites)
        if absent:
            return (
                f"has too little {absent[0]} ({holding.words(crystal.columns, x)}) for supercells of "
                f"{self._verify.sites} sites: {holding.enough(crystal, x)}"
            )
        return None

    def _notes(self) -> list[str]:
        """Which parts of the answer were not verified, and why."""
        if self._plan.stopped is None:
            return []
        reasons = [(record.index, self._hindrance(record)) for record in self._answered()]
        return [
            f"evaluation {index + 1} was not verified: it {reason}"
            for index, reason in reasons
            if reason is not None
        ]


def _start_of(record: EvaluationRecord) -> RelaxationState | None:
    """The mean-field crystal of an evaluation; what a tier makes of it is of no use to a supercell."""
    return None if record.relaxation is None else record.relaxation.model_copy(update={"disorder": None})


def _marked(evaluation: Evaluation, left: Mapping[str, bool]) -> Evaluation:
    """An evaluation with whether its explicit supercells left the parent lattice, where there are any."""
    found = left.get(_key(evaluation.composition))
    return evaluation if found is None else evaluation.model_copy(update={"left_parent": found})


def _key(composition: Composition) -> str:
    return json.dumps(composition)
