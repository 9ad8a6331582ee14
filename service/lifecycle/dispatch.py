"""Dispatch: sending the messages that the store calls for and that have not been sent yet."""

from __future__ import annotations

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.queue.messenger import PRIORITY_STEPS, Messenger, Route
from service.repositories import asking, jobs, maps, parts
from service.tables.database import Database, now
from service.tables.jobs import JobRow

_log = structlog.get_logger(__name__)


def enqueue(database: Database, messenger: Messenger, job_id: str) -> None:
    """Send the messages that a job's state in the store calls for and that have not been sent yet."""
    with database.writing() as session:
        route, advance, task_ids = _due(session, job_id)
        heard = not parts.only_remote(session, route.queue)
    if not heard:
        return  # those who fetch work over HTTPS look into the store
    if advance and not messenger.advance(job_id, _sooner(route)):
        with database.writing() as session:
            session.execute(update(JobRow).where(JobRow.id == job_id).values(advance_enqueued_at=None))
    unsent = [task_id for task_id in task_ids if not messenger.perform(task_id, route)]
    if unsent:
        with database.writing() as session:
            asking.forget_messages(session, unsent)


def enqueue_or_later(database: Database, messenger: Messenger, job_id: str) -> None:
    """Send a job's messages; if the store fails just now they are left to the sweeper, for the job is safe in it."""
    try:
        enqueue(database, messenger, job_id)
    except SQLAlchemyError as error:
        _log.warning("messages are left to the sweeper", job=job_id, error=type(error).__name__)


def enqueue_maps(database: Database, messenger: Messenger, job_id: str) -> None:
    """Send the messages for a job's maps that have not been sent yet: before all else, because somebody waits."""
    with database.writing() as session:
        job = jobs.get(session, job_id)
        if job is None:
            return
        route, due = Route(job.queue, PRIORITY_STEPS[0]), maps.due(session, job_id)
        if parts.only_remote(session, job.queue):
            return
    unsent = [map_id for map_id in due if not messenger.map(map_id, route)]
    if unsent:
        with database.writing() as session:
            maps.forget_messages(session, unsent)


def _sooner(route: Route) -> Route:
    """A step goes before the tasks of other jobs: it is short, and what a job needs to take its turn at all."""
    step = PRIORITY_STEPS.index(route.priority)
    return Route(route.queue, PRIORITY_STEPS[max(0, step - 1)])


def _due(session: Session, job_id: str) -> tuple[Route, bool, list[int]]:
    job = jobs.locked(session, job_id)
    if job is None:
        return Route(), False, []
    route = Route(job.queue, job.priority)
    advance = (
        job.needs_advance
        and job.advance_enqueued_at is None
        and job.state in ("queued", "running", "cancelling")
    )
    if advance:
        job.advance_enqueued_at = now(session)
    if job.state != "running":
        return route, advance, []
    window = max(4, 2 * parts.living(session))
    return route, advance, asking.to_enqueue(session, job_id, window)


def jobs_to_serve(session: Session, queue: str) -> list[str]:
    """Ids of the jobs of a queue that may need a message: by priority, then oldest first."""
    found = select(JobRow.id).where(JobRow.state.in_(("queued", "running", "cancelling")))
    found = found.where(JobRow.queue == queue, ~JobRow.waiting).order_by(JobRow.priority, JobRow.id)
    return list(session.scalars(found))
