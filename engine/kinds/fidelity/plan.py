"""A plan whose evaluations are corrected by explicit supercells, which it asks for where they decide the answer.

Once the search has ended by what is known, the evaluation that its answer hangs on gets its supercells; what they say
corrects every evaluation, and the search goes on where its answer does not stand. All follows from the records told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.results import Stopped
from api_schemas.supercells import SupercellRecord
from engine.crystals.holding import held, supercell_holding
from engine.kinds.around import Around
from engine.kinds.fidelity.deciding import undecided
from engine.kinds.kind import Answer, Plan
from engine.kinds.verification.answer import verified
from engine.kinds.verification.asked import hindrance, hindrance_words, supercell_tasks

if TYPE_CHECKING:
    from api_schemas.choices import Verify
    from api_schemas.evaluations import EvaluationRecord
    from api_schemas.supercells import SupercellTask
    from api_schemas.tasks import Record, Task
    from engine.kinds.composition_plan import CompositionPlan


class WithSupercells(Around[Plan]):
    """A plan of alchemical evaluations and the supercells that decide it; both count in its budget.

    Args:
        plan: The plan with what its evaluations share; told of nothing yet.
        inner: The plan over compositions in it.
        verify: How many supercells of an evaluation, and how large.
        seed: Of the decorations.
    """

    def __init__(self, plan: Plan, inner: CompositionPlan, verify: Verify, seed: int) -> None:
        super().__init__(plan)
        self._inner = inner
        self._resolved = inner.resolved
        self._verify = verify
        self._seed = seed
        self._told: dict[int, SupercellRecord] = {}
        self._wanted: list[EvaluationRecord] | None = None

    @property
    def records(self) -> Sequence[Record]:
        """Every record of the plan, then those of the supercells."""
        return [*self._plan.records, *(self._told[index] for index in sorted(self._told))]

    @property
    def planned(self) -> int:
        """At most so many evaluations and supercells; once it has ended, as many as there are."""
        return self._plan.planned if self.stopped is None else len(self.records)

    @property
    def stopped(self) -> Stopped | None:
        """Why the search has ended; None while supercells are wanted."""
        ended = self._plan.stopped
        if ended is None or next(self._missing(), None) is not None:
            return None
        uncorrected = ended.reason == "target_met" and not self._told and self._lacks_budget
        reason = "budget_spent" if uncorrected else ended.reason
        return Stopped(reason=reason, message=f"{ended.message}; {self._words()}")

    def ask(self, n: int | None = None) -> Sequence[Task]:
        """What the search asks for; once that has ended, the supercells that decide it, ``n`` at the most."""
        return self._plan.ask(n) if self._plan.stopped is None else list(self._missing())[:n]

    def tell(self, records: Sequence[Record]) -> None:
        """Add records in any order; one told twice counts once."""
        supercells = [one for one in records if isinstance(one, SupercellRecord)]
        others = [one for one in records if not isinstance(one, SupercellRecord)]
        self._wanted = None
        if others:
            self._plan.tell(others)
        if supercells:
            self._told |= {one.index: one for one in supercells}
            self._inner.learn([self._told[index] for index in sorted(self._told)])

    def answer(self, stopped: Stopped) -> Answer:
        """The answer so far, with what the supercells that are there say."""
        answer = self._plan.answer(stopped)
        found = verified(self._resolved, answer, self._inner.records, self._told.values())
        answered = self._inner.answer_records() if self._plan.stopped is not None else ()
        unsure = [one for one in answered if self._inner.told.differences is not None]
        notes = hindrance_words(self._resolved, unsure, self._verify)
        return replace(found, notes=[*found.notes, *notes])

    def _missing(self) -> Iterator[SupercellTask]:
        """Tasks of the wanted supercells that are not told."""
        last = max((record.index for record in self._inner.records), default=None)
        for record in self._undecided():
            first = record.index * self._verify.supercells
            for task in supercell_tasks(self._resolved, record, self._verify, self._seed, first, after=last):
                if task.index not in self._told:
                    yield task

    def _undecided(self) -> list[EvaluationRecord]:
        """Evaluations that are to have supercells: those begun, else those that decide the answer most."""
        if self._wanted is None:
            self._wanted = [] if self._plan.stopped is None else self._begun() or self._deciding()
        return self._wanted

    def _begun(self) -> list[EvaluationRecord]:
        """Evaluations of which some supercells are told and others are not."""
        counts: dict[int, int] = {}
        for one in self._told.values():
            counts[one.evaluation] = counts.get(one.evaluation, 0) + 1
        return [
            record
            for record in self._inner.records
            if 0 < counts.get(record.index, 0) < self._verify.supercells
        ]

    def _deciding(self) -> list[EvaluationRecord]:
        """Those that decide the answer and can be made, within the budget; as many at a time as a batch has."""
        told, each = self._inner.told, self._verify.supercells
        known = told.differences
        most = min(self._left // each, max(1, (self._resolved.problem.strategy.batch_size or 1) // each))
        if known is None or most < 1:
            return []
        answer = [record.index for record in self._inner.answer_records()]
        numbers = undecided(told, answer, front=self._inner.seeks_front)
        of = {record.index: record for record in told.records}
        wanted: list[EvaluationRecord] = []
        places: list[np.ndarray] = []
        for number in numbers:
            record = of[number]
            if len(wanted) == most or hindrance(self._resolved, record, self._verify) is not None:
                continue
            x = self._holds(record)
            if known.holds(x) or any(np.allclose(x, other, rtol=0.0, atol=1e-9) for other in places):
                continue  # the same decorations: they would say nothing new
            wanted.append(record)
            places.append(x)
        return wanted

    @property
    def _left(self) -> int:
        """Evaluations of the budget that were not made."""
        return self._inner.planned - len(self._inner.records) - len(self._told)

    def _holds(self, record: EvaluationRecord) -> np.ndarray:
        """The composition that supercells of an evaluation hold, [n_columns]."""
        crystal, x = self._resolved.crystal, self._resolved.space.to_vector(record.composition)
        return held(crystal, x, supercell_holding(crystal, x, self._verify.sites).n_cells)

    def _words(self) -> str:
        """What the supercells were of, for a message."""
        count, of = len(self._told), len({one.evaluation for one in self._told.values()})
        if not count:
            return self._why_none()
        plural = "s" if count > 1 else ""
        return f"corrected by {count} supercell{plural} of {of} composition{'s' if of > 1 else ''}"

    def _why_none(self) -> str:
        """Why nothing was corrected."""
        if not self._inner.answer_records():
            return "no supercell was needed: there is no answer to correct"
        if not self._can_be_made:
            return "no supercell of the answer could be made"
        if self._lacks_budget:
            words = "the answer is not corrected by supercells: no evaluation was left for them"
            return f"{words}; raise strategy.max_evaluations"
        return "no supercell was needed"

    @property
    def _can_be_made(self) -> bool:
        """Whether anything of the answer can have supercells."""
        answer = self._inner.answer_records()
        return any(hindrance(self._resolved, record, self._verify) is None for record in answer)

    @property
    def _lacks_budget(self) -> bool:
        """Whether supercells of the answer are more than what is left."""
        return self._left < self._verify.supercells and self._can_be_made
