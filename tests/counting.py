"""What refusing costs, counted: the same on a machine of any load."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

T, U = TypeVar("T"), TypeVar("U")

MOST_CALLS = 500_000
"""Python functions that a refusal may call: half a second of a core."""


def counted(refuse: Callable[[T], U], asked: T) -> tuple[U, int]:
    """What is found, and how many Python functions were called for it."""
    calls = 0

    def profile(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        del frame, argument
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        return refuse(asked), calls
    finally:
        sys.setprofile(before)
