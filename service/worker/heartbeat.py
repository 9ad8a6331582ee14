"""The heartbeat of a worker process, from a thread of its own."""

from __future__ import annotations

import os
import socket
import threading

import structlog
from sqlalchemy.exc import SQLAlchemyError

from service.database import Database
from service.workers import repository as workers

_log = structlog.get_logger(__name__)


class Heartbeat:
    """Writes the worker's row every two seconds until it is stopped, and then removes it."""

    def __init__(self, database: Database, worker: str, device: str) -> None:
        """Beat for ``worker``, which computes on ``device``."""
        self._database = database
        self._worker = worker
        self._device = device
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and forget the worker."""
        self._ended.set()
        self._thread.join()
        try:
            with self._database.writing() as session:
                workers.leave(session, self._worker)
        except SQLAlchemyError as error:
            _log.warning("the worker cannot be signed off", error=type(error).__name__)

    def _beat(self) -> None:
        host = socket.gethostname()[:200]
        while True:
            try:
                with self._database.writing() as session:
                    workers.beat(session, self._worker, host, os.getpid(), self._device)
            except SQLAlchemyError as error:
                _log.warning("no heartbeat", error=type(error).__name__)
            if self._ended.wait(workers.BEAT_SECONDS):
                return
