"""What all tests share: which of them are run, for how long, and where their time goes."""

from __future__ import annotations

import math
import random
import time

import pytest
from hypothesis import HealthCheck, settings

from tests.core_time import CoreTime
from tests.soak import SOAK

pytest_plugins = ("tests.stack", "tests.stores")
"""Fixtures of more folders than one: what is started once is there for all files that a process runs."""

NO_TIME = "no time was left for it"

# On a busy machine everything takes long, and that is no fault.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--core-time", action="store_true", help="seconds of processor by folder, file and test")
    parser.addoption(
        "--minutes", type=float, help="start no test after so many minutes, and tell which were not run"
    )
    parser.addoption("--order", help="run the files in another order for each word given here")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_BEGAN] = time.monotonic()
    if config.getoption("--core-time"):
        config.pluginmanager.register(CoreTime(), "core-time")


_BEGAN = pytest.StashKey[float]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not SOAK:
        left_out = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]
    if word := config.getoption("--order"):
        files = sorted({item.path for item in items})
        random.Random(word).shuffle(files)  # noqa: S311
        items.sort(key=lambda item: files.index(item.path))


def pytest_runtest_setup(item: pytest.Item) -> None:
    minutes = item.config.getoption("--minutes")
    if minutes is not None and time.monotonic() - item.config.stash[_BEGAN] > 60.0 * minutes:
        pytest.skip(NO_TIME)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    left = [report.nodeid for report in skipped if NO_TIME in str(report.longrepr)]
    if left:
        terminalreporter.section(f"not run, for {NO_TIME}: {len(left)}")
        for name in left:
            terminalreporter.write_line(name)


@pytest.fixture(autouse=True)
def no_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the program gives up after a second is not given up on a busy machine."""
    monkeypatch.setattr("engine.composition.feasibility._SECONDS_OF_NAMING", math.inf)
