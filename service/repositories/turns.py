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

from sqlalchemy import Double, Integer, bindparam, func, or_, select
from sqlalchemy.orm import Session

from service.repositories import tallies
from service.tables.database import now
from service.tables.jobs import JobRow
from service.tables.tasks import TaskRow


def next_task(
    session: Session, message: int | None, queues: Sequence[str], tenant: str | None = None
) -> int | None:
    """The task that is to be computed next by whoever took a message, or asks without one; None if nothing waits.

    Args:
        session: To read in.
        message: The task about which the message was sent; it may have been taken by way of another message.
        queues: Those that the worker serves: for a message about a task that is there no more.
        tenant: Whose tasks the worker may compute; None for everybody's.
    """
    found = session.execute(_OWN, {"message": message}).one_or_none()
    served_queues = {"queues": [found.queue] if found is not None else list(queues)}
    waiting = session.execute(_TENANTS, served_queues).all()
    tenants = [row for row in waiting if tenant in (None, row.tenant)]
    if not tenants:
        return message if found is not None else None
    at = now(session)
    running = _under_way(session, at)
    turn = tenants[0]
    if len(tenants) > 1:
        served = tallies.served(session, {row.tenant for row in tenants}, at)
        turn = min(tenants, key=lambda row: (row.priority, served[row.tenant] + running[row.tenant, None]))
    # What is under way puts jobs back only: the first is among as many as that are, and one.
    of_turn = {"at": at, "tenant": turn.tenant, "priority": turn.priority, "most": len(running) + 1}
    first = min(
        session.execute(_CANDIDATES, served_queues | of_turn).all(),
        key=lambda row: (
            row.score + running[turn.tenant, row.id],
            found is None or row.id != found.job_id,
            row.id,
        ),
    )
    return session.scalars(_IN_ORDER, {"job_id": first.id, "message": message}).one_or_none()


_JOBS, _TASKS = JobRow.__table__.c, TaskRow.__table__.c
# Every batch asks these, so they are made once, and of the tables: to make them of the rows' classes each time takes
# several times as long as the store takes to answer.
_OWN = select(_JOBS.queue, _TASKS.job_id).where(_TASKS.job_id == _JOBS.id, _TASKS.id == bindparam("message"))
_WAITING = (
    _JOBS.state == "running",
    _JOBS.queue.in_(bindparam("queues", expanding=True)),
    select(_TASKS.id)
    .where(_TASKS.job_id == _JOBS.id, _TASKS.state == "pending", _TASKS.enqueued_at.is_not(None))
    .exists(),
)
_TENANTS = select(_JOBS.priority, _JOBS.tenant).where(*_WAITING).distinct()
_SCORE = (
    _JOBS.served - (bindparam("at", type_=Double) - func.coalesce(_JOBS.served_at, _JOBS.created_at))
).label("score")
_CANDIDATES = (
    select(_JOBS.id, _SCORE)
    .where(*_WAITING, _JOBS.tenant == bindparam("tenant"), _JOBS.priority == bindparam("priority"))
    .order_by(_SCORE, _JOBS.id)
    .limit(bindparam("most", type_=Integer))
)
# Within a job as they were sent: what runs in the background is not put off until the end.
_IN_ORDER = (
    select(_TASKS.id)
    .where(
        _TASKS.job_id == bindparam("job_id"),
        _TASKS.state == "pending",
        or_(_TASKS.enqueued_at.is_not(None), _TASKS.id == bindparam("message")),
    )
    .order_by(_TASKS.enqueued_at, _TASKS.background, _TASKS.id)
    .limit(1)
)
_RUNNING = select(_JOBS.tenant, _JOBS.id, _TASKS.started_at).where(
    _TASKS.job_id == _JOBS.id, _TASKS.state == "running"
)


def _under_way(session: Session, at: float) -> defaultdict[tuple[str, str | None], float]:
    """Seconds for which tasks have been computed that are not done, by tenant and by job."""
    seconds: defaultdict[tuple[str, str | None], float] = defaultdict(float)
    for tenant, job_id, started in session.execute(_RUNNING):
        lasted = max(0.0, at - (started or at))
        seconds[tenant, None] += lasted
        seconds[tenant, job_id] += lasted
    return seconds


def note_served(session: Session, job: JobRow, seconds: float, at: float) -> None:
    """Note for how long a worker computed for a locked job, whose last task is done at ``at``."""
    job.served += seconds
    job.served_at = at
    tallies.add_all(session, tallies.of_service(job.tenant, at, seconds))
