"""What surrogates predict: of a property over a slice of the composition space, of all properties at a composition."""

from __future__ import annotations

from pydantic import Field

from api_schemas.base import Composition, Gradient, Output


class LeftOut(Output):
    """An evaluation, and what a surrogate that never learned from it predicts there."""

    index: int = Field(description="Number of the evaluation.")
    value: float = Field(description="What came out, as the surrogate learns it, in the property's unit.")
    mean: float = Field(description="What all others predict.")
    deviation: float = Field(description="Standard deviation of that, with the noise of an evaluation.")
    outside: bool = Field(
        description="Whether the value lies more than two deviations from the mean, and by more than 0.1 % of the "
        "range of all values."
    )


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
    left_out: list[LeftOut] = Field(
        default=[],
        description="Every evaluation predicted from all others, hyperparameters kept; one that is the only one of its "
        "phase, which no other could predict, is not among them. Of more observations than a surrogate takes in, "
        "those that it took. Empty from older versions.",
    )


class MapUnderWay(Output):
    """Answer 202 of ``GET /v1/jobs/{id}/map``: a worker computes the slice; ask the same again."""

    property: str
    over: list[str] = Field(description="sublattice:element of those that vary.")
    at: str = Field(description="incumbent, centre, or a composition as on the command line.")
    message: str = Field(description="What is awaited.")


class ExpectedProperty(Output):
    """What a surrogate expects of a property at one composition."""

    property: str
    unit: str
    mean: float = Field(description="Posterior mean.")
    deviation: float = Field(
        description="Standard deviation; two to each side hold every evaluation that is left out, as in a map."
    )
    gradient: Gradient = Field(
        description="Slope of the mean per unit fraction, by sublattice and element, among the elements that the "
        "bounds leave free, projected so that the fractions of a sublattice keep their sum."
    )
    per_percent: Gradient = Field(
        description="Change of the mean for one per cent more of each of these, the others giving way in proportion."
    )
    beyond: bool = Field(
        description="Whether nothing around is known: the composition lies outside of the evaluations and end members, "
        "or where one phase gives way to another."
    )


class SurrogatePoint(Output):
    """Answer of ``GET /v1/jobs/{id}/surrogate``: what surrogates expect at one composition, and how surely."""

    at: Composition
    expected: list[ExpectedProperty] = Field(
        description="Of every property that an evaluation holds: those of the objectives first."
    )
    feasible: bool = Field(description="Whether the composition obeys its bounds and constraints.")
    broken: list[str] = Field(description="The bounds and constraints that it breaks, in words.")
    evaluations: int = Field(description="How many evaluations the surrogates have learned from.")


class PointUnderWay(Output):
    """Answer 202 of ``GET /v1/jobs/{id}/surrogate``: a worker computes it; ask the same again."""

    at: str = Field(description="incumbent, centre, or a composition as on the command line.")
    message: str = Field(description="What is awaited.")
