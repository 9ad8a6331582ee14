"""The answer of a search by other potentials than its own: the task, its record, and what a result says of it."""

from __future__ import annotations

from pydantic import Field

from api_schemas.base import Composition, Gradient, Output
from api_schemas.evaluations import EvaluationRecord, PropertyValue, RelaxationState
from api_schemas.tasks import Record, Task

OTHER_POTENTIAL = "other_potential"
"""Name of the unit."""


class OtherPotentialTask(Task):
    """The task of evaluating a composition of the answer with the potential that ``other`` names."""

    unit: str = OTHER_POTENTIAL
    composition: Composition
    evaluation: int = Field(description="Number of the evaluation that is evaluated once more.")
    warm_start: RelaxationState | None = Field(
        None, description="The crystal as the problem's own potential has it."
    )


class OtherPotentialRecord(Record):
    """A composition of the answer as another potential has it, with that potential's own targets."""

    unit: str = OTHER_POTENTIAL
    evaluation: int
    other: int = Field(description="Which of the problem's other potentials, from 0.")
    found: EvaluationRecord


class AlsoEvaluated(Output):
    """An evaluation of the answer by another potential, and the composition that this one would choose."""

    potential: str
    sha256: str
    licence: str
    citation: str
    head: str | None = None
    dtype: str
    evaluation: int = Field(description="Number of the evaluation that this is another view of, from 0.")
    composition: Composition
    properties: dict[str, PropertyValue]
    targets: list[float | None] = Field(
        default=[],
        description="Target of each objective; of same_as, the other crystal's value by this potential.",
    )
    converged: bool
    meets: bool | None = Field(
        None,
        description="Whether every target is reached and every bound kept by this potential; null without targets and "
        "where it did not converge.",
    )
    would_choose: Composition | None = Field(
        None,
        description="The composition that this potential would choose: one Newton step from the answer, within the "
        "constraints, not rounded. Null where there is none to be had; the text says why.",
    )
    move: Gradient | None = Field(None, description="From the answer to there, by sublattice and element.")
    expected: dict[str, float] = Field(
        default={},
        description="What the linear model of the step expects there of the objectives' properties.",
    )
    text: str = Field(description="All that in a sentence.")
    message: str | None = None
    warnings: list[str] = []
