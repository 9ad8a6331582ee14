"""A worker that fetches its work from a service over HTTPS, one thing after the other, until it is to stop."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import structlog

from service.repositories.maps import MapClaim
from service.repositories.tasks import Claim
from service.work.work import Held, OutOfReach, Refused
from service.worker.activity import Activity
from service.worker.advance import take_step
from service.worker.context import WorkerContext
from service.worker.limits import Limits
from service.worker.mapping import compute_map
from service.worker.perform import compute_task

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 4.0
"""Seconds between two looks while there is nothing to do."""

AWAY_PAUSE = 20.0
"""The longest pause while the service does not answer."""

LOOK_SECONDS = 0.1

_log = structlog.get_logger(__name__)


def fetch(context: WorkerContext, activity: Activity, limits: Limits, seed: str) -> None:
    """Fetch and compute until the worker is to stop, or its limits are reached.

    Args:
        context: Whose work is asked for.
        activity: Notes what is done.
        limits: Until when.
        seed: Different for different workers: they do not all ask at the same moments.

    Raises:
        Refused: if the service will have nothing (more) of this worker.
    """
    chance = random.Random(seed)  # noqa: S311
    pause, away = FIRST_PAUSE, FIRST_PAUSE
    while not context.stopping():
        if limits.too_late:
            _log.info("nothing more is begun: it would not be done before the wall time")
            return
        try:
            held = context.work.claim(None)
        except Refused:
            raise
        except OutOfReach as error:
            _log.warning("the service does not answer", error=str(error))
            _wait(away * (0.5 + chance.random()), context.stopping)
            away = min(2 * away, AWAY_PAUSE)
            continue
        away = FIRST_PAUSE
        if held is None:
            _wait(pause * (0.5 + chance.random()), context.stopping)
            pause = min(1.5 * pause, LONGEST_PAUSE)
            continue
        pause = FIRST_PAUSE
        with activity.task():
            compute(context, held)


def compute(context: WorkerContext, held: Held) -> None:
    """Compute what is held, and store it."""
    if isinstance(held, Claim):
        compute_task(context, held)
    elif isinstance(held, MapClaim):
        compute_map(context, held)
    else:
        take_step(context, held)


def _wait(seconds: float, stopping: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not stopping():
        time.sleep(min(left, LOOK_SECONDS))
