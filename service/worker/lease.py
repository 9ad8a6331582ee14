"""Keeping a claim while computing: renewed from a thread, given up when the job is cancelled or the claim is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Literal, Self

import structlog

from service.work.work import OUT_OF_REACH, Refused

RENEW_SECONDS = 3.0
LOOK_SECONDS = 0.25

Interruption = Literal["cancelled", "lost", "stopping"]

PATIENCE: dict[Interruption, float] = {"cancelled": 10.0, "stopping": 1.5}
"""Seconds for which a computation may go on that is of no use any more: one call of a potential cannot be interrupted.
After a cancellation it is waited for as long as a new worker takes to start; who is told to stop has no such time."""

_log = structlog.get_logger(__name__)


class Interrupted(Exception):  # noqa: N818  (it is an order, not a fault)
    """The computation must be given up."""

    def __init__(self, reason: Interruption) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason = reason


class Lease:
    """A context in which a claim is renewed every 3 s and watched four times a second.

    Args:
        renew: Extends the claim; False if it is no longer ours.
        cancelled: Whether the job is to be given up.
        stopping: Whether this process is to stop.
        seconds: How long the claim holds without renewal.
        abandon: Called from the thread where a computation that is to be given up does not look at ``check`` in time;
            it ends the process, the only way to end a call of a library.
        meanwhile: Called from the thread at each look.
    """

    def __init__(
        self,
        renew: Callable[[], bool],
        cancelled: Callable[[], bool],
        stopping: Callable[[], bool],
        seconds: float,
        abandon: Callable[[], None] | None = None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare the thread; it starts with the context."""
        self._renew = renew
        self._cancelled = cancelled
        self._stopping = stopping
        self._seconds = seconds
        self._abandon = abandon
        self._meanwhile = meanwhile
        self._interruption: Interruption | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def __enter__(self) -> Self:
        """Start renewing."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop renewing."""
        self._ended.set()
        self._thread.join()

    def check(self) -> None:
        """Look at the flags; cheap enough for every call of a potential.

        Raises:
            Interrupted: if the computation must be given up.
        """
        if self._interruption is not None:
            raise Interrupted(self._interruption)
        if self._stopping():
            raise Interrupted("stopping")

    def _keep(self) -> None:
        renewed = time.monotonic()
        while not self._ended.wait(LOOK_SECONDS) and self._interruption is None:
            try:
                if self._stopping():
                    self._interruption = "stopping"
                elif self._cancelled():
                    self._interruption = "cancelled"
                elif time.monotonic() - renewed >= RENEW_SECONDS:
                    if self._renew():
                        renewed = time.monotonic()
                    else:
                        self._interruption = "lost"
                self._meanwhile()
            except Refused as refused:
                _log.warning("the claim is given up: the service refuses this worker", reason=str(refused))
                self._interruption = "lost"
            except Exception as error:  # noqa: BLE001  (a thread that ends unseen renews nothing and cancels nothing)
                unexpected = None if isinstance(error, OUT_OF_REACH) else error
                _log.warning("the lease cannot be renewed", error=type(error).__name__, exc_info=unexpected)
                if time.monotonic() - renewed > self._seconds:
                    self._interruption = "lost"
        patience = None if self._interruption is None else PATIENCE.get(self._interruption)
        if patience is not None and self._abandon is not None and not self._ended.wait(patience):
            self._abandon()
