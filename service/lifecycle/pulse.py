"""The heartbeat of a part of the service that is no worker: written by what it must prove to be going on."""

from __future__ import annotations

import os
import secrets
import socket
import time

import structlog
from sqlalchemy.exc import SQLAlchemyError

from service.repositories import parts
from service.repositories.parts import Part
from service.tables.database import Database

_log = structlog.get_logger(__name__)


class Pulse:
    """A process's row among the parts of the service.

    Args:
        database: The store.
        part: Which part this process is.
    """

    def __init__(self, database: Database, part: Part) -> None:
        host = socket.gethostname()
        self._database = database
        self._name = f"{part}-{host[:100]}-{os.getpid()}-{secrets.token_hex(3)}"
        self._said = parts.Beat(host[:200], os.getpid(), part=part)
        self._beaten: float | None = None

    def beat(self) -> None:
        """Say that the process goes on, unless it said so a moment ago."""
        at = time.monotonic()
        if self._beaten is not None and at - self._beaten < parts.BEAT_SECONDS:
            return
        try:
            with self._database.writing() as session:
                parts.beat(session, self._name, self._said)
        except SQLAlchemyError as error:
            _log.warning("no heartbeat", error=type(error).__name__)
            return
        self._beaten = at

    def leave(self) -> None:
        """Sign off."""
        try:
            with self._database.writing() as session:
                parts.leave(session, self._name)
        except SQLAlchemyError as error:
            _log.warning("the process cannot be signed off", error=type(error).__name__)
