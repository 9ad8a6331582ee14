"""The heartbeat of a worker process, from a thread of its own, which also sees when the process has gone deaf."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

import structlog

from service.queue.queues import QUEUE
from service.repositories import parts
from service.work.work import OUT_OF_REACH, Work
from service.worker.activity import Activity

_log = structlog.get_logger(__name__)


DEAF_SECONDS = 20.0
"""A worker that has been idle for so long, while messages waited at every look, is not given any."""


class Heartbeat:
    """Writes the worker's row every two seconds until it is stopped, and then removes it.

    Args:
        work: Where it is heard.
        device: Where the worker computes.
        queues: What it serves.
        activity: What it does.
        depth: Number of messages that wait in a queue; None where the broker is away.
        deaf: Called where messages wait and none has come for 20 s: the connection to the broker is there and yet dead.
    """

    def __init__(
        self,
        work: Work,
        device: str,
        queues: Sequence[str] = (QUEUE,),
        activity: Activity | None = None,
        depth: Callable[[str], int | None] = lambda _queue: None,
        deaf: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare the thread."""
        self._work = work
        self._device = device
        self._queues = tuple(queues)
        self._activity = activity or Activity()
        self._depth = depth
        self._deaf = deaf
        self._waited_since: float | None = None
        self.ended = threading.Event()
        """Set once it ends."""
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and forget the worker."""
        self.ended.set()
        self._thread.join()
        try:
            self._work.leave()
        except OUT_OF_REACH as error:
            _log.warning("the worker cannot be signed off", error=type(error).__name__)

    def _beat(self) -> None:
        host = socket.gethostname()[:200]
        while True:
            idle = self._activity.idle_seconds
            said = parts.Beat(host, os.getpid(), self._device, self._queues, idle)
            self._outlived(partial(self._work.beat, said))
            self._outlived(partial(self._listen, idle))
            if self.ended.wait(parts.BEAT_SECONDS):
                return

    @staticmethod
    def _outlived(act: Callable[[], None]) -> None:
        """Do it, and go on whatever happens: without its heart a living worker would be taken for dead."""
        try:
            act()
        except OUT_OF_REACH as error:
            _log.warning("no heartbeat", error=type(error).__name__)
        except Exception:  # noqa: BLE001  (see above)
            _log.exception("no heartbeat")

    def _listen(self, idle: float | None) -> None:
        """Look whether messages wait although there is nothing to do."""
        if idle is None or idle < parts.IDLE_SECONDS or not any(map(self._depth, self._queues)):
            self._waited_since = None
            return
        if self._waited_since is None:
            self._waited_since = time.monotonic()
        # Also since the last task, which may have come between two looks.
        elif min(idle, time.monotonic() - self._waited_since) > DEAF_SECONDS:
            _log.error("the worker ends itself: messages wait, and none reaches it")
            self._deaf()
