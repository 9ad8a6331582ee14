"""Fixtures of the running stack, on each store."""

from __future__ import annotations

from tests.e2e.conftest import own_stack, stack, weights
from tests.service.conftest import database, postgresql_server, pytest_generate_tests

__all__ = ["database", "own_stack", "postgresql_server", "pytest_generate_tests", "stack", "weights"]
