"""Waiting for what happens, not for a clock: a deadline only ends a hang, and is far beyond what load can cost."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

HANG_SECONDS = 600.0


def wait_for(condition: Callable[[], object], what: str = "it", pause: float = 0.1) -> None:
    """Look again and again until something has happened."""
    deadline = time.monotonic() + HANG_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not happen within {HANG_SECONDS} s")
        time.sleep(pause)
