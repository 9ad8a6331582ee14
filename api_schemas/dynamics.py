"""Tasks of free energies: samples of a harmonic crystal, and segments of trajectories that are switched."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api_schemas.base import Composition, Output
from api_schemas.tasks import Record, Task

HARMONIC, DYNAMICS, THERMAL_CELL, BATCHING = "harmonic", "dynamics", "thermal_cell", "batching"
"""Names of the units."""

Reference = Literal["composition", "harmonic", "einstein", "vacancy"]
"""What a switch leads from: another composition, the harmonic crystal of the same, or the crystal without a vacancy."""


class RestingCrystal(Output):
    """A relaxed mean-field crystal, in whose supercell atoms move."""

    evaluation: int = Field(description="Number of the evaluation that relaxed it.")
    composition: Composition
    q: list[float] = Field(description="Where it rests: its symmetry-adapted coordinates, strains first.")


class ThermalCellTask(Task):
    """The cell of a crystal at a temperature, by the vibrations of a supercell."""

    unit: str = THERMAL_CELL
    crystal: RestingCrystal
    matrix: list[list[int]] = Field(
        description="The supercell's lattice vectors in units of the parent's, as rows; of positive determinant."
    )
    temperature: float = Field(description="K.")


class ThermalCellRecord(Record):
    """What it is."""

    unit: str = THERMAL_CELL
    evaluation: int
    temperature: float
    q: list[float] = Field(
        description="Symmetry-adapted coordinates in the cell at the temperature; at rest where there is none."
    )
    expansion: float = Field(description="Its volume over that at rest, less one.")
    failed: str | None = Field(None, description="Why there is none; null where there is.")


class BatchingTask(Task):
    """How many runs are best computed together: by measurement, at rest."""

    unit: str = BATCHING
    crystals: list[RestingCrystal] = Field(
        description="As of the runs: those at lam = 0, 1/2 and 1, or the one."
    )
    matrix: list[list[int]]
    most: int = Field(ge=1, description="No more than so many.")


class BatchingRecord(Record):
    """What was measured. The runs of the job keep to it, wherever they are computed."""

    unit: str = BATCHING
    replicas: int = Field(ge=1)


class EmptySite(Output):
    """A site of the supercell whose atom is taken out."""

    site: int = Field(ge=0, description="Its number in the supercell.")
    removed: str | None = Field(
        None,
        description="The element, where its chemical potential is wanted; null where the crystal takes the atom.",
    )


class Defect(Output):
    """A crystal with an empty site, relaxed in the cell of the perfect one."""

    energy: float = Field(description="Of the supercell at rest, eV.")
    converged: bool = Field(description="Whether its atoms came to rest.")
    spring: float = Field(description="eV/Å^2; lets the atom move as far as it does in the perfect crystal.")
    chemical_potential: float | None = Field(
        None, description="eV, of the element that is taken out; null where it was not asked for."
    )
    reference: str | None = Field(None, description="What the chemical potential is of, in words.")


class Tether(Output):
    """An atom that is held to its place by a spring while it is switched off."""

    site: int = Field(ge=0, description="Its number in the supercell.")
    spring: float = Field(gt=0.0, description="eV/Å^2.")


class MovingCell(Output):
    """How the volume of a cell moves under the pressure of the problem."""

    mass: float = Field(gt=0.0, description="Of its logarithmic stretch, eV fs^2.")
    friction: float = Field(gt=0.0, description="1/fs.")


class HarmonicTask(Task):
    """Force constants of a crystal, and energies of its model at independent samples of its harmonic crystal."""

    unit: str = HARMONIC
    crystal: RestingCrystal
    matrix: list[list[int]] = Field(
        description="The supercell's lattice vectors in units of the parent's, as rows; of positive determinant."
    )
    temperature: float = Field(description="K.")
    seed: int = Field(description="Of the samples, together with their numbers.")
    first: int = Field(0, description="Number of the first pair of samples.")
    pairs: int = Field(0, ge=0, description="Pairs u and -u; none for the force constants alone.")
    learned: list[list[float]] | None = Field(
        None,
        description="Energies beyond harmonic of the pairs from number 0 on, eV, to which an energy of bonds is "
        "fitted: samples are then of the harmonic crystal with it, and single ones. Null for those of the harmonic.",
    )
    empty: EmptySite | None = Field(None, description="The site with which empty the crystal is relaxed too.")
    stretched: bool = Field(default=False, description="Whether its stiffness is wanted.")


class ReferenceBetween(Output):
    """The harmonic crystal with an energy of its bonds, which is sampled without the potential."""

    difference: float = Field(description="Its free energy over the harmonic crystal, eV per supercell.")
    error: float = Field(description="Its standard error, eV.")
    forgotten: bool = Field(description="Whether it was sampled well.")


class HarmonicRecord(Record):
    """What one batch of samples found."""

    unit: str = HARMONIC
    evaluation: int
    temperature: float
    atoms: float = Field(description="Atoms of the supercell.")
    energy: float = Field(description="Of the supercell at rest, eV.")
    volume: float = Field(description="Of the supercell, Å^3.")
    frequencies: list[float] = Field(
        description="Of its vibrations, THz, from low to high; imaginary ones are negative."
    )
    unstable: list[str] = Field(
        default_factory=list, description="Modes without a restoring force, in words."
    )
    springs: list[float] | None = Field(
        None,
        description="Of the Einstein crystal that moves as far as the harmonic one, eV/Å^2, of each site of a cell.",
    )
    first: int = 0
    differences: list[list[float]] = Field(
        default_factory=list,
        description="Energy of the model less that of the reference, eV per supercell, of u and -u of every pair; of "
        "single samples where there is a reference between.",
    )
    between: ReferenceBetween | None = None
    message: str | None = None
    stiffness: float | None = Field(
        None,
        description="Second derivative of the enthalpy of the supercell by a logarithmic stretch of its cell, alike "
        "along all axes, the sites following: nine times bulk modulus and volume, eV; null where it was not asked for.",
    )
    defect: Defect | None = Field(
        None, description="The crystal with the empty site that was asked for; null where modes are unstable."
    )


class DynamicsTask(Task):
    """A segment of trajectories that are brought to equilibrium at one end and switched to the other."""

    unit: str = DYNAMICS
    reference: Reference
    crystals: list[RestingCrystal] = Field(
        description="Of reference composition those at lam = 0, 1/2 and 1; of the others the one crystal."
    )
    matrix: list[list[int]]
    tether: Tether | None = Field(None, description="Of reference vacancy: the atom that is switched off.")
    moving: MovingCell | None = Field(
        None, description="Of reference composition: how the cell moves; null where it follows lam."
    )
    temperature: float = Field(description="K.")
    timestep: float = Field(description="fs.")
    friction: float = Field(description="Of the Langevin dynamics, 1/fs.")
    seed: int = Field(description="Of all noise.")
    run: int = Field(description="Number of the first run among those of its direction; the others follow.")
    replicas: int = Field(ge=1, description="Runs that are computed together.")
    forward: bool = Field(description="Whether they lead from lam = 0 to 1.")
    equilibration: int = Field(ge=0, description="Steps at the first end.")
    steps: int = Field(ge=1, description="Steps of the switch.")
    pace: list[float] | None = Field(
        None,
        description="Shares of the time of the switch at which lam has come each eighth of its way, from 0 to 1, seen "
        "from lam = 0; null for one speed.",
    )
    begin: int = Field(ge=0, description="The step, equilibration counted, at which the segment begins.")
    end: int = Field(ge=1, description="And the one at which it ends.")


class DynamicsRecord(Record):
    """What one segment came to."""

    unit: str = DYNAMICS
    run: int
    replicas: int
    forward: bool
    temperature: float = Field(description="K, as asked for.")
    end: int = Field(description="The step at which it ended.")
    works: list[float] | None = Field(
        None, description="Work done on each supercell over the whole switch, eV; null before its end."
    )
    work_by_part: list[float] | None = Field(
        None,
        description="Mean work that the segment did on a supercell while lam was in each eighth of its way, eV; null "
        "where lam did not move.",
    )
    timestep: float | None = Field(None, description="fs.")
    measured: float | None = Field(
        None, description="Mean temperature of the velocities over the steps of the segment, K."
    )
    volume: float | None = Field(
        None, description="Mean volume of a supercell over the steps of the segment, Å^3."
    )
    volumes: list[float] | None = Field(
        None,
        description="Where the cell moves, mean volume of each supercell over the second half of the equilibration, "
        "Å^3; null of segments in which it does not end.",
    )
    closest: float | None = Field(
        None,
        description="Shortest distance of two atoms that was seen while lam moved, Å, at every fourth step; null where "
        "lam did not move, 4 where none was shorter.",
    )
    drift: float | None = Field(
        None,
        description="Of the energy without thermostat, eV an atom and ps, where the time step was tested; else null.",
    )
    warnings: list[str] = Field(default_factory=list)
    failed: str | None = Field(None, description="Why the runs cannot go on; null while they can.")
    unfit: bool = Field(
        default=False, description="Whether it is for the time step, so that no other run could do better."
    )
