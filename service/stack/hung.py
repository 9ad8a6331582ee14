"""Finding processes of this stack that live but do nothing: frozen, or stuck where not even their heartbeat runs."""

from __future__ import annotations

import socket
import time
from collections.abc import Collection

import psutil
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from service.lifecycle.watch import Watch
from service.tables.database import Database
from service.tables.parts import PartRow

SILENT_SECONDS = 20.0
BEGINNING_SECONDS = 300.0
"""How long a process may take to its first heartbeat."""

LOOK_SECONDS = 2.0


class HungParts:
    """Watches the heartbeats of this stack's processes: workers, sweeper and API.

    Args:
        store_url: The store. Rows that are in it now belong to others.
        watch: By whose clock.
    """

    def __init__(self, store_url: str, watch: Watch | None = None) -> None:
        self._database = Database(store_url)
        self._watch = watch or Watch(longest_step=2.0 * LOOK_SECONDS)
        self._host = socket.gethostname()[:200]
        self._looked = time.monotonic()
        with self._database.reading() as session:
            self._others = set(session.scalars(select(PartRow.id)))

    def found(self, pids: Collection[int]) -> frozenset[int]:
        """Which of these processes were silent for 20 s of watched time.

        While the store is away none is watched. Where all are silent together nobody can write, and only those are told
        that the system has stopped: one of them may hold the lock of an SQLite store, which nobody gets before it ends.
        """
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return frozenset()
        self._looked = time.monotonic()
        try:
            beats = self._beats()
        except SQLAlchemyError:
            return frozenset()
        self._watch.look({str(pid): beats.get(pid) for pid in pids})
        silent = frozenset(
            pid
            for pid in pids
            if (self._watch.unchanged(str(pid)) or 0.0)
            > (SILENT_SECONDS if pid in beats else BEGINNING_SECONDS)
        )
        # Where nobody is heard any more it is the store that cannot be written: full, locked or read-only.
        heard = {pid for pid in pids if pid in beats}
        return frozenset(filter(_is_stopped, silent)) if len(heard) > 1 and heard <= silent else silent

    def close(self) -> None:
        """Close the connection to the store."""
        self._database.close()

    def _beats(self) -> dict[int, float]:
        """When each process of this machine was last heard of; of a process id that came again, the newest."""
        with self._database.reading() as session:
            rows = session.scalars(
                select(PartRow).where(PartRow.host == self._host).order_by(PartRow.started_at)
            )
            return {row.pid: row.seen_at for row in rows if row.id not in self._others}


def _is_stopped(pid: int) -> bool:
    """Whether a process is stopped, as by SIGSTOP: it does nothing until somebody lets it go on."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    except psutil.Error:
        return False
