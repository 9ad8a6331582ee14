"""People's own points: properties measured, or computed elsewhere, that surrogates learn from."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from api_schemas.base import Bounded, Composition, Model, Name, Output, Scale, refusal
from api_schemas.sublattices import CompositionInput

MOST_MEASURED = 1000
_Slopes = Annotated[
    dict[
        Annotated[str, Field(max_length=64)],
        Annotated[dict[Annotated[str, Field(max_length=20)], Bounded], Field(max_length=20)],
    ],
    Field(max_length=20),
]


class Measured(Model):
    """Properties of one composition from elsewhere: an experiment, another code, a paper."""

    composition: CompositionInput = Field(description="Fractions by sublattice and element.")
    properties: Annotated[dict[Name, Bounded], Field(min_length=1, max_length=50)] = Field(
        description="Values by property, in its unit."
    )
    deviation: Annotated[dict[Name, Scale], Field(max_length=50)] = Field(
        default={},
        description="Standard deviations of the values; by default the change that counts as one unit of loss.",
    )
    gradients: Annotated[dict[Name, _Slopes], Field(max_length=50)] = Field(
        default={},
        description="Derivatives by property, sublattice and element, per unit fraction, as sure as the value.",
    )
    source: Annotated[str, Field(max_length=1000)] = Field("", description="Where they are from.")

    @model_validator(mode="after")
    def _of_its_own_properties(self) -> Self:
        for field, names in (("deviation", self.deviation), ("gradients", self.gradients)):
            for name in names:
                if name not in self.properties:
                    text = f"/{field}: {name} has no value here; give it under properties, or remove it"
                    raise refusal("invalid-value", text)
        return self


class MeasuredValue(Output):
    """A value that was measured."""

    value: float
    deviation: float = Field(description="Standard deviation.")
    unit: str


class MeasuredPoint(Output):
    """A composition with what was measured of it: no evaluation, and not counted as one."""

    composition: Composition
    properties: dict[str, MeasuredValue]
    source: str = ""


class MeasuredOffset(Output):
    """By how much what was measured of a property lies above what the potential gives: learned from both."""

    property: str
    value: float
    deviation: float = Field(description="Posterior standard deviation.")
    unit: str
    points: int = Field(description="How many values were measured.")
