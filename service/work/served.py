"""What the API answers a worker behind HTTPS: each request is checked, and counts only for what the worker holds.

A worker sees what belongs to the tenant of its key, and changes only what it has claimed under the attempt that it
names. Every document is read by the model of its unit and written anew; nothing that it sends is opened or executed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from api_schemas.errors import MOST_FAULTS, TYPE_PREFIX, ProblemDetail
from api_schemas.jobs import BestSoFar
from api_schemas.maps import SurrogateMap
from api_schemas.registry import UnknownName
from api_schemas.results import Result
from api_schemas.tasks import Record, Task
from engine.units.registry import UNITS
from engine.units.unit import Unit
from service.http.refusals import Conflict, NotFound, TooMany, Unprocessable
from service.lifecycle.finish import own_version
from service.queue.messenger import Messenger
from service.queue.queues import queues_for
from service.repositories import parts
from service.repositories.maps import MapClaim
from service.repositories.parts import Beat
from service.repositories.progress import JobProgress
from service.repositories.references import ComputedElsewhere
from service.repositories.tasks import Claim
from service.tables.database import Database
from service.work import messages, version
from service.work.in_store import WorkInStore
from service.work.work import Outcome, Step, StepClaim

MOST_WORKERS = 1000
"""Living workers that may come by one key."""

FAILURES = frozenset({"evaluation-failed", "invalid-problem", "bad-map", "map-failed"})
"""Types of the failures that a worker may tell of."""

_MOST_FAILURE = 100_000
_HEADER = 8
_NUMBERS = TypeAdapter(list[float])
_INDICES = TypeAdapter(list[int])

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Desk:
    """Where one worker is served.

    Attributes:
        database: The store.
        messenger: The queue.
        tenant: Whose work the worker may see: its key's.
        key: Id of its key.
        worker: What it is called among all parts of the service.
        routes: Potentials with queues of their own.
    """

    database: Database
    messenger: Messenger
    tenant: str
    key: str
    worker: str
    routes: dict[str, str]

    def work(self, device: str = "cpu") -> WorkInStore:
        """The work of this tenant."""
        queues = queues_for(device, self.routes)
        return WorkInStore(self.database, self.messenger, self.worker, queues, self.tenant)

    def task(self, token: messages.Token) -> Claim:
        """The task that the worker holds.

        Raises:
            Conflict: if it does not (any more).
        """
        return cast("Claim", self.held(token, Claim))

    def held(self, token: messages.Token, sort: type | tuple[type, ...]) -> Claim | StepClaim | MapClaim:
        """What the worker holds, of a sort.

        Raises:
            Conflict: if it does not (any more).
        """
        found = self.work().held(token.sort, token.id, token.attempt)
        if found is None or not isinstance(found, sort):
            raise Conflict(
                "not-held",
                "This worker does not hold it",
                f"{token.sort} {token.id} is not held by this worker under attempt {token.attempt}: it was handed on, "
                "or its job has ended",
            )
        return found


def answered(desk: Desk, operation: str, body: bytes) -> bytes:
    """The answer to a request of a worker, as JSON.

    Raises:
        NotFound: if there is no such operation.
        Unprocessable: if the request is not what the operation takes.
        Conflict: if the worker does not hold what it speaks of, or is of another version.
        TooMany: if too many workers come by one key.
    """
    if operation not in _OPERATIONS:
        raise NotFound("not-found", "Not Found", f"known are {', '.join(sorted(_OPERATIONS))}")
    model, serve = _OPERATIONS[operation]
    return serve(desk, _read(model, body, "the request")).model_dump_json().encode()


def _read(model: type[M], text: str | bytes, what: str) -> M:
    try:
        return model.model_validate_json(text)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False, include_context=False, include_input=False)[0]
        _refuse(f"{what} is not understood: {'/'.join(map(str, first['loc']))[:200]}: {first['msg'][:200]}")


def _sound(model: type[M], text: str, what: str) -> M:
    """A document that can be written and read back: a number that is not finite has no place in the store."""
    return _read(model, _read(model, text, what).model_dump_json(), what)


def _refuse(detail: str) -> NoReturn:
    raise Unprocessable("invalid-work", "What the worker sent cannot be stored", detail) from None


def _arrive(desk: Desk, said: messages.Arrival) -> messages.Welcome:
    _same(said)
    with desk.database.reading() as session:
        if parts.of_key(session, desk.tenant, desk.key) >= MOST_WORKERS:
            raise TooMany(
                "too-many-workers",
                "Too many workers come by this key",
                f"at most {MOST_WORKERS} may work by one key; make another",
                retry_after=60,
            )
    return messages.Welcome(queues=queues_for(said.device, desk.routes))


def _same(said: messages.Arrival) -> None:
    """Refuse another version: the last digits of its numbers may be others, and so may the forms of its documents."""
    if (said.version, said.code) != (own_version(), version.code()):
        raise Conflict(
            "other-version",
            "The worker is of another version than the service",
            f"the worker is orichalcum {said.version} with the sources {said.code[:12]}, the service {own_version()} "
            f"with {version.code()[:12]}; install the version of the service (and the same ORICHALCUM_EXTENSIONS), "
            "then start the worker again",
        )


def _claim(desk: Desk, said: messages.Arrival) -> messages.Found:
    _same(said)
    work = desk.work(said.device)
    work.give_back_all()
    found = work.claim(None)
    return messages.Found(
        task=found if isinstance(found, Claim) else None,
        step=found if isinstance(found, StepClaim) else None,
        map=found if isinstance(found, MapClaim) else None,
    )


def _beat(desk: Desk, said: messages.Sign) -> messages.Nothing:
    host = desk.worker.rpartition("/")[2]
    # It runs elsewhere: of this machine's processes it is none.
    told = Beat(host, 0, said.device, tuple(queues_for(said.device, desk.routes)), said.idle_seconds)
    desk.work().beat(told)
    return messages.Nothing()


def _leave(desk: Desk, _said: messages.Nothing) -> messages.Nothing:
    work = desk.work()
    work.give_back_all()
    work.leave()
    return messages.Nothing()


def _renew(desk: Desk, said: messages.OfHeld) -> messages.Renewed:
    work = desk.work()
    held = work.held(said.held.sort, said.held.id, said.held.attempt)
    if held is None or not work.renew(held):
        return messages.Renewed(held=False)
    return messages.Renewed(held=True, unwanted=work.unwanted(held))


def _give_back(desk: Desk, said: messages.GivenBack) -> messages.Done:
    held = desk.held(said.held, (Claim, StepClaim, MapClaim))
    return messages.Done(done=desk.work().give_back(held, said.wait))


def _fail(desk: Desk, said: messages.Failed) -> messages.Nothing:
    failure = said.failure
    slug = failure.type.removeprefix(TYPE_PREFIX)
    size = len(failure.model_dump_json())
    if slug not in FAILURES or size > _MOST_FAILURE or len(failure.errors) > MOST_FAULTS:
        _refuse(
            f"a failure is one of {', '.join(sorted(FAILURES))}, of {_MOST_FAILURE} characters at the most"
        )
    told = ProblemDetail.model_validate(failure.model_dump())
    desk.work().fail(desk.held(said.held, (Claim, StepClaim, MapClaim)), told)
    return messages.Nothing()


def _say(desk: Desk, said: messages.Said) -> messages.Nothing:
    if not said.words.isprintable():
        _refuse("what is said holds characters that cannot be shown")
    desk.work().say(desk.task(said.held), said.words)
    return messages.Nothing()


def _records(desk: Desk, said: messages.OfHeld) -> messages.Records:
    held = desk.held(said.held, (Claim, MapClaim))
    assert not isinstance(held, StepClaim)  # noqa: S101  (for the types)
    return messages.Records(records=list(desk.work().records(held)))


def _cached(desk: Desk, said: messages.Keys) -> messages.Texts:
    return messages.Texts(texts=list(desk.work().cached(desk.task(said.held), said.keys)))


def _known(desk: Desk, said: messages.Keys) -> messages.Texts:
    references = desk.work().references(desk.task(said.held))
    found = [references.get(key) for key in said.keys]
    return messages.Texts(texts=[None if one is None else json.dumps(one) for one in found])


def _begin(desk: Desk, said: messages.Keys) -> messages.Elsewhere:
    try:
        desk.work().references(desk.task(said.held)).begin(said.keys)
    except ComputedElsewhere:
        return messages.Elsewhere(elsewhere=True)
    return messages.Elsewhere(elsewhere=False)


def _put(desk: Desk, said: messages.KeyAndValue) -> messages.Nothing:
    held = desk.task(said.held)
    try:
        value = json.loads(said.value)
        if not isinstance(value, dict):
            _refuse("a shared value is a JSON object")
        desk.work().references(held).put(said.key, value)
    except (ValueError, RecursionError):  # no JSON, or a number that is none
        _refuse("a shared value is JSON with finite numbers")
    return messages.Nothing()


def _put_back(desk: Desk, _said: messages.Nothing) -> messages.Nothing:
    desk.work().give_back_references()
    return messages.Nothing()


def _checkpoint(desk: Desk, said: messages.OfHeld) -> messages.Checkpoint:
    return messages.Checkpoint(data=desk.work().checkpoint(desk.task(said.held)))


def _save(desk: Desk, said: messages.Saved) -> messages.Done:
    held = desk.task(said.held)
    _check_safetensors(said.data)
    return messages.Done(done=desk.work().save(held, said.data))


def _check_safetensors(data: bytes) -> None:
    """Refuse what is not of the form of safetensors: a length, a JSON header, and the bytes that it speaks of.

    https://huggingface.co/docs/safetensors/index#format
    """
    size = int.from_bytes(data[:_HEADER], "little")
    try:
        header = json.loads(data[_HEADER : _HEADER + size]) if _HEADER + size <= len(data) else None
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        _refuse("a checkpoint is safetensors")
    for name, tensor in header.items():
        place = tensor.get("data_offsets") if isinstance(tensor, dict) else None
        if name != "__metadata__" and not _within(place, len(data) - _HEADER - size):
            _refuse("a checkpoint is safetensors whose tensors lie within it")


def _within(place: object, size: int) -> bool:
    """Whether a place is a pair of numbers, begin and end, of so many bytes."""
    if not (isinstance(place, list) and len(place) == 2 and all(type(one) is int for one in place)):
        return False
    begin, end = place
    return bool(0 <= begin <= end <= size)


def _task_done(desk: Desk, said: messages.TaskDone) -> messages.Stored:
    held = desk.task(said.held)
    count = len(held.batch)
    if len(said.records) != count or len(said.keys) not in (0, count):
        _refuse(f"{len(said.records)} records and {len(said.keys)} keys came for {count} tasks")
    records = [
        _record(messages.Document(unit=one.unit, text=text), one.index)
        for one, text in zip(held.batch, said.records, strict=True)
    ]
    outcome = Outcome(
        records=records,
        keys=said.keys,
        from_cache=said.from_cache,
        progress=None if said.progress is None else _progress(said.progress),
        completed=[_record(one) for one in said.completed],
    )
    return messages.Stored(count=desk.work().store_task(held, outcome))


def _step_done(desk: Desk, said: messages.StepDone) -> messages.Done:
    held = desk.held(said.held, StepClaim)
    assert isinstance(held, StepClaim)  # noqa: S101  (for the types)
    step = Step(
        planned=said.planned,
        progress=_progress(said.progress),
        asked=[[_task(one) for one in batch] for batch in said.asked],
        completed=[_record(one) for one in said.completed],
        result=None if said.result is None else _sound(Result, said.result, "a result"),
    )
    return messages.Done(done=desk.work().store_step(held, step))


def _map_done(desk: Desk, said: messages.MapDone) -> messages.Done:
    held = desk.held(said.held, MapClaim)
    assert isinstance(held, MapClaim)  # noqa: S101  (for the types)
    answer = _sound(SurrogateMap, said.answer, "a map")
    return messages.Done(done=desk.work().store_map(held, said.told, answer.model_dump_json()))


def _behind(desk: Desk, said: messages.OfJob) -> messages.Lagging:
    _check_computed(desk, said.job_id)
    return messages.Lagging(behind=desk.work().behind(said.job_id))


def _catch_up(desk: Desk, said: messages.Progress) -> messages.Done:
    _check_computed(desk, said.job_id)
    completed = [_record(one) for one in said.completed]
    return messages.Done(done=desk.work().catch_up(said.job_id, _progress(said.progress), completed))


def _check_computed(desk: Desk, job_id: str) -> None:
    """Refuse a job of which the worker has stored nothing."""
    if not desk.work().has_computed_for(job_id):
        raise Conflict("not-held", "This worker does not hold it", f"it has stored nothing of job {job_id}")


def _record(document: messages.Document, index: int | None = None) -> Record:
    what = f"a record of {document.unit}"
    found = _sound(_unit(document).record, document.text, what)
    if found.unit != document.unit or (index is not None and found.index != index):
        _refuse(f"{what} is of {found.unit} {found.index}, not of {document.unit} {index}")
    return found


def _task(document: messages.Document) -> Task:
    found = _sound(_unit(document).task, document.text, f"a task of {document.unit}")
    if found.unit != document.unit or found.index < 0:
        _refuse(f"a task of {document.unit} is of {found.unit} {found.index}")
    return found


def _unit(document: messages.Document) -> Unit:
    try:
        return UNITS[document.unit]
    except UnknownName as unknown:
        _refuse(str(unknown))


def _progress(told: JobProgress) -> JobProgress:
    """How far a job is, as it can be shown."""
    try:
        trace, front = _NUMBERS.validate_json(told.trace), _INDICES.validate_json(told.front)
        texts = json.dumps(trace, allow_nan=False), json.dumps(front)
    except ValueError:
        _refuse("how far the job is cannot be read")
    best = None if told.best is None else _sound(BestSoFar, told.best, "the best evaluation")
    return JobProgress(
        told=told.told,
        best=None if best is None else best.model_dump_json(),
        trace=texts[0],
        front=texts[1],
        standing=_sound(Result, told.standing, "how far the job is").model_dump_json(),
    )


_Operation = tuple[type[messages.Exchanged], Callable[[Desk, Any], messages.Exchanged]]

_OPERATIONS: dict[str, _Operation] = {
    "arrive": (messages.Arrival, _arrive),
    "claim": (messages.Arrival, _claim),
    "beat": (messages.Sign, _beat),
    "leave": (messages.Nothing, _leave),
    "renew": (messages.OfHeld, _renew),
    "give-back": (messages.GivenBack, _give_back),
    "fail": (messages.Failed, _fail),
    "say": (messages.Said, _say),
    "records": (messages.OfHeld, _records),
    "cached": (messages.Keys, _cached),
    "references": (messages.Keys, _known),
    "begin-references": (messages.Keys, _begin),
    "store-reference": (messages.KeyAndValue, _put),
    "give-back-references": (messages.Nothing, _put_back),
    "checkpoint": (messages.OfHeld, _checkpoint),
    "save-checkpoint": (messages.Saved, _save),
    "store-task": (messages.TaskDone, _task_done),
    "store-step": (messages.StepDone, _step_done),
    "store-map": (messages.MapDone, _map_done),
    "behind": (messages.OfJob, _behind),
    "catch-up": (messages.Progress, _catch_up),
}
