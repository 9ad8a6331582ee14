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
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from service.repositories import tallies
from service.tables.database import now
from service.tables.jobs import JobRow
from service.tables.tasks import TaskRow


@dataclass
class _Waiting:
    """A job that has tasks waiting."""

    id: str
    tenant: str
    priority: int
    served: float
    since: float


def next_task(session: Session, message: int, queues: Sequence[str]) -> int | None:
    """The task that is to be computed next by whoever took a message; None if nothing waits.

    Args:
        session: To read in.
        message: The task about which the message was sent; it may have been taken by way of another message.
        queues: Those that the worker serves: for a message about a task that is there no more.
    """
    own = select(JobRow.queue, TaskRow.job_id).join(TaskRow, TaskRow.job_id == JobRow.id)
    found = session.execute(own.where(TaskRow.id == message)).one_or_none()
    waiting = _waiting(session, [found.queue] if found is not None else queues)
    if not waiting:
        return message if found is not None else None
    at = now(session)
    running = _under_way(session, at)
    of_tenants = tallies.served(session, {job.tenant for job in waiting}, at)

    def place(job: _Waiting) -> tuple[int, float, float, bool, str]:
        of_tenant = of_tenants[job.tenant] + running[job.tenant, None]
        of_job = job.served + running[job.tenant, job.id] - max(0.0, at - job.since)
        asked = found is not None and job.id == found.job_id
        return job.priority, of_tenant, of_job, not asked, job.id

    first = min(waiting, key=place)
    sent = or_(TaskRow.enqueued_at.is_not(None), TaskRow.id == message)
    tasks = select(TaskRow.id).where(TaskRow.job_id == first.id, TaskRow.state == "pending", sent)
    # Within a job as they were sent: what runs in the background is not put off until the end.
    in_order = tasks.order_by(TaskRow.enqueued_at, TaskRow.background, TaskRow.id)
    return session.scalars(in_order.limit(1)).one_or_none()


def _waiting(session: Session, queues: Sequence[str]) -> list[_Waiting]:
    has = (TaskRow.job_id == JobRow.id, TaskRow.state == "pending", TaskRow.enqueued_at.is_not(None))
    columns = (JobRow.id, JobRow.tenant, JobRow.priority, JobRow.served, JobRow.served_at, JobRow.created_at)
    jobs = select(*columns).where(JobRow.state == "running", JobRow.queue.in_(queues))
    return [
        _Waiting(row.id, row.tenant, row.priority, row.served, row.served_at or row.created_at)
        for row in session.execute(jobs.where(select(TaskRow.id).where(*has).exists()))
    ]


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
