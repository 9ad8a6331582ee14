"""What a worker behind HTTPS and the API tell each other: JSON, checked on both sides, never a pickle.

Documents (problems, tasks, records, results) travel as the texts that the store keeps, digit for digit.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api_schemas.errors import ProblemDetail
from service.repositories.checkpoints import MOST_BYTES
from service.repositories.maps import MapClaim
from service.repositories.progress import MOST_WORDS, JobProgress
from service.repositories.tasks import Claim
from service.work.work import Behind, Sort, StepClaim

MOST_BODY = 64 * 1024 * 1024
"""Bytes of a request or an answer, unpacked: a checkpoint of 16 MiB in text, or a result of many evaluations."""

WORKER_HEADER = "Orichalcum-Worker"
MOST_RECORDS = 10_000
MOST_TASKS = 100_000
MOST_TOGETHER = 64
"""Tasks of a batch, and values that are asked for at a time."""

WORKER_NAME = r"[A-Za-z0-9._-]{1,80}"

Identifier = Annotated[str, Field(pattern=r"^[0-9a-z]{1,26}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, Field(max_length=MOST_BODY)]


class Exchanged(BaseModel):
    """A message; what it does not know is refused."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, ser_json_bytes="base64", val_json_bytes="base64", allow_inf_nan=False
    )


class Document(Exchanged):
    """A task or a record as a document of its unit."""

    unit: Annotated[str, Field(max_length=60)]
    text: Text


class Token(Exchanged):
    """What a worker holds, and under which attempt."""

    sort: Sort
    id: Identifier
    attempt: Annotated[int, Field(ge=1, le=2**31)]


class OfHeld(Exchanged):
    """A request about what the worker holds."""

    held: Token


class OfJob(Exchanged):
    """A request about a job for which the worker has computed."""

    job_id: Identifier


class Arrival(Exchanged):
    """A worker that starts: what it is."""

    version: Annotated[str, Field(max_length=100)]
    code: Digest
    device: Literal["cpu", "cuda"]


class Welcome(Exchanged):
    """What a worker is told that may work."""

    queues: list[str]


class Sign(Exchanged):
    """A sign of life; None while it computes."""

    device: Literal["cpu", "cuda"]
    idle_seconds: Annotated[float, Field(ge=0)] | None


class Nothing(Exchanged):
    """There is nothing to say."""


class Found(Exchanged):
    """What there is to compute; nothing where all are None."""

    task: Claim | None = None
    step: StepClaim | None = None
    map: MapClaim | None = None


class Renewed(Exchanged):
    """Whether what was claimed is still held, and of no use any more."""

    held: bool
    unwanted: bool = False


class GivenBack(OfHeld):
    """It is given back, for others to take after so many seconds."""

    wait: Annotated[float, Field(ge=0, le=3600)] | None = None


class Failed(OfHeld):
    """It cannot be computed."""

    failure: ProblemDetail


class Said(OfHeld):
    """What is being done."""

    words: Annotated[str, Field(max_length=MOST_WORDS)]


class Records(Exchanged):
    """Unit and document of records."""

    records: list[tuple[str, str]]


class Keys(OfHeld):
    """Keys of what may be known."""

    keys: Annotated[list[Digest], Field(max_length=MOST_TOGETHER * MOST_TOGETHER)]


class Texts(Exchanged):
    """A text for each key, where there is one."""

    texts: list[str | None]


class KeyAndValue(OfHeld):
    """A value that evaluations share: JSON."""

    key: Digest
    value: Text


class Elsewhere(Exchanged):
    """Whether another worker computes a value."""

    elsewhere: bool


class Checkpoint(Exchanged):
    """A checkpoint, safetensors; None where there is none."""

    data: Annotated[bytes, Field(max_length=MOST_BYTES)] | None


class Saved(OfHeld):
    """A checkpoint that is to be kept."""

    data: Annotated[bytes, Field(max_length=MOST_BYTES)]


class TaskDone(OfHeld):
    """The records of a batch."""

    records: Annotated[list[Text], Field(min_length=1, max_length=MOST_TOGETHER)]
    keys: Annotated[list[Digest], Field(max_length=MOST_TOGETHER)]
    from_cache: bool
    progress: JobProgress | None
    completed: Annotated[list[Document], Field(max_length=MOST_RECORDS)]


class StepDone(OfHeld):
    """What follows in a job."""

    planned: Annotated[int, Field(ge=0, le=2**31)]
    progress: JobProgress
    asked: Annotated[
        list[Annotated[list[Document], Field(max_length=MOST_TOGETHER)]], Field(max_length=MOST_TASKS)
    ]
    completed: Annotated[list[Document], Field(max_length=MOST_RECORDS)]
    result: Text | None


class MapDone(OfHeld):
    """A map of so many records."""

    told: Annotated[int, Field(ge=0, le=2**31)]
    answer: Text


class Stored(Exchanged):
    """How many records a job has now; 0 where nothing was stored."""

    count: int


class Progress(OfJob):
    """How far a job is."""

    progress: JobProgress
    completed: Annotated[list[Document], Field(max_length=MOST_RECORDS)]


class Done(Exchanged):
    """Whether it was done."""

    done: bool


class Lagging(Exchanged):
    """A job whose progress lags behind its records."""

    behind: Behind | None
