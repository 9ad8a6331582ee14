"""Maps: a surrogate's prediction of a property over a slice of the composition space."""

from __future__ import annotations

from pydantic import Field

from api_schemas.base import Composition, Output


class SurrogateMap(Output):
    """Answer of ``GET /v1/jobs/{id}/map``: what the surrogate expects of a property, and how surely."""

    property: str
    unit: str
    over: list[str] = Field(
        description="sublattice:element of those that vary; they share what they have at `at`."
    )
    at: Composition = Field(description="The composition through which the slice goes.")
    compositions: list[Composition] = Field(
        description="Of the slice; those rich in the first element come first."
    )
    mean: list[float] = Field(description="Posterior mean at each, in the property's unit.")
    deviation: list[float] = Field(
        description="Posterior standard deviation at each, in the property's unit."
    )
    feasible: list[bool] = Field(description="Whether each obeys the constraints of the composition.")
    beyond: list[bool] = Field(
        default=[],
        description="Whether nothing around each is known: it lies outside of the evaluations and end members, or "
        "where one phase gives way to another. Empty from older versions.",
    )
    evaluations: int = Field(description="How many evaluations the surrogate has learned from.")


class MapUnderWay(Output):
    """Answer 202 of ``GET /v1/jobs/{id}/map``: a worker computes the slice; ask the same again."""

    property: str
    over: list[str] = Field(description="sublattice:element of those that vary.")
    at: str = Field(description="incumbent, centre, or a composition as on the command line.")
    message: str = Field(description="What is awaited.")
