"""What was told of a problem of kind free_energy, question by question. Pure arithmetic on records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.dynamics.estimators import TwoSided, is_met, pairs_wanted, two_sided
from engine.kinds.free_energy.questions import FIRST_RUNS, Question, Questions
from engine.kinds.free_energy.sampled import GROWTH, Sampled, sampled
from engine.mechanics.constants import BOLTZMANN

if TYPE_CHECKING:
    from api_schemas.dynamics import DynamicsRecord, HarmonicRecord
    from api_schemas.evaluations import EvaluationRecord

MOST_FAILED = 3
"""Batches of runs that may fail before those of a question are given up, as long as no run has come to its end."""


@dataclass(frozen=True)
class Runs:
    """Switching runs of a question.

    Attributes:
        forward, backward: Work of the runs that ended, eV per supercell.
        failed: Why runs could not go on.
        warnings: What was noticed.
        batches: Batches of either direction that are wanted up to now.
        ended: Whether no more are wanted, and all came back.
        unfit: Why no run can do, where the time step is too large.
        found: The free energy; None while a direction has no run.
    """

    forward: Sequence[float]
    backward: Sequence[float]
    failed: Sequence[str]
    warnings: Sequence[str]
    batches: int
    ended: bool
    found: TwoSided | None
    unfit: str | None = None


@dataclass(frozen=True, eq=False)
class FreeEnergyTold:
    """Records by their number.

    Attributes:
        questions: What is asked, and which number is of what.
        seed: Of all that is random.
        evaluations: Crystals at rest.
        harmonic: Samples of harmonic crystals.
        dynamics: Segments of runs.
    """

    questions: Questions
    seed: int
    evaluations: Mapping[int, EvaluationRecord]
    harmonic: Mapping[int, HarmonicRecord]
    dynamics: Mapping[int, DynamicsRecord]
    _sampled: dict[int, Sampled] = field(default_factory=dict)
    _switched: dict[int, Runs] = field(default_factory=dict)

    def crystals(self, question: Question) -> list[EvaluationRecord] | None:
        """The crystals of a question; None until all are told."""
        found = [self.evaluations.get(number) for number in question.crystals]
        known = [one for one in found if one is not None]
        return known if len(known) == len(found) else None

    def at_rest(self, question: Question) -> bool:
        """Whether all its crystals are told and came to rest."""
        found = self.crystals(question)
        return found is not None and all(one.converged and one.relaxation is not None for one in found)

    def ends(self, question: Question) -> list[HarmonicRecord] | None:
        """The harmonic crystals at its ends (or of its one crystal); None until they are told."""
        places = (0, 2) if question.changes else (0,)
        found = [self.harmonic.get(self.questions.harmonic(question, place, 0)) for place in places]
        known = [one for one in found if one is not None]
        return known if len(known) == len(found) else None

    def samples(self, question: Question) -> Sampled:
        """How many batches of samples are wanted up to now, and what they say once all came back."""
        if question.number not in self._sampled:
            self._sampled[question.number] = sampled(
                lambda batch: self.harmonic.get(self.questions.harmonic(question, 0, batch)),
                lambda batch: self.harmonic.get(self.questions.harmonic(question, 1, batch)),
                self.questions.options.accuracy,
                self.seed,
            )
        return self._sampled[question.number]

    def switches(self, question: Question) -> bool:
        """Whether its free energy takes switching runs: a change always, a crystal where samples are not enough."""
        if question.changes:
            return self.ends(question) is not None
        found = self.samples(question).found
        return found is not None and not found.enough

    def runs(self, question: Question) -> Runs:
        """The switching runs of a question, whose ends are told, up to now; rounds as of samples."""
        if question.number not in self._switched:
            self._switched[question.number] = self._runs(question)
        return self._switched[question.number]

    def tested(self, question: Question) -> bool:
        """Whether the first segments of either direction are told, which test the time step."""
        return all(self._first(question, forward=forward) is not None for forward in (True, False))

    def _first(self, question: Question, *, forward: bool) -> DynamicsRecord | None:
        return self.dynamics.get(self.questions.dynamics(question, 0, 0, forward=forward))

    def _runs(self, question: Question) -> Runs:
        questions = self.questions
        together, most = questions.together, questions.batches
        wanted = min(most, -(-FIRST_RUNS // together))
        first = [self._first(question, forward=forward) for forward in (True, False)]
        unfit = next((one.failed for one in first if one is not None and one.unfit), None)
        if unfit is not None:
            return Runs((), (), (unfit,), (), 1, self.tested(question), None, unfit)
        ends = self.ends(question)
        accuracy = questions.options.accuracy * (ends[0].atoms if ends else questions.n_sites)
        while True:
            forward, backward, failed, warnings, complete = self._works(question, wanted)
            found = None
            if forward and backward:
                heat = BOLTZMANN * question.temperature
                found = two_sided(forward, backward, heat, seed=self.seed)
            over = len(failed) >= MOST_FAILED if found is None else is_met(found, accuracy)
            if not complete or wanted == most or over:
                return Runs(forward, backward, failed, warnings, wanted, complete, found)
            more = 1 if found is None else -(-pairs_wanted(found, accuracy) // together)
            wanted = min(most, GROWTH * wanted, wanted + max(1, more))

    def _works(
        self, question: Question, batches: int
    ) -> tuple[list[float], list[float], list[str], list[str], bool]:
        works: dict[bool, list[float]] = {True: [], False: []}
        failed, warnings, complete = [], list[str](), True
        last = len(self.questions.segments) - 1
        for batch in range(batches):
            for forward in (True, False):
                chain = [
                    self.dynamics.get(self.questions.dynamics(question, batch, n, forward=forward))
                    for n in range(last + 1)
                ]
                told = [one for one in chain if one is not None]
                warnings += [text for one in told for text in one.warnings]
                broken = next((one.failed for one in told if one.failed), None)
                if broken:
                    failed.append(broken)
                elif (end := chain[last]) is None:
                    complete = False
                else:
                    works[forward] += end.works or []
        return works[True], works[False], failed, list(dict.fromkeys(warnings)), complete

    def ended(self, question: Question) -> bool:
        """Whether nothing is left to be asked of a question."""
        if self.crystals(question) is None:
            return False
        if not self.at_rest(question):
            return True
        if not question.changes:
            first = self.ends(question)
            if first is not None and first[0].unstable:
                return True
            samples = self.samples(question)
            if samples.ended or samples.found is None:
                return samples.ended
        ends = self.ends(question)
        return ends is not None and self.runs(question).ended
