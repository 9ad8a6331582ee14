"""Messages: the broker carries ids only, and losing one loses nothing.

What has to be done is written in the store; a message only says where to look. It may arrive twice, late or never: the
claims in the store make the first two harmless, the sweeper the third.
"""

from __future__ import annotations

from typing import Any, Protocol

import structlog
from celery import Celery
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from service.database import Database, now
from service.evaluations import repository as evaluations
from service.evaluations.models import EvaluationRow
from service.jobs import repository as jobs
from service.jobs.models import JobRow
from service.workers import repository as workers

QUEUE = "orichalcum"
ADVANCE = "orichalcum.advance"
EVALUATE = "orichalcum.evaluate"

_BROKER_FAULTS = (BrokerError, RedisError, OSError)
_log = structlog.get_logger(__name__)


class Messenger(Protocol):
    """Puts ids into the queue."""

    def advance(self, job_id: str) -> bool:
        """Ask for the next step of a job; False if the broker cannot be reached."""

    def evaluate(self, evaluation_id: int) -> bool:
        """Ask for an evaluation; False if the broker cannot be reached."""

    def depth(self) -> int | None:
        """Number of messages that nobody has taken yet; None if the broker cannot be reached."""


def celery_application(broker_url: str) -> Celery:
    """Celery on a Redis or Valkey broker, without a result backend."""
    app = Celery("orichalcum", broker=broker_url, set_as_current=False)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_default_queue=QUEUE,
        task_publish_retry=False,
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            # Redelivery is only a backstop: leases and the sweeper are faster.
            "visibility_timeout": 60,
            "health_check_interval": 10,
            "unacked_restore_interval": 1,
            "unacked_restore_throttle": 1,
            "socket_connect_timeout": 3,
        },
    )
    return app


class CeleryMessenger:
    """A messenger over Celery."""

    def __init__(self, app: Celery) -> None:
        """Send through ``app``."""
        self._app = app

    def advance(self, job_id: str) -> bool:
        """Ask for the next step of a job; False if the broker cannot be reached."""
        return self._send(ADVANCE, job_id)

    def evaluate(self, evaluation_id: int) -> bool:
        """Ask for an evaluation; False if the broker cannot be reached."""
        return self._send(EVALUATE, evaluation_id)

    def depth(self) -> int | None:
        """Number of messages that nobody has taken yet; None if the broker cannot be reached."""
        try:
            with self._app.connection_for_read() as connection:
                client: Any = connection.default_channel.client
                return int(client.llen(QUEUE))
        except _BROKER_FAULTS:
            return None

    def _send(self, task: str, argument: str | int) -> bool:
        try:
            self._app.send_task(task, args=[argument], queue=QUEUE)
        except _BROKER_FAULTS as error:
            _log.warning("broker unreachable", task=task, error=type(error).__name__)
            return False
        return True


def enqueue(database: Database, messenger: Messenger, job_id: str) -> None:
    """Send the messages that a job's state in the store calls for and that have not been sent yet."""
    with database.writing() as session:
        advance, evaluation_ids = _due(session, job_id)
    if advance and not messenger.advance(job_id):
        with database.writing() as session:
            session.execute(update(JobRow).where(JobRow.id == job_id).values(advance_enqueued_at=None))
    unsent = [evaluation_id for evaluation_id in evaluation_ids if not messenger.evaluate(evaluation_id)]
    if unsent:
        with database.writing() as session:
            session.execute(
                update(EvaluationRow).where(EvaluationRow.id.in_(unsent)).values(enqueued_at=None)
            )


def _due(session: Session, job_id: str) -> tuple[bool, list[int]]:
    job = jobs.locked(session, job_id)
    if job is None:
        return False, []
    advance = (
        job.needs_advance
        and job.advance_enqueued_at is None
        and job.state in ("queued", "running", "cancelling")
    )
    if advance:
        job.advance_enqueued_at = now(session)
    if job.state != "running":
        return advance, []
    window = max(4, 2 * workers.living(session))
    return advance, evaluations.to_enqueue(session, job_id, window)


def jobs_to_serve(session: Session) -> list[str]:
    """Ids of the jobs that may need a message, oldest first."""
    found = select(JobRow.id).where(JobRow.state.in_(("queued", "running", "cancelling"))).order_by(JobRow.id)
    return list(session.scalars(found))
