"""Jobs in any state, written into the store of a service as a worker would have left them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from api_schemas.errors import parse
from api_schemas.evaluations import RELAXATION, Evaluation, EvaluationRecord
from api_schemas.jobs import BestSoFar, CostEstimate, JobState
from api_schemas.problem import Problem
from api_schemas.results import Result
from service.lifecycle import finish, states
from service.lifecycle.submission import Submission, submit
from service.repositories import events, jobs
from service.settings import Settings
from service.tables.database import Database, now
from service.tables.jobs import JobRow
from service.tables.tasks import TaskRow

ESTIMATE = CostEstimate(evaluations=3, potential_calls=30, seconds=1.0, memory_bytes=1)


def put(
    database: Database,
    asked: dict[str, Any],
    result: dict[str, Any] | Result,
    state: JobState = "succeeded",
    *,
    told: int | None = None,
    doing: Sequence[str] = (),
    parent: str | None = None,
) -> str:
    """Store a job whose evaluations are those of a result; returns its id.

    Args:
        database: Of the service, with its tables.
        asked: The problem.
        result: What it is, or would become, the answer to.
        state: Where it stands: queued, running, paused, succeeded, failed or cancelled.
        told: How many of the evaluations there are so far; all by default, and none of a queued job.
        doing: Of a running job, what its tasks are at.
        parent: The job whose answer it verifies.
    """
    answer = result if isinstance(result, Result) else Result.model_validate(result)
    submission = Submission(parse(Problem, asked), ESTIMATE, parent=parent)
    job_id = submit(database, Settings(), submission).id
    with database.writing() as session:
        job = jobs.locked(session, job_id)
        assert job is not None
        job.evaluations_planned = len(answer.evaluations)
        if state == "queued":
            return job_id
        states.change(session, job, "running")
        known = answer.evaluations[:told]
        tell(session, job, known)
        for words in doing:
            session.add(_task(session, job, len(known), state="running", doing=words))
        session.flush()
        events.append_progress(session, job, now(session), list(doing))
        ENDS.get(state, _goes_on(state))(session, job, answer)
    return job_id


def tell(session: Session, job: JobRow, found: Sequence[Evaluation]) -> None:
    """Store further evaluations of a locked job with their events, and what is the best of them so far."""
    for evaluation in found:
        index = job.evaluations_done
        record = EvaluationRecord.model_validate({**evaluation.model_dump(), "index": index})
        session.add(_task(session, job, index, state="done", record=record.model_dump_json()))
        session.flush()
        events.append_evaluation(session, job, index, now(session))
        job.evaluations_done = index + 1
        made = evaluation.assessment
        if made is not None and made.loss is not None and made.loss == made.best:
            wished = {wish.property for wish in jobs.problem_of(job).objectives}
            values = {name: evaluation.properties[name].value for name in wished}
            best = BestSoFar(
                index=index, loss=made.loss, composition=evaluation.composition, properties=values
            )
            job.best = best.model_dump_json()


def tell_more(database: Database, job_id: str, found: Sequence[Evaluation]) -> None:
    """Store further evaluations of a running job, as its worker would."""
    with database.writing() as session:
        job = jobs.locked(session, job_id)
        assert job is not None
        tell(session, job, found)
        events.append_progress(session, job, now(session), [])


def _task(session: Session, job: JobRow, index: int, **more: Any) -> TaskRow:
    at = now(session)
    return TaskRow(
        job_id=job.id, unit=RELAXATION, index=index, tier="mean_field", task="{}", created_at=at, **more
    )


def _failed(session: Session, job: JobRow, _answer: Result) -> None:
    finish.fail(session, job, finish.worker_lost("evaluation 0"))


def _cancelled(session: Session, job: JobRow, _answer: Result) -> None:
    finish.cancel(session, job)


def _goes_on(state: JobState) -> Callable[[Session, JobRow, Result], None]:
    def put_into(session: Session, job: JobRow, _answer: Result) -> None:
        if job.state != state:
            states.change(session, job, state)

    return put_into


ENDS: dict[str, Callable[[Session, JobRow, Result], None]] = {
    "succeeded": finish.succeed,
    "failed": _failed,
    "cancelled": _cancelled,
}
"""How jobs end, by the state in which they do."""
