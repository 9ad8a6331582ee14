"""What was told of a problem of kind free_energy, leg by leg. Pure arithmetic on records."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from engine.dynamics.estimators import TwoSided, is_met, pairs_wanted, two_sided
from engine.dynamics.schedules import equal_dissipation, linear
from engine.kinds.free_energy.questions import (
    FIRST_RUNS,
    MOST_ATTEMPTS,
    SETTLING_SOFT,
    Questions,
)
from engine.kinds.free_energy.sampled import GROWTH, Sampled, sampled
from engine.mechanics.constants import BOLTZMANN

if TYPE_CHECKING:
    from api_schemas.dynamics import BatchingRecord, DynamicsRecord, HarmonicRecord, ThermalCellRecord
    from api_schemas.evaluations import EvaluationRecord
    from engine.kinds.free_energy.legs import Leg

MOST_FAILED = 3
"""Batches of runs that may fail before those of a leg are given up, as long as no run has come to its end."""


@dataclass(frozen=True)
class Runs:
    """Switching runs of a leg.

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
        cells: Cells at temperatures.
        batching: How many runs are computed together, by measurement; one record at the most.
    """

    questions: Questions
    seed: int
    evaluations: Mapping[int, EvaluationRecord]
    harmonic: Mapping[int, HarmonicRecord]
    dynamics: Mapping[int, DynamicsRecord]
    cells: Mapping[int, ThermalCellRecord] = field(default_factory=dict)
    batching: Sequence[BatchingRecord] = ()
    _sampled: dict[int, Sampled] = field(default_factory=dict)
    _switched: dict[int, Runs] = field(default_factory=dict)

    def crystals(self, leg: Leg) -> list[EvaluationRecord] | None:
        """The crystals of a leg; None until all are told."""
        found = [self.evaluations.get(number) for number in leg.crystals]
        known = [one for one in found if one is not None]
        return known if len(known) == len(found) else None

    def at_rest(self, leg: Leg) -> bool:
        """Whether all its crystals are told, came to rest, and have the cells that are asked for."""
        return self._rests(leg) and all(one is not None and not one.failed for one in self.cells_of(leg))

    def _rests(self, leg: Leg) -> bool:
        found = self.crystals(leg)
        return found is not None and all(one.converged and one.relaxation is not None for one in found)

    def cells_of(self, leg: Leg) -> list[ThermalCellRecord | None]:
        """Of its crystals the cells at its temperature, None where one is not told; none where cells are at rest."""
        if not self.questions.expands:
            return []
        return [self.cells.get(self.questions.cell(number, leg.temperature)) for number in leg.crystals]

    def wants_cells(self, leg: Leg) -> bool:
        """Whether its crystals came to rest, so that their cells at its temperature can be found."""
        return self.questions.expands and self._rests(leg)

    def ends(self, leg: Leg) -> list[HarmonicRecord] | None:
        """The harmonic crystals at its ends (or of its one crystal); None until they are told."""
        found = [self.harmonic.get(self.questions.harmonic(leg, place, 0)) for place in leg.places]
        known = [one for one in found if one is not None]
        return known if len(known) == len(found) else None

    def samples(self, leg: Leg) -> Sampled:
        """How many batches of samples are wanted up to now, and what they say once all came back."""
        if leg.number not in self._sampled:
            self._sampled[leg.number] = sampled(
                lambda batch: self.harmonic.get(self.questions.harmonic(leg, 0, batch)),
                lambda batch: self.harmonic.get(self.questions.harmonic(leg, 1, batch)),
                lambda atoms: self.questions.wanted_error(leg, atoms),
                self.seed,
            )
        return self._sampled[leg.number]

    def switches(self, leg: Leg) -> bool:
        """Whether its free energy takes switching runs: always, but of a crystal where samples are enough."""
        if not leg.sampled:
            ends = self.ends(leg)
            return ends is not None and (leg.changes or ends[0].defect is not None)
        if self.from_einstein(leg):
            return True
        found = self.samples(leg).found
        return found is not None and not found.enough

    def from_einstein(self, leg: Leg) -> bool:
        """Whether its reference is the Einstein crystal: where it is asked for, or the crystal turned out unstable."""
        options, ends = self.questions.options, self.ends(leg)
        if ends is None or not leg.sampled or options.reference == "harmonic":
            return False
        return options.reference == "einstein" or (options.path == "absolute" and bool(ends[0].unstable))

    def settling(self, leg: Leg, *, forward: bool) -> int:
        """Steps that its runs take to come to equilibrium."""
        return SETTLING_SOFT if self.from_einstein(leg) and not forward else self.questions.settling

    def segments(self, leg: Leg, *, forward: bool) -> list[tuple[int, int]]:
        """Steps at which each segment of its runs begins and ends."""
        return self.questions.segments(self.settling(leg, forward=forward), self.replicas)

    @property
    def measures(self) -> bool:
        """Whether it is still to be measured how many runs are computed together."""
        return self.questions.replicas is None and not self.batching

    @property
    def replicas(self) -> int:
        """Runs of one direction that are computed together; the most while that is not measured."""
        if self.questions.replicas is not None:
            return self.questions.replicas
        return self.batching[0].replicas if self.batching else self.questions.most_replicas

    @property
    def most_batches(self) -> int:
        """At most so many batches of runs of one direction."""
        return math.ceil(self.questions.options.budget.runs / self.replicas)

    @property
    def first_batches(self) -> int:
        """Of either direction, that are asked for at once; with schedule adaptive they show where work is lost."""
        return min(self.most_batches, math.ceil(FIRST_RUNS / self.replicas))

    def pace(self, leg: Leg) -> list[float] | None:
        """Of the runs after the first ones, which are told (`DynamicsTask.pace`); None for one speed."""
        options = self.questions.options
        if options.schedule == "linear":
            return None
        lost = []
        for forward in (True, False):
            chains = [self.chain(leg, batch, forward=forward) for batch in range(self.first_batches)]
            ended = [one for one in chains if one and one[-1].works is not None]
            if not ended:
                return None
            parts = [record.work_by_part for chain in ended for record in chain if record.work_by_part]
            lost.append(np.sum(parts, axis=0) / len(ended))
        return equal_dissipation(linear(options.budget.steps), lost[0], lost[1], 1.0).tolist()

    def chain(self, leg: Leg, batch: int, *, forward: bool) -> list[DynamicsRecord]:
        """What was told of the segments of a batch, in order."""
        attempt, run = self.attempt(leg), batch * self.replicas
        count = len(self.segments(leg, forward=forward))
        numbers = (
            self.questions.dynamics(leg, run, n, forward=forward, attempt=attempt) for n in range(count)
        )
        return [self.dynamics[number] for number in numbers if number in self.dynamics]

    def attempt(self, leg: Leg) -> int:
        """How often the time step of its runs was made shorter, since it was too long."""
        if not isinstance(self.questions.options.timestep, str):
            return 0
        for attempt in range(MOST_ATTEMPTS - 1):
            first = [self._first(leg, attempt, forward=forward) for forward in (True, False)]
            if not any(one is not None and one.unfit for one in first):
                return attempt
        return MOST_ATTEMPTS - 1

    def runs(self, leg: Leg) -> Runs:
        """The switching runs of a leg, whose ends are told, up to now; rounds as of samples."""
        if leg.number not in self._switched:
            self._switched[leg.number] = self._runs(leg)
        return self._switched[leg.number]

    def tested(self, leg: Leg) -> bool:
        """Whether the first segments of either direction are told, which test the time step."""
        attempt = self.attempt(leg)
        return all(self._first(leg, attempt, forward=forward) is not None for forward in (True, False))

    def _first(self, leg: Leg, attempt: int, *, forward: bool) -> DynamicsRecord | None:
        return self.dynamics.get(self.questions.dynamics(leg, 0, 0, forward=forward, attempt=attempt))

    def _runs(self, leg: Leg) -> Runs:
        questions, replicas, most = self.questions, self.replicas, self.most_batches
        wanted = self.first_batches
        attempt = self.attempt(leg)
        first = [self._first(leg, attempt, forward=forward) for forward in (True, False)]
        unfit = next((one.failed for one in first if one is not None and one.unfit), None)
        if unfit is not None and attempt == MOST_ATTEMPTS - 1:
            unfit += ", as with all longer ones that were tried: the crystal may not hold together at this temperature"
        if unfit is not None:
            return Runs((), (), (unfit,), (), 1, self.tested(leg), None, unfit)
        ends = self.ends(leg)
        accuracy = questions.wanted_error(leg, ends[0].atoms if ends else questions.n_sites)
        while True:
            forward, backward, failed, warnings, complete = self._works(leg, wanted)
            found = None
            if forward and backward:
                heat = BOLTZMANN * leg.temperature
                found = two_sided(forward, backward, heat, seed=self.seed)
            over = len(failed) >= MOST_FAILED if found is None else is_met(found, accuracy)
            if not complete or wanted == most or over:
                return Runs(forward, backward, failed, warnings, wanted, complete, found)
            more = 1 if found is None else -(-pairs_wanted(found, accuracy) // replicas)
            wanted = min(most, GROWTH * wanted, wanted + max(1, more))

    def _works(self, leg: Leg, batches: int) -> tuple[list[float], list[float], list[str], list[str], bool]:
        works: dict[bool, list[float]] = {True: [], False: []}
        failed, warnings, complete = [], list[str](), True
        for batch in range(batches):
            for forward in (True, False):
                told = self.chain(leg, batch, forward=forward)
                warnings += [text for one in told for text in one.warnings]
                broken = next((one.failed for one in told if one.failed), None)
                if broken:
                    failed.append(broken)
                elif len(told) < len(self.segments(leg, forward=forward)):
                    complete = False
                else:
                    works[forward] += told[-1].works or []
        return works[True], works[False], failed, list(dict.fromkeys(warnings)), complete

    def volumes(self, leg: Leg) -> list[float]:
        """Mean volumes of supercells at the end of a change, where they move, Å^3: of each run that begins there."""
        return [
            volume
            for batch in range(self.runs(leg).batches)
            for record in self.chain(leg, batch, forward=False)
            for volume in record.volumes or ()
        ]

    def ended(self, leg: Leg) -> bool:
        """Whether nothing is left to be asked of a leg."""
        if self.crystals(leg) is None:
            return False
        if not self._rests(leg) or any(one is not None and one.failed for one in self.cells_of(leg)):
            return True
        if not self.at_rest(leg):
            return False
        ends = self.ends(leg)
        if ends is not None and not leg.changes and ends[0].unstable and not self.from_einstein(leg):
            return True
        if leg.sampled and not self.from_einstein(leg):
            samples = self.samples(leg)
            if samples.ended or samples.found is None:
                return samples.ended
        return ends is not None and self.runs(leg).ended
