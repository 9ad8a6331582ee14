"""Checkpoints of tasks: stored under the attempt that computes, found again by whoever goes on, deleted at the end.

Of a chain of tasks that continue one another the last checkpoint is kept: that of a task goes once the task that
continues it is done, and all go with the end of the job.
"""

from __future__ import annotations

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, aliased

from service.tables.checkpoints import CheckpointRow
from service.tables.database import now
from service.tables.tasks import TaskRow

MOST_BYTES = 16 * 1024 * 1024
"""Of a checkpoint as it is stored."""


def save(session: Session, task_id: int, attempt: int, data: bytes) -> bool:
    """Store a checkpoint in place of the one before; False if the task is no longer held under this attempt."""
    row = session.get(TaskRow, task_id, with_for_update=True, populate_existing=True)
    if row is None or row.state != "running" or row.attempt != attempt:
        return False
    row.interrupted = 0  # what is kept is progress
    saved = {"attempt": attempt, "data": data, "saved_at": now(session)}
    changed = update(CheckpointRow).where(CheckpointRow.task_id == task_id).values(**saved)
    if session.execute(changed.returning(CheckpointRow.task_id)).one_or_none() is None:
        session.add(CheckpointRow(task_id=task_id, job_id=row.job_id, **saved))
    return True


def of_task(session: Session, task_id: int) -> bytes | None:
    """The checkpoint that a task saved."""
    return session.scalars(select(CheckpointRow.data).where(CheckpointRow.task_id == task_id)).one_or_none()


def of_continued(session: Session, task_id: int) -> bytes | None:
    """The checkpoint of the task that this one continues."""
    this, before = aliased(TaskRow), aliased(TaskRow)
    found = (
        select(CheckpointRow.data)
        .join(before, before.id == CheckpointRow.task_id)
        .join(this, (this.job_id == before.job_id) & (this.unit == before.unit))
        .where(this.id == task_id, before.index == this.continues)
    )
    return session.scalars(found).one_or_none()


def drop_continued(session: Session, row: TaskRow) -> None:
    """Delete the checkpoint that a task went on from, unless another unfinished task goes on from it, too."""
    if row.continues is None:
        return
    same = (TaskRow.job_id == row.job_id, TaskRow.unit == row.unit)
    others = select(TaskRow.id).where(*same, TaskRow.continues == row.continues, TaskRow.state != "done")
    if session.scalars(others.limit(1)).one_or_none() is not None:
        return
    before = select(TaskRow.id).where(*same, TaskRow.index == row.continues)
    session.execute(delete(CheckpointRow).where(CheckpointRow.task_id.in_(before)))


def drop_all(session: Session, job_id: str) -> None:
    """Delete the checkpoints of a job."""
    session.execute(delete(CheckpointRow).where(CheckpointRow.job_id == job_id))
