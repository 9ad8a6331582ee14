"""What is said of a task while it is computed: kept in the process, and stored now and then from another thread."""

from __future__ import annotations

import time
from collections.abc import Callable

FIRST_SECONDS = 1.0
"""A task that is done sooner says nothing."""

NEXT_SECONDS = 3.0
"""As often as a lease is renewed."""


class Words:
    """The newest words of one task.

    Args:
        store: Stores them.
    """

    def __init__(self, store: Callable[[str], None]) -> None:
        self._store = store
        self._newest: str | None = None
        self._stored: str | None = None
        self._due = time.monotonic() + FIRST_SECONDS

    def say(self, words: str) -> None:
        """Take new words; cheap enough for every step of a computation."""
        self._newest = words

    def pass_on(self) -> None:
        """Store them if they are new, and others were not stored a moment ago."""
        words = self._newest
        if words is None or words == self._stored or time.monotonic() < self._due:
            return
        self._store(words)
        self._stored = words
        self._due = time.monotonic() + NEXT_SECONDS
