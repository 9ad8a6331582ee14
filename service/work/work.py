"""The one protocol between whoever computes and whoever keeps: beside the store, or behind HTTPS, it is the same.

What is computed, and how, is in `service.worker` and does not know where the store is. Everything here counts only
under the attempt of a claim (a fencing token), so a worker that was frozen or cut off does no harm when it comes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from sqlalchemy.exc import SQLAlchemyError

from api_schemas.errors import ProblemDetail
from api_schemas.results import Result, Stopped
from api_schemas.tasks import Record, Task
from service.repositories.maps import MapClaim
from service.repositories.parts import Beat
from service.repositories.progress import JobProgress
from service.repositories.tasks import Claim

Sort = Literal["task", "step", "map"]
"""What a worker may hold: a task of a plan, with its batch; the next step of a job; a map."""


class OutOfReach(Exception):  # noqa: N818  (it is the network's doing)
    """The service did not answer for as long as it was worth waiting."""


class Refused(OutOfReach):
    """The service will have nothing of this worker: its key or its version; the message says which, and the mend."""


OUT_OF_REACH = (SQLAlchemyError, OutOfReach)
"""What is raised where the store cannot be reached, of itself or by way of the service: what is held is handed on."""


@dataclass(frozen=True)
class Message:
    """A hint that there is something to do."""

    sort: Sort
    id: int | str


@dataclass(frozen=True)
class StepClaim:
    """The next step of a job, which this worker may take, and the token under which it may be stored.

    Attributes:
        job_id: The job.
        attempt: The token.
        document: Its problem, as it is stored.
        stored: Unit and document of every record that there is.
        overdue: Why it ends now, where its time is over.
    """

    job_id: str
    attempt: int
    document: str
    stored: Sequence[tuple[str, str]]
    overdue: Stopped | None = None


Held = Claim | StepClaim | MapClaim


@dataclass(frozen=True)
class Step:
    """What follows in a job.

    Attributes:
        planned: How many tasks its plan counts on.
        progress: How far it is.
        asked: Tasks that the plan asks for, those together that are computed at a time.
        completed: Records of earlier tasks to which the newest ones added what those lacked.
        result: What it ends with; None where it goes on.
    """

    planned: int
    progress: JobProgress
    asked: Sequence[Sequence[Task]]
    completed: Sequence[Record]
    result: Result | None


@dataclass(frozen=True)
class Outcome:
    """What is stored of the tasks of a batch.

    Attributes:
        records: Of each, with what the problem makes of it.
        keys: Under which other jobs may find each; empty where they are for this one only.
        from_cache: Whether they were known already.
        progress: How far the job is with them; None where that is not worked out each time.
        completed: Records of earlier tasks to which they add what those lacked.
    """

    records: Sequence[Record]
    keys: Sequence[str]
    from_cache: bool
    progress: JobProgress | None = None
    completed: Sequence[Record] = ()


@dataclass(frozen=True)
class Behind:
    """A job whose progress lags behind its records.

    Attributes:
        document: Its problem.
        records: Unit and document of every record.
    """

    document: str
    records: Sequence[tuple[str, str]]


class References(Protocol):
    """Values that evaluations share, of the tenant whose task is computed."""

    def get(self, key: str) -> dict[str, Any] | None:
        """The value stored under the key, or None."""

    def begin(self, keys: Sequence[str]) -> None:
        """Claim values that are to be computed; raises where a living worker is at one of them."""

    def put(self, key: str, value: dict[str, Any]) -> None:
        """Store a value unless another worker was faster."""

    def give_back(self) -> None:
        """Let others compute what was claimed and not stored."""


class Work(Protocol):
    """What a worker asks. Everything may raise what is in `OUT_OF_REACH`."""

    lease_seconds: float
    """How long a claim holds without being renewed."""

    def claim(self, message: Message | None) -> Held | None:
        """Something to compute; None where there is nothing for this message, or nothing at all without one."""

    def renew(self, held: Held) -> bool:
        """Extend a claim; False if it is no longer ours."""

    def unwanted(self, held: Held) -> bool:
        """Whether what is held is of no use any more: its job was cancelled, or its time is over."""

    def give_back(self, held: Held, wait: float | None = None) -> bool:
        """Give up a claim, uncounted, for others to take after ``wait`` seconds; False if it is no longer ours."""

    def fail(self, held: Held, failure: ProblemDetail) -> None:
        """Say why what is held cannot be computed: its job (or its map) ends with it."""

    def say(self, held: Claim, words: str) -> None:
        """Tell those who watch the job what is being done for a task."""

    def records(self, held: Claim | MapClaim) -> Sequence[tuple[str, str]]:
        """Unit and document of every stored record of the job."""

    def cached(self, held: Claim, keys: Sequence[str]) -> Sequence[str | None]:
        """Records of the same tasks in any job of the same tenant, by key of their content."""

    def references(self, held: Claim) -> References:
        """What evaluations of the tenant share."""

    def checkpoint(self, held: Claim) -> bytes | None:
        """The checkpoint of a task, or else of the one that it continues."""

    def save(self, held: Claim, data: bytes) -> bool:
        """Store a checkpoint in place of the one before; False if the task is no longer ours."""

    def store_task(self, held: Claim, outcome: Outcome) -> int:
        """Store the records of a batch; how many the job has now, 0 if the claim is no longer ours."""

    def store_step(self, held: StepClaim, step: Step) -> bool:
        """Store what follows in a job; False if the claim is no longer ours."""

    def store_map(self, held: MapClaim, told: int, answer: str) -> bool:
        """Store a map of ``told`` records; False if the claim is no longer ours."""

    def behind(self, job_id: str) -> Behind | None:
        """The records of a job whose progress lags, as when two were stored at a time; None where it does not."""

    def catch_up(self, job_id: str, progress: JobProgress, completed: Sequence[Record]) -> bool:
        """Store how far a job is; False where yet another record came meanwhile."""

    def end_cancelled(self, job_id: str, *, known: bool) -> bool:
        """End a job that is being cancelled, if it is ``known`` how far it got; whether it is being cancelled."""

    def beat(self, said: Beat) -> None:
        """Say that this worker is alive."""

    def leave(self) -> None:
        """Sign off."""
