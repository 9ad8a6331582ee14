"""Options of kind free_energy: between which states, of how large a crystal, at which temperatures, how accurately."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator

from api_schemas.base import Bounded, Identifier, Model, Number, refusal
from api_schemas.elements import Element
from api_schemas.structures import Structure
from api_schemas.sublattices import CompositionInput

MOST_ATOMS = 4096
"""Atoms of a supercell."""
MOST_TEMPERATURES = 50
"""Temperatures of a problem."""
MOST_RUNS, MOST_STEPS = 1000, 1_000_000
"""Pairs of runs of one difference, and steps of a run."""
MOST_REPLICAS = 64
"""Runs that are computed together."""
SHORTEST_STEP, LONGEST_STEP = 0.01, 20.0
"""Of the time step, fs."""
FINEST, COARSEST = 1e-6, 10.0
"""Of the accuracy, eV/atom or eV."""

PathName = Literal["composition", "vacancy", "absolute", "phases"]
Ensemble = Literal["nvt", "npt"]
Cell = Literal["quasi_harmonic", "sampled"]
Reference = Literal["auto", "harmonic", "einstein"]
Schedule = Literal["linear", "adaptive"]

OF_PATHS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "from": frozenset({"composition"}),
        "to": frozenset({"composition"}),
        "vacancy": frozenset({"vacancy"}),
        "phases": frozenset({"phases"}),
        "reference": frozenset({"absolute", "phases", "vacancy"}),
    }
)
"""The paths that use an option, of the options that not all use."""


def _two(value: object) -> object:
    """Refuse another number of phases before any is read."""
    if isinstance(value, list) and len(value) != 2:
        count = "1 phase is" if len(value) == 1 else f"{len(value)} phases are"
        raise refusal("bad-phases", f"{count} given; give two, which are compared")
    return value


def _within(value: object, least: float, most: float) -> bool:
    """Whether something is a number between two; of any size, which a float need not hold."""
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


class VacantSite(Model):
    """Which atom is taken out of the crystal."""

    sublattice: Identifier = Field(description="Name of the sublattice that it is on.")
    element: Element = Field(description="What it is; the crystal has it at the compositions of `at`.")


class FreeEnergyBudget(Model):
    """How much may be computed for one difference at one temperature."""

    runs: Annotated[int, Field(strict=True, ge=2, le=MOST_RUNS)] = Field(
        16, description="Most pairs of a forward and a backward run; of fewer than 4 no error is believed."
    )
    steps: Annotated[int, Field(strict=True, ge=10, le=MOST_STEPS)] = Field(
        300, description="Steps of a run, beyond those that bring it to equilibrium."
    )


class FreeEnergyOptions(Model):
    """What kind free_energy computes."""

    model_config = ConfigDict(serialize_by_alias=True)

    path: PathName = Field(
        description="composition: from one composition to another. vacancy: one atom is taken out. absolute: of the "
        "crystal, against a reference whose free energy is known. phases: of two crystals, and where they cross."
    )
    start: CompositionInput | None = Field(
        None, alias="from", description="Path composition: where it begins, e.g. {cation: {Na: 1}}."
    )
    end: CompositionInput | None = Field(
        None, alias="to", description="Path composition: where it ends, e.g. {cation: {K: 1}}."
    )
    vacancy: VacantSite | None = Field(None, description="Path vacancy: the atom that is taken out.")
    phases: Annotated[list[Structure], BeforeValidator(_two), Field(min_length=2, max_length=2)] | None = (
        Field(None, description="Path phases: the two parents; the structure of the problem is one of them.")
    )
    atoms: Annotated[int, Field(strict=True, ge=1, le=MOST_ATOMS)] = Field(
        64, description="Atoms of the supercell, about: those of a whole number of parent cells."
    )
    temperatures: Annotated[list[Bounded], Field(min_length=1, max_length=MOST_TEMPERATURES)] | None = Field(
        None, description="K; by default conditions.temperature."
    )
    ensemble: Ensemble = Field(
        "nvt",
        description="nvt: in the cell at rest. npt: in the cell that the crystal has at the temperature; see cell.",
    )
    cell: Cell = Field(
        "quasi_harmonic",
        description="Of ensemble npt. quasi_harmonic: the cell of lowest free energy with its quantum harmonic "
        "vibrations. sampled: the volume moves under the pressure; of path composition, and of cubic crystals.",
    )
    reference: Reference = Field(
        "auto",
        description="What an absolute free energy refers to: the harmonic crystal, or the Einstein crystal. auto takes "
        "the harmonic one, and on path absolute the other where that is not stable.",
    )
    timestep: Annotated[Number, Field(ge=SHORTEST_STEP, le=LONGEST_STEP)] | Literal["auto"] = Field(
        "auto", description="fs; auto takes a share of the shortest period of the crystal."
    )
    schedule: Schedule = Field(
        "linear",
        description="How fast runs go from one end to the other. linear: at one speed. adaptive: the first runs do, "
        "and show where work is lost; the others go slowly there.",
    )
    replicas: Annotated[int, Field(strict=True, ge=1, le=MOST_REPLICAS)] | Literal["auto"] = Field(
        "auto",
        description="Runs that are computed together; auto measures how many make each the cheapest. The last "
        "digits of a run depend on it.",
    )
    accuracy: Annotated[Number, Field(ge=FINEST, le=COARSEST)] = Field(
        0.001,
        description="The standard error that is wanted, eV/atom, or eV on path vacancy: runs are added until it is "
        "below, or the budget is spent.",
    )
    budget: FreeEnergyBudget = Field(FreeEnergyBudget(), description="How much may be computed for that.")

    def of_phases(self) -> list[tuple[Structure, FreeEnergyOptions]]:
        """Each phase with the options of its own free energy: both errors together are that of the difference."""
        alone = {
            "path": "absolute",
            "phases": None,
            "accuracy": self.accuracy / math.sqrt(2.0),
            # A phase that falls into another one is none, unless its owner says otherwise.
            "reference": "harmonic" if self.reference == "auto" else self.reference,
        }
        return [(phase, self.model_copy(update=alone)) for phase in self.phases or ()]

    @field_validator("accuracy", mode="before")
    @classmethod
    def _positive(cls, value: object) -> object:
        if not _within(value, FINEST, COARSEST):
            what = "a positive standard error in eV/atom (path vacancy: eV)"
            raise refusal("bad-accuracy", f"give {what}, from {FINEST:g} to {COARSEST:g}, e.g. 0.001")
        return value

    @field_validator("timestep", mode="before")
    @classmethod
    def _number_or_auto(cls, value: object) -> object:
        if value != "auto" and not _within(value, SHORTEST_STEP, LONGEST_STEP):
            raise refusal(
                "bad-choice",
                f"give a time step from {SHORTEST_STEP:g} to {LONGEST_STEP:g} fs, e.g. 2, or auto",
            )
        return value

    @field_validator("replicas", mode="before")
    @classmethod
    def _count_or_auto(cls, value: object) -> object:
        if value != "auto" and not (_within(value, 1, MOST_REPLICAS) and isinstance(value, int)):
            text = f"give how many runs are computed together, from 1 to {MOST_REPLICAS}, or auto"
            raise refusal("bad-choice", text)
        return value

    def given(self, name: str) -> bool:
        """Whether an option, by the name that it is written with, has another value than its default."""
        fields = {field.alias or own: own for own, field in type(self).model_fields.items()}
        own = fields[name]
        return bool(getattr(self, own) != type(self).model_fields[own].default)
