"""Messages: the broker carries ids only, and losing one loses nothing.

What has to be done is written in the store; a message only says where to look. It may arrive twice, late or never: the
claims in the store make the first two harmless, the sweeper the third.
"""

from __future__ import annotations

import math
import time
from typing import Any, NamedTuple, Protocol

import structlog
from celery import Celery
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from service.queue.queues import QUEUE

ADVANCE = "orichalcum.advance"
PERFORM = "orichalcum.perform"
MAP = "orichalcum.map"

BROKER_SECONDS = 3.0
"""How long a broker is waited for that does not answer."""

AWAY_SECONDS = 2.0
"""After a fault of the broker it is taken for away without being asked: those who send do not queue up before it."""

_BROKER_FAULTS = (BrokerError, RedisError, OSError)
_log = structlog.get_logger(__name__)


PRIORITY_STEPS = (0, 3, 6)
"""Redis has no priorities: each has a list of its own, looked at in this order."""

_SEPARATOR = "\x06\x16"


class Route(NamedTuple):
    """Into which queue a job's messages go, and how soon they come out of it again (0 first)."""

    queue: str = QUEUE
    priority: int = 3


class Messenger(Protocol):
    """Puts ids into queues."""

    def advance(self, job_id: str, route: Route) -> bool:
        """Ask for the next step of a job; False if the broker cannot be reached."""

    def perform(self, task_id: int, route: Route) -> bool:
        """Ask for a task; False if the broker cannot be reached."""

    def map(self, map_id: str, route: Route) -> bool:
        """Ask for a map; False if the broker cannot be reached."""

    def depth(self, queue: str = QUEUE) -> int | None:
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
            "socket_connect_timeout": BROKER_SECONDS,
            "socket_timeout": BROKER_SECONDS,
            # Whoever sends does not wait for a broker that is away: the sweeper sends again what is due.
            "max_retries": 1,
            "interval_start": 0,
            "interval_step": 0,
            "interval_max": 0,
            "priority_steps": list(PRIORITY_STEPS),
            "sep": _SEPARATOR,
            "queue_order_strategy": "priority",
        },
    )
    return app


class CeleryMessenger:
    """A messenger over Celery."""

    def __init__(self, app: Celery) -> None:
        """Send through ``app``."""
        self._app = app
        self._away_until = -math.inf

    def advance(self, job_id: str, route: Route) -> bool:
        """Ask for the next step of a job; False if the broker cannot be reached."""
        return self._send(ADVANCE, job_id, route)

    def perform(self, task_id: int, route: Route) -> bool:
        """Ask for a task; False if the broker cannot be reached."""
        return self._send(PERFORM, task_id, route)

    def map(self, map_id: str, route: Route) -> bool:
        """Ask for a map; False if the broker cannot be reached."""
        return self._send(MAP, map_id, route)

    def depth(self, queue: str = QUEUE) -> int | None:
        """Number of messages that nobody has taken yet; None if the broker cannot be reached."""
        if time.monotonic() < self._away_until:
            return None
        lists = [f"{queue}{_SEPARATOR}{step}" if step else queue for step in PRIORITY_STEPS]
        try:
            with self._app.connection_for_read() as connection:
                client: Any = connection.default_channel.client
                return sum(int(client.llen(name)) for name in lists)
        except _BROKER_FAULTS:
            self._away_until = time.monotonic() + AWAY_SECONDS
            return None

    def _send(self, task: str, argument: str | int, route: Route) -> bool:
        if time.monotonic() < self._away_until:
            return False
        try:
            self._app.send_task(task, args=[argument], queue=route.queue, priority=route.priority)
        except _BROKER_FAULTS as error:
            self._away_until = time.monotonic() + AWAY_SECONDS
            _log.warning("broker unreachable", task=task, error=type(error).__name__)
            return False
        return True
