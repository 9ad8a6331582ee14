"""What a worker behind HTTPS and the API tell each other: JSON, checked on both sides, never a pickle.

Documents (problems, tasks, records, results) travel as the texts that the store keeps, digit for digit.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from api_schemas.errors import ProblemDetail
from service.repositories.checkpoints import MOST_BYTES
from service.repositories.maps import MapClaim
from service.repositories.progress import MOST_WORDS, JobProgress
from service.repositories.tasks import Claim
from service.work.bounds import MOST_NUMBER
from service.work.work import Behind, Sort, StepClaim

MOST_BODY = 64 * 1024 * 1024
"""Bytes of a request or an answer, unpacked: a checkpoint of 16 MiB in text, or a result of many evaluations."""

WORKER_HEADER = "Orichalcum-Worker"
MOST_RECORDS = 10_000
MOST_TASKS = 20_000
"""Tasks that one step of a job asks for."""

MOST_TOGETHER = 64
"""Tasks of a batch, and values that are asked for at a time."""

MOST_SHARED = 1024 * 1024
"""Characters of a value that evaluations share."""

MOST_KEYS = MOST_TOGETHER * MOST_TOGETHER
MOST_SMALL = 512 * 1024
"""Bytes of a request, unpacked, that has no use for more."""

WORKER_NAME = r"[A-Za-z0-9._-]{1,80}"

Identifier = Annotated[str, Field(pattern=r"^[0-9a-z]{1,26}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, Field(max_length=MOST_BODY)]
Count = Annotated[int, Field(ge=0, lt=MOST_NUMBER)]


class Exchanged(BaseModel):
    """A message; what it does not know is refused."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, ser_json_bytes="base64", val_json_bytes="base64", allow_inf_nan=False
    )
    most_bytes: ClassVar[int] = MOST_SMALL


class Document(Exchanged):
    """A task or a record as a document of its unit."""

    unit: Annotated[str, Field(max_length=60)]
    text: Text


class Token(Exchanged):
    """What a worker holds, and under which attempt."""

    sort: Sort
    id: Identifier
    attempt: Annotated[int, Field(ge=1, lt=MOST_NUMBER)]


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

    keys: Annotated[list[Digest], Field(max_length=MOST_KEYS, fail_fast=True)]


class Texts(Exchanged):
    """A text for each key, where there is one."""

    texts: list[str | None]


class KeyAndValue(OfHeld):
    """A value that evaluations share: JSON."""

    most_bytes = 4 * MOST_SHARED
    key: Digest
    value: Annotated[str, Field(max_length=MOST_SHARED)]


class Elsewhere(Exchanged):
    """Whether another worker computes a value."""

    elsewhere: bool


class Checkpoint(Exchanged):
    """A checkpoint, safetensors; None where there is none."""

    data: Annotated[bytes, Field(max_length=MOST_BYTES)] | None


class Saved(OfHeld):
    """A checkpoint that is to be kept."""

    most_bytes = 2 * MOST_BYTES
    data: Annotated[bytes, Field(max_length=MOST_BYTES)]


class Standing(Exchanged):
    """How far a job is; see `JobProgress`."""

    told: Count
    best: Text | None
    trace: Text
    front: Text
    standing: Text

    @classmethod
    def of(cls, progress: JobProgress) -> Standing:
        """As it travels."""
        return cls(**vars(progress))


class TaskDone(OfHeld):
    """The records of a batch."""

    most_bytes = MOST_BODY
    records: Annotated[list[Text], Field(min_length=1, max_length=MOST_TOGETHER, fail_fast=True)]
    keys: Annotated[list[Digest], Field(max_length=MOST_TOGETHER, fail_fast=True)]
    from_cache: bool
    progress: Standing | None
    completed: Annotated[list[Document], Field(max_length=MOST_RECORDS, fail_fast=True)]


class StepDone(OfHeld):
    """What follows in a job."""

    most_bytes = MOST_BODY
    planned: Count
    progress: Standing
    asked: Annotated[list[Document], Field(max_length=MOST_TASKS, fail_fast=True)]
    completed: Annotated[list[Document], Field(max_length=MOST_RECORDS, fail_fast=True)]
    result: Text | None


class MapDone(OfHeld):
    """A map of so many records."""

    most_bytes = MOST_BODY
    told: Count
    answer: Text


class Stored(Exchanged):
    """How many records a job has now; 0 where nothing was stored."""

    count: int


class Progress(OfJob):
    """How far a job is that the worker has computed for."""

    most_bytes = MOST_BODY
    progress: Standing
    completed: Annotated[list[Document], Field(max_length=MOST_RECORDS, fail_fast=True)]


class Done(Exchanged):
    """Whether it was done."""

    done: bool


class Lagging(Exchanged):
    """A job whose progress lags behind its records."""

    behind: Behind | None
