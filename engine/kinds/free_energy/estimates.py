"""The free energy that the records of a question come to, with its error and what it is made of."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.symbols import SYMBOLS
from engine.dynamics.agreement import Agreement, agreement
from engine.dynamics.oscillators import classical, quantum
from engine.kinds.free_energy.words import spoken_warnings
from engine.mechanics.constants import BOLTZMANN, EV_PER_A3_IN_GPA

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from api_schemas.dynamics import HarmonicRecord
    from engine.dynamics.estimators import TwoSided
    from engine.dynamics.two_stage import BeyondHarmonic
    from engine.kinds.free_energy.questions import Question
    from engine.kinds.free_energy.told import FreeEnergyTold, Runs


_NOTHING = 1e-12


@dataclass(frozen=True)
class Estimate:
    """One free energy, in eV of the supercell.

    Attributes:
        free_energy: The sum of the contributions.
        error: Standard error; None where there is one run of a direction only.
        contributions: What it is made of, by name.
        estimator: How the part beyond the harmonic crystal was found.
        atoms: Of the supercell.
        volume: Å^3, of the supercell; of a change at its end.
        samples: What samples say, where they were taken.
        two_sided: What runs say, where they were needed.
        agreement: Whether the runs agree.
        warnings: What to be careful about.
    """

    free_energy: float
    error: float | None
    contributions: dict[str, float]
    estimator: str
    atoms: float
    volume: float
    samples: BeyondHarmonic | None = None
    two_sided: TwoSided | None = None
    agreement: Agreement | None = None
    warnings: Sequence[str] = field(default_factory=tuple)


def estimated(told: FreeEnergyTold, question: Question) -> Estimate | None:
    """The estimate of a question up to now; None where there is none yet, or can be none."""
    ends = told.ends(question)
    if ends is None or not told.at_rest(question):
        return None
    return _of_change(told, question, ends) if question.changes else _of_crystal(told, question, ends[0])


def _of_crystal(told: FreeEnergyTold, question: Question, rest: HarmonicRecord) -> Estimate | None:
    if rest.unstable:
        return None
    samples = told.samples(question).found
    if samples is None:
        return None
    runs = told.runs(question) if told.switches(question) else None
    if runs is not None and runs.found is None:
        return None
    beyond = samples.difference
    error: float | None = samples.error
    if runs is not None and runs.found is not None:
        # From the harmonic crystal to the model, the energy at rest common to both.
        beyond, error = runs.found.free_energy, runs.found.standard_error
    parts = {
        "static": rest.energy,
        "harmonic": _classical(rest, question.temperature),
        "quantum": _quantum_correction(rest, question.temperature),
        "anharmonic": beyond,
        **_common(told, question, [rest], question.crystals),
    }
    (crystal,) = question.crystals
    spread = float(np.log(_masses(told, crystal)).sum()) - _logs_of_masses(told, crystal)
    if spread > _NOTHING:
        parts["mass"] = 1.5 * BOLTZMANN * question.temperature * spread
    return _whole(told, question, parts, error, rest, runs, samples)


def _of_change(told: FreeEnergyTold, question: Question, ends: Sequence[HarmonicRecord]) -> Estimate | None:
    first, last = ends
    runs = told.runs(question)
    if runs.found is None:
        return None
    at, (start, end) = question.temperature, question.crystals[::2]
    static = last.energy - first.energy
    mass = -1.5 * BOLTZMANN * at * (_logs_of_masses(told, end) - _logs_of_masses(told, start))
    parts = {"static": static, "mass": mass, **_common(told, question, ends, (start, end))}
    parts["centre_of_mass"] = (
        1.5 * BOLTZMANN * at * math.log(_masses(told, end).sum() / _masses(told, start).sum())
    )
    if first.unstable or last.unstable:
        parts["vibrational"] = runs.found.free_energy - static
    else:
        harmonic = _of_places(told, last, end, at) - _of_places(told, first, start, at)
        parts["harmonic"] = harmonic
        parts["anharmonic"] = runs.found.free_energy - static - harmonic
        parts["quantum"] = _quantum_correction(last, at) - _quantum_correction(first, at)
    return _whole(told, question, parts, runs.found.standard_error, last, runs, None)


def _whole(
    told: FreeEnergyTold,
    question: Question,
    parts: dict[str, float],
    error: float | None,
    at_end: HarmonicRecord,
    runs: Runs | None,
    samples: BeyondHarmonic | None,
) -> Estimate:
    found = None if runs is None else runs.found
    judged = None if runs is None or found is None else agreement(runs.forward, runs.backward, found)
    return Estimate(
        free_energy=float(sum(parts.values())),
        error=error,
        contributions=parts,
        estimator=_estimator(runs, samples),
        atoms=at_end.atoms,
        volume=at_end.volume,
        samples=samples,
        two_sided=found,
        agreement=judged,
        warnings=[*_warnings(told, question, runs, judged)],
    )


def _estimator(runs: Runs | None, samples: BeyondHarmonic | None) -> str:
    if runs is not None:
        return "BAR"
    return "bond samples" if samples is not None and samples.stages == 2 else "harmonic samples"


def _warnings(
    told: FreeEnergyTold, question: Question, runs: Runs | None, judged: Agreement | None
) -> Iterator[str]:
    crystal = told.questions.resolved.crystal
    weights = sum(crystal.weights(told.questions.points[number]) for number in question.crystals)
    held = np.unique(crystal.copy_species[np.asarray(weights) > 0.0])
    yield from spoken_warnings([SYMBOLS[number] for number in held])
    yield from (one.message for one in told.crystals(question) or () if one.message)
    for end in told.ends(question) or ():
        if end.message:
            yield end.message
        if end.unstable:
            yield f"dynamically unstable at rest: {end.unstable[0]}"
    if runs is None:
        return
    if runs.failed:
        yield f"{len(runs.failed)} batches of runs could not go on: {runs.failed[0]}"
    if judged is not None and judged.verdict == "disagree":
        yield judged.text
    if runs.found is not None and runs.found.decided_by_few:
        yield "a run or two of each direction decide alone: give budget.steps more, so that runs dissipate less"
    yield from runs.warnings


def _classical(rest: HarmonicRecord, temperature: float) -> float:
    return float(classical(rest.frequencies, [temperature]).free_energy[0])


def _quantum_correction(rest: HarmonicRecord, temperature: float) -> float:
    return float(quantum(rest.frequencies, [temperature]).free_energy[0]) - _classical(rest, temperature)


def _common(
    told: FreeEnergyTold, question: Question, ends: Sequence[HarmonicRecord], crystals: Sequence[int]
) -> dict[str, float]:
    """P V and the ideal configurational part of one crystal, or of the change between two."""
    resolved = told.questions.resolved
    signs = (1.0,) if len(ends) == 1 else (-1.0, 1.0)
    pressure = resolved.problem.conditions.pressure / EV_PER_A3_IN_GPA
    cells = told.questions.supercell.n_cells
    found = {}
    if pressure:
        found["pressure_volume"] = pressure * sum(s * end.volume for s, end in zip(signs, ends, strict=True))
    entropy = sum(
        sign * cells * _ideal_entropy(told, told.questions.points[number])
        for sign, number in zip(signs, crystals, strict=True)
    )
    if abs(entropy) > _NOTHING:
        found["configurational"] = -BOLTZMANN * question.temperature * entropy
    return found


def _ideal_entropy(told: FreeEnergyTold, x: NDArray[np.float64]) -> float:
    """Of a cell whose mixed sites are random, in k_B."""
    crystal = told.questions.resolved.crystal
    total = 0.0
    for sublattice, part in zip(crystal.sublattices, crystal.column_slices, strict=True):
        shares = x[part][x[part] > 0.0]
        total -= len(sublattice.sites) * float(shares @ np.log(shares))
    return total


def _of_places(told: FreeEnergyTold, rest: HarmonicRecord, number: int, temperature: float) -> float:
    """Of the classical harmonic free energy what no mass is in, eV, up to what all crystals of N sites share."""
    masses = _masses(told, number)
    kinetic = float(np.log(masses).sum()) - math.log(masses.sum())
    return _classical(rest, temperature) + 1.5 * BOLTZMANN * temperature * kinetic


def _masses(told: FreeEnergyTold, number: int) -> NDArray[np.float64]:
    """Mass of every site of the supercell with which the harmonic crystal vibrates, [n] u."""
    questions = told.questions
    crystal = questions.resolved.crystal
    weighted = crystal.weights(questions.points[number]) * crystal.masses
    of_cell = np.bincount(crystal.copy_site, weights=weighted, minlength=crystal.n_sites)
    return np.tile(of_cell, questions.supercell.n_cells)


def _logs_of_masses(told: FreeEnergyTold, number: int) -> float:
    """Sum of the logarithms of the masses (u) of the atoms of the supercell: of a mixed site their mean."""
    questions = told.questions
    crystal = questions.resolved.crystal
    held = crystal.weights(questions.points[number])
    there = held > 0.0
    return questions.supercell.n_cells * float(held[there] @ np.log(crystal.masses[there]))


def is_accurate(told: FreeEnergyTold, question: Question) -> bool:
    """Whether the accuracy that was asked for is met."""
    found = estimated(told, question)
    if found is None or found.error is None:
        return False
    doubtful = found.agreement is not None and found.agreement.verdict == "disagree"
    return (
        not doubtful
        and math.isfinite(found.error)
        and found.error <= told.questions.options.accuracy * found.atoms
    )
