"""What the service says of a job for which nothing is being done, told while somebody watches it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from orichalcum.exceptions import OrichalcumError
from orichalcum.jobs import JobHandle

LOOK_SECONDS = 10.0


class Noticing:
    """Asks for the job's notice every ten seconds, from a thread, and tells each that is new.

    Args:
        job: The job that is watched.
        say: Tells it, from that thread.
    """

    def __init__(self, job: JobHandle, say: Callable[[str], None]) -> None:
        """Prepare the thread; it starts with the context."""
        self._job = job
        self._say = say
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="notices", daemon=True)

    def __enter__(self) -> Self:
        """Start looking."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop; a look that is under way is not waited for."""
        self._ended.set()

    def _look(self) -> None:
        told: str | None = None
        while not self._ended.wait(LOOK_SECONDS):
            try:
                notice = self._job.refresh().notice
            except OrichalcumError:
                continue  # whoever follows the events is told of it
            if notice is not None and notice != told and not self._ended.is_set():
                self._say(notice)
            told = notice
