"""Results: what a finished (or cancelled) job answers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue, field_validator

from api_schemas.also import AlsoEvaluated
from api_schemas.base import Output
from api_schemas.composition_uncertainty import Bars, MemberUncertainty, Ranges, UncertaintyShares
from api_schemas.evaluations import Evaluation
from api_schemas.measured import MeasuredOffset, MeasuredPoint
from api_schemas.messages import Message, ObjectiveCheck
from api_schemas.verification import Verification

StopReason = Literal[
    "target_met",
    "converged",
    "budget_spent",
    "time_limit",
    "cancelled",
    "unreachable_target",
    "accuracy_met",
    "completed",
]


class Stopped(Output):
    """Why the search ended."""

    reason: StopReason
    message: str


class Sensitivity(Output):
    """How a property answers to more of one element, at the expense of the others in proportion."""

    property: str
    sublattice: str
    element: str
    per_percent: float = Field(description="Change of the property for one percent more of the element.")
    unit: str
    text: str


class TracePoint(Output):
    """One step of the convergence: the loss of an evaluation, and the best up to it."""

    index: int
    loss: float | None = Field(None, description="Null where the evaluation failed or breaks a constraint.")
    best: float | None = Field(
        None, description="Least loss up to this evaluation that obeys every constraint."
    )


class Prediction(Output):
    """What the surrogate, told of every evaluation but the best one, predicts of it."""

    property: str
    mean: float
    deviation: float = Field(description="Posterior standard deviation.")
    unit: str


class TotalCost(Output):
    """Cost of the whole job."""

    evaluations: int
    potential_calls: int
    shared_calls: int
    seconds: float = Field(description="Sum over the evaluations; several workers at a time take less.")
    supercell_calls: int = Field(0, description="Of potential_calls, those for explicit supercells.")
    primitive_equivalents: float = Field(
        0.0, description="What the calls for supercells would be as calls for the parent cell."
    )


class PotentialProvenance(Output):
    """Which weights were used."""

    name: str
    sha256: str
    licence: str
    citation: str


class Provenance(Output):
    """What is needed to repeat the job."""

    orichalcum: str
    potential: PotentialProvenance
    seed: int
    device: str
    dtype: str
    mixing: str = Field("mean_field", description="How species were mixed.")
    tier: str = Field("mean_field", description="How mixed crystals were computed.")
    head: str | None = Field(None, description="Head of a MACE model that has several.")
    versions: dict[str, str] = {}


class Result(Output):
    """The answer of a job, as ``run --json`` and ``GET /v1/jobs/{id}/result`` print it."""

    kind: str
    best: Evaluation | None
    front: list[Evaluation] = []
    evaluations: list[Evaluation] = []
    answer: dict[str, JsonValue] = Field(
        default={},
        description="What the kind answers beyond evaluations: of kind order an OrderAnswer; empty for optimize, scan "
        "and evaluate.",
    )
    reading: list[Message] = Field(
        default=[],
        description="What a reader must see, the most important first: the same sentences on every surface.",
    )
    stopped: Stopped
    objective_checks: list[ObjectiveCheck] = Field(
        default=[], description="How far the best evaluation meets each objective; empty without one."
    )
    uncertainty_of_composition: Bars | None = Field(
        None,
        description="Standard deviations of the fractions of the best composition, to first order by the gradients of "
        "the targets: from tolerances, tier and surrogates (docs/science.md, Eq. 143). 0 where a constraint holds a "
        "fraction back, null where the targets leave it open, and null as a whole without targets, for a front, and "
        "where a target has no gradient.",
    )
    uncertainty_shares: UncertaintyShares | None = Field(
        None, description="What these deviations are made of; null as they are."
    )
    degenerate_directions: int = Field(
        0,
        description="In how many directions the composition can move with every target kept (or missed by no more), "
        "where no goal decides: the answer is one of many.",
    )
    feasible_ranges: Ranges | None = Field(
        None,
        description="Where the targets leave directions open, the least and the largest of each fraction with every "
        "target kept within its tolerance, to first order, and every constraint obeyed; null elsewhere.",
    )
    front_uncertainties: list[MemberUncertainty | None] = Field(
        default=[],
        description="How sure the composition of each member of the front is, in its order; null where no error of an "
        "objective is known, or one has no gradient.",
    )
    sensitivities: list[Sensitivity] = []
    active_constraints: list[str] = []
    notes: list[str] = Field(
        default=[],
        description="How the answer was found: the strategy that auto chose and why, what was set aside.",
    )
    trace: list[TracePoint] = Field(
        default=[], description="The convergence; empty without objectives and for a front."
    )
    predictions: list[Prediction] = Field(
        default=[],
        description="Of the objectives' properties at the best composition: how well the surrogate knew them. Empty "
        "with fewer than three evaluations, for a front, and of a cancelled job.",
    )
    targets: list[float | None] = Field(default=[], description="Target of each objective, same_as resolved.")
    measured: list[MeasuredPoint] = Field(
        default=[], description="The problem's own measured points; they are no evaluations."
    )
    offsets: list[MeasuredOffset] = Field(
        default=[],
        description="By how much what was measured lies above what the potential gives, a property each.",
    )
    verification: list[Verification] | None = Field(
        None,
        description="What explicit supercells say, an entry for each evaluation that was verified and each property, "
        "those that the problem names first; null where it was not asked for.",
    )
    also: list[AlsoEvaluated] | None = Field(
        None,
        description="The answer by other potentials, an entry for each evaluation of it and each of them; null where "
        "they were not asked for.",
    )
    cost: TotalCost
    provenance: Provenance

    @field_validator("verification", mode="before")
    @classmethod
    def _of_older_versions(cls, value: object) -> object:
        """Where results had a place for it and no form, nothing was written."""
        return None if isinstance(value, dict) else value
