"""The task ``evaluate``: claim an evaluation, compute it, store it once, and ask for the next step of its job."""

from __future__ import annotations

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api_schemas.errors import ProblemDetail, ProblemInvalid
from api_schemas.evaluations import EvaluationRecord
from api_schemas.jobs import FINAL_STATES
from engine.potentials.errors import PotentialError
from service.lifecycle import finish, states
from service.lifecycle.dispatch import enqueue
from service.lifecycle.standing import Standing
from service.repositories import jobs, tasks
from service.repositories.references import SqlReferenceStore
from service.repositories.tasks import Claim
from service.tables.database import Database
from service.worker.content import content_key
from service.worker.context import WorkerContext, replayed, standing
from service.worker.lease import Interrupted, Lease

ASSESSED_RECORDS = 200
"""Up to so many evaluations the best so far is worked out after each one, later only with each batch."""

_log = structlog.get_logger(__name__)


def run_evaluation(context: WorkerContext, evaluation_id: int) -> None:
    """Do what a message ``evaluate`` asks for; nothing, if it came twice or too late."""
    try:
        with context.database.writing() as session:
            claim = tasks.claim(session, evaluation_id, context.name)
        if claim is not None:
            with structlog.contextvars.bound_contextvars(job=claim.job_id, evaluation=claim.suggestion.index):
                _run(context, claim)
    except SQLAlchemyError:
        # The store is out of reach: the lease runs out and the sweeper hands the evaluation on.
        _log.exception("the store failed during an evaluation")


def _run(context: WorkerContext, claim: Claim) -> None:
    lease = Lease(
        renew=lambda: _renew(context.database, claim),
        cancelled=lambda: to_give_up(context.database, claim.job_id),
        stopping=context.stopping,
        seconds=tasks.LEASE_SECONDS,
        abandon=lambda: _abandon(context, claim),
    )
    key = content_key(claim.problem, claim.suggestion, context.device)
    with context.database.reading() as session:
        known = tasks.cached(session, claim, key)
    try:
        with lease:
            record = known or _computed(context, claim, lease)
            known_now = _standing_with(context, claim, record)
    except Interrupted as interrupted:
        _give_up(context, claim, interrupted)
        return
    except SQLAlchemyError:
        raise
    except Exception as error:  # noqa: BLE001  (whatever the computation raises ends this job, not the worker)
        _fail(context, claim, failure_of(error, f"evaluation {claim.suggestion.index}"))
        return
    with context.database.writing() as session:
        stored = tasks.store(session, claim, record, known_now, content_key=key, from_cache=known is not None)
    if not stored:
        _log.info("a late result was refused")
    enqueue(context.database, context.messenger, claim.job_id)


def _computed(context: WorkerContext, claim: Claim, lease: Lease) -> EvaluationRecord:
    record = context.evaluate(
        claim.problem,
        claim.suggestion,
        references=SqlReferenceStore(context.database, claim.tenant),
        device=context.device,
        on_call=lease.check,
    )
    return _storable(record)


def _abandon(context: WorkerContext, claim: Claim) -> None:
    """Give back an evaluation whose job is over but whose potential does not return, and end this process with it."""
    _log.warning("the worker ends itself: a cancelled computation goes on too long")
    try:
        with context.database.writing() as session:
            tasks.release(session, claim)
    except SQLAlchemyError:
        _log.warning("the evaluation could not be given back; its lease will run out")
    context.abandon()


def to_give_up(database: Database, job_id: str) -> bool:
    """Whether an evaluation of the job is of no use any more: it is to be given up, or its time is over."""
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


def _storable(record: EvaluationRecord) -> EvaluationRecord:
    """The record as it will be read back; a number that is not finite has no place in the store."""
    return EvaluationRecord.model_validate_json(record.model_dump_json())


def _standing_with(context: WorkerContext, claim: Claim, record: EvaluationRecord) -> Standing | None:
    """How the search stands once ``record`` counts; None where that is not worked out each time."""
    with context.database.reading() as session:
        job = jobs.get(session, claim.job_id)
        if job is None or job.evaluations_done >= ASSESSED_RECORDS:
            return None
        records = jobs.records(session, claim.job_id)
    return standing(replayed(context, claim.problem, [*records, record]))


def _give_up(context: WorkerContext, claim: Claim, interrupted: Interrupted) -> None:
    _log.info("an evaluation was given up", reason=interrupted.reason)
    with context.database.writing() as session:
        ours = tasks.release(session, claim)
    if interrupted.reason == "cancelled" and ours:
        finish_cancelled(context, claim.job_id)


def finish_cancelled(context: WorkerContext, job_id: str) -> None:
    """End a job that is being cancelled with the campaign's answer so far."""
    with context.database.reading() as session:
        job = jobs.get(session, job_id)
        if job is None or job.state != "cancelling":
            return
        problem, records = jobs.problem_of(job), jobs.records(session, job_id)
    result = None
    if records:
        stopped = finish.cancelled_after(len(records))
        result = replayed(context, problem, records).result(stopped, device=context.device)
    with context.database.writing() as session:
        job = jobs.locked(session, job_id)
        if job is not None and job.state == "cancelling":
            finish.cancel(session, job, result)


def failure_of(error: Exception, what: str) -> ProblemDetail:
    """What a user is told of an exception; all of it goes to the log."""
    _log.exception("the computation failed", what=what)
    if isinstance(error, ProblemInvalid):
        return finish.invalid_problem(error.errors)
    if isinstance(error, PotentialError):
        return finish.evaluation_failed(what, str(error))
    return finish.evaluation_failed(what)


def _fail(context: WorkerContext, claim: Claim, failure: ProblemDetail) -> None:
    with context.database.writing() as session:
        job = jobs.locked(session, claim.job_id)
        if job is not None and tasks.release(session, claim) and not states.is_final(job):
            finish.fail(session, job, failure)
