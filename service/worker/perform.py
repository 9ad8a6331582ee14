"""The task ``perform``: claim a task of a plan, compute it, store its record once, and ask for the next step."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api_schemas.errors import ProblemDetail, ProblemInvalid
from api_schemas.jobs import FINAL_STATES
from api_schemas.registry import UnknownName
from api_schemas.tasks import Record, Task
from engine.potentials.errors import PotentialError
from engine.units.registry import UNITS
from engine.units.unit import Workplace
from service.lifecycle import finish, states
from service.lifecycle.dispatch import enqueue
from service.repositories import evaluations, events, jobs, progress, stored, tasks, turns
from service.repositories.jobs import ProblemUnreadable
from service.repositories.progress import JobProgress
from service.repositories.references import ComputedElsewhere, SqlReferenceStore
from service.repositories.stored import StoredUnreadable
from service.repositories.tasks import Claim
from service.tables.database import Database, now
from service.worker.checkpointing import CheckpointFailed, Checkpoints
from service.worker.content import content_keys
from service.worker.context import WorkerContext
from service.worker.lease import Interrupted, Lease
from service.worker.replay import catch_up, progress_of, record_of, records_of, replayed
from service.worker.words import Words

ASSESSED_RECORDS = 200
"""Up to so many records it is worked out after each one how far the job is, later only with each batch."""

ELSEWHERE_SECONDS = 4.0
"""After so long it is tried again whether another worker has computed what a task needs."""

_TRIES = 8
"""So often a worker looks for a task before the message is taken for one that came too late."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Outcome:
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


def run_task(context: WorkerContext, task_id: int) -> None:
    """Do what a message ``perform`` asks for: the task whose turn it is; nothing, if it came twice or too late."""
    try:
        claim = _claimed(context, task_id)
        if claim is not None:
            with structlog.contextvars.bound_contextvars(job=claim.job_id, unit=claim.unit, task=claim.index):
                _run(context, claim)
    except SQLAlchemyError:
        # The store is out of reach: the lease runs out and the sweeper hands the task on.
        _log.exception("the store failed during a task")


def _claimed(context: WorkerContext, message: int) -> Claim | None:
    """Claim the task whose turn it is; another worker may be faster, and then it is the turn of another task."""
    for _ in range(_TRIES):
        with context.database.reading() as session:
            task_id = turns.next_task(session, message, context.queues)
        if task_id is None:
            return None
        with context.database.writing() as session:
            claim = tasks.claim(session, task_id, context.name)
        if claim is not None or task_id == message:
            return claim
    return None


def _run(context: WorkerContext, claim: Claim) -> None:
    words = Words(lambda said: _tell(context.database, claim, said))
    lease = Lease(
        renew=lambda: _renew(context.database, claim),
        cancelled=lambda: to_give_up(context.database, claim.job_id),
        stopping=context.stopping,
        seconds=tasks.LEASE_SECONDS,
        abandon=lambda: _abandon(context, claim),
        meanwhile=words.pass_on,
    )
    try:
        with lease:
            outcome = _outcome(context, claim, lease, words)
    except Interrupted as interrupted:
        _give_up(context, claim, interrupted)
        return
    except ComputedElsewhere:
        with context.database.writing() as session:
            tasks.release(session, claim, wait=ELSEWHERE_SECONDS)
        return
    except SQLAlchemyError:
        raise
    except Exception as error:  # noqa: BLE001  (whatever the computation raises ends this job, not the worker)
        _fail(context, claim, failure_of(error, evaluations.name(claim.unit, claim.index)))
        return
    count = _stored(context.database, claim, outcome)
    if not count:
        _log.info("a late result was refused")
    elif outcome.progress is not None and outcome.progress.told != count:
        catch_up(context, claim.job_id)  # another worker stored a record meanwhile
    enqueue(context.database, context.messenger, claim.job_id)


def _stored(database: Database, claim: Claim, outcome: _Outcome) -> int:
    """Store the records of a batch together; how many the job has now, 0 if the claim is no longer ours."""
    count, last = 0, len(outcome.records) - 1
    with database.writing() as session:
        for number, (one, record) in enumerate(zip(claim.batch, outcome.records, strict=True)):
            count = tasks.store(
                session,
                one,
                record,
                outcome.progress if number == last else None,
                completed=outcome.completed if number == last else (),
                content_key=outcome.keys[number] if outcome.keys else None,
                from_cache=outcome.from_cache,
                together=len(claim.batch),
            )
            if not count:
                break  # they are held together, so none of them is ours
    return count


def _outcome(context: WorkerContext, claim: Claim, lease: Lease, words: Words) -> _Outcome:
    """The records of a batch, known or computed, and how far its job is with them."""
    batch = [stored.read(UNITS[one.unit].task, one.task, "a task of this job") for one in claim.batch]
    # What a task that goes on from a checkpoint comes to is not in the task, so no other job may take it.
    keys = [] if claim.continues is not None else content_keys(claim.problem, batch, context.device)
    with context.database.reading() as session:
        known = [tasks.cached(session, claim, key) for key in keys]
    found = [record_of(claim.unit, one) for one in known if one is not None]
    if len(found) == len(batch):
        records = [_in_place(record, task) for record, task in zip(found, batch, strict=True)]
        outcome = _Outcome(records, keys, from_cache=True)
    else:
        saved = Checkpoints(context.database, claim)
        computed = _computed(context, claim, batch, lease, words, saved)
        outcome = _Outcome(computed, [] if saved.used else keys, from_cache=False)
    return _assessed(context, claim, outcome)


def _computed(
    context: WorkerContext,
    claim: Claim,
    batch: Sequence[Task],
    lease: Lease,
    words: Words,
    saved: Checkpoints,
) -> list[Record]:
    references = SqlReferenceStore(context.database, claim.tenant, context.name)
    workplace = Workplace(
        device=context.device,
        references=references,
        on_call=lease.check,
        say=words.say,
        checkpoint=saved.found(),
        save=saved.save,
    )
    try:
        records = context.perform(claim.problem, batch, workplace)
    finally:
        references.give_back()
    # As they will be read back: a number that is not finite has no place in the store.
    return [type(record).model_validate_json(record.model_dump_json()) for record in records]


def _in_place(record: Record, task: Task) -> Record:
    """A record of another job as that of this task: what belongs to the job that it came from goes."""
    places = ("index", "origin", "evaluation", "other")
    own = {name: getattr(task, name) for name in places if hasattr(task, name)} | {"assessment": None}
    fields = type(record).model_fields
    return record.model_copy(update={name: value for name, value in own.items() if name in fields})


def _assessed(context: WorkerContext, claim: Claim, outcome: _Outcome) -> _Outcome:
    """What is stored of a batch with what its problem makes of it, and how far the job is once it counts."""
    if claim.done >= ASSESSED_RECORDS:
        return replace(
            outcome, records=[_assessed_alone(context, claim, record) for record in outcome.records]
        )
    with context.database.reading() as session:
        known = records_of(tasks.records(session, claim.job_id))
    plan = replayed(context, claim.problem, [*known, *outcome.records])
    return replace(
        outcome,
        records=[
            plan.assessed(record.index) if evaluations.is_one(record.unit) else record
            for record in outcome.records
        ],
        progress=progress_of(context, claim.problem, plan, len(known) + len(outcome.records)),
        completed=evaluations.completed(known, plan.assessed),
    )


def _assessed_alone(context: WorkerContext, claim: Claim, record: Record) -> Record:
    """A record with what its problem makes of it by itself; what depends on all others is left to the result."""
    if not evaluations.is_one(record.unit):
        return record
    assessed = replayed(context, claim.problem, [record]).assessed(record.index)
    made = getattr(assessed, "assessment", None)
    if made is None:
        return assessed
    return assessed.model_copy(
        update={"assessment": made.model_copy(update={"best": None, "on_front": None})}
    )


def _tell(database: Database, claim: Claim, words: str) -> None:
    """Store what is being done for a task, and tell those who watch its job."""
    with database.writing() as session:
        job = jobs.locked(session, claim.job_id)
        if job is not None and progress.say(session, claim.task_id, claim.attempt, words):
            events.append_progress(session, job, now(session))


def _abandon(context: WorkerContext, claim: Claim) -> None:
    """Give back a task that is of no use here any more but whose potential does not return, and end this process."""
    _log.warning("the worker ends itself: a computation that was given up goes on too long")
    with suppress(SQLAlchemyError), context.database.writing() as session:
        tasks.release(session, claim)  # else its lease runs out
    context.abandon()


def to_give_up(database: Database, job_id: str) -> bool:
    """Whether a task of the job is of no use any more: the job is to be given up, or its time is over."""
    if cancel_requested(database, job_id):
        return True
    with database.reading() as session:
        return jobs.overdue(session, job_id)


def _renew(database: Database, claim: Claim) -> bool:
    with database.writing() as session:
        return tasks.renew(session, claim)


def cancel_requested(database: Database, job_id: str) -> bool:
    """Whether the job is to be given up: cancelled, finished by another, or deleted."""
    with database.reading() as session:
        found = jobs.position(session, job_id)
    return found is None or found[2] or found[0] in FINAL_STATES


def _give_up(context: WorkerContext, claim: Claim, interrupted: Interrupted) -> None:
    _log.info("a task was given up", reason=interrupted.reason)
    with context.database.writing() as session:
        ours = tasks.release(session, claim)
    if interrupted.reason == "cancelled" and ours:
        finish_cancelled(context, claim.job_id)


def finish_cancelled(context: WorkerContext, job_id: str) -> None:
    """End a job that is being cancelled with the answer so far."""
    with context.database.reading() as session:
        job = jobs.get(session, job_id)
        if job is None or job.state != "cancelling":
            return
    catch_up(context, job_id)
    with context.database.writing() as session:
        job = jobs.locked(session, job_id)
        if job is not None and job.state == "cancelling":
            finish.cancel(session, job)


def failure_of(error: Exception, what: str) -> ProblemDetail:
    """What a user is told of an exception; all of it goes to the log."""
    _log.exception("the computation failed", what=what)
    if isinstance(error, ProblemInvalid):
        return finish.invalid_problem(error.errors)
    if isinstance(error, UnknownName):
        hint = "if it is of an extension, name that in ORICHALCUM_EXTENSIONS of every process"
        return finish.evaluation_failed(what, f"{error}; {hint}")
    if isinstance(error, StoredUnreadable):
        return finish.evaluation_failed(what, error.words)
    if isinstance(error, (PotentialError, CheckpointFailed, ProblemUnreadable)):
        return finish.evaluation_failed(what, str(error))
    return finish.evaluation_failed(what)


def _fail(context: WorkerContext, claim: Claim, failure: ProblemDetail) -> None:
    with context.database.writing() as session:
        job = jobs.locked(session, claim.job_id)
        if job is not None and tasks.release(session, claim) and not states.is_final(job):
            finish.fail(session, job, failure)
