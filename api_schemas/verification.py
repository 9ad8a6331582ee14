"""Verification: what explicit supercells say of an evaluation, property by property."""

from __future__ import annotations

from pydantic import Field

from api_schemas.base import Composition, Gradient, Output
from api_schemas.evaluations import CrystalState
from api_schemas.supercells import ShortRangeOrder


class ExplicitValue(Output):
    """A property of the explicit supercells of one evaluation."""

    value: float = Field(description="Mean over the supercells that converged, as they are.")
    spread: float | None = Field(
        description="Sample standard deviation between them; null where there is only one."
    )
    decorations: int = Field(description="How many supercells that is the mean of.")


class ExplicitSupercell(Output):
    """One relaxed decoration of a composition."""

    decoration: int = Field(description="Which of the decorations it is, from 0.")
    composition: Composition = Field(description="What it holds: what its sites can, nearest to the answer.")
    sites: dict[str, int] = Field(description="Mixed sites of each sublattice.")
    converged: bool
    potential_calls: int
    largest_displacement: float = Field(description="Å, from the sites of the mean-field crystal.")
    left_parent: bool = Field(description="Whether atoms have left the sites of the parent lattice.")
    warren_cowley: list[ShortRangeOrder] = []
    structure: CrystalState | None = Field(
        None, description="Given in the first entry of its evaluation; null in the others."
    )
    message: str | None = None


class Verification(Output):
    """A property of an evaluation beside the same property of explicit supercells."""

    property: str
    unit: str
    evaluation: int = Field(description="Number of the evaluation that was verified.")
    composition: Composition = Field(description="That of the evaluation.")
    alchemical: float = Field(description="What the evaluation says.")
    tier: str = Field(description="How the evaluation was computed.")
    explicit: ExplicitValue
    at_answer: float | None = Field(
        description="The explicit mean at the composition of the evaluation: with the exact gradient times the "
        "difference to the composition that the supercells hold. Null where the gradient does not exist and they hold "
        "another composition."
    )
    difference: float | None = Field(description="at_answer less alchemical; null as at_answer is.")
    tolerance: float | None = Field(
        description="Difference up to which it holds: the objective's tolerance where the property has a target, else "
        "the typical error of the tier; null where that was not measured."
    )
    holds: bool | None = Field(
        description="Whether the difference is within the tolerance and no supercell has left the parent lattice; "
        "null where one of the two is not known."
    )
    composition_would_move: Gradient | None = Field(
        None,
        description="For a property with a target: the smallest change of the composition that would make up the "
        "difference, by the gradient, as a fraction of each element; null elsewhere.",
    )
    text: str = Field(description="All that in a sentence.")
    supercells: list[ExplicitSupercell]
