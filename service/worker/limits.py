"""For how long a worker works: until a wall time, before which it drains, or until it has been idle for some time."""

from __future__ import annotations

import time
from collections.abc import Callable

from service.worker.activity import Activity

DRAIN_SECONDS = 60.0
"""So long before the wall time a worker gives back what it computes; a tenth of a wall time below ten minutes."""


class Limits:
    """Of one worker process.

    Args:
        activity: What it does.
        idle_timeout: Seconds without anything to do after which it ends; None for never.
        walltime: Seconds from now at which it must have ended; None for never.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        activity: Activity,
        idle_timeout: float | None = None,
        walltime: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._activity, self._idle_timeout, self._clock = activity, idle_timeout, clock
        self._end = None if walltime is None else clock() + walltime
        self._drain = 0.0 if walltime is None else min(DRAIN_SECONDS, 0.1 * max(0.0, walltime))

    @property
    def remaining(self) -> float | None:
        """Seconds to the wall time; None where there is none."""
        return None if self._end is None else self._end - self._clock()

    @property
    def reached(self) -> str | None:
        """Which limit is reached, so that the worker is to end now; None while it may go on."""
        remaining, idle = self.remaining, self._activity.idle_seconds
        if remaining is not None and remaining <= self._drain:
            return "the wall time is near"
        if self._idle_timeout is not None and idle is not None and idle >= self._idle_timeout:
            return f"there was nothing to do for {self._idle_timeout:g} s"
        return None

    @property
    def too_late(self) -> bool:
        """Whether what is begun now would not be done in time, if it takes as long as the last ones did."""
        remaining = self.remaining
        return remaining is not None and remaining - self._drain < self._activity.longest_lately
