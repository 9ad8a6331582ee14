"""Jobs of the service: states, progress, events, pages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from api_schemas.base import Output
from api_schemas.errors import MOST_FAULTS, FieldError, ProblemDetail
from api_schemas.evaluations import Evaluation
from api_schemas.problem import Problem

JobState = Literal["queued", "running", "paused", "cancelling", "cancelled", "succeeded", "failed"]
Priority = Literal["high", "normal", "low"]
ACTIVE_STATES: tuple[JobState, ...] = ("queued", "running", "paused", "cancelling")
FINAL_STATES: tuple[JobState, ...] = ("cancelled", "succeeded", "failed")


Tag = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
"""A word by which jobs are found again; upper and lower case are the same."""


class BestSoFar(Output):
    """The best evaluation up to now."""

    index: int
    loss: float | None
    composition: dict[str, dict[str, float]]
    properties: dict[str, float] = Field(description="Values of the objectives' properties.")
    targets: list[float | None] = Field(default=[], description="Target of each objective, same_as resolved.")


class Progress(Output):
    """How far a job is."""

    evaluations_done: int
    evaluations_planned: int = Field(
        description="At most this many will be evaluated, explicit supercells among them."
    )
    best: BestSoFar | None = None
    trace: list[float] = Field(
        default=[],
        description="Best loss against evaluations, thinned to at most 50 numbers, for a sparkline.",
    )
    front: list[int] = Field(
        default=[],
        description="Numbers of the evaluations that are on the front so far; empty without a front.",
    )
    doing: list[str] = Field(
        default=[],
        description='What is being computed, e.g. "relaxing the reference Mn, 58 atoms", for people.',
    )


class Job(Output):
    """A job of the service."""

    id: str
    name: str
    kind: str
    state: JobState
    progress: Progress
    cancel_requested: bool
    priority: Priority = "normal"
    time_limit: float | None = Field(
        None, description="Seconds from its start after which it ends with the best so far."
    )
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    failure: ProblemDetail | None = Field(None, description="What went wrong, where the job failed.")
    parent: str | None = Field(
        None,
        description="Id of the job that it comes of: whose answer it verifies, or for which it evaluates compositions; "
        "that one may have been deleted since.",
    )
    tags: list[str] = Field(default=[], description="Words by which it is found again.")
    note: str = Field(default="", description="What people wrote on it.")
    starred: bool = Field(default=False, description="Whether people want to come back to it.")
    after: list[str] = Field(
        default=[],
        description="Ids of jobs that have to succeed before it starts; they may have been deleted since.",
    )
    takes_answer: bool = Field(
        default=False, description="Whether it starts from the compositions that those before it answered."
    )
    waiting: bool = Field(default=False, description="Whether those before it have not all succeeded yet.")
    array: str | None = Field(
        None, description="Id of the array that it is of: one problem over lists of values."
    )
    array_values: dict[str, JsonValue] | None = Field(
        None, description="Its own values in that array, by field, e.g. conditions.pressure: 5."
    )
    notice: str | None = Field(
        None,
        description="Why nothing is being done for a job that waits, and what to do about it; for people.",
    )
    problem: Problem | None = Field(None, description="The normalised problem; left out in lists.")


class AnswerSoFar(Output):
    """What the kind of a job answers beyond evaluations, as far as it is known."""

    state: JobState
    told: int = Field(description="Computations that it is made from.")
    answer: dict[str, JsonValue] = Field(
        description="As `answer` of the result, of what is known; empty before anything is, and for kinds without one."
    )


class JobPage(Output):
    """A page of jobs, newest first."""

    items: list[Job]
    next_cursor: str | None = None


class CancelledJobs(Output):
    """What came of cancelling many jobs."""

    items: list[Job] = Field(description="Those that are cancelled now, or are being cancelled.")
    not_cancelled: list[str] = Field(
        default=[], description="Ids that were named and are of no job here, or of one that is finished."
    )
    more: int = Field(0, description="Active jobs that are meant too and are left: ask again.")


class StoredEvaluation(Output):
    """An evaluation of a job with its number."""

    index: int
    evaluation: Evaluation


class EvaluationPage(Output):
    """A page of evaluations, oldest first."""

    items: list[StoredEvaluation]
    next_cursor: str | None = None


class StateEvent(Output):
    """Data of the server-sent event ``state``."""

    state: JobState
    message: str | None = None
    at: datetime


class ProgressEvent(Output):
    """Data of the server-sent event ``progress``."""

    progress: Progress
    at: datetime


class EvaluationEvent(Output):
    """Data of the server-sent event ``evaluation``."""

    index: int
    evaluation: Evaluation
    at: datetime


class SiteOfProblem(Output):
    """A site of the expanded parent crystal."""

    index: int
    element: str
    sublattice: str | None
    frac: list[float]


class CostEstimate(Output):
    """What a job will take, roughly."""

    evaluations: int
    potential_calls: int
    seconds: float = Field(description="On one worker, of one thread where nothing was measured here yet.")
    memory_bytes: int
    learned_from: int = Field(
        0,
        description="How many evaluations of this service, with the same potential and about as many atoms, the "
        "seconds a call are from; 0: from a table of another machine, and rough.",
    )


class Validation(Output):
    """Answer of ``POST /v1/problems/validate``."""

    valid: bool
    problem: Problem | None = None
    sites: list[SiteOfProblem] = []
    lattice: list[list[float]] = []
    estimate: CostEstimate | None = None
    errors: list[FieldError] = Field([], description=f"The first {MOST_FAULTS} faults.")
    more: int = Field(0, description="Faults beyond those in errors.")
