"""Where the time of the tests goes: seconds of processor, of this process and of all that it starts."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

import psutil
import pytest

ELSEWHERE = "collecting, imports"
MOST_SHOWN = 200


def core_seconds() -> float:
    """Of this process and of all that it started: those that have ended, and those that run."""
    own = psutil.Process()
    total = 0.0
    for process in (own, *own.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += sum(process.cpu_times()[:4])
    return total


class CoreTime:
    """Adds up the seconds of each file, in every process of pytest-xdist, and prints them at the end."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.forgotten = 0.0
        """Seconds of processes for which nobody waited, such as those of Chromium: counted once, and gone later."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[object]:
        before = core_seconds()
        done = yield
        spent = core_seconds() - before
        self.seconds[item.nodeid] += max(0.0, spent)
        self.forgotten += max(0.0, -spent)
        return done

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        output = getattr(session.config, "workeroutput", None)
        if output is not None or not session.config.getoption("numprocesses", None):
            self.seconds[ELSEWHERE] += core_seconds() + self.forgotten - sum(self.seconds.values())
        if output is not None:
            output["core-time"] = dict(self.seconds)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node) -> None:
        self.seconds.update(getattr(node, "workeroutput", {}).get("core-time", {}))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        files: Counter[str] = Counter()
        folders: Counter[str] = Counter()
        for test, seconds in self.seconds.items():
            file = test.partition("::")[0]
            files[file] += seconds
            folders[str(PurePosixPath(file).parent) if file.endswith(".py") else file] += seconds
        terminalreporter.section("seconds of processor")
        for title, table in (("folder", folders), ("file", files), ("test", self.seconds)):
            terminalreporter.write_line(f"| {title} | core seconds |\n|---|---|")
            for name, seconds in table.most_common(MOST_SHOWN):
                terminalreporter.write_line(f"| `{name}` | {seconds:.0f} |")
        terminalreporter.write_line(f"all: {sum(self.seconds.values()) / 60:.1f} minutes of a core")
