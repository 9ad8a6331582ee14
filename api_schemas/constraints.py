"""Constraints of a problem: on the composition, on properties, and the steps in which the answer can be made."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import (
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from api_schemas.base import (
    Bounded,
    Column,
    Fraction,
    Identifier,
    Model,
    Name,
    Positive,
    counted_first,
    refusal,
)
from api_schemas.elements import Element


class LinearConstraint(Model):
    """``min <= sum of coefficient * fraction <= max`` over terms named ``sublattice:element``."""

    terms: dict[Column, Bounded] = Field(
        min_length=1, max_length=200, description="Coefficient of each fraction, by sublattice:element."
    )
    min: Bounded | None = Field(None, description="Least value of the sum.")
    max: Bounded | None = Field(None, description="Largest value of the sum.")

    @model_validator(mode="after")
    def _has_a_range(self) -> Self:
        _check_range(self.min, self.max)
        return self


class PropertyConstraint(Model):
    """A bound on a computed property."""

    property: Name = Field(description="Name of a property, e.g. formation_energy.")
    min: Bounded | None = Field(None, description="Least value, in the property's unit.")
    max: Bounded | None = Field(None, description="Largest value, in the property's unit.")

    @model_validator(mode="after")
    def _has_a_range(self) -> Self:
        _check_range(self.min, self.max)
        return self


def _check_range(low: float | None, high: float | None) -> None:
    """Refuse a constraint without min and max, or with min above max."""
    if low is None and high is None:
        raise refusal("bad-constraint", "give min, max or both")
    if low is not None and high is not None and low > high:
        raise refusal("bad-constraint", f"min {low:g} exceeds max {high:g}; swap them")


class SupercellSites(Model):
    """A sublattice of an explicit supercell: its fractions are whole numbers of atoms over its sites."""

    sites: Annotated[int, Field(strict=True, ge=2, le=1_000_000)] = Field(
        description="Sites of the sublattice in the supercell."
    )


Step = Annotated[Positive, Field(le=0.5)]
StepOrSites = Annotated[
    Annotated[Step, Tag("<step>")] | Annotated[SupercellSites, Tag("<supercell>")],
    Discriminator(lambda value: "<supercell>" if isinstance(value, (dict, SupercellSites)) else "<step>"),
]
Resolution = Annotated[
    Annotated[Step, Tag("<step>")]
    | Annotated[dict[Identifier, StepOrSites], Field(min_length=1, max_length=20), Tag("<sublattices>")],
    Discriminator(lambda value: "<sublattices>" if isinstance(value, dict) else "<step>"),
]


class Constraints(Model):
    """Restrictions of the composition beyond the bounds of each element."""

    charge_neutrality: Annotated[dict[Element, Bounded] | None, counted_first(120)] = Field(
        None, max_length=120, description="Oxidation state by element; the cell's charge must be zero."
    )
    linear: list[LinearConstraint] = Field(
        default=[], max_length=100, description="Linear inequalities over the fractions of all sublattices."
    )
    min_if_present: dict[Column, Fraction] = Field(
        default={}, max_length=200, description="Least fraction of an element that is there at all."
    )
    max_elements: dict[Identifier, Annotated[int, Field(strict=True, ge=1, le=20)]] = Field(
        default={}, max_length=20, description="Most elements present at a time, by sublattice."
    )
    properties: list[PropertyConstraint] = Field(
        default=[], max_length=20, description="Bounds on computed properties."
    )
    resolution: Resolution | None = Field(
        None,
        description="Step in which the answer can be made, to which it is rounded; or by sublattice a step or "
        "{sites: N}, what a supercell with N sites of the sublattice can hold.",
    )
