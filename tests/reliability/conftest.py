"""Fixtures of the running stack, and how much of each test is run: ORICHALCUM_SOAK=1 runs the long versions."""

from __future__ import annotations

import os

import pytest

from tests.e2e.conftest import own_stack, stack, weights
from tests.service.conftest import database, postgresql_server, pytest_generate_tests

__all__ = ["database", "own_stack", "postgresql_server", "pytest_generate_tests", "stack", "weights"]

SOAK = os.environ.get("ORICHALCUM_SOAK") == "1"


def amount(short: int, long: int) -> int:
    """How often, by the length of the run."""
    return long if SOAK else short


long = pytest.mark.skipif(not SOAK, reason="long: run with make soak")
"""Marks a test that has no short version."""
