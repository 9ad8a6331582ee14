"""Whose turn it is: which of the tasks that wait in a queue is computed next.

A message says that there is work in a queue, not which: the worker that takes it asks here. First come higher
priorities; then the tenant for whom least was computed lately; then the job for which least was computed, less the time
that it has waited (least attained service, L. Kleinrock, Queueing Systems vol. 2, Wiley 1976, with ageing). So a short
job passes a long one without anybody guessing how long it is, and a long one that waits comes up in time. What is being
computed counts as computed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from service.repositories import tallies
from service.tables.database import now
from service.tables.jobs import JobRow
from service.tables.tasks import TaskRow


def next_task(session: Session, message: int, queues: Sequence[str]) -> int | None:
    """The task that is to be computed next by whoever took a message; None if nothing waits.

    Args:
        session: To read in.
        message: The task about which the message was sent; it may have been taken by way of another message.
        queues: Those that the worker serves: for a message about a task that is there no more.
    """
    own = select(JobRow.queue, TaskRow.job_id).join(TaskRow, TaskRow.job_id == JobRow.id)
    found = session.execute(own.where(TaskRow.id == message)).one_or_none()
    sent = (TaskRow.job_id == JobRow.id, TaskRow.state == "pending", TaskRow.enqueued_at.is_not(None))
    waiting = (
        JobRow.state == "running",
        JobRow.queue.in_([found.queue] if found is not None else queues),
        select(TaskRow.id).where(*sent).exists(),
    )
    tenants = session.execute(select(JobRow.priority, JobRow.tenant).where(*waiting).distinct()).all()
    if not tenants:
        return message if found is not None else None
    at = now(session)
    running = _under_way(session, at)
    served = tallies.served(session, {row.tenant for row in tenants}, at)
    turn = min(tenants, key=lambda row: (row.priority, served[row.tenant] + running[row.tenant, None]))
    # What is under way puts jobs back only: the first is among as many as that are, and one.
    score = JobRow.served - (at - func.coalesce(JobRow.served_at, JobRow.created_at))
    of_tenant = (*waiting, JobRow.tenant == turn.tenant, JobRow.priority == turn.priority)
    jobs = select(JobRow.id, score.label("score")).where(*of_tenant).order_by(score, JobRow.id)
    candidates = session.execute(jobs.limit(len(running) + 1)).all()
    first = min(
        candidates,
        key=lambda row: (
            row.score + running[turn.tenant, row.id],
            found is None or row.id != found.job_id,
            row.id,
        ),
    )
    tasks = select(TaskRow.id).where(TaskRow.job_id == first.id, TaskRow.state == "pending")
    tasks = tasks.where(or_(TaskRow.enqueued_at.is_not(None), TaskRow.id == message))
    # Within a job as they were sent: what runs in the background is not put off until the end.
    in_order = tasks.order_by(TaskRow.enqueued_at, TaskRow.background, TaskRow.id)
    return session.scalars(in_order.limit(1)).one_or_none()


def _under_way(session: Session, at: float) -> defaultdict[tuple[str, str | None], float]:
    """Seconds for which tasks have been computed that are not done, by tenant and by job."""
    seconds: defaultdict[tuple[str, str | None], float] = defaultdict(float)
    began = select(JobRow.tenant, JobRow.id, TaskRow.started_at).join(TaskRow, TaskRow.job_id == JobRow.id)
    for tenant, job_id, started in session.execute(began.where(TaskRow.state == "running")):
        lasted = max(0.0, at - (started or at))
        seconds[tenant, None] += lasted
        seconds[tenant, job_id] += lasted
    return seconds


def note_served(session: Session, job: JobRow, seconds: float, at: float) -> None:
    """Note for how long a worker computed for a locked job, whose last task is done at ``at``."""
    job.served += seconds
    job.served_at = at
    tallies.add_all(session, tallies.of_service(job.tenant, at, seconds))
