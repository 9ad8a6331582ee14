"""The demonstration behind ``make demo``: the main job through the real stack, and nothing left behind.

Starts broker, API and worker on a free port with a data folder of its own, submits ``examples/alscn_on_gan.yaml``
over HTTP, shows the progress, prints the answer, and stops everything again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from rich.text import Text

from api_schemas.problem import Problem
from orichalcum import display, local, wording
from orichalcum.client import Client
from orichalcum.exceptions import OrichalcumError
from orichalcum.progress import JobProgress
from orichalcum.reporting import FAULT, INTERRUPTED, SUCCESS, complain, messages, note, output, plain

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "alscn_on_gan.yaml"
READY_SECONDS = 120.0
STOP_SECONDS = 30.0
LOG_LINES = 30


class DemoFailed(Exception):  # noqa: N818
    """The demonstration could not be carried through."""


def main() -> int:
    """Run the demonstration.

    Returns:
        0 if the target was met and nothing was left behind, 130 after Ctrl-C, else 1.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    folder = Path(tempfile.mkdtemp(prefix="orichalcum-demo-"))
    try:
        _demonstrate(folder)
    except KeyboardInterrupt:
        note("interrupted; everything was stopped")
        return INTERRUPTED
    except (OrichalcumError, DemoFailed, OSError) as error:
        complain(str(error))
        _show_logs(folder)
        return FAULT
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return SUCCESS


def _demonstrate(folder: Path) -> None:
    problem = Problem.from_file(EXAMPLE)
    note(f"1/4  weights of {problem.potential.name}")
    weights = local.fetch(problem.potential.name, lambda sentence: note(f"     {sentence}"))
    note(f"     {weights}")
    with _stack(folder) as url, Client(url) as client:
        note(f"3/4  submitting {EXAMPLE.name} over HTTP")
        started = time.monotonic()
        job = client.submit(problem)
        with JobProgress(messages(), problem.objectives) as progress:
            progress.follow(job.events())
        answer = job.result()
        took = time.monotonic() - started
        console = output()
        console.print(Text(plain(problem.name), style="bold underline"))
        display.show(console, display.result(answer, problem.objectives))
        console.print(Text(f"time: {wording.seconds(took)} from submission to answer"))
    note("     everything was stopped; no process is left")
    note("Next: make up (or 'orichalcum up') keeps the stack running, with its dashboard at")
    note("http://127.0.0.1:8421/ and the documentation of its API at http://127.0.0.1:8421/docs.")
    note(
        "There, 'orichalcum verify ID' relaxes explicit supercells of an answer: a mixed crystal is a mean of them."
    )
    if answer.stopped.reason != "target_met":
        raise DemoFailed(f"the target was not met: {answer.stopped.message}")


@contextlib.contextmanager
def _stack(folder: Path) -> Iterator[str]:
    """The running stack; its address. Stops it at the end and checks that it is gone.

    Raises:
        DemoFailed: if it does not get ready, or leaves a process behind.
    """
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    note(f"2/4  starting broker, API and worker at {url}")
    command = [sys.executable, "-m", "orichalcum", "up", "--port", str(port), "--data", str(folder / "data")]
    with (folder / "up.log").open("wb") as log:
        # A session of its own: Ctrl-C reaches this process, which then stops the stack in order.
        stack = subprocess.Popen(  # noqa: S603  (our own command)
            local.tethered(command),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_ready(stack, url)
        yield url
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # An impatient second Ctrl-C must not leave half of it running.
            signal.signal(number, signal.SIG_IGN)
        note("4/4  stopping")
        _stop(stack)


def _wait_until_ready(stack: subprocess.Popen[bytes], url: str) -> None:
    started = time.monotonic()
    console = messages()
    with Client(url) as client, console.status("waiting until the worker is ready"):
        while not client.ready():
            if stack.poll() is not None:
                raise DemoFailed(f"the stack ended by itself with exit code {stack.returncode}")
            if time.monotonic() - started > READY_SECONDS:
                raise DemoFailed(f"the stack was not ready within {READY_SECONDS:.0f} s")
            time.sleep(0.2)
    note(f"     ready after {wording.seconds(time.monotonic() - started)}")


def _stop(stack: subprocess.Popen[bytes]) -> None:
    """Stop the stack and see to it that nothing of it is left.

    Raises:
        DemoFailed: if a process outlived the stack; it was killed.
    """
    import psutil

    family: list[psutil.Process] = []
    with contextlib.suppress(psutil.NoSuchProcess):
        family = psutil.Process(stack.pid).children(recursive=True)
    stack.terminate()
    try:
        stack.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        stack.kill()
        stack.wait()
    _, left = psutil.wait_procs(family, timeout=5)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    if left:
        names = ", ".join(str(process.pid) for process in left)
        raise DemoFailed(f"processes outlived the stack and were killed: {names}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _show_logs(folder: Path) -> None:
    for log in [folder / "up.log", *sorted(folder.glob("data/logs/*.log"))]:
        if log.is_file():
            lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
            note(f"--- the end of {log.name}" + os.linesep + os.linesep.join(lines))


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
