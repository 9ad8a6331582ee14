"""What crashes have left is mended every two seconds.

Claims whose lease ran out are freed (or, after three lost workers, their job fails), messages that a broker lost are
sent again, and cancelled jobs that no worker ended are ended. Two sweepers at a time do no harm: each mends under the
lock of the job, and finds nothing to do where the other was faster.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog
from kombu.exceptions import KombuError
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api_schemas.jobs import ACTIVE_STATES
from service.lifecycle import finish, states
from service.lifecycle.dispatch import enqueue, enqueue_maps, jobs_to_serve
from service.queue.messenger import Messenger
from service.repositories import evaluations, idempotency, jobs, maps, tallies, tasks, workers
from service.repositories.tallies import DAY_SECONDS
from service.tables.database import Database, now
from service.tables.jobs import JobRow
from service.tables.tasks import TaskRow

SWEEP_SECONDS = 2.0
CANCEL_LOOK_SECONDS = 0.5
CANCEL_GRACE_SECONDS = 1.0
"""How long workers may take to end a cancelled job themselves."""

LIMIT_GRACE_SECONDS = 8.0
"""How long workers may take to end a job whose time limit has passed."""

DELETED_AT_ONCE = 100
MESSAGE_LOST_SECONDS = 5.0
"""A message this old, while the queue is empty, has been lost."""

MESSAGE_OLD_SECONDS = 300.0
"""A message this old is sent again in any case."""

_log = structlog.get_logger(__name__)


def sweep(database: Database, messenger: Messenger, keep_days: float | None = None) -> None:
    """Mend everything once, and delete what finished more than ``keep_days`` ago."""
    with database.reading() as session:
        expired_tasks = _expired_tasks(session)
        expired_steps = _expired_steps(session)
    for task_id in expired_tasks:
        with database.writing() as session:
            _free_task(session, task_id)
    for job_id in expired_steps:
        with database.writing() as session:
            _free_step(session, job_id)
    mend_maps(database, messenger)
    end_cancelled(database)
    end_overdue(database, messenger)
    with database.reading() as session:
        queues = jobs.queues_in_use(session)
    for queue in queues:
        depth = messenger.depth(queue)
        if depth is None:
            _log.warning("broker unreachable")
            break
        _send_again(database, messenger, queue, MESSAGE_LOST_SECONDS if depth == 0 else MESSAGE_OLD_SECONDS)
    with database.writing() as session:
        idempotency.forget_old(session)
        workers.forget_old(session)
        tallies.forget_old_quotas(session, int(now(session) // DAY_SECONDS))
    if keep_days is not None:
        delete_old(database, keep_days * DAY_SECONDS)


def mend_maps(database: Database, messenger: Messenger) -> None:
    """Hand on the maps of workers that have vanished, and send messages about maps again that were lost."""
    with database.reading() as session:
        expired = maps.expired(session)
    for map_id in expired:
        with database.writing() as session:
            maps.free(session, map_id, finish.MAX_LOST, finish.worker_lost("this map").model_dump_json())
    with database.reading() as session:
        waiting = maps.waiting(session, now(session) - MESSAGE_LOST_SECONDS)
    depths = {queue: messenger.depth(queue) for queue in {queue for queue, _ in waiting}}
    for queue, job_id in waiting:
        if (depth := depths[queue]) is None:
            continue
        age = MESSAGE_LOST_SECONDS if depth == 0 else MESSAGE_OLD_SECONDS
        with database.writing() as session:
            maps.forget_old_messages(session, job_id, now(session) - age)
        enqueue_maps(database, messenger, job_id)


def end_cancelled(database: Database) -> None:
    """End jobs that were cancelled a moment ago and that no worker has ended: also with no worker at all."""
    with database.reading() as session:
        late = JobRow.cancel_requested_at < now(session) - CANCEL_GRACE_SECONDS
        found = list(session.scalars(select(JobRow.id).where(JobRow.state == "cancelling", late)))
    for job_id in found:
        with database.writing() as session:
            job = jobs.locked(session, job_id)
            if job is not None and job.state == "cancelling":
                finish.cancel(session, job)


def end_overdue(database: Database, messenger: Messenger) -> None:
    """Let workers end jobs whose time limit has passed, and end them here where no worker has done so."""
    with database.reading() as session:
        found = list(
            session.scalars(select(JobRow.id).where(JobRow.state == "running", jobs.past_limit(session)))
        )
    for job_id in found:
        with database.writing() as session:
            job = jobs.locked(session, job_id)
            if job is None or job.state != "running" or not jobs.overdue(session, job_id):
                continue
            if (job.started_at or 0.0) + (job.time_limit or 0.0) < now(session) - LIMIT_GRACE_SECONDS:
                finish.out_of_time(session, job)
            elif job.advance_until is None and not job.needs_advance:
                # The next step sees that the time is over, and works out the answer so far.
                tasks.drop_unfinished(session, job_id)
                job.needs_advance = True
                job.advance_enqueued_at = None
        enqueue(database, messenger, job_id)


def delete_old(database: Database, seconds: float) -> None:
    """Delete some of the jobs that finished this long ago."""
    with database.reading() as session:
        old = JobRow.finished_at < now(session) - seconds
        found = list(session.scalars(select(JobRow.id).where(old).limit(DELETED_AT_ONCE)))
    for job_id in found:
        with database.writing() as session:
            job = jobs.locked(session, job_id)
            if job is not None and states.is_final(job):
                jobs.remove(session, job)


def _expired_tasks(session: Session) -> list[int]:
    late = TaskRow.lease_until < now(session)
    return list(session.scalars(select(TaskRow.id).where(TaskRow.state == "running", late)))


def _expired_steps(session: Session) -> list[str]:
    return list(session.scalars(select(JobRow.id).where(JobRow.advance_until < now(session))))


def _free_task(session: Session, task_id: int) -> None:
    job_id = session.scalars(select(TaskRow.job_id).where(TaskRow.id == task_id)).one_or_none()
    job = None if job_id is None else jobs.locked(session, job_id)
    row = session.get(TaskRow, task_id, with_for_update=True, populate_existing=True)
    if job is None or row is None or row.state != "running" or (row.lease_until or 0.0) >= now(session):
        return
    tasks.free(session, row)
    tallies.add(session, "leases_lost")
    name = evaluations.name(row.unit, row.index)
    _log.warning("a worker was lost", job=job.id, task=name, worker=row.worker, times=row.lost)
    if row.lost >= finish.MAX_LOST and not states.is_final(job):
        finish.fail(session, job, finish.worker_lost(name))


def _free_step(session: Session, job_id: str) -> None:
    job = jobs.locked(session, job_id)
    if job is None or job.advance_until is None or job.advance_until >= now(session):
        return
    job.advance_until = None
    job.advance_lost += 1
    tallies.add(session, "leases_lost")
    job.needs_advance = True
    job.advance_enqueued_at = None
    _log.warning("a worker was lost", job=job.id, worker=job.advance_worker, times=job.advance_lost)
    if job.advance_lost >= finish.MAX_LOST and not states.is_final(job):
        finish.fail(session, job, finish.worker_lost("the next step of the search"))


def _send_again(database: Database, messenger: Messenger, queue: str, age: float) -> None:
    with database.writing() as session:
        before = now(session) - age
        of_queue = select(JobRow.id).where(JobRow.queue == queue, JobRow.state.in_(ACTIVE_STATES))
        session.execute(
            update(TaskRow)
            .where(
                TaskRow.state == "pending",
                TaskRow.enqueued_at < before,
                TaskRow.job_id.in_(of_queue),
            )
            .values(enqueued_at=None)
        )
        session.execute(
            update(JobRow)
            .where(JobRow.needs_advance, JobRow.advance_enqueued_at < before, JobRow.queue == queue)
            .values(advance_enqueued_at=None)
        )
        _ask_for_forgotten_steps(session)
        waiting = jobs_to_serve(session, queue)
    for job_id in waiting:
        enqueue(database, messenger, job_id)


def _ask_for_forgotten_steps(session: Session) -> None:
    """A running job with nothing outstanding and no step due would never move again."""
    outstanding = select(TaskRow.id).where(TaskRow.job_id == JobRow.id, TaskRow.state != "done")
    session.execute(
        update(JobRow)
        .where(
            JobRow.state.in_(("queued", "running")),
            JobRow.needs_advance.is_(False),
            JobRow.advance_until.is_(None),
            ~outstanding.exists(),
        )
        .values(needs_advance=True, advance_enqueued_at=None)
    )


def keep_sweeping(
    database: Database,
    messenger: Messenger,
    stopped: Callable[[float], bool],
    keep_days: float | None = None,
) -> None:
    """Sweep every two seconds, and look for cancelled jobs in between, until ``stopped`` (which waits) is true."""
    rounds = round(SWEEP_SECONDS / CANCEL_LOOK_SECONDS)
    count = 0
    while True:
        try:
            if count % rounds == 0:
                sweep(database, messenger, keep_days)
            else:
                end_cancelled(database)
                end_overdue(database, messenger)
        except (SQLAlchemyError, KombuError) as error:
            _log.warning("a sweep failed", error=type(error).__name__)
        count += 1
        if stopped(CANCEL_LOOK_SECONDS):
            return
