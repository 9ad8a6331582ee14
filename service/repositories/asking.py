"""Tasks that plans ask for: their rows, and which of them have a message in the queue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from api_schemas.tasks import Record, Task
from service.repositories import evaluations, events
from service.repositories.tasks import BACKOFF_SECONDS
from service.tables.database import now
from service.tables.jobs import JobRow
from service.tables.tasks import TaskRow

_AT_A_TIME = 1000
"""Numbers that one query names: SQLite takes 32 766."""


def add(session: Session, job: JobRow, asked: Iterable[Sequence[Task]]) -> int:
    """Insert the tasks that a plan asks for and has not asked for before, in batches; returns how many those are."""
    wanted = {(task.unit, task.index): task for batch in asked for task in batch}
    numbers = sorted({index for _, index in wanted})
    known: set[tuple[str, int]] = set()
    for first in range(0, len(numbers), _AT_A_TIME):
        some = numbers[first : first + _AT_A_TIME]
        there = select(TaskRow.unit, TaskRow.index).where(TaskRow.job_id == job.id, TaskRow.index.in_(some))
        known |= {(unit, index) for unit, index in session.execute(there)}
    at = now(session)
    fresh = [task for place, task in wanted.items() if place not in known]
    for task in fresh:
        session.add(_row(job, task, at))
    session.flush()
    return len(fresh)


def add_known(session: Session, job: JobRow, known: Iterable[tuple[Task, Record]]) -> None:
    """Insert tasks of a new, locked job whose records are known already, with their events."""
    at = now(session)
    for task, record in known:
        session.add(_row(job, task, at, state="done", record=record.model_dump_json(), finished_at=at))
        session.flush()
        job.evaluations_done += task.counted
        if evaluations.is_one(task.unit):
            events.append_evaluation(session, job, task.index, at)


def _row(job: JobRow, task: Task, at: float, **more: Any) -> TaskRow:
    return TaskRow(
        job_id=job.id,
        unit=task.unit,
        index=task.index,
        tier=task.tier,
        continues=task.continues,
        leader=task.batch[0] if task.batch and task.batch[0] != task.index else None,
        background=task.background,
        counted=task.counted,
        task=task.model_dump_json(),
        created_at=at,
        **more,
    )


def outstanding(session: Session, job_id: str, *, background: bool = True) -> int:
    """Number of tasks that were asked for and are not stored yet, with those in the background or without."""
    found = select(func.count()).where(TaskRow.job_id == job_id, TaskRow.state != "done")
    if not background:
        found = found.where(TaskRow.background.is_(False))
    return int(session.execute(found).scalar_one())


def done(session: Session, job_id: str) -> int:
    """Number of tasks whose records are stored."""
    found = select(func.count()).where(TaskRow.job_id == job_id, TaskRow.state == "done")
    return int(session.execute(found).scalar_one())


def computing(session: Session, job_id: str) -> bool:
    """Whether a worker holds a task of the job."""
    held = select(TaskRow.id).where(TaskRow.job_id == job_id, TaskRow.state == "running")
    return session.scalars(held.limit(1)).one_or_none() is not None


def to_enqueue(session: Session, job_id: str, window: int) -> list[int]:
    """Mark pending tasks as enqueued until ``window`` of the job are under way, and return their ids.

    Keeping few messages of each job in the queue lets jobs take turns: a scan of thousands of points does not stand
    before a job of three. A task that continues another waits until that is done; of a batch the first stands for all.
    """
    of_job = (TaskRow.job_id == job_id, TaskRow.leader.is_(None))
    waiting = (*of_job, TaskRow.state != "done", TaskRow.enqueued_at.is_not(None))
    under_way = int(session.execute(select(func.count()).where(*waiting)).scalar_one())
    if under_way >= window:
        return []
    fresh = (
        select(TaskRow.id)
        .where(
            *of_job,
            TaskRow.state == "pending",
            TaskRow.enqueued_at.is_(None),
            or_(TaskRow.not_before.is_(None), _past(TaskRow.not_before, now(session))),
        )
        .order_by(TaskRow.background, TaskRow.id)
        .limit(window - under_way)
    )
    before = aliased(TaskRow)
    unfinished = select(before.id).where(
        before.job_id == TaskRow.job_id,
        before.unit == TaskRow.unit,
        before.index == TaskRow.continues,
        before.state != "done",
    )
    fresh = fresh.where(or_(TaskRow.continues.is_(None), ~unfinished.exists()))
    ids = list(session.scalars(fresh))
    if ids:
        session.execute(update(TaskRow).where(TaskRow.id.in_(ids)).values(enqueued_at=now(session)))
    return ids


def _past(moment: InstrumentedAttribute[float | None], at: float) -> ColumnElement[bool]:
    """Whether a moment to wait for is past, or so far ahead that the clock was set back since it was written."""
    return or_(moment <= at, moment > at + max(BACKOFF_SECONDS))


def part_from_done(session: Session) -> None:
    """Let each task go by itself that waits for a batch whose first task is done without it.

    That is so only where a worker of a version that knows no batches took that first task while the store was migrated.
    """
    first = aliased(TaskRow)
    done = select(first.id).where(
        first.job_id == TaskRow.job_id,
        first.unit == TaskRow.unit,
        first.index == TaskRow.leader,
        first.state == "done",
    )
    left = (TaskRow.state == "pending", TaskRow.leader.is_not(None), done.exists())
    session.execute(
        update(TaskRow)
        .where(*left)
        .values(leader=None, enqueued_at=None)
        .execution_options(synchronize_session=False)
    )


def forget_messages(session: Session, ids: Iterable[int]) -> None:
    """Note that the messages about these tasks were not sent: they are sent again."""
    session.execute(update(TaskRow).where(TaskRow.id.in_(list(ids))).values(enqueued_at=None))
