"""Appending events and reading them back in order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api_schemas.jobs import EvaluationEvent, JobState, ProgressEvent, StateEvent
from service.repositories import evaluations, progress
from service.tables.events import EventRow
from service.tables.jobs import JobRow


def timestamp(seconds: float) -> datetime:
    """The moment ``seconds`` after 1970, in UTC."""
    return datetime.fromtimestamp(seconds, tz=UTC)


def _append(session: Session, job: JobRow, kind: str, data: str, at: float) -> None:
    # The job is locked by the caller, so the number is free.
    job.last_event += 1
    session.add(EventRow(job_id=job.id, sequence=job.last_event, kind=kind, data=data, at=at))


def append_state(session: Session, job: JobRow, state: JobState, message: str | None, at: float) -> None:
    """Append a change of state to the events of a locked job."""
    event = StateEvent(state=state, message=message, at=timestamp(at))
    _append(session, job, "state", event.model_dump_json(), at)


def append_progress(session: Session, job: JobRow, at: float, doing: Sequence[str] | None = None) -> None:
    """Append the progress of a locked job to its events.

    Args:
        session: To write in.
        job: The job.
        at: Seconds since 1970.
        doing: What is being computed; read from the tasks by default.
    """
    if doing is None:
        doing = progress.doing(session, [job.id])[job.id]
    event = ProgressEvent(progress=progress.of(job, doing), at=timestamp(at))
    _append(session, job, "progress", event.model_dump_json(), at)


def append_evaluation(session: Session, job: JobRow, index: int, at: float) -> None:
    """Append a finished evaluation, by its number: its content is read from the tasks."""
    _append(session, job, "evaluation", json.dumps({"index": index}), at)


def after(session: Session, job_id: str, sequence: int, limit: int = 100) -> Sequence[EventRow]:
    """The events of a job that follow number ``sequence``, oldest first."""
    found = select(EventRow).where(EventRow.job_id == job_id, EventRow.sequence > sequence)
    return session.scalars(found.order_by(EventRow.sequence).limit(limit)).all()


def content(session: Session, event: EventRow) -> str:
    """What the event says, as JSON text on one line."""
    if event.kind != "evaluation":
        return event.data
    index = int(json.loads(event.data)["index"])
    evaluation = evaluations.one(session, event.job_id, index)
    return EvaluationEvent(index=index, evaluation=evaluation, at=timestamp(event.at)).model_dump_json()
