"""How jobs end: succeeded, failed or cancelled."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from sqlalchemy.orm import Session

from api_schemas.errors import TYPE_PREFIX, FieldError, ProblemDetail
from api_schemas.jobs import BestSoFar
from api_schemas.results import PotentialProvenance, Provenance, Result, Stopped, TotalCost
from engine.potentials import registry
from engine.tiers.uncertainty import with_uncertainty
from service.lifecycle import states
from service.repositories import jobs, tasks
from service.tables.jobs import JobRow

MAX_LOST = 3
"""So many workers may vanish over one step of a job before the job fails."""


def succeed(session: Session, job: JobRow, result: Result) -> None:
    """End a locked, running job with its result."""
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


def cancel(session: Session, job: JobRow, result: Result | None = None) -> None:
    """End a locked job as cancelled, with ``result`` or else with the best evaluation stored so far."""
    tasks.drop_unfinished(session, job.id)
    job.result = (
        result or best_so_far(session, job, cancelled_after(job.evaluations_done))
    ).model_dump_json()
    states.change(session, job, "cancelled")


def out_of_time(session: Session, job: JobRow) -> None:
    """End a locked, running job whose time limit has passed with the best evaluation stored so far."""
    tasks.drop_unfinished(session, job.id)
    stopped = time_limit_after(job.time_limit or 0.0, job.evaluations_done)
    succeed(session, job, best_so_far(session, job, stopped))


def best_so_far(session: Session, job: JobRow, stopped: Stopped) -> Result:
    """The result of a job that ends early, from what is stored, without the engine."""
    problem = jobs.problem_of(job)
    records = jobs.records(session, job.id)
    best = None if job.best is None else BestSoFar.model_validate_json(job.best)
    chosen = next((record for record in records if best is not None and record.index == best.index), None)
    potential = registry.describe_choice(problem.potential)
    return Result(
        kind=problem.kind,
        best=None if chosen is None else with_uncertainty(chosen.public(), problem.potential),
        evaluations=[record.public() for record in records],
        stopped=stopped,
        targets=[] if chosen is None else chosen.targets,
        cost=TotalCost(
            evaluations=len(records),
            potential_calls=sum(record.cost.potential_calls for record in records),
            shared_calls=max((record.cost.shared_calls for record in records), default=0),
            seconds=sum(record.cost.seconds for record in records),
        ),
        provenance=Provenance(
            orichalcum=own_version(),
            potential=PotentialProvenance(
                name=potential.name,
                sha256=potential.sha256,
                licence=potential.licence,
                citation=potential.citation,
            ),
            seed=problem.strategy.seed,
            device="cpu",
            dtype=problem.potential.dtype,
        ),
    )


def cancelled_after(count: int) -> Stopped:
    """Why a cancelled job ended."""
    return Stopped(
        reason="cancelled", message=f"cancelled after {count} evaluation{'' if count == 1 else 's'}"
    )


def time_limit_after(seconds: float, count: int) -> Stopped:
    """Why a job ended at its time limit."""
    done = f"{count} evaluation{'' if count == 1 else 's'}"
    return Stopped(reason="time_limit", message=f"the time limit of {seconds:g} s passed after {done}")


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


def invalid_problem(errors: tuple[FieldError, ...]) -> ProblemDetail:
    """The failure of a job whose problem turned out to be invalid only when it was computed."""
    return ProblemDetail(
        type=TYPE_PREFIX + "invalid-problem",
        title="The problem cannot be computed",
        status=422,
        detail="; ".join(f"{error.pointer or '/'}: {error.message}" for error in errors)[:2000],
        errors=list(errors),
    )
