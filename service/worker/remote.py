"""The work of a service that is reached over HTTPS: what `service.work.served` answers, asked with patience.

A network that is cut for a while loses nothing: what is asked is asked again, with pauses that grow, for half an hour,
while the computation goes on. So is what something before the service answers in its place (a proxy, an ingress, a
gateway): only a problem detail of the service itself refuses a worker or what it computed. A claim that was not
renewed for a minute may be handed on meanwhile; then the service says so, and the worker fetches other work.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import httpx
import structlog

from api_schemas.errors import ProblemDetail
from api_schemas.tasks import Record, Task
from service.lifecycle.finish import evaluation_failed, own_version
from service.repositories import evaluations
from service.repositories.maps import MapClaim
from service.repositories.parts import REMOTE_LEASE_SECONDS, Beat
from service.repositories.progress import MOST_WORDS, JobProgress
from service.repositories.references import ComputedElsewhere
from service.repositories.tasks import Claim
from service.work import messages, version
from service.work.work import Behind, Held, Message, Outcome, OutOfReach, Step
from service.worker.patience import BRIEF, NotHeld, PatientClient, Rejected

A = TypeVar("A", bound=messages.Exchanged)
_log = structlog.get_logger(__name__)


class RemoteWork:
    """`service.work.work.Work` over HTTPS.

    Args:
        url: Address of the service.
        key: A key with the scope compute; None where the service asks for none.
        worker: Name of this worker.
        device: Where it computes.
        stopping: Whether it is to stop: then nothing is asked twice.
        transport: Given, it carries the requests (for tests).
    """

    lease_seconds = REMOTE_LEASE_SECONDS

    def __init__(
        self,
        url: str,
        key: str | None,
        worker: str,
        device: str,
        stopping: Callable[[], bool] = lambda: False,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._client = PatientClient(url, key, worker, stopping, transport)
        self._ask = self._client.ask
        self._arrival = messages.Arrival.model_validate(
            {"version": own_version(), "code": version.code(), "device": device}
        )
        self._device = device
        self._unwanted: dict[str, bool] = {}
        self._lock = threading.Lock()

    def arrive(self) -> list[str]:
        """Say which version this is; the queues that it will serve.

        Raises:
            Refused: if the service will have nothing of it.
            OutOfReach: if it does not answer.
        """
        return self._ask("arrive", self._arrival, messages.Welcome).queues

    def claim(self, message: Message | None) -> Held | None:  # noqa: ARG002
        """Something to compute: the service chooses, and no message comes here."""
        found = self._ask("claim", self._arrival, messages.Found, patience=0.0)
        return found.task or found.step or found.map

    def renew(self, held: Held) -> bool:
        """Extend a claim; False if it is no longer ours. The lease asks again by itself."""
        told = self._ask("renew", _of(held), messages.Renewed, patience=0.0, timeout=BRIEF)
        with self._lock:
            self._unwanted = {_token(held).id: told.unwanted}
        return told.held

    def unwanted(self, held: Held) -> bool:
        """Whether what is held is of no use any more, as the last renewal said."""
        with self._lock:
            return self._unwanted.get(_token(held).id, False)

    def give_back(self, held: Held, wait: float | None = None) -> bool:
        """Give up a claim, uncounted; False if it is no longer ours."""
        try:
            return self._ask(
                "give-back", messages.GivenBack(held=_token(held), wait=wait), messages.Done
            ).done
        except NotHeld:
            return False

    def fail(self, held: Held, failure: ProblemDetail) -> None:
        """Say why what is held cannot be computed."""
        try:
            self._ask("fail", messages.Failed(held=_token(held), failure=failure), messages.Nothing)
        except NotHeld:
            return

    def say(self, held: Claim, words: str) -> None:
        """Tell those who watch the job what is being done for a task."""
        said = "".join(one if one.isprintable() else " " for one in words)[:MOST_WORDS]
        try:
            self._ask("say", messages.Said(held=_token(held), words=said), messages.Nothing, 0.0, BRIEF)
        except NotHeld:
            return  # the next renewal says so

    def records(self, held: Claim | MapClaim) -> Sequence[tuple[str, str]]:
        """Unit and document of every stored record of the job."""
        return self._held("records", _of(held), messages.Records).records

    def cached(self, held: Claim, keys: Sequence[str]) -> Sequence[str | None]:
        """Records of the same tasks in any job of the same tenant."""
        return self._held("cached", messages.Keys(held=_token(held), keys=list(keys)), messages.Texts).texts

    def references(self, held: Claim) -> RemoteReferences:
        """What evaluations of the tenant share."""
        return RemoteReferences(self, held)

    def checkpoint(self, held: Claim) -> bytes | None:
        """The checkpoint of a task, or else of the one that it continues."""
        return self._held("checkpoint", _of(held), messages.Checkpoint).data

    def save(self, held: Claim, data: bytes) -> bool:
        """Store a checkpoint in place of the one before; False if the task is no longer ours."""
        try:
            return self._ask(
                "save-checkpoint", messages.Saved(held=_token(held), data=data), messages.Done
            ).done
        except NotHeld:
            return False

    def store_task(self, held: Claim, outcome: Outcome) -> int:
        """Store the records of a batch; how many the job has now, 0 if the claim is no longer ours."""
        done = messages.TaskDone(
            held=_token(held),
            records=[record.model_dump_json() for record in outcome.records],
            keys=list(outcome.keys),
            from_cache=outcome.from_cache,
            progress=None if outcome.progress is None else messages.Standing.of(outcome.progress),
            completed=_documents(outcome.completed),
        )
        try:
            return self._ask("store-task", done, messages.Stored).count
        except NotHeld:
            return 0
        except Rejected as rejected:
            self._fail_rejected(held, evaluations.name(held.unit, held.index), rejected)
            return 0

    def store_step(self, held: Any, step: Step) -> bool:
        """Store what follows in a job; False if the claim is no longer ours."""
        done = messages.StepDone(
            held=_token(held),
            planned=step.planned,
            progress=messages.Standing.of(step.progress),
            asked=_documents([task for batch in step.asked for task in batch]),
            completed=_documents(step.completed),
            result=None if step.result is None else step.result.model_dump_json(),
        )
        try:
            return self._ask("store-step", done, messages.Done).done
        except NotHeld:
            return False
        except Rejected as rejected:
            self._fail_rejected(held, "the next step of the search", rejected)
            return False

    def store_map(self, held: MapClaim, told: int, answer: str) -> bool:
        """Store a map; False if the claim is no longer ours."""
        done = messages.MapDone(held=_token(held), told=told, answer=answer)
        try:
            return self._ask("store-map", done, messages.Done).done
        except NotHeld:
            return False

    def behind(self, job_id: str) -> Behind | None:
        """The records of a job whose progress lags behind them; None if none does."""
        try:
            return self._ask("behind", messages.OfJob(job_id=job_id), messages.Lagging).behind
        except NotHeld:
            return None

    def catch_up(self, job_id: str, progress: JobProgress, completed: Sequence[Record]) -> bool:
        """Store how far a job is; False where yet another record came meanwhile."""
        said = messages.Progress(
            job_id=job_id, progress=messages.Standing.of(progress), completed=_documents(completed)
        )
        try:
            return self._ask("catch-up", said, messages.Done).done
        except NotHeld:
            return True

    def end_cancelled(self, job_id: str, *, known: bool) -> bool:  # noqa: ARG002
        """Cancelled jobs are ended by the service itself, which has all that is known of them."""
        return False

    def beat(self, said: Beat) -> None:
        """Say that this worker is alive."""
        sign = messages.Sign.model_validate({"device": self._device, "idle_seconds": said.idle_seconds})
        self._ask("beat", sign, messages.Nothing, patience=0.0, timeout=BRIEF)

    def leave(self) -> None:
        """Sign off; whatever is still held is handed on at once."""
        self._ask("leave", messages.Nothing(), messages.Nothing, patience=0.0)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _fail_rejected(self, held: Held, what: str, rejected: Rejected) -> None:
        _log.error("the service does not take what was computed", what=what, reason=str(rejected))
        text = f"What was computed of {what} was not taken by the service: {rejected}"
        self.fail(held, evaluation_failed(what, text[:2000]))

    def _held(self, operation: str, body: messages.Exchanged, answer: type[A]) -> A:
        """Ask for what a computation needs of what it holds."""
        try:
            return self._ask(operation, body, answer)
        except NotHeld as lost:
            raise OutOfReach(str(lost)) from None


class RemoteReferences:
    """Values that evaluations share, kept by the service.

    Args:
        work: Asks it.
        held: The task for which they are needed.
    """

    def __init__(self, work: RemoteWork, held: Claim) -> None:
        self._work, self._held = work, held
        self._begun = False

    def get(self, key: str) -> dict[str, Any] | None:
        """The value under ``key``, or None."""
        found = self._ask("references", self._keys([key]), messages.Texts).texts[0]
        value: dict[str, Any] | None = None if found is None else json.loads(found)
        return value

    def begin(self, keys: Sequence[str]) -> None:
        """Claim values that are to be computed.

        Raises:
            ComputedElsewhere: if a living worker is at one of them.
        """
        self._begun = True
        if self._ask("begin-references", self._keys(keys), messages.Elsewhere).elsewhere:
            raise ComputedElsewhere

    def put(self, key: str, value: dict[str, Any]) -> None:
        """Store ``value`` under ``key`` unless another worker was faster."""
        text = json.dumps(value, allow_nan=False)
        said = messages.KeyAndValue(held=_token(self._held), key=key, value=text)
        self._ask("store-reference", said, messages.Nothing)

    def give_back(self) -> None:
        """Let others compute what this worker claimed and did not store."""
        if self._begun:
            self._ask("give-back-references", messages.Nothing(), messages.Nothing)

    def _keys(self, keys: Sequence[str]) -> messages.Keys:
        return messages.Keys(held=_token(self._held), keys=list(keys))

    def _ask(self, operation: str, body: messages.Exchanged, answer: type[A]) -> A:
        return self._work._held(operation, body, answer)  # noqa: SLF001  (two halves of one thing)


def _token(held: Held) -> messages.Token:
    if isinstance(held, Claim):
        return messages.Token(sort="task", id=str(held.task_id), attempt=held.attempt)
    if isinstance(held, MapClaim):
        return messages.Token(sort="map", id=held.map_id, attempt=held.attempt)
    return messages.Token(sort="step", id=held.job_id, attempt=held.attempt)


def _of(held: Held) -> messages.OfHeld:
    return messages.OfHeld(held=_token(held))


def _documents(found: Sequence[Task | Record]) -> list[messages.Document]:
    return [messages.Document(unit=one.unit, text=one.model_dump_json()) for one in found]
