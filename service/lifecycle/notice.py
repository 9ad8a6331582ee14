"""Work that waits and that nobody takes: what is said of a job, and of the service as a whole."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from service.repositories import dependencies, parts
from service.repositories.parts import Crew
from service.tables.database import now
from service.tables.events import EventRow
from service.tables.jobs import JobRow
from service.tables.tasks import TaskRow

SOON_SECONDS = 10.0
"""A job that waits no longer than this is not spoken of."""

STALLED_SECONDS = 15.0
"""Messages that have waited for so long, while no worker of their queue computes anything, are not being taken."""

_UNSWEPT = (
    "No sweeper has been heard of, so nothing that was lost is handed on: `orichalcum up` starts one again within half "
    "a minute; elsewhere start `python -m service.sweeper`."
)
_START = "Start one with `orichalcum up`, or with `python -m service.worker` beside a service that runs."


def notices(session: Session, jobs: Sequence[JobRow]) -> dict[str, str]:
    """For the jobs for which nothing is being done although something is due: why, and what to do, by job id."""
    said = {job.id: job.pause_reason for job in jobs if job.state == "paused" and job.pause_reason}
    said |= _awaited(session, [job for job in jobs if job.state == "queued" and job.waiting])
    active = [job for job in jobs if job.state in ("queued", "running") and not job.waiting]
    if not active:
        return said
    held = _holders(session, active)
    alive = parts.alive_among(session, {worker for workers in held.values() for worker in workers})
    waiting = [job for job in active if not held[job.id] & alive]
    ids = [job.id for job in waiting]
    newest = and_(EventRow.job_id == JobRow.id, EventRow.sequence == JobRow.last_event)
    found = select(EventRow.job_id, EventRow.at).join(JobRow, newest).where(EventRow.job_id.in_(ids))
    last = {row.job_id: row.at for row in session.execute(found)}
    crews = parts.crews(session, {(job.queue, job.tenant) for job in waiting})
    anybody, swept = parts.living(session), bool(parts.living(session, "sweeper"))
    at = now(session)
    for job in waiting:
        waited = at - last.get(job.id, job.created_at)
        if waited < SOON_SECONDS:
            continue
        if held[job.id]:
            said[job.id] = _lost(waited, swept=swept)
        else:
            said[job.id] = _notice(
                job, waited, crews[job.queue, job.tenant], anybody, _at_work_on(session, job)
            )
            if not swept:
                said[job.id] += f" {_UNSWEPT}"
    return said


def _awaited(session: Session, waiting: Sequence[JobRow]) -> dict[str, str]:
    """What jobs wait for that start after others, by job id."""
    if not waiting:
        return {}
    before = dependencies.of(session, [job.id for job in waiting])
    ids = {one.after for found in before.values() for one in found if one.state is None}
    rows = session.execute(select(JobRow.id, JobRow.name, JobRow.state).where(JobRow.id.in_(ids)))
    named = {row.id: f"{row.name!r} ({row.id}, {row.state})" for row in rows}
    said: dict[str, str] = {}
    for job_id, found in before.items():
        left = [named.get(one.after, one.after) for one in found if one.state is None]
        if left:
            more = f" and {len(left) - 3} more" if len(left) > 3 else ""
            verb = "has" if len(left) == 1 else "have"
            said[job_id] = f"It starts when {', '.join(left[:3])}{more} {verb} succeeded."
    return said


def _holders(session: Session, jobs: Sequence[JobRow]) -> dict[str, set[str]]:
    """The workers that hold something of each job: a task, or its next step."""
    holders = {job.id: set[str]() for job in jobs}
    running = (TaskRow.job_id.in_(list(holders)), TaskRow.state == "running")
    for job_id, worker in session.execute(select(TaskRow.job_id, TaskRow.worker).where(*running).distinct()):
        holders[job_id].add(worker or "")
    for job in jobs:
        if job.advance_until is not None:
            holders[job.id].add(job.advance_worker or "")
    return holders


def _lost(waited: float, *, swept: bool) -> str:
    text = f"The worker that computed this has not been heard of for some time; nothing is new for {_roughly(waited)}."
    return f"{text} Another one takes over in a moment." if swept else f"{text} {_UNSWEPT}"


def _at_work_on(session: Session, job: JobRow) -> str:
    """What workers compute for other jobs of the same tenant, in words; nothing of other tenants is told."""
    running = (TaskRow.state == "running", TaskRow.doing.is_not(None), JobRow.tenant == job.tenant)
    found = select(JobRow.name, TaskRow.doing).join(TaskRow, TaskRow.job_id == JobRow.id).where(*running)
    words = [
        f"{(doing or '').partition(', step ')[0]} of {name!r}"
        for name, doing in session.execute(found.where(JobRow.id != job.id).order_by(TaskRow.id).limit(2))
    ]
    return " and ".join(words) or "other things"


def _notice(job: JobRow, waited: float, crew: Crew, anybody: int, other: str) -> str:
    unsent = job.needs_advance and job.advance_enqueued_at is None
    duration = _roughly(waited)
    if not anybody:
        return f"No worker has taken this job for {duration}: is one running? {_START}"
    if not crew.alive:
        return (
            f"No worker has taken this job for {duration}: {_workers(anybody)} alive, but none serves the queue "
            f"{job.queue}. Start one with the device and the ORICHALCUM_ROUTES that this potential asks for."
        )
    if crew.taking:
        return f"Waiting for a free worker for {duration}: {_workers(crew.alive)} alive, at work on {other}."
    if unsent:
        return f"Waiting for {duration}: the queue cannot be reached. The job is kept, and goes on when it is back."
    return (
        f"No worker has taken this job for {duration}, though {_workers(crew.alive)} alive and idle: can they reach "
        "the broker? A worker that cannot hear it ends itself, and is started again."
    )


def _workers(count: int) -> str:
    return "1 worker is" if count == 1 else f"{count} workers are"


def _roughly(seconds: float) -> str:
    """In steps, so that a client that asks again and again is not told of every second."""
    if seconds < 60:
        return f"{int(seconds // 10) * 10} s"
    if seconds < 3600:
        return f"{int(seconds // 60)} min"
    return f"{int(seconds // 3600)} h"


def stalled(session: Session) -> list[str]:
    """Queues whose messages are not being taken: how long they have waited, and who should have taken them."""
    at = now(session)
    oldest: dict[tuple[str, str], float] = {}
    steps = (
        select(JobRow.queue, JobRow.tenant, func.min(JobRow.advance_enqueued_at))
        .where(
            JobRow.needs_advance,
            JobRow.advance_until.is_(None),
            JobRow.state.in_(("queued", "running", "cancelling")),
        )
        .group_by(JobRow.queue, JobRow.tenant)
    )
    computations = (
        select(JobRow.queue, JobRow.tenant, func.min(TaskRow.enqueued_at))
        .join(JobRow, JobRow.id == TaskRow.job_id)
        .where(TaskRow.state == "pending", JobRow.state == "running")
        .group_by(JobRow.queue, JobRow.tenant)
    )
    for found in (steps, computations):
        for queue, tenant, since in session.execute(found):
            if since is not None:
                oldest[queue, tenant] = min(since, oldest.get((queue, tenant), since))
    crews = parts.crews(session, oldest)
    stalled: dict[str, tuple[float, Crew]] = {}
    for (queue, tenant), since in oldest.items():
        crew = crews[queue, tenant]
        waited = at - since
        if waited >= STALLED_SECONDS and not crew.taking and waited > stalled.get(queue, (0.0, crew))[0]:
            stalled[queue] = waited, crew  # which tenant it is, is not for all to know
    return [
        f"messages have waited in {queue} for {_roughly(waited)}, and {_nobody(crew)}"
        for queue, (waited, crew) in sorted(stalled.items())
    ]


def _nobody(crew: Crew) -> str:
    return f"{_workers(crew.alive)} alive and idle" if crew.alive else "no living worker serves it"
