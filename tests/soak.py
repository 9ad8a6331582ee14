"""How much of the tests is run: ORICHALCUM_SOAK=1 runs what takes long and rarely tells anything, too."""

from __future__ import annotations

import os
from typing import Any

import pytest

SOAK = os.environ.get("ORICHALCUM_SOAK") == "1"

long = pytest.mark.long
"""Marks a test, or a set of parameters, that is run by make soak only."""

longer = pytest.mark.longer
"""Marks a test that has a longer version, which make soak runs."""


def amount(short: int, long: int) -> int:
    """How often, by the length of the run."""
    return long if SOAK else short


def later(*values: Any) -> Any:
    """A set of parameters that is run by make soak only."""
    return pytest.param(*values, marks=long)
