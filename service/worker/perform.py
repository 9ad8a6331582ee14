"""A task of a plan: computed with its batch, and its records stored once."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import structlog

from api_schemas.errors import ProblemDetail, ProblemInvalid
from api_schemas.registry import UnknownName
from api_schemas.tasks import Record, Task
from engine.potentials.errors import PotentialError
from engine.units.registry import UNITS
from engine.units.unit import Workplace
from service.lifecycle import finish
from service.repositories import evaluations, stored
from service.repositories.jobs import ProblemUnreadable
from service.repositories.references import ComputedElsewhere
from service.repositories.stored import StoredUnreadable
from service.repositories.tasks import Claim
from service.work.work import OUT_OF_REACH, Message, Outcome
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

_log = structlog.get_logger(__name__)


def run_task(context: WorkerContext, message: int) -> None:
    """Do what a message ``perform`` asks for: the task whose turn it is; nothing, if it came twice or too late."""
    try:
        held = context.work.claim(Message("task", message))
    except OUT_OF_REACH:
        _log.exception("the store failed during a task")
        return
    if isinstance(held, Claim):
        compute_task(context, held)


def compute_task(context: WorkerContext, held: Claim) -> None:
    """Compute a task that is held, with its batch, and store the records."""
    with structlog.contextvars.bound_contextvars(job=held.job_id, unit=held.unit, task=held.index):
        try:
            _run(context, held)
        except OUT_OF_REACH:
            # The store is out of reach: the lease runs out and the sweeper hands the task on.
            _log.exception("the store failed during a task")


def _run(context: WorkerContext, claim: Claim) -> None:
    work = context.work
    words = Words(lambda said: work.say(claim, said))
    lease = Lease(
        renew=lambda: work.renew(claim),
        cancelled=lambda: work.unwanted(claim),
        stopping=context.stopping,
        seconds=work.lease_seconds,
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
        work.give_back(claim, wait=ELSEWHERE_SECONDS)
        return
    except OUT_OF_REACH:
        raise
    except Exception as error:  # noqa: BLE001  (whatever the computation raises ends this job, not the worker)
        work.fail(claim, failure_of(error, evaluations.name(claim.unit, claim.index)))
        return
    count = work.store_task(claim, outcome)
    if not count:
        _log.info("a late result was refused")
    elif outcome.progress is not None and outcome.progress.told != count:
        catch_up(context, claim.job_id)  # another worker stored a record meanwhile


def _outcome(context: WorkerContext, claim: Claim, lease: Lease, words: Words) -> Outcome:
    """The records of a batch, known or computed, and how far its job is with them."""
    batch = [stored.read(UNITS[one.unit].task, one.task, "a task of this job") for one in claim.batch]
    # What a task that goes on from a checkpoint comes to is not in the task, so no other job may take it.
    keys = [] if claim.continues is not None else content_keys(claim.problem, batch, context.device)
    known = context.work.cached(claim, keys) if keys else []
    found = [record_of(claim.unit, one) for one in known if one is not None]
    if len(found) == len(batch):
        records = [_in_place(record, task) for record, task in zip(found, batch, strict=True)]
        outcome = Outcome(records, keys, from_cache=True)
    else:
        saved = Checkpoints(context.work, claim)
        computed = _computed(context, claim, batch, lease, words, saved)
        outcome = Outcome(computed, [] if saved.used else keys, from_cache=False)
    return _assessed(context, claim, outcome)


def _computed(
    context: WorkerContext,
    claim: Claim,
    batch: Sequence[Task],
    lease: Lease,
    words: Words,
    saved: Checkpoints,
) -> list[Record]:
    references = context.work.references(claim)
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
    places = ("index", "origin", "evaluation", "other", "after")
    own = {name: getattr(task, name) for name in places if hasattr(task, name)} | {"assessment": None}
    fields = type(record).model_fields
    return record.model_copy(update={name: value for name, value in own.items() if name in fields})


def _assessed(context: WorkerContext, claim: Claim, outcome: Outcome) -> Outcome:
    """What is stored of a batch with what its problem makes of it, and how far the job is once it counts."""
    if claim.done >= ASSESSED_RECORDS:
        return replace(
            outcome, records=[_assessed_alone(context, claim, record) for record in outcome.records]
        )
    known = records_of(context.work.records(claim))
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


def _abandon(context: WorkerContext, claim: Claim) -> None:
    """Give back a task that is of no use here any more but whose potential does not return, and end this process."""
    _log.warning("the worker ends itself: a computation that was given up goes on too long")
    with suppress(*OUT_OF_REACH):
        context.work.give_back(claim)  # else its lease runs out
    context.abandon()


def _give_up(context: WorkerContext, claim: Claim, interrupted: Interrupted) -> None:
    _log.info("a task was given up", reason=interrupted.reason)
    ours = context.work.give_back(claim)
    if interrupted.reason == "cancelled" and ours:
        finish_cancelled(context, claim.job_id)


def finish_cancelled(context: WorkerContext, job_id: str) -> None:
    """End a job that is being cancelled with the answer so far."""
    if context.work.end_cancelled(job_id, known=False):
        catch_up(context, job_id)
        context.work.end_cancelled(job_id, known=True)


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
