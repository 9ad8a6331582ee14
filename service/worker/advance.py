"""The task ``advance``: replay a job's plan from the store, and insert the tasks it asks for next, or end the job."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api_schemas.results import Result, Stopped
from api_schemas.tasks import Record, Task
from engine.acceptance.maps import likely_slices
from service.lifecycle import finish, states
from service.lifecycle.dispatch import enqueue, enqueue_maps
from service.lifecycle.following import begin_settled
from service.repositories import evaluations, events, jobs, maps, tasks
from service.repositories.progress import JobProgress
from service.repositories.tasks import LEASE_SECONDS
from service.tables.database import Database, now
from service.tables.jobs import JobRow
from service.worker.context import WorkerContext
from service.worker.lease import Interrupted, Lease
from service.worker.perform import cancel_requested, failure_of, finish_cancelled
from service.worker.replay import progress_of, records_of, replayed, result_of

CHEAP_TO_MAP = 100
"""Maps are computed before anybody asks where a surrogate of at most so many evaluations is fitted for them."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Claim:
    job_id: str
    attempt: int
    document: str
    stored: list[tuple[str, str]]
    overdue: Stopped | None


@dataclass(frozen=True)
class _Step:
    planned: int
    progress: JobProgress
    asked: list[list[Task]]
    completed: list[Record]
    result: Result | None


def run_advance(context: WorkerContext, job_id: str) -> None:
    """Do what a message ``advance`` asks for; nothing, if it came twice or too late."""
    with structlog.contextvars.bound_contextvars(job=job_id):
        try:
            with context.database.writing() as session:
                claim = _claim(session, job_id, context.name)
            if claim is not None:
                _run(context, claim)
            else:
                finish_cancelled(context, job_id)
            enqueue(context.database, context.messenger, job_id)
            enqueue_maps(context.database, context.messenger, job_id)
            begin_settled(context.database, context.messenger)
        except SQLAlchemyError:
            _log.exception("the store failed during a step of a job")


def _claim(session: Session, job_id: str, worker: str) -> _Claim | None:
    """Claim the next step, if one is due and nobody else is at it."""
    job = jobs.locked(session, job_id)
    if job is None or not job.needs_advance or job.waiting or job.state not in ("queued", "running"):
        return None
    if job.advance_until is not None:
        return None
    if tasks.outstanding(session, job_id, background=False):
        job.needs_advance = False  # the last of them will ask again
        return None
    job.needs_advance = False
    job.advance_attempt += 1
    job.advance_until = now(session) + LEASE_SECONDS
    job.advance_worker = worker
    return _Claim(
        job_id=job_id,
        attempt=job.advance_attempt,
        document=job.problem,
        stored=tasks.records(session, job_id),
        overdue=finish.time_limit_passed(job) if jobs.overdue(session, job_id) else None,
    )


def _run(context: WorkerContext, claim: _Claim) -> None:
    lease = Lease(
        renew=lambda: _renew(context.database, claim),
        cancelled=lambda: cancel_requested(context.database, claim.job_id),
        stopping=context.stopping,
        seconds=LEASE_SECONDS,
        abandon=lambda: _abandon(context, claim),
    )
    try:
        with lease:
            step = _next_step(context, claim)
            lease.check()
    except Interrupted as interrupted:
        _log.info("a step was given up", reason=interrupted.reason)
        if interrupted.reason == "cancelled":
            finish_cancelled(context, claim.job_id)
        else:
            _give_back(context.database, claim)
        return
    except SQLAlchemyError:
        raise
    except Exception as error:  # noqa: BLE001  (whatever the plan raises ends this job, not the worker)
        failure = failure_of(error, "the next step of the search")
        with context.database.writing() as session:
            job = _ours(session, claim)
            if job is not None:
                finish.fail(session, job, failure)
        return
    with context.database.writing() as session:
        job = _ours(session, claim)
        if job is None:
            _log.info("a late step was refused")
        else:
            _apply(session, job, step)
    finish_cancelled(context, claim.job_id)


def _next_step(context: WorkerContext, claim: _Claim) -> _Step:
    records = records_of(claim.stored)
    problem = jobs.parsed_problem(claim.document)
    plan = replayed(context, problem, records)
    stopped = plan.stopped or claim.overdue
    result = None if stopped is None else result_of(context, problem, plan, stopped)
    return _Step(
        planned=plan.planned,
        progress=progress_of(context, problem, plan, len(claim.stored), result),
        asked=context.batches(problem, plan.ask()) if stopped is None else [],
        completed=evaluations.completed(records, plan.assessed),
        result=result,
    )


def _give_back(database: Database, claim: _Claim) -> None:
    """Give back a step that was not finished, without counting it as lost."""
    with database.writing() as session:
        job = _ours(session, claim)
        if job is not None:
            job.advance_until = job.advance_enqueued_at = None
            job.needs_advance = True


def _abandon(context: WorkerContext, claim: _Claim) -> None:
    """Give back a step that does not come to its end, and end this process with it."""
    _log.warning("the worker ends itself: a step that was given up goes on too long")
    with suppress(SQLAlchemyError):
        _give_back(context.database, claim)  # else its lease runs out
    context.abandon()


def _renew(database: Database, claim: _Claim) -> bool:
    with database.writing() as session:
        job = _ours(session, claim)
        if job is None:
            return False
        job.advance_until = now(session) + LEASE_SECONDS
        return True


def _ours(session: Session, claim: _Claim) -> JobRow | None:
    """The job, locked, if the claim on its step still holds."""
    job = jobs.locked(session, claim.job_id)
    if (
        job is None
        or job.advance_attempt != claim.attempt
        or job.advance_until is None
        or states.is_final(job)
    ):
        return None
    return job


def _apply(session: Session, job: JobRow, step: _Step) -> None:
    job.advance_until = None
    job.advance_worker = None
    job.advance_lost = job.advance_interrupted = 0
    if job.state == "cancelling":
        return
    if job.state == "paused":
        # Nothing starts while the job is paused; the same step is worked out again when it goes on.
        job.needs_advance = True
        job.advance_enqueued_at = None
        return
    tasks.complete(session, job.id, step.completed)
    news = job.evaluations_planned != step.planned or job.state == "queued"
    job.evaluations_planned = step.planned
    news = step.progress.note(job) or news
    if job.state == "queued":
        states.change(session, job, "running")
    if step.result is not None:
        finish.succeed(session, job, step.result)
        if 0 < job.evaluations_done <= CHEAP_TO_MAP:
            for name, wanted in likely_slices(jobs.problem_of(job)):
                maps.ask(session, job, name, wanted)
        return
    if not tasks.add(session, job, step.asked) and not tasks.outstanding(session, job.id):
        finish.fail(session, job, finish.nothing_asked())
        return
    if news:
        events.append_progress(session, job, now(session))
