"""What kind free_energy answers: free energies with their errors and parts, and where phases cross."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api_schemas.base import Composition, Output

Unit = Literal["eV/atom", "eV"]
Estimator = Literal["harmonic", "one_sided", "bar"]
"""The harmonic crystal alone; samples of the reference alone; runs in both directions."""
Verdict = Literal["agree", "disagree", "unknown"]


class Contributions(Output):
    """What a free energy is the sum of, in its unit; null where it has no such part."""

    static: float | None = Field(None, description="The relaxed crystal at rest, or the difference of two.")
    harmonic: float | None = Field(None, description="Classical, of the harmonic crystal.")
    einstein: float | None = Field(None, description="Classical, of the Einstein crystal.")
    quantum_correction: float | None = Field(
        None, description="Quantum less classical, of the harmonic crystal."
    )
    anharmonic: float | None = Field(
        None, description="Beyond the reference, by its samples or by switching from it."
    )
    switching: float | None = Field(
        None,
        description="Work of a change of composition, or of an atom that is switched off, at fixed masses.",
    )
    mass: float | None = Field(
        None, description="3/2 kT ln(m_first/m_last) of the atoms whose element changes."
    )
    configurational: float | None = Field(
        None, description="-T S of an ideal mixture, of sites that hold several elements."
    )
    pressure_volume: float | None = Field(None, description="P V.")
    centre_of_mass: float | None = Field(
        None, description="Of the free centre of mass, which runs and references hold fixed."
    )
    removed_atom: float | None = Field(
        None, description="What the atom that is taken out has elsewhere; the answer says where."
    )


class DirectionEstimate(Output):
    """Runs of one direction and what they say by themselves, eV of the supercell with the sign of the change."""

    works: list[float] = Field(description="eV, done on the crystal in each run, in its own direction.")
    dissipation: float | None = Field(
        description="eV, mean work beyond the free energy; null before there is one."
    )
    exponential: float | None = Field(description="eV, by the exponential average; null without a run.")
    cumulant: float | None = Field(description="eV, by mean and variance; null with fewer than two runs.")
    cumulant_error: float | None = Field(description="eV, standard error; null with fewer than two runs.")


class SwitchingEstimate(Output):
    """Runs from one state to another and back, eV of the supercell (docs/science.md, section 22)."""

    forward: DirectionEstimate
    backward: DirectionEstimate
    steps: int = Field(description="Of a run.")
    free_energy: float | None = Field(description="eV, Bennett's; null before each direction has a run.")
    standard_error: float | None = Field(
        description="eV; the truth is within it in 68 of 100 cases; null with one run in a direction."
    )
    asymptotic_error: float | None = Field(description="eV, what the error would be if runs were many.")
    bootstrap_error: float | None = Field(description="eV, by drawing the runs again.")
    overlap: float | None = Field(description="Of the distributions of work, from 0 to 1.")
    decided_by_few: bool = Field(
        description="Whether a run or two decide alone: longer runs help, more do not."
    )
    verdict: Verdict = Field(description="Whether both directions obey the fluctuation theorem.")
    probability: float | None = Field(description="Of so large a disagreement by chance; null where unknown.")
    text: str = Field(description="The verdict in words.")
    pairs_wanted: int = Field(description="How many more pairs of runs are expected to meet the accuracy.")


class Average(Output):
    """A mean over runs in equilibrium."""

    value: float
    standard_error: float | None


class Averages(Output):
    """What runs in equilibrium say of the crystal, or of an end of a change; null where none were made."""

    temperature: Average | None = Field(None, description="K.")
    volume: Average | None = Field(None, description="Å^3/atom.")
    pressure: Average | None = Field(None, description="GPa.")
    energy_drift: float | None = Field(None, description="eV/atom a ps at constant energy, of the time step.")


class FreeEnergy(Output):
    """One free energy, or difference of two, at one temperature."""

    temperature: float = Field(description="K.")
    composition: Composition = Field(description="Of the crystal; of a change, where it ends.")
    start: Composition | None = Field(None, description="Of a change of composition, where it begins.")
    phase: int | None = Field(None, description="Of path phases: 0 or 1, as they are listed.")
    free_energy: float | None = Field(description="In the unit of the answer; null while it is not known.")
    standard_error: float | None = Field(
        description="The truth is within it in 68 of 100 cases, of the statistics; null where it is not known."
    )
    confidence: float | None = Field(description="The truth is within it in 95 of 100 cases.")
    met: bool = Field(description="Whether the standard error is below the accuracy that was wanted.")
    estimator: Estimator | None
    contributions: Contributions
    one_sided: DirectionEstimate | None = Field(
        None, description="What samples of the reference say; works are energies beyond it."
    )
    switching: SwitchingEstimate | None = None
    averages: Averages | None = None
    end_averages: Averages | None = Field(None, description="Of a change, at its end.")
    atoms: int = Field(description="Of the supercell.")
    supercell: list[list[int]] = Field(description="Its vectors in units of the parent's, as rows.")
    potential_calls: int
    text: str = Field(description="The answer in a sentence.")
    warnings: list[str] = []


class PhaseDifference(Output):
    """How far the second phase lies above the first."""

    temperature: float = Field(description="K.")
    composition: Composition
    difference: float | None = Field(description="eV/atom; null where a phase has no free energy.")
    standard_error: float | None = Field(description="eV/atom.")
    stable: int | None = Field(description="0 or 1; null where the difference is within its error.")


class Crossing(Output):
    """Where two phases have the same free energy."""

    composition: Composition
    temperature: float = Field(description="K.")
    standard_error: float | None = Field(description="K, from those of the differences on either side.")
    below: int = Field(description="Which phase is the stable one below, 0 or 1.")


class FreeEnergyAnswer(Output):
    """The answer of kind free_energy."""

    path: str
    unit: Unit = Field(description="Of free energies and contributions.")
    free_energies: list[FreeEnergy] = []
    differences: list[PhaseDifference] = Field(default=[], description="Of path phases.")
    crossings: list[Crossing] = Field(default=[], description="Of path phases; none where they do not cross.")
    removed_atom: str | None = Field(
        None,
        description="Of path vacancy: where the atom goes, e.g. the perfect crystal, or a chemical potential.",
    )
    conventions: list[str] = Field(
        default=[], description="What is in the numbers and what is not: centre of mass, spins, charges."
    )
    warnings: list[str] = Field(default=[], description="What holds for all of it.")
