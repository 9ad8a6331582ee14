"""The free energy of a vacancy, by switching an atom off, and where it goes (docs/science.md, Eq. 130 to 134)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from api_schemas.symbols import ATOMIC_NUMBERS
from engine.dynamics.agreement import agreement
from engine.dynamics.einstein import einstein_frequencies
from engine.dynamics.oscillators import classical
from engine.kinds.free_energy.estimates import Estimate, of_crystal, warnings_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api_schemas.dynamics import Defect, HarmonicRecord
    from engine.kinds.free_energy.legs import Question
    from engine.kinds.free_energy.told import FreeEnergyTold


def of_vacancy(told: FreeEnergyTold, question: Question) -> Estimate | None:
    """What taking one atom out of a crystal costs, classical, eV; None where there is no estimate yet, or can be none.

    Args:
        told: All records.
        question: Whose last leg is the switch, and whose first, if there are two, is the crystal that takes the atom.
    """
    leg = question.legs[-1]
    (rest,) = told.ends(leg) or (None,)
    if rest is None or rest.unstable or rest.defect is None:
        return None
    runs = told.runs(leg)
    if runs.found is None:
        return None
    defect, n = rest.defect, rest.atoms
    static = defect.energy - rest.energy
    switched = runs.found.free_energy - _spring(told, defect, leg.temperature)
    parts = {"static": static, "vibrational": switched - static}
    error, taken = runs.found.standard_error, None
    if len(question.legs) > 1:
        taken = _crystal(told, question, rest)
        if taken is None:
            return None
        vibrations = taken.contributions["harmonic"] + taken.contributions["anharmonic"]
        parts["static"] += rest.energy / n
        parts["vibrational"] += vibrations / n
        parts["centre_of_mass"] = vibrations / (n - 1.0) - vibrations / n
        if "pressure_volume" in taken.contributions:
            parts["pressure_volume"] = taken.contributions["pressure_volume"] / n
        error = None if error is None or taken.error is None else math.hypot(error, taken.error / (n - 1.0))
    elif defect.chemical_potential is not None:
        parts["static"] += defect.chemical_potential
    judged = agreement(runs.forward, runs.backward, runs.found)
    said = [*warnings_of(told, leg, runs, judged), *_at_rest(defect), *(taken.warnings if taken else ())]
    return Estimate(
        free_energy=float(sum(parts.values())),
        error=error,
        contributions=parts,
        estimator="BAR",
        atoms=n,
        per=1.0,
        volume=rest.volume,
        samples=None if taken is None else taken.samples,
        two_sided=runs.found,
        agreement=judged,
        warnings=list(dict.fromkeys(said)),
    )


def _crystal(told: FreeEnergyTold, question: Question, rest: HarmonicRecord) -> Estimate | None:
    """The perfect crystal, by the question's first leg."""
    leg = question.legs[0]
    return None if told.ends(leg) is None else of_crystal(told, leg, rest)


def _spring(told: FreeEnergyTold, defect: Defect, temperature: float) -> float:
    """Classical free energy of the atom on its spring, eV."""
    vacancy = told.questions.options.vacancy
    crystal = told.questions.resolved.crystal
    number = ATOMIC_NUMBERS[vacancy.element] if vacancy is not None else 0
    (mass,) = set(crystal.masses[crystal.copy_species == number].tolist())
    return float(classical(einstein_frequencies([defect.spring], [mass]), [temperature]).free_energy[0])


def _at_rest(defect: Defect) -> Iterator[str]:
    if not defect.converged:
        yield "the crystal with the empty site did not come to rest: its static part is too high"
