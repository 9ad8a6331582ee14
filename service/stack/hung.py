"""Finding workers of this machine that live but do nothing: frozen, or stuck where not even their heartbeat runs."""

from __future__ import annotations

import socket
import time

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from service.tables.database import Database, now
from service.tables.workers import WorkerRow

SILENT_SECONDS = 20.0
LOOK_SECONDS = 4.0


class HungWorkers:
    """Looks at the heartbeats of this machine's workers every few seconds."""

    def __init__(self, store_url: str) -> None:
        """Watch the store at ``store_url``; rows from before this moment belong to others."""
        self._database = Database(store_url)
        self._host = socket.gethostname()[:200]
        self._began: float | None = None
        self._looked = time.monotonic()
        self._suspects: frozenset[int] = frozenset()

    def found(self) -> frozenset[int]:
        """Process ids that were silent for 20 s at this look and at the one before.

        One look is not enough: after a machine was asleep everybody seems to have been silent.
        """
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return frozenset()
        self._looked = time.monotonic()
        try:
            silent = self._silent()
        except SQLAlchemyError:
            silent = frozenset()
        both = silent & self._suspects
        self._suspects = silent - both
        return both

    def close(self) -> None:
        """Close the connection to the store."""
        self._database.close()

    def _silent(self) -> frozenset[int]:
        with self._database.reading() as session:
            at = now(session)
            if self._began is None:
                self._began = at - 120.0
            mine = (WorkerRow.host == self._host, WorkerRow.started_at > self._began)
            rows = session.scalars(select(WorkerRow).where(*mine).order_by(WorkerRow.started_at)).all()
        # A process id may come again: the newest row counts.
        newest = {row.pid: row.seen_at for row in rows}
        return frozenset(pid for pid, seen in newest.items() if at - seen > SILENT_SECONDS)
