"""The next step of a job: its plan is replayed from the store, and its tasks are stored, or the job ends."""

from __future__ import annotations

from contextlib import suppress

import structlog

from service.repositories import evaluations, jobs
from service.work.work import OUT_OF_REACH, Message, Step, StepClaim
from service.worker.context import WorkerContext
from service.worker.lease import Interrupted, Lease
from service.worker.perform import failure_of, finish_cancelled
from service.worker.replay import progress_of, records_of, replayed, result_of

_log = structlog.get_logger(__name__)


def run_advance(context: WorkerContext, job_id: str) -> None:
    """Do what a message ``advance`` asks for; nothing, if it came twice or too late."""
    try:
        held = context.work.claim(Message("step", job_id))
        if held is None:
            finish_cancelled(context, job_id)
    except OUT_OF_REACH:
        _log.exception("the store failed during a step of a job", job=job_id)
        return
    if isinstance(held, StepClaim):
        take_step(context, held)


def take_step(context: WorkerContext, held: StepClaim) -> None:
    """Work out a step that is held, and store what follows."""
    with structlog.contextvars.bound_contextvars(job=held.job_id):
        try:
            _run(context, held)
        except OUT_OF_REACH:
            _log.exception("the store failed during a step of a job")


def _run(context: WorkerContext, held: StepClaim) -> None:
    work = context.work
    lease = Lease(
        renew=lambda: work.renew(held),
        cancelled=lambda: work.unwanted(held),
        stopping=context.stopping,
        seconds=work.lease_seconds,
        abandon=lambda: _abandon(context, held),
    )
    try:
        with lease:
            step = _next_step(context, held)
            lease.check()
    except Interrupted as interrupted:
        _log.info("a step was given up", reason=interrupted.reason)
        if interrupted.reason == "cancelled":
            finish_cancelled(context, held.job_id)
        else:
            work.give_back(held)
        return
    except OUT_OF_REACH:
        raise
    except Exception as error:  # noqa: BLE001  (whatever the plan raises ends this job, not the worker)
        work.fail(held, failure_of(error, "the next step of the search"))
        return
    if not work.store_step(held, step):
        _log.info("a late step was refused")
    finish_cancelled(context, held.job_id)


def _next_step(context: WorkerContext, held: StepClaim) -> Step:
    records = records_of(held.stored)
    problem = jobs.parsed_problem(held.document)
    plan = replayed(context, problem, records)
    stopped = plan.stopped or held.overdue
    result = None if stopped is None else result_of(context, problem, plan, stopped)
    return Step(
        planned=plan.planned,
        progress=progress_of(context, problem, plan, len(held.stored), result),
        asked=context.batches(problem, plan.ask()) if stopped is None else [],
        completed=evaluations.completed(records, plan.assessed),
        result=result,
    )


def _abandon(context: WorkerContext, held: StepClaim) -> None:
    """Give back a step that does not come to its end, and end this process with it."""
    _log.warning("the worker ends itself: a step that was given up goes on too long")
    with suppress(*OUT_OF_REACH):
        context.work.give_back(held)  # else its lease runs out
    context.abandon()
