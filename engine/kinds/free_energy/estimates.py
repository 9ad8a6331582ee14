"""The free energy that the records of a leg come to, with its error and what it is made of."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.symbols import SYMBOLS
from engine.dynamics.agreement import Agreement, agreement
from engine.dynamics.einstein import held
from engine.dynamics.oscillators import classical, quantum_correction
from engine.kinds.free_energy.words import spoken_warnings
from engine.mechanics.constants import BOLTZMANN, EV_PER_A3_IN_GPA

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from api_schemas.dynamics import HarmonicRecord
    from engine.dynamics.beyond_harmonic import BeyondHarmonic
    from engine.dynamics.estimators import TwoSided
    from engine.kinds.free_energy.legs import Leg
    from engine.kinds.free_energy.told import FreeEnergyTold, Runs


_NOTHING = 1e-12
OF_UNSTABLE = (
    ". Its free energy is that of the wells its runs came to, from the Einstein crystal: compare with twice the "
    "budget.steps. What is quantum about its unstable modes is left out, and above zero"
)
"""What is said of a crystal without a harmonic one."""
FEWEST_SITES = 8
"""Of a supercell, below which its size is warned of."""


@dataclass(frozen=True)
class Estimate:
    """One free energy, in eV of the supercell, or of what it is told for.

    Attributes:
        free_energy: The sum of the contributions.
        error: Standard error; None where there is one run of a direction only.
        contributions: What it is made of, by name.
        estimator: How the part beyond the harmonic crystal was found.
        atoms: Of the supercell.
        per: What it is told for each of, and divided by: atoms, or one vacancy.
        volume: Å^3, of the supercell; of a change at its end; the mean where the cell moves.
        volume_error: Standard error of that; None where the cell does not move, or of a single run.
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
    per: float
    volume: float
    samples: BeyondHarmonic | None = None
    two_sided: TwoSided | None = None
    agreement: Agreement | None = None
    warnings: Sequence[str] = field(default_factory=tuple)
    volume_error: float | None = None

    @property
    def disagrees(self) -> bool:
        """Whether its runs of both directions do not agree."""
        return self.agreement is not None and self.agreement.verdict == "disagree"


def of_crystal(told: FreeEnergyTold, leg: Leg, rest: HarmonicRecord) -> Estimate | None:
    """The absolute free energy of a crystal at rest; None where there is none yet, or can be none."""
    if told.from_einstein(leg):
        return _from_einstein(told, leg, rest)
    if rest.unstable:
        return None
    samples = told.samples(leg).found
    if samples is None:
        return None
    runs = told.runs(leg) if told.switches(leg) else None
    if runs is not None and runs.found is None:
        return None
    beyond = samples.difference
    error: float | None = samples.error
    if runs is not None and runs.found is not None:
        # From the harmonic crystal to the model, the energy at rest common to both.
        beyond, error = runs.found.free_energy, runs.found.standard_error
    parts = {
        "static": rest.energy,
        "harmonic": _classical(rest, leg.temperature),
        "quantum": _quantum_correction(rest, leg.temperature),
        "anharmonic": beyond,
        **_common(told, leg, [rest], leg.crystals),
        **_mixed_masses(told, leg),
    }
    return _whole(told, leg, parts, error, rest, runs, samples)


def _from_einstein(told: FreeEnergyTold, leg: Leg, rest: HarmonicRecord) -> Estimate | None:
    """Of a crystal that the Einstein crystal was switched to, the energy at rest common to both."""
    runs = told.runs(leg)
    if runs.found is None or rest.springs is None:
        return None
    at, (crystal,) = leg.temperature, leg.crystals
    springs = np.tile(rest.springs, told.questions.supercell.n_cells)
    vibrations = float(held(springs, _masses(told, crystal), [at]).free_energy[0]) + runs.found.free_energy
    parts = {
        "static": rest.energy,
        "quantum": _quantum_correction(rest, at),
        **_common(told, leg, [rest], leg.crystals),
        **_mixed_masses(told, leg),
    }
    if rest.unstable:
        parts["vibrational"] = vibrations
    else:
        parts["harmonic"] = _classical(rest, at)
        parts["anharmonic"] = vibrations - parts["harmonic"]
    return _whole(told, leg, parts, runs.found.standard_error, rest, runs, None)


def _mixed_masses(told: FreeEnergyTold, leg: Leg) -> dict[str, float]:
    """What the masses of mixed sites have above those that vibrate."""
    (crystal,) = leg.crystals
    spread = float(np.log(_masses(told, crystal)).sum()) - _logs_of_masses(told, crystal)
    return {"mass": 1.5 * BOLTZMANN * leg.temperature * spread} if spread > _NOTHING else {}


def of_change(told: FreeEnergyTold, leg: Leg, ends: Sequence[HarmonicRecord]) -> Estimate | None:
    """What the change between two crystals does; None while no run of a direction has ended."""
    first, last = ends
    runs = told.runs(leg)
    if runs.found is None:
        return None
    at, (start, end) = leg.temperature, leg.crystals[::2]
    static = last.energy - first.energy
    common = _common(told, leg, ends, (start, end))
    # All that the runs change, but of cells that move what their volumes have by themselves.
    changed = runs.found.free_energy
    if told.questions.moves:
        changed -= _of_volumes(first, last, at) + common.get("pressure_volume", 0.0)
    mass = -1.5 * BOLTZMANN * at * (_logs_of_masses(told, end) - _logs_of_masses(told, start))
    parts = {"static": static, "mass": mass, **common}
    parts["centre_of_mass"] = (
        1.5 * BOLTZMANN * at * math.log(_masses(told, end).sum() / _masses(told, start).sum())
    )
    if first.unstable or last.unstable:
        parts["vibrational"] = changed - static
    else:
        harmonic = _of_places(told, last, end, at) - _of_places(told, first, start, at)
        parts["harmonic"] = harmonic
        parts["anharmonic"] = changed - static - harmonic
        parts["quantum"] = _quantum_correction(last, at) - _quantum_correction(first, at)
    whole = _whole(told, leg, parts, runs.found.standard_error, last, runs, None)
    return _with_volume(whole, told.volumes(leg)) if told.questions.moves else whole


def _of_volumes(first: HarmonicRecord, last: HarmonicRecord, temperature: float) -> float:
    """What volumes that move have by themselves, of the last less of the first, eV (docs/science.md, section 21)."""
    if first.stiffness is None or last.stiffness is None:
        raise ValueError("cells that move have a stiffness")
    ratio = 0.5 * math.log(last.stiffness / first.stiffness) - math.log(last.volume / first.volume)
    return BOLTZMANN * temperature * ratio


def _with_volume(found: Estimate, volumes: Sequence[float]) -> Estimate:
    """With the mean volume of its runs in place of that at rest."""
    if not volumes:
        return found
    error = float(np.std(volumes, ddof=1)) / math.sqrt(len(volumes)) if len(volumes) > 1 else None
    return replace(found, volume=float(np.mean(volumes)), volume_error=error)


def _whole(
    told: FreeEnergyTold,
    leg: Leg,
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
        estimator="BAR from the Einstein crystal" if told.from_einstein(leg) else _estimator(runs, samples),
        atoms=at_end.atoms,
        per=at_end.atoms,
        volume=at_end.volume,
        samples=samples,
        two_sided=found,
        agreement=judged,
        warnings=[*warnings_of(told, leg, runs, judged)],
    )


def _estimator(runs: Runs | None, samples: BeyondHarmonic | None) -> str:
    if runs is not None:
        return "BAR"
    return "bond samples" if samples is not None and samples.stages == 2 else "harmonic samples"


def warnings_of(told: FreeEnergyTold, leg: Leg, runs: Runs | None, judged: Agreement | None) -> Iterator[str]:
    """What to be careful about, of a leg."""
    crystal = told.questions.resolved.crystal
    weights = sum(crystal.weights(told.questions.points[number]) for number in leg.crystals)
    held = np.unique(crystal.copy_species[np.asarray(weights) > 0.0])
    vacancy = told.questions.options.vacancy
    removed = vacancy.element if vacancy is not None and leg.kind == "vacancy" else None
    yield from spoken_warnings([SYMBOLS[number] for number in held], removed)
    if told.questions.n_sites < FEWEST_SITES:
        yield f"a supercell of {told.questions.n_sites} sites leaves out most waves; compare with atoms: 64"
    yield from (one.message for one in told.crystals(leg) or () if one.message)
    for end in told.ends(leg) or ():
        if end.message:
            yield end.message
        if end.unstable:
            found = f"dynamically unstable at rest: {end.unstable[0]}"
            yield found + (OF_UNSTABLE if told.from_einstein(leg) else "")
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
    return quantum_correction(rest.frequencies, temperature)


def _common(
    told: FreeEnergyTold, leg: Leg, ends: Sequence[HarmonicRecord], crystals: Sequence[int]
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
        found["configurational"] = -BOLTZMANN * leg.temperature * entropy
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
