"""Objectives of a problem: targets with tolerances, and goals."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import (
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from api_schemas.base import (
    Bounded,
    Model,
    Name,
    Scale,
    refusal,
)
from api_schemas.structures import Structure


class SameAs(Model):
    """A target taken from another crystal, computed with the same potential."""

    same_as: Structure = Field(description="The crystal whose value of the property is the target.")


Target = Annotated[
    Annotated[Bounded, Tag("<number>")] | Annotated[SameAs, Tag("<crystal>")],
    Discriminator(lambda value: "<crystal>" if isinstance(value, (dict, SameAs)) else "<number>"),
]


class Objective(Model):
    """One objective: reach a target within a tolerance, or minimize or maximize."""

    property: Name = Field(description="Name of a property, e.g. lattice_a.")
    target: Target | None = Field(
        None, description="A number in the property's unit, or {same_as: structure}."
    )
    tolerance: Scale | None = Field(None, description="Half width of the accepted band around the target.")
    goal: Literal["minimize", "maximize"] | None = Field(
        None, description="Instead of a target: make the property as small or as large as possible."
    )
    scale: Scale | None = Field(None, description="Change of the property that counts as one unit of loss.")
    weight: Scale | None = Field(
        None, description="Weight in the summed loss, 1 where there is one objective."
    )

    @model_validator(mode="after")
    def _target_or_goal(self) -> Self:
        if (self.target is None) == (self.goal is None):
            raise refusal(
                "bad-objective", "give either target (with tolerance) or goal: minimize or maximize"
            )
        if self.target is not None and self.tolerance is None:
            raise refusal(
                "bad-objective", "a target needs a tolerance in the property's unit, e.g. tolerance: 0.002"
            )
        if self.target is None and self.tolerance is not None:
            raise refusal("bad-objective", "tolerance goes with a target; a goal takes scale")
        if self.target is not None and self.scale is not None:
            raise refusal("bad-objective", "scale goes with a goal; a target takes tolerance")
        return self
