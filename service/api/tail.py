"""Waking the readers of event streams: a query or two for all of them, a few times a second, and no thread each."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from anyio.to_thread import run_sync
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from service.access import keys
from service.tables.database import Database
from service.tables.jobs import JobRow

POLL_SECONDS = 0.2
_log = structlog.get_logger(__name__)


class EventTail:
    """Knows the last event of every job that somebody watches, and which of the keys that they use have ended."""

    def __init__(self, database: Database) -> None:
        """Watch nothing yet; looking begins with the first watcher and ends with the last."""
        self._database = database
        self._watched: Counter[str] = Counter()
        self._last: dict[str, int] = {}
        self._keys: Counter[str] = Counter()
        self._ended: set[str] = set()
        self._changed = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def watching(self, job_id: str, key: str | None = None) -> Iterator[None]:
        """Include a job in the looks at the store, and the key of whoever watches it."""
        self._watched[job_id] += 1
        if key is not None:
            self._keys[key] += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look())
        try:
            yield
        finally:
            self._watched[job_id] -= 1
            if self._watched[job_id] <= 0:
                del self._watched[job_id]
                self._last.pop(job_id, None)
            if key is not None:
                self._keys[key] -= 1
                if self._keys[key] <= 0:
                    del self._keys[key]
                    self._ended.discard(key)

    def has_ended(self, key: str | None) -> bool:
        """Whether the key of somebody who watches was revoked or has expired."""
        return key in self._ended

    async def wait(self, job_id: str, seen: int, seconds: float) -> bool:
        """Wait until the job has events after number ``seen`` or is gone; False if ``seconds`` passed first.

        Whoever waits looks at `has_ended` afterwards: that is seen within ``seconds``, too.
        """
        async with self._changed:
            try:
                await asyncio.wait_for(
                    self._changed.wait_for(lambda: self._last.get(job_id, seen) != seen), seconds
                )
            except TimeoutError:
                return False
            return True

    async def close(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look(self) -> None:
        while self._watched:
            try:
                last, self._ended = await run_sync(self._read, list(self._watched), list(self._keys))
            except SQLAlchemyError as error:
                _log.warning("events cannot be read", error=type(error).__name__)
                last = {}
            if last != self._last:
                async with self._changed:
                    self._last = last
                    self._changed.notify_all()
            await asyncio.sleep(POLL_SECONDS)

    def _read(self, job_ids: list[str], used: list[str]) -> tuple[dict[str, int], set[str]]:
        with self._database.reading() as session:
            ended = keys.ended(session, used) if used else set()
            found = session.execute(select(JobRow.id, JobRow.last_event).where(JobRow.id.in_(job_ids))).all()
        present: dict[str, int] = {row.id: row.last_event for row in found}
        return {job_id: present.get(job_id, -1) for job_id in job_ids}, ended
