"""The plan of kind free_energy: rest crystals, sample their harmonic crystals, switch where that is not enough."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.dynamics import (
    BATCHING,
    DYNAMICS,
    HARMONIC,
    THERMAL_CELL,
    BatchingRecord,
    BatchingTask,
    DynamicsRecord,
    DynamicsTask,
    EmptySite,
    HarmonicRecord,
    HarmonicTask,
    MovingCell,
    RestingCrystal,
    Tether,
    ThermalCellRecord,
    ThermalCellTask,
)
from api_schemas.evaluations import RELAXATION, EvaluationRecord, Suggestion
from api_schemas.results import Stopped
from engine.dynamics.timestep import chosen_timestep
from engine.kinds.free_energy.answer import free_energy_answer
from engine.kinds.free_energy.estimated import estimated, is_accurate
from engine.kinds.free_energy.questions import DRAWN, PAIRS, SHORTER, Questions
from engine.kinds.free_energy.told import FreeEnergyTold
from engine.kinds.plan_of_units import PlanOfUnits
from engine.references.shared_tasks import shared_tasks

if TYPE_CHECKING:
    from api_schemas.dynamics import Reference
    from api_schemas.tasks import Record, Task
    from engine.kinds.free_energy.legs import Leg, LegKind
    from engine.kinds.kind import Answer
    from engine.problem.resolved import ResolvedProblem

ORIGIN = "free_energy"
_REFERENCES: Mapping[LegKind, Reference] = MappingProxyType(
    {"crystal": "harmonic", "change": "composition", "vacancy": "vacancy"}
)
FRICTION = 0.01
"""1/fs, of the Langevin dynamics."""
STEPS_A_SWING = 50
"""In which the volume of a cell that moves swings: two to three times the shortest period of the crystal."""


class FreeEnergyPlan(PlanOfUnits):
    """Free energies of the crystals or changes of a problem.

    Args:
        resolved: The problem.
        questions: What it asks.
        seed: Of samples and noise.
    """

    def __init__(self, resolved: ResolvedProblem, questions: Questions, seed: int) -> None:
        super().__init__()
        self.resolved = resolved
        self._questions = questions
        self._seed = seed
        self._shared = shared_tasks(resolved, waits=True)
        self._told: FreeEnergyTold | None = None

    def tell(self, records: Sequence[Record]) -> None:
        """Add records in any order; one told twice counts once."""
        super().tell(records)
        self._told = None

    @property
    def told(self) -> FreeEnergyTold:
        """Everything told, by what it is of; its estimates are worked out once."""
        if self._told is None:
            self._told = FreeEnergyTold(
                questions=self._questions,
                seed=self._seed,
                evaluations={
                    one.index: one for one in self.of(RELAXATION) if isinstance(one, EvaluationRecord)
                },
                cells={one.index: one for one in self.of(THERMAL_CELL) if isinstance(one, ThermalCellRecord)},
                harmonic={one.index: one for one in self.of(HARMONIC) if isinstance(one, HarmonicRecord)},
                batching=[one for one in self.of(BATCHING) if isinstance(one, BatchingRecord)],
                dynamics={one.index: one for one in self.of(DYNAMICS) if isinstance(one, DynamicsRecord)},
            )
        return self._told

    @property
    def most(self) -> int:
        """At most so many tasks that count: those of the rounds that are known to be wanted."""
        told, questions = self.told, self._questions
        total = len(questions.points) * (1 + questions.expands * len(questions.temperatures))
        if questions.replicas is None and any(self._may_switch(told, leg) for leg in questions.legs):
            total += 1
        for leg in questions.legs:
            if leg.sampled and not self._einstein:
                samples = told.samples(leg)
                total += samples.batches + samples.drawn
            else:
                total += len(leg.places)
            if self._may_switch(told, leg):
                segments = sum(len(told.segments(leg, forward=forward)) for forward in (True, False))
                total += told.runs(leg).batches * segments
        return total

    def _may_switch(self, told: FreeEnergyTold, leg: Leg) -> bool:
        """Whether a leg takes runs, as far as is known."""
        return not leg.sampled or self._einstein or told.switches(leg)

    def end(self) -> Stopped:
        """The accuracy is met everywhere, or what may be spent is spent."""
        told, asked = self.told, self._questions.all
        met = sum(is_accurate(told, question) for question in asked)
        within = self._questions.options
        unit = "eV per vacancy" if asked[0].of_a_vacancy else "meV/atom"
        accuracy = within.accuracy if asked[0].of_a_vacancy else 1000 * within.accuracy
        if met == len(asked):
            count = "the free energy is" if met == 1 else f"all {met} free energies are"
            return Stopped(reason="accuracy_met", message=f"{count} known within {accuracy:g} {unit}")
        estimates = [estimated(told, question) for question in asked]
        apart = sum(one is not None and one.disagrees for one in estimates)
        mend = "give budget.runs or budget.steps more for the others, unless their warnings say otherwise"
        if met + apart == len(asked):
            mend = "runs of the others disagree, forward and backward; not runs but budget.steps mend that"
        message = f"{met} of {len(asked)} free energies are known within {accuracy:g} {unit}; {mend}"
        return Stopped(reason="budget_spent", message=message)

    def answer(self, stopped: Stopped) -> Answer:
        """The answer so far."""
        del stopped
        return free_energy_answer(self.told)

    def tasks(self) -> Iterator[Task]:
        """Every task whose turn has come, told or not."""
        told, space = self.told, self.resolved.space
        yield from self._shared
        measured = False
        for number, x in enumerate(self._questions.points):
            yield Suggestion(index=number, origin=ORIGIN, composition=space.to_composition(x))
        for leg in self._questions.legs:
            if told.wants_cells(leg):
                yield from self._cells(told, leg)
            if not told.at_rest(leg):
                continue
            if leg.sampled and not self._einstein:
                yield from self._all_samples(told, leg)
            else:
                for place in leg.places:
                    yield self._samples(told, leg, place, 0, pairs=0)
            if told.switches(leg) and not told.measures:
                yield from self._runs(told, leg)
            elif told.switches(leg) and not measured:
                measured = True
                yield self._batching(told, leg)

    @property
    def _einstein(self) -> bool:
        """Whether samples of the harmonic crystal are not asked for, whatever it is like."""
        return self._questions.options.reference == "einstein"

    def _cells(self, told: FreeEnergyTold, leg: Leg) -> Iterator[Task]:
        """Of its crystals at its temperature."""
        for number in leg.crystals:
            yield ThermalCellTask(
                index=self._questions.cell(number, leg.temperature),
                crystal=self._resting(told, number),
                matrix=self._questions.supercell.matrix.tolist(),
                temperature=leg.temperature,
            )

    def _resting(self, told: FreeEnergyTold, number: int, temperature: float | None = None) -> RestingCrystal:
        """A crystal in its cell at rest, or in that at a temperature where cells expand."""
        record = told.evaluations[number]
        assert record.relaxation is not None  # noqa: S101 - it is at rest
        q = record.relaxation.q
        if temperature is not None and self._questions.expands:
            q = told.cells[self._questions.cell(number, temperature)].q
        return RestingCrystal(evaluation=number, composition=record.composition, q=q)

    def _all_samples(self, told: FreeEnergyTold, leg: Leg) -> Iterator[Task]:
        """Of a crystal: those of the harmonic one, then those with an energy of its bonds."""
        samples = told.samples(leg)
        for batch in range(samples.batches):
            yield self._samples(told, leg, 0, batch, pairs=PAIRS)
        for batch in range(samples.drawn):
            of_harmonic = self._samples(told, leg, 0, batch, pairs=DRAWN)
            assert samples.learned is not None  # noqa: S101 - what is drawn was fitted
            yield of_harmonic.model_copy(
                update={
                    "index": self._questions.harmonic(leg, 1, batch),
                    "first": batch * DRAWN,
                    "learned": [list(pair) for pair in samples.learned],
                }
            )

    def _samples(self, told: FreeEnergyTold, leg: Leg, place: int, batch: int, *, pairs: int) -> HarmonicTask:
        questions, vacancy = self._questions, self._questions.options.vacancy
        empty = None
        if leg.kind == "vacancy" and vacancy is not None:
            itself = questions.is_element(leg.crystals[0])
            empty = EmptySite(site=questions.empty, removed=None if itself else vacancy.element)
        return HarmonicTask(
            index=self._questions.harmonic(leg, place, batch),
            crystal=self._resting(told, leg.crystals[place], leg.temperature),
            matrix=self._questions.supercell.matrix.tolist(),
            temperature=leg.temperature,
            seed=self._seed_of(leg),
            first=batch * PAIRS,
            pairs=pairs,
            empty=empty,
            stretched=self._questions.moves,
        )

    def _seed_of(self, leg: Leg) -> int:
        """Of samples and noise of a leg: each has its own, so that their errors know nothing of each other."""
        if leg.number == 0:
            return self._seed
        return int(np.random.SeedSequence([self._seed, leg.number]).generate_state(1)[0])

    def _crystals(self, told: FreeEnergyTold, leg: Leg) -> list[RestingCrystal]:
        """Along the way of a leg."""
        return [self._resting(told, number, leg.temperature) for number in leg.crystals]

    def _batching(self, told: FreeEnergyTold, leg: Leg) -> BatchingTask:
        """One of its legs is measured for all runs of the job."""
        return BatchingTask(
            index=0,
            crystals=self._crystals(told, leg),
            matrix=self._questions.supercell.matrix.tolist(),
            most=self._questions.most_replicas,
        )

    def _timestep(self, told: FreeEnergyTold, leg: Leg, ends: Sequence[HarmonicRecord]) -> float:
        """Of its runs, fs."""
        given = self._questions.options.timestep
        if not isinstance(given, str):
            return given
        fastest = max(abs(one.frequencies[-1]) for one in ends)
        return round(chosen_timestep(np.ones(1), fastest) * SHORTER ** told.attempt(leg), 3)

    def _runs(self, told: FreeEnergyTold, leg: Leg) -> Iterator[Task]:
        """Segments whose turn has come: each goes on from the one before it."""
        ends = told.ends(leg)
        assert ends is not None  # noqa: S101 - it switches
        crystals = self._crystals(told, leg)
        defect = ends[0].defect
        tether = None if defect is None else Tether(site=self._questions.empty, spring=defect.spring)
        timestep = self._timestep(told, leg, ends)
        moving = _moving(ends, timestep) if self._questions.moves else None
        replicas, runs = told.replicas, self._questions.options.budget.runs
        # The first batch tests the time step: the others wait for its first segments.
        for batch in range(told.runs(leg).batches if told.tested(leg) else 1):
            first = batch * replicas
            pace = told.pace(leg) if batch >= told.first_batches else None
            for forward in (True, False):
                before: int | None = None
                for number, (begin, end) in enumerate(told.segments(leg, forward=forward)):
                    index = self._questions.dynamics(
                        leg, first, number, forward=forward, attempt=told.attempt(leg)
                    )
                    yield DynamicsTask(
                        index=index,
                        continues=before,
                        reference="einstein" if told.from_einstein(leg) else _REFERENCES[leg.kind],
                        crystals=crystals,
                        tether=tether,
                        moving=moving,
                        matrix=self._questions.supercell.matrix.tolist(),
                        temperature=leg.temperature,
                        timestep=timestep,
                        friction=FRICTION,
                        seed=self._seed_of(leg),
                        run=first,
                        replicas=min(replicas, runs - first),
                        forward=forward,
                        equilibration=told.settling(leg, forward=forward),
                        steps=self._questions.options.budget.steps,
                        pace=pace,
                        begin=begin,
                        end=end,
                    )
                    record = told.dynamics.get(index)
                    if record is None or record.failed:
                        break
                    before = index


def _moving(ends: Sequence[HarmonicRecord], timestep: float) -> MovingCell:
    """Of cells whose volume swings in a few dozen steps, and is damped as fast as it may be."""
    angular = 2.0 * math.pi / (STEPS_A_SWING * timestep)
    stiffness = [one.stiffness for one in ends if one.stiffness is not None]
    return MovingCell(mass=sum(stiffness) / len(stiffness) / angular**2, friction=2.0 * angular)
