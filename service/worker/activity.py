"""Whether a worker computes, and for how long it has not."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Activity:
    """Of one process; its tasks run one after the other, and other threads look at it."""

    def __init__(self) -> None:
        """Idle since now."""
        self._lock = threading.Lock()
        self._idle_since: float | None = time.monotonic()

    @property
    def idle_seconds(self) -> float | None:
        """For how long there has been nothing to do; None while a task runs."""
        with self._lock:
            return None if self._idle_since is None else time.monotonic() - self._idle_since

    @contextmanager
    def task(self) -> Iterator[None]:
        """While a task runs."""
        with self._lock:
            self._idle_since = None
        try:
            yield
        finally:
            with self._lock:
                self._idle_since = time.monotonic()
