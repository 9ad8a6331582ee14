"""The real stack: `orichalcum up` in a process of its own, with its broker, store, worker and potential."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from api_schemas.jobs import FINAL_STATES
from engine.potentials.weights import fetch
from service.operations import administration
from tests.waiting import HANG_SECONDS, wait_for

SALTS = Path(__file__).parents[1] / "examples" / "models" / "alkali_halides" / "alkali-halides.model"


@dataclass
class Stack:
    """A running stack and a client of it."""

    process: subprocess.Popen[str]
    data: Path
    client: httpx.Client
    console: Path

    @property
    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def running(self, module: str) -> list[psutil.Process]:
        """Its processes of a module, e.g. service.worker; those that are just ending are left out."""
        found = []
        for child in self.descendants:
            with contextlib.suppress(psutil.NoSuchProcess):  # a zombie is one, too
                if module in child.cmdline():
                    found.append(child)
        return found

    def worker(self) -> psutil.Process:
        """The newest worker process."""
        return max(self.running("service.worker"), key=lambda child: child.create_time())

    def rows(self, query: str, *values: object) -> list[tuple]:
        """Rows of the store, read beside the service."""
        with contextlib.closing(sqlite3.connect(self.data / "orichalcum.sqlite3", timeout=10)) as store:
            return store.execute(query, values).fetchall()

    def of(self, tenant: str) -> Stack:
        """The same stack as another tenant sees it, for whom nothing is in the cache of evaluations."""
        made = administration.create_key(self.data, tenant, ["read", "submit"], "", None)
        headers = {"Authorization": f"Bearer {made.key}"}
        client = httpx.Client(
            base_url=self.client.base_url, timeout=HANG_SECONDS, trust_env=False, headers=headers
        )
        return dataclasses.replace(self, client=client)

    def submit(self, problem: dict, **parameters: object) -> str:
        answer = self.client.post("/v1/jobs", json=problem, params=parameters)
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]

    def job(self, job_id: str) -> dict:
        return self.client.get(f"/v1/jobs/{job_id}").json()

    def finished(self, job_id: str) -> dict:
        """The job once it has finished."""
        wait_for(lambda: self.job(job_id)["state"] in FINAL_STATES, f"job {job_id}")
        return self.job(job_id)

    def result(self, job_id: str) -> dict:
        answer = self.client.get(f"/v1/jobs/{job_id}/result")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def stopped_while_computing(self, job_id: str, index: int = 1, unit: str | None = None) -> psutil.Process:
        """Freeze a worker in the middle of a task of the job with at least this number, and return it."""
        query = "select worker from tasks where job_id = ? and state = 'running' and number >= ?"
        if unit is not None:
            query += f" and unit = '{unit}'"
        deadline = time.monotonic() + HANG_SECONDS
        while time.monotonic() < deadline:
            for (name,) in self.rows(query, job_id, index):
                try:
                    worker = psutil.Process(int(name.split("-")[-2]))
                    worker.suspend()
                except psutil.NoSuchProcess:
                    continue  # what a worker held that was killed
                time.sleep(0.1)
                if (name,) in self.rows(query, job_id, index):
                    return worker
                worker.resume()  # an evaluation may last a tenth of a second
            time.sleep(0.001)
        raise AssertionError("no evaluation was seen under way")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(HANG_SECONDS)
        self.client.close()
        return code


UNHURRIED = """import os
from orichalcum.cli import main
from service.stack import hung, supervisor
supervisor.STOP_SECONDS = supervisor.READY_SECONDS = 600.0
hung.SILENT_SECONDS = float(os.environ.get("TEST_SILENT_SECONDS", hung.SILENT_SECONDS))
main()
"""
"""The command line with a supervisor that kills nothing because the machine is busy."""


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", UNHURRIED, "up", *arguments]


def start(data: Path, *arguments: str) -> Stack:
    """Start the stack on any free port and wait until it says that it is ready."""
    console = data.parent / f"{data.name}.console"
    with console.open("w") as output:
        process = subprocess.Popen(
            command("--data", str(data), "--port", "0", *arguments),
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            env={
                **os.environ,
                "OMP_NUM_THREADS": "1",
                "PYTHONUNBUFFERED": "1",
                "ORICHALCUM_MACE_MODELS": f"salts={SALTS}",
            },
        )

    def ready() -> re.Match[str] | None:
        assert process.poll() is None, console.read_text()
        return re.search(r"ready at (http://\S+)", console.read_text())

    wait_for(ready, "the start")
    found = ready()
    assert found is not None
    client = httpx.Client(base_url=found.group(1), timeout=HANG_SECONDS, trust_env=False)
    return Stack(process=process, data=data, client=client, console=console)


def end(stack: Stack) -> None:
    """Stop a stack however it is, so that a failed test leaves nothing behind."""
    stack.client.close()
    if stack.process.poll() is None:
        children = stack.descendants
        stack.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            stack.process.wait(20)
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        stack.process.kill()


@pytest.fixture(scope="session")
def weights() -> None:
    fetch("sevennet-0")


@pytest.fixture(scope="session")
def stack(weights, tmp_path_factory) -> Iterator[Stack]:
    """One stack for all tests that do not end it, in whatever folder; Ctrl-C ends it without a rest."""
    stack = start(tmp_path_factory.mktemp("stack") / "data")
    yield stack
    family = stack.descendants if stack.process.poll() is None else []
    try:
        assert stack.stop(signal.SIGINT) == 0
        assert psutil.wait_procs(family, timeout=HANG_SECONDS)[1] == []
    finally:
        end(stack)


@pytest.fixture
def own_stack(weights, tmp_path) -> Iterator[Callable[..., Stack]]:
    """Starts stacks that a test may end as it likes."""
    started: list[Stack] = []

    def starting(data: Path | None = None, *arguments: str) -> Stack:
        started.append(start(data or tmp_path / "data", *arguments))
        return started[-1]

    yield starting
    for stack in started:
        end(stack)


@pytest.fixture(scope="module")
def module_stack(weights, tmp_path_factory) -> Iterator[Callable[..., Stack]]:
    """The stack of a module: the one that runs, and another where a test has ended it."""
    started: list[Stack] = []

    def running(*arguments: str) -> Stack:
        if not started or started[-1].process.poll() is not None:
            started.append(start(tmp_path_factory.mktemp("stack") / "data", *arguments))
        return started[-1]

    yield running
    for stack in started:
        end(stack)
