"""What kind free_energy answers: a free energy for each crystal or change and temperature, with its error and parts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api_schemas.base import Composition, Output

Estimator = Literal["harmonic samples", "bond samples", "BAR", "BAR from the Einstein crystal"]
Unit = Literal["eV/atom", "eV"]
Verdict = Literal["agree", "disagree", "unknown"]


class Contributions(Output):
    """What a free energy is made of, in its unit; null where a part does not belong to it, or is not known alone."""

    static: float = Field(
        description="Energy at rest; of a change, the difference; of a vacancy that of the relaxed crystal with the "
        "empty site less that of the perfect one, and what its atom has where it goes."
    )
    harmonic: float | None = Field(
        None,
        description="Classical vibrations of the harmonic crystal; of a change without the masses' part.",
    )
    anharmonic: float | None = Field(None, description="What the model has beyond its harmonic crystal.")
    vibrational: float | None = Field(
        None,
        description="Both together, classical, where an end has no harmonic crystal; and of a vacancy.",
    )
    quantum: float | None = Field(
        None, description="Quantum less classical vibrations of the harmonic crystal."
    )
    mass: float | None = Field(
        None,
        description="3/2 k_B T ln(m_first/m_last) of the atoms that change; of a mixed crystal what the logarithm of "
        "its mean masses, with which it vibrates, has above the mean of their logarithms.",
    )
    centre_of_mass: float | None = Field(
        None,
        description="Of a change 3/2 k_B T ln(M_last/M_first) of all masses of the supercell: its centre is held, as "
        "in the free energies of the two crystals. Of a vacancy in an element what 3 N vibrations of the crystal that "
        "takes the atom have beyond 3 N - 3.",
    )
    configurational: float | None = Field(
        None, description="-T S of random sites: ideal, of mixed sublattices."
    )
    pressure_volume: float | None = Field(None, description="P V.")


class OneDirection(Output):
    """What the runs of one direction say by themselves, in the unit of the free energy."""

    exponential: float = Field(description="By the exponential average.")
    cumulant: float | None = Field(description="By the mean and variance of the work.")
    runs: int
    dissipation: float = Field(description="Mean work beyond the free energy.")
    works: list[float] = Field(description="Of every run, with the sign of a change from first to last.")


class Switching(Output):
    """What runs from one end to the other and back say."""

    forward: OneDirection
    backward: OneDirection
    overlap: float = Field(description="Of the distributions of work, from 0 (none) to 1.")
    verdict: Verdict = Field(description="Whether forward and backward agree with the fluctuation theorem.")
    text: str
    difference: float | None = Field(
        None, description="What both together say of the switch alone, in the unit of the free energy."
    )


class Samples(Output):
    """What samples say, of the harmonic crystal or of one with an energy of its bonds too."""

    energies: int = Field(description="Energies of the model that were computed.")
    stages: int = Field(
        1, description="1 from the harmonic crystal to the model; 2 with an energy of bonds between the two."
    )
    deviation: float = Field(
        description="Standard deviation of the energy beyond the reference that was sampled last, k_B T."
    )
    enough: bool = Field(description="Whether they are enough without switching.")
    reasons: list[str] = Field(description="Why not.")


class Trajectories(Output):
    """What the runs are like, by all segments that came back; there before either direction has come to its end."""

    replicas: int = Field(description="Runs of a direction that are computed together.")
    timestep: float | None = Field(description="fs.")
    steps: int = Field(description="Steps that were made, of all runs together.")
    ended: int = Field(description="Runs that came to their end, of both directions.")
    temperature: float | None = Field(description="Mean of the velocities, K.")
    volume_per_atom: float | None = Field(description="Mean, Å^3.")
    drift: float | None = Field(
        description="Of the energy without thermostat, in the test of the time step: the larger of both directions, eV "
        "an atom and ps."
    )
    closest: float | None = Field(
        description="Shortest distance of two atoms while weights changed, Å; null before."
    )
    pace: list[float] | None = Field(
        description="Shares of the time after which lam has come each eighth of its way, of the runs after the first; "
        "null for one speed."
    )


class Vacancy(Output):
    """Which atom is taken out, and where it goes."""

    sublattice: str
    element: str
    site: int = Field(description="The site of the supercell, counted from 0.")
    reservoir: str | None = Field(
        description="Where the atom goes: the crystal itself, or what its chemical potential is of; null while unknown."
    )
    chemical_potential: float | None = Field(
        description="eV, of the element; null where the atom goes to the crystal itself."
    )
    spring: float | None = Field(description="eV/Å^2, of what holds the atom while it is switched off.")


class PhaseDifference(Output):
    """The free energy of the second phase less that of the first, at one composition and temperature."""

    composition: Composition
    temperature: float = Field(description="K.")
    difference: float | None = Field(
        description="eV/atom, the sum of the contributions; null where a phase has no free energy."
    )
    standard_error: float | None = Field(description="eV/atom, of the statistics.")
    accurate: bool = Field(description="Whether the accuracy that was asked for is met.")
    contributions: Contributions | None
    lower: str | None = Field(
        description="The phase of lower free energy; null where two standard errors do not tell."
    )
    text: str = Field(description="The answer in a sentence.")


class Crossing(Output):
    """Where the phase of lower free energy changes."""

    composition: Composition
    temperature: float = Field(description="K.")
    standard_error: float | None = Field(description="K, of the statistics.")
    below: str = Field(description="The phase that is lower below it.")
    above: str = Field(description="And the one that is lower above it.")
    between: list[float] = Field(description="The two temperatures, K, between which it is interpolated.")


class PhaseComparison(Output):
    """Two phases compared."""

    phases: list[str] = Field(description="What the two are called, in the order in which they were given.")
    differences: list[PhaseDifference] = Field(description="In the order of compositions and temperatures.")
    crossings: list[Crossing]
    conclusions: list[str] = Field(
        description="Of each composition, in a sentence, whether and where they cross."
    )


class FreeEnergy(Output):
    """One free energy."""

    phase: str | None = Field(
        None, description="Of path phases, the one that it is of; null where none are compared."
    )
    composition: Composition = Field(description="Of the crystal; of a change, its end.")
    start: Composition | None = Field(description="Where a change begins; null for a crystal.")
    temperature: float = Field(description="K.")
    free_energy: float | None = Field(
        description="The sum of the contributions, in its unit; null where it could not be computed."
    )
    standard_error: float | None = Field(description="Of the statistics, in the same unit.")
    unit: Unit = Field("eV/atom", description="Of all energies of this answer; eV: of one vacancy.")
    accurate: bool = Field(description="Whether the accuracy that was asked for is met.")
    estimator: Estimator | None
    contributions: Contributions | None
    samples: Samples | None
    switching: Switching | None
    trajectories: Trajectories | None = Field(
        None, description="The runs, while they go on too; null without any."
    )
    atoms: float = Field(description="Of the supercell.")
    supercell: list[list[int]] = Field(description="Its vectors in units of the parent's, as rows.")
    volume_per_atom: float | None = Field(
        description="Å^3, of the cell: at rest, or at the temperature where the ensemble is npt."
    )
    volume_error: float | None = Field(
        None,
        description="Where cells are sampled, the standard error of their mean volume, Å^3 an atom; else null.",
    )
    expansion: float | None = Field(
        None, description="Of ensemble npt, the volume at the temperature over that at rest, less one."
    )
    heat_capacity: float | None = Field(
        description="k_B an atom, of the quantum harmonic crystal at constant volume; null but for a crystal."
    )
    vacancy: Vacancy | None = Field(None, description="The atom that is taken out; null where none is.")
    text: str = Field(description="The answer in a sentence.")
    warnings: list[str]


class FreeEnergyAnswer(Output):
    """All free energies of a job, in the order of crystals and then of temperatures."""

    free_energies: list[FreeEnergy]
    comparison: PhaseComparison | None = Field(
        None, description="Of path phases, how they compare; null where none are."
    )
    convention: str = Field(description="What is and is not in the numbers.")
