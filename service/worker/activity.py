"""Whether a worker computes, and for how long it has not."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

_LATELY = 5
"""Tasks."""


class Activity:
    """Of one process; its tasks run one after the other, and other threads look at it."""

    def __init__(self) -> None:
        """Idle since now."""
        self._lock = threading.Lock()
        self._idle_since: float | None = time.monotonic()
        self._lasted: deque[float] = deque(maxlen=_LATELY)

    @property
    def idle_seconds(self) -> float | None:
        """For how long there has been nothing to do; None while a task runs."""
        with self._lock:
            return None if self._idle_since is None else time.monotonic() - self._idle_since

    @property
    def longest_lately(self) -> float:
        """Seconds that the longest of the last tasks took; 0 before there was any."""
        with self._lock:
            return max(self._lasted, default=0.0)

    @contextmanager
    def task(self) -> Iterator[None]:
        """While a task runs."""
        began = time.monotonic()
        with self._lock:
            self._idle_since = None
        try:
            yield
        finally:
            with self._lock:
                self._idle_since = time.monotonic()
                self._lasted.append(self._idle_since - began)
