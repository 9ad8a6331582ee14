"""Conditions of a problem: temperature, pressure, and what the crystal is compared with."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import (
    Field,
    model_validator,
)

from api_schemas.base import (
    Model,
    Number,
    Positive,
    counted_first,
    refusal,
)
from api_schemas.elements import Element
from api_schemas.structures import Structure

MOST_ELEMENTS = 120
"""Entries of a table by element."""

_PerElement = counted_first(MOST_ELEMENTS)


class Substrate(Model):
    """What a film is to fit on: a length in its plane, as a number or as that of another crystal."""

    value: Positive | None = Field(None, le=1000.0, description="Å")
    same_as: Structure | None = Field(
        None, description="The substrate's crystal, relaxed with the same potential."
    )
    direction: Annotated[
        list[Annotated[int, Field(strict=True, ge=-9, le=9)]], Field(min_length=3, max_length=3)
    ] = Field(
        default=[1, 0, 0],
        description="Lattice direction [u, v, w] of the conventional cell, in the chosen plane: its length is compared",
    )

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.value is None) == (self.same_as is None):
            raise refusal("bad-substrate", "give either value (a length in Å) or same_as (a crystal)")
        if not any(self.direction):
            raise refusal(
                "bad-substrate", "direction [0, 0, 0] has no length; give one in the plane, e.g. [1, 0, 0]"
            )
        return self


class Conditions(Model):
    """Temperature (K), hydrostatic pressure (GPa), and what the crystal is compared with."""

    temperature: Number = Field(300.0, ge=0.0, le=100_000.0, description="K")
    pressure: Number = Field(0.0, ge=-100.0, le=1000.0, description="GPa; positive compresses.")
    vibrations: Literal["none", "harmonic"] = Field(
        "none",
        description="harmonic: mixing_free_energy holds the vibrations of the harmonic crystal at the temperature, and "
        "vibrational_free_energy, vibrational_entropy and heat_capacity can be asked for.",
    )
    chemical_potentials: Annotated[
        dict[Element, Annotated[Number, Field(ge=-1e5, le=1e5)]], counted_first(MOST_ELEMENTS)
    ] = Field(
        default={},
        max_length=MOST_ELEMENTS,
        description="eV/atom, for formation_energy; elements left out refer to their elemental phases.",
    )
    substrate: Substrate | None = Field(None, description="For substrate_mismatch.")
    element_prices: Annotated[
        dict[Element, Annotated[Number, Field(ge=0.0, le=1e12)]], counted_first(MOST_ELEMENTS)
    ] = Field(
        default={},
        max_length=MOST_ELEMENTS,
        description="USD/kg, for price_per_kg; elements left out have the price of the table.",
    )
    supply_risks: Annotated[
        dict[Element, Annotated[Number, Field(ge=0.0, le=1e6)]], counted_first(MOST_ELEMENTS)
    ] = Field(
        default={},
        max_length=MOST_ELEMENTS,
        description="For supply_risk, from 0 (none) to 1; elements left out have the value of the table.",
    )
