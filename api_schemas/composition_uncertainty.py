"""How far targets determine a composition: its error bar with the shares of it, and what they leave open."""

from __future__ import annotations

from pydantic import Field

from api_schemas.base import Output

Bars = dict[str, dict[str, float | None]]
"""Sublattice -> element -> standard deviation of its fraction; null where the targets do not determine it."""
Ranges = dict[str, dict[str, list[float]]]
"""Sublattice -> element -> the least and the largest fraction."""


class UncertaintyShares(Output):
    """What an error bar of the composition is made of: the squares of the shares add up to its square."""

    tolerance: Bars = Field(description="From the tolerances of the targets.")
    tier: Bars | None = Field(
        description="From how far the tier is predicted to be from explicit supercells of the same potential, or, of "
        "fidelity supercells, from what is left open of that difference; null where no target's property has it."
    )
    surrogate: Bars | None = Field(
        description="From what the surrogates, told of every evaluation, leave open at the answer: next to nothing "
        "where it was evaluated; null of a cancelled job, and of a front."
    )


class MemberUncertainty(Output):
    """How sure the composition of a member of a front is, as if the values that it has were what is sought."""

    uncertainty_of_composition: Bars = Field(
        description="Standard deviations of the fractions, to first order by the gradients of the objectives: from the "
        "errors of the tier and the tolerances of targets (docs/science.md, Eq. 143). 0 where a constraint holds a "
        "fraction back, null where the objectives leave it open."
    )
    uncertainty_shares: UncertaintyShares = Field(
        description="What these deviations are made of; a goal has no tolerance."
    )


class Determined(Output):
    """What targets say of a composition; the fields are those of a result."""

    uncertainty_of_composition: Bars
    uncertainty_shares: UncertaintyShares
    degenerate_directions: int
    feasible_ranges: Ranges | None
