"""Telling by observation, not by the time of day, what has stopped: clocks may be set, and whole machines may sleep.

Who renews a claim or a heartbeat changes a value in the store. A watch looks again and again, and counts for how long
a value has stayed as it is, by a clock of its own that runs only while it looks: neither a clock that jumps by an hour
nor a watch that was itself frozen, or cut off from the store, makes anything seem to have stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

LONGEST_STEP = 3.0
"""Seconds; a longer time between two looks was not watched."""


class Watch:
    """Looks at named values.

    Args:
        clock: Seconds that never go back.
        longest_step: Seconds between two looks up to which the time between them was watched.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, longest_step: float = LONGEST_STEP
    ) -> None:
        self._clock = clock
        self._longest_step = longest_step
        self._looked: float | None = None
        self._watched = 0.0
        self._values: dict[str, object] = {}
        self._since: dict[str, float] = {}
        self._changed: dict[str, bool] = {}

    def look(self, values: Mapping[str, object]) -> None:
        """Take the values as they are now; those that are not among them any more are forgotten."""
        at = self._clock()
        step = None if self._looked is None else at - self._looked
        self._looked = at
        whole = step is not None and step <= self._longest_step
        self._watched += 0.0 if step is None else min(step, self._longest_step)
        for name in self._values.keys() - values.keys():
            del self._values[name], self._since[name], self._changed[name]
        for name, value in values.items():
            if name not in self._values or self._values[name] != value:
                self._values[name] = value
                self._since[name] = self._watched
                self._changed[name] = whole
            elif not whole:
                # It may have changed and stopped where nobody looked.
                self._changed[name] = False

    def stopped(self, seconds: float) -> dict[str, object]:
        """The values that have stayed as they are for at least so many watched seconds."""
        return {
            name: self._values[name]
            for name, since in self._since.items()
            if self._watched - since >= seconds
        }

    def unchanged(self, name: str) -> float | None:
        """For how many watched seconds a value has stayed as it is; None for one that is not there."""
        return None if name not in self._since else self._watched - self._since[name]

    def witnessed(self, name: str) -> bool:
        """Whether the last change of a value was seen, and everything since: what stopped, stopped while watched."""
        return self._changed.get(name, False)

    def together(self, name: str, seconds: float) -> list[str]:
        """Other values whose last change was seen, within so many watched seconds of that of this one."""
        since = self._since.get(name)
        if since is None:
            return []
        return [
            other
            for other, at in self._since.items()
            if other != name and self._changed[other] and abs(at - since) <= seconds
        ]
