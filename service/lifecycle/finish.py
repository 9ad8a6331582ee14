"""How jobs end: succeeded, failed or cancelled."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from sqlalchemy.orm import Session

from api_schemas.errors import TYPE_PREFIX, FieldError, ProblemDetail
from api_schemas.jobs import BestSoFar
from api_schemas.kinds import KINDS
from api_schemas.results import Result, Stopped
from api_schemas.tasks import Record
from engine.kinds.result import empty_result, total_cost
from service.lifecycle import states
from service.repositories import evaluations, jobs, stored, tasks
from service.repositories.jobs import ProblemUnreadable
from service.repositories.stored import StoredUnreadable
from service.tables.jobs import JobRow

MAX_LOST = 3
"""So many workers may vanish over one step of a job before the job fails."""


def succeed(session: Session, job: JobRow, result: Result) -> None:
    """End a locked, running job with its result."""
    tasks.drop_unfinished(session, job.id)
    job.result = result.model_dump_json()
    states.change(session, job, "succeeded", result.stopped.message)


def fail(session: Session, job: JobRow, failure: ProblemDetail) -> None:
    """End a locked job with what went wrong; a job that is being cancelled becomes cancelled instead."""
    if job.state == "cancelling":
        cancel(session, job)
        return
    tasks.drop_unfinished(session, job.id)
    job.failure = failure.model_dump_json()
    states.change(session, job, "failed", failure.detail or failure.title)


def cancel(session: Session, job: JobRow) -> None:
    """End a locked job as cancelled, with what is known so far."""
    tasks.drop_unfinished(session, job.id)
    stopped = Stopped(reason="cancelled", message=f"cancelled after {_done(job)}")
    try:
        job.result = so_far(session, job, stopped).model_dump_json()
    except ProblemUnreadable:
        job.result = None  # a job that cannot even be begun has no result
    except StoredUnreadable as unreadable:
        job.failure = unreadable.detail.model_dump_json()
    states.change(session, job, "cancelled")


def out_of_time(session: Session, job: JobRow) -> None:
    """End a locked, running job whose time limit has passed, with what is known so far."""
    try:
        known = so_far(session, job, time_limit_passed(job))
    except (ProblemUnreadable, StoredUnreadable) as unreadable:
        fail(session, job, evaluation_failed("the answer so far", str(unreadable)))
        return
    succeed(session, job, known)


def so_far(session: Session, job: JobRow, stopped: Stopped) -> Result:
    """The result of a job that ends early: what a worker knew with its last record, and the records themselves."""
    found = evaluations.of_ended(session, job.id, job.front)
    texts = [text for _, text in tasks.records(session, job.id, counted=True)]
    records = [stored.read(Record, text, "a record of this job") for text in texts]
    if job.standing is not None:
        known = stored.read(Result, job.standing, "how far this job is")
    else:
        # Nothing was done for it yet; or not since the upgrade from a version that stored the best only.
        known = empty_result(jobs.problem_of(job), stopped)
        best_known = None if job.best is None else stored.read(BestSoFar, job.best, "the best evaluation")
        index = None if best_known is None else best_known.index
        best = next((one.evaluation for one in found if one.index == index), None)
        known = known.model_copy(update={"best": best})
    update = {
        "evaluations": [one.evaluation for one in found],
        "stopped": stopped,
        "cost": total_cost(records),
    }
    return known.model_copy(update=update)


def time_limit_passed(job: JobRow) -> Stopped:
    """Why a job ended at its time limit."""
    message = f"the time limit of {job.time_limit or 0.0:g} s passed after {_done(job)}"
    return Stopped(reason="time_limit", message=message)


def _done(job: JobRow) -> str:
    """How much of a job is done: "3 evaluations"."""
    counted = KINDS[job.kind].counts if job.kind in KINDS else "tasks"
    one = job.evaluations_done == 1
    return f"{job.evaluations_done} {counted.removesuffix('s') if one else counted}"


def own_version() -> str:
    """Version of the installed distribution."""
    try:
        return version("orichalcum")
    except PackageNotFoundError:
        return "0.1.0"


def worker_lost(what: str) -> ProblemDetail:
    """The failure of a job whose workers vanish again and again over the same step."""
    return ProblemDetail(
        type=TYPE_PREFIX + "worker-lost",
        title="The worker was lost again and again",
        status=500,
        detail=f"{MAX_LOST} workers vanished while they computed {what}. The machine may have run out of memory: "
        "try a smaller crystal or float32, or look at the worker's log, then submit the job again.",
    )


def evaluation_failed(what: str, message: str | None = None) -> ProblemDetail:
    """The failure of a job whose computation raised an exception; the exception itself is only logged."""
    return ProblemDetail(
        type=TYPE_PREFIX + "evaluation-failed",
        title="The computation failed",
        status=500,
        detail=message
        or f"The computation of {what} failed. The worker's log says why, under the id of this job.",
    )


def nothing_asked() -> ProblemDetail:
    """The failure of a job whose plan has not ended and waits for nothing: a fault of its kind."""
    return ProblemDetail(
        type=TYPE_PREFIX + "evaluation-failed",
        title="The computation failed",
        status=500,
        detail="The plan of this job asks for nothing more and has not ended: a fault of its kind.",
    )


def invalid_problem(errors: tuple[FieldError, ...]) -> ProblemDetail:
    """The failure of a job whose problem turned out to be invalid only when it was computed."""
    return ProblemDetail(
        type=TYPE_PREFIX + "invalid-problem",
        title="The problem cannot be computed",
        status=422,
        detail="; ".join(f"{error.pointer or '/'}: {error.message}" for error in errors)[:2000],
        errors=list(errors),
    )
