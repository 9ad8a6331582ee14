"""What the API answers a worker behind HTTPS: each request is checked, and counts only for what the worker holds.

A worker sees what belongs to the tenant of its key, and changes only what it has claimed under the attempt that it
names. Every document is read by the model of its unit and written anew; nothing that it sends is opened or executed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from api_schemas.errors import MOST_FAULTS, TYPE_PREFIX, ProblemDetail
from service.http.refusals import Conflict, NotFound, TooMany
from service.lifecycle.finish import own_version
from service.queue.messenger import Messenger
from service.queue.queues import queues_for
from service.repositories import parts
from service.repositories.maps import MapClaim
from service.repositories.parts import Beat
from service.repositories.references import ComputedElsewhere
from service.repositories.tasks import Claim
from service.tables.database import Database
from service.work import messages, reading, version
from service.work.in_store import WorkInStore
from service.work.work import Outcome, StepClaim

MOST_WORKERS = 1000
"""Living workers that may come by one key."""

FAILURES = MappingProxyType(
    {"evaluation-failed": 500, "invalid-problem": 422, "bad-map": 422, "map-failed": 500}
)
"""Types of the failures that a worker may tell of, and the status of each."""

_MOST_FAILURE = 100_000


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
    model, serve = _operation(operation)
    return serve(desk, reading.read(model, body, "the request")).model_dump_json().encode()


def most_bytes(operation: str) -> int:
    """Bytes of a request of a worker, unpacked.

    Raises:
        NotFound: if there is no such operation.
    """
    return _operation(operation)[0].most_bytes


def check_held(desk: Desk, body: bytes) -> None:
    """Refuse a large request, before it is read, that speaks of what the worker does not hold.

    Raises:
        Unprocessable: if it does not begin with what it speaks of.
        Conflict: if the worker does not hold it.
    """
    found = reading.beginning(body)
    if isinstance(found, messages.OfJob):
        _check_computed(desk, found.job_id)
    else:
        desk.held(found, (Claim, StepClaim, MapClaim))


def _operation(operation: str) -> _Operation:
    if operation not in _OPERATIONS:
        raise NotFound("not-found", "Not Found", f"known are {', '.join(sorted(_OPERATIONS))}")
    return _OPERATIONS[operation]


def _arrive(desk: Desk, said: messages.Arrival) -> messages.Welcome:
    _same(said)
    _check_room(desk)
    return messages.Welcome(queues=queues_for(said.device, desk.routes))


def _check_room(desk: Desk) -> None:
    """Refuse a worker that is not among the living ones of its key where these are too many."""
    with desk.database.reading() as session:
        if not parts.has_room(session, desk.tenant, desk.key, desk.worker, MOST_WORKERS):
            raise TooMany(
                "too-many-workers",
                "Too many workers come by this key",
                f"at most {MOST_WORKERS} may work by one key; make another",
                retry_after=60,
            )


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
    _check_room(desk)
    work = desk.work(said.device)
    work.give_back_all()
    found = work.claim(None)
    return messages.Found(
        task=found if isinstance(found, Claim) else None,
        step=found if isinstance(found, StepClaim) else None,
        map=found if isinstance(found, MapClaim) else None,
    )


def _beat(desk: Desk, said: messages.Sign) -> messages.Nothing:
    _check_room(desk)
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
        reading.refuse(
            f"a failure is one of {', '.join(sorted(FAILURES))}, of {_MOST_FAILURE} characters at the most"
        )
    told = ProblemDetail.model_validate(failure.model_dump() | {"status": FAILURES[slug]})
    desk.work().fail(desk.held(said.held, (Claim, StepClaim, MapClaim)), told)
    return messages.Nothing()


def _say(desk: Desk, said: messages.Said) -> messages.Nothing:
    if not said.words.isprintable():
        reading.refuse("what is said holds characters that cannot be shown")
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
    desk.work().references(desk.task(said.held)).put(said.key, reading.shared(said))
    return messages.Nothing()


def _put_back(desk: Desk, _said: messages.Nothing) -> messages.Nothing:
    desk.work().give_back_references()
    return messages.Nothing()


def _checkpoint(desk: Desk, said: messages.OfHeld) -> messages.Checkpoint:
    return messages.Checkpoint(data=desk.work().checkpoint(desk.task(said.held)))


def _save(desk: Desk, said: messages.Saved) -> messages.Done:
    held = desk.task(said.held)
    return messages.Done(done=desk.work().save(held, reading.checkpoint(said)))


def _task_done(desk: Desk, said: messages.TaskDone) -> messages.Stored:
    held = desk.task(said.held)
    count = len(held.batch)
    if len(said.records) != count or len(said.keys) not in (0, count):
        reading.refuse(f"{len(said.records)} records and {len(said.keys)} keys came for {count} tasks")
    records = [
        reading.record(messages.Document(unit=one.unit, text=text), one.index)
        for one, text in zip(held.batch, said.records, strict=True)
    ]
    outcome = Outcome(
        records=records,
        keys=said.keys,
        from_cache=said.from_cache,
        progress=None if said.progress is None else reading.progress(said.progress),
        completed=reading.records(said.completed),
    )
    return messages.Stored(count=desk.work().store_task(held, outcome))


def _step_done(desk: Desk, said: messages.StepDone) -> messages.Done:
    held = desk.held(said.held, StepClaim)
    assert isinstance(held, StepClaim)  # noqa: S101  (for the types)
    return messages.Done(done=desk.work().store_step(held, reading.step(said)))


def _map_done(desk: Desk, said: messages.MapDone) -> messages.Done:
    held = desk.held(said.held, MapClaim)
    assert isinstance(held, MapClaim)  # noqa: S101  (for the types)
    return messages.Done(
        done=desk.work().store_map(held, said.told, reading.surrogate_map(said, point=held.wanted.is_point))
    )


def _behind(desk: Desk, said: messages.OfJob) -> messages.Lagging:
    _check_computed(desk, said.job_id)
    return messages.Lagging(behind=desk.work().behind(said.job_id))


def _catch_up(desk: Desk, said: messages.Progress) -> messages.Done:
    _check_computed(desk, said.job_id)
    completed = reading.records(said.completed)
    return messages.Done(done=desk.work().catch_up(said.job_id, reading.progress(said.progress), completed))


def _check_computed(desk: Desk, job_id: str) -> None:
    """Refuse a job of which the worker has stored nothing."""
    if not desk.work().has_computed_for(job_id):
        raise Conflict("not-held", "This worker does not hold it", f"it has stored nothing of job {job_id}")


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
