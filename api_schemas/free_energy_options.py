"""Options of kind free_energy: of what, at which temperatures, how accurate, and what it may cost."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from api_schemas.base import Model, Positive, refusal
from api_schemas.sublattices import CompositionInput

PROMISED_PATHS = ("vacancy", "phases")
"""Paths that will come: they are refused as not available yet."""
MOST_TEMPERATURES = 50
MOST_ATOMS = 2000
LONGEST_STEP = 20.0
"""fs"""

Temperature = Annotated[Positive, Field(le=10_000.0)]
TimeStep = Annotated[Positive, Field(le=LONGEST_STEP)]


class FreeEnergyBudget(Model):
    """What may be spent on one free energy."""

    runs: Annotated[int, Field(strict=True, ge=1, le=10_000)] = Field(
        16, description="Pairs of forward and backward runs, at most."
    )
    steps: Annotated[int, Field(strict=True, ge=10, le=1_000_000)] = Field(300, description="Of a run.")


class FreeEnergyOptions(Model):
    """What kind free_energy computes."""

    model_config = ConfigDict(populate_by_name=True)

    path: Literal["composition", "absolute"] = Field(
        "absolute",
        description="absolute: of the crystals at the compositions of `at`; composition: the change between two.",
    )
    start: CompositionInput | None = Field(
        None, alias="from", description="Path composition: where it begins."
    )
    end: CompositionInput | None = Field(None, alias="to", description="Path composition: where it ends.")
    atoms: Annotated[int, Field(strict=True, ge=2, le=MOST_ATOMS)] = Field(
        64, description="Of the supercell, about."
    )
    temperatures: list[Temperature] = Field(
        default=[],
        max_length=MOST_TEMPERATURES,
        description="K; conditions.temperature where the list is left out.",
    )
    ensemble: Literal["nvt"] = Field("nvt", description="nvt: in the cell at rest.")
    reference: Literal["auto", "harmonic"] = Field(
        "auto",
        description="Path absolute: what the free energy is counted from; auto is the harmonic crystal.",
    )
    timestep: TimeStep | Literal["auto"] = Field(
        "auto", description="fs; auto is a twentieth of the shortest period."
    )
    accuracy: Annotated[Positive, Field(le=10.0)] = Field(
        0.001,
        description="eV/atom; samples and runs are added until the standard error is below, or the budget is spent.",
    )
    budget: FreeEnergyBudget = Field(FreeEnergyBudget(), description="Of each free energy, at most.")

    @model_validator(mode="before")
    @classmethod
    def _not_yet(cls, value: Any) -> Any:
        if isinstance(value, dict):
            _not_available(value)
        return value

    @field_validator("timestep", mode="before")
    @classmethod
    def _number_or_auto(cls, value: object) -> object:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (number and 0.0 < float(value) <= LONGEST_STEP) and value != "auto":  # type: ignore[arg-type]
            raise refusal("bad-choice", f"give a time step above 0 and up to {LONGEST_STEP:g} fs, or auto")
        return value


def _not_available(options: dict[str, Any]) -> None:
    """Refuse what is promised and not built yet.

    Raises:
        PydanticCustomError: naming the field.
    """
    path = options.get("path")
    if path in PROMISED_PATHS:
        raise refusal(
            "not-available-yet",
            f"/path: path {path} is not available yet in this version; take absolute or composition",
        )
    for name in PROMISED_PATHS:
        if name in options:
            raise refusal(
                "not-available-yet", f"/{name}: {name} is not available yet in this version; remove it"
            )
    for name, value, other in (("ensemble", "npt", "nvt"), ("reference", "einstein", "harmonic")):
        if options.get(name) == value:
            raise refusal(
                "not-available-yet",
                f"/{name}: {name} {value} is not available yet in this version; take {other}",
            )
