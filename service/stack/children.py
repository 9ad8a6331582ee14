"""Child processes of the supervisor: exec'd, tethered, logged, and started again when they die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

TETHER = Path(__file__).with_name("tether.py")
FIRST_BACKOFF = 0.2
LONGEST_BACKOFF = 15.0
STEADY_SECONDS = 30.0
"""A child that lived this long is started again without delay."""

MAX_LOG_BYTES = 20_000_000


@dataclass
class Child:
    """A process that is kept running.

    Attributes:
        name: Of the process, and of its log file.
        command: What is executed.
        environment: Its whole environment.
        log: File to which its output is appended.
        pass_fds: Open files that it inherits.
        fatal_codes: Exit codes after which starting again would not help.
        prompt_codes: Exit codes after which it is started again at once: it ended on purpose.
    """

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    log: Path
    pass_fds: tuple[int, ...] = ()
    fatal_codes: frozenset[int] = frozenset()
    prompt_codes: frozenset[int] = frozenset()
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    failures: int = 0
    started: float = 0.0
    restart_at: float | None = None

    def start(self) -> None:
        """Start the process; from the main thread, whose death is what the kernel watches."""
        _rotate(self.log)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603  (the command is the supervisor's own)
                [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), *self.command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=self.environment,
                pass_fds=self.pass_fds,
                start_new_session=True,
            )
        self.started = time.monotonic()
        self.restart_at = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return None if self.process is None or self.process.poll() is not None else self.process.pid

    def ended(self) -> int | None:
        """The exit code, once, when the process has died since the last look; the restart is then scheduled."""
        if self.process is None or self.restart_at is not None:
            return None
        code = self.process.poll()
        if code is None:
            return None
        self._close_pipe()
        alive = time.monotonic() - self.started
        self.failures = 1 if alive > STEADY_SECONDS else self.failures + 1
        delay = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** (self.failures - 1))
        if code in self.prompt_codes:
            self.failures, delay = 0, 0.0
        self.restart_at = time.monotonic() + delay
        return code

    def restart_if_due(self) -> bool:
        """Start the process again once its delay has passed."""
        if self.restart_at is None or time.monotonic() < self.restart_at:
            return False
        self.start()
        return True

    def terminate(self) -> None:
        """Ask the process to stop."""
        if self.pid is not None:
            self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process and whatever it started, also where it is frozen."""
        self._kill_group()

    def finish(self, deadline: float) -> None:
        """Wait for the process until ``deadline`` (monotonic seconds), then kill it and whatever it started."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._kill_group()
            self.process.wait()
        self._close_pipe()

    def last_words(self, lines: int = 3) -> str:
        """The end of its log."""
        try:
            return "\n".join(self.log.read_text(errors="replace").strip().splitlines()[-lines:])
        except OSError:
            return ""

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)

    def _kill_group(self) -> None:
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return

    def _close_pipe(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()


def stop_all(children: Sequence[Child], seconds: float) -> None:
    """Stop children together: asked first, killed after ``seconds``."""
    for child in children:
        child.terminate()
    deadline = time.monotonic() + seconds
    for child in children:
        child.finish(deadline)


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
        log.replace(log.with_suffix(".old.log"))
