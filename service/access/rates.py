"""Rates: how often one caller may ask, counted in this process over a moving minute."""

from __future__ import annotations

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from service.problem_details import TooMany

WRONG_KEYS_PER_MINUTE = 30


class Rates:
    """Counts what callers ask for; each process of the API counts for itself."""

    def __init__(self, requests: int, submissions: int) -> None:
        """Allow so many requests and submissions a minute; 0 means any number."""
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._requests = requests
        self._submissions = submissions

    def count_request(self, caller: str) -> None:
        """Count one request.

        Raises:
            TooMany: if the caller has asked too often.
        """
        self._count(self._requests, "requests", caller)

    def count_submission(self, caller: str) -> None:
        """Count one problem that is submitted or checked.

        Raises:
            TooMany: if the caller has asked too often.
        """
        self._count(self._submissions, "submissions", caller)

    def count_wrong_key(self, address: str) -> None:
        """Count one request with a key that is not valid.

        Raises:
            TooMany: if the address has tried too often.
        """
        self._count(WRONG_KEYS_PER_MINUTE, "wrong keys", address)

    def _count(self, per_minute: int, what: str, who: str) -> None:
        if not per_minute:
            return
        item = RateLimitItemPerMinute(per_minute)
        if not self._limiter.hit(item, what, who):
            reset = self._limiter.get_window_stats(item, what, who).reset_time
            wait = max(1, math.ceil(reset - time.time()))
            raise TooMany(
                "too-many-requests",
                "Too many requests",
                f"at most {per_minute} {what} a minute are allowed; try again in {wait} s",
                retry_after=wait,
            )
