"""Real workers that fetch work over HTTP from a real API: killed, cut off, drained, refused; nothing is lost."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from api_schemas.jobs import FINAL_STATES
from api_schemas.problem import Problem
from engine.campaign.run import run
from service import logs
from service.access import keys
from service.operations import migration
from service.stack.children import Child, stop_all
from service.stack.listening import listening
from service.tables.database import Database
from service.tables.tasks import TaskRow
from service.worker.__main__ import EXIT_REFUSED, main
from tests.e2e.test_jobs import problem, slow_scan, without_times
from tests.observing import Silent
from tests.service.conftest import running_broker
from tests.waiting import HANG_SECONDS, wait_for

QUICK_SWEEPER = """
from service.lifecycle import claims
from service.sweeper import main
claims.REMOTE_LEASE_SECONDS = 12.0
main()
"""
"""A sweeper that waits twelve seconds for a silent worker, and not a minute."""


class Relay:
    """A network between workers and the API, which can be cut."""

    def __init__(self, port: int) -> None:
        self._to, self.is_cut = port, False
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self.is_cut = True
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self.is_cut = False

    def close(self) -> None:
        self.cut()
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                coming, _ = self._listening.accept()
                if self.is_cut:
                    coming.close()
                    continue
                going = socket.create_connection(("127.0.0.1", self._to))
                self._open += [coming, going]
                for one, other in ((coming, going), (going, coming)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    @staticmethod
    def _carry(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class Service:
    """An API, its sweeper and its store; it has no worker of its own."""

    def __init__(self, database: Database, port: int, folder: Path) -> None:
        self.database, self.relay, self._folder = database, Relay(port), folder
        self._started: list[subprocess.Popen[bytes]] = []
        with database.writing() as session:
            made = keys.create(session, "lab", ["read", "submit"])
            self.compute = keys.create(session, "lab", ["compute"]).key
        headers = {"Authorization": f"Bearer {made.key}"}
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=HANG_SECONDS, trust_env=False
        )

    def worker(self, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "orichalcum", "worker", "--url", self.relay.url, *options]
        with (self._folder / f"worker-{len(self._started)}.log").open("wb") as output:
            process = subprocess.Popen(
                command,
                stdout=output,
                stderr=output,
                env={**os.environ, "ORICHALCUM_API_KEY": self.compute, "OMP_NUM_THREADS": "1"},
            )
        self._started.append(process)
        return process

    def submit(self, document: dict) -> str:
        answer = self.client.post("/v1/jobs", json=document)
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]

    def state(self, job_id: str) -> str:
        return self.client.get(f"/v1/jobs/{job_id}").json()["state"]

    def rows(self, job_id: str) -> list[TaskRow]:
        with self.database.reading() as session:
            return list(session.scalars(select(TaskRow).where(TaskRow.job_id == job_id)))

    def computing(self, job_id: str, process: subprocess.Popen[bytes]) -> bool:
        assert process.poll() is None, self.said()
        return any(row.state == "running" and row.index > 0 for row in self.rows(job_id))

    def said(self) -> str:
        return "\n".join(log.read_text()[-3000:] for log in sorted(self._folder.glob("*.log")))

    def end_workers(self) -> None:
        for process in self._started:
            if process.poll() is None:
                process.kill()
                process.wait()

    def close(self) -> None:
        self.client.close()
        self.relay.close()


@pytest.fixture
def service(shared_service) -> Iterator[Service]:
    """The one service, whose workers end with the test: a test that fails leaves none to the next one."""
    yield shared_service
    shared_service.end_workers()


@pytest.fixture(scope="module")
def shared_service(weights, tmp_path_factory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("remote")
    url = f"sqlite:///{folder / 'store.sqlite3'}"
    database = Database(url)
    migration.upgrade(database)
    with running_broker(folder) as (broker, _), listening("127.0.0.1", 0) as opened:
        environment = {
            **os.environ,
            "ORICHALCUM_DATABASE_URL": url,
            "ORICHALCUM_BROKER_URL": broker.url,
            "ORICHALCUM_REQUIRE_API_KEYS": "true",
            "ORICHALCUM_REQUESTS_PER_MINUTE": "0",
        }
        number = opened.fileno()
        api = [sys.executable, "-m", "service.server", "--fd", str(number)]
        children = [
            Child("api", api, environment, folder / "api.log", pass_fds=(number,)),
            Child("sweeper", [sys.executable, "-c", QUICK_SWEEPER], environment, folder / "sweeper.log"),
        ]
        for child in children:
            child.start()
        found = Service(database, opened.getsockname()[1], folder)
        try:
            wait_for(lambda: _answers(found.client), "the API")
            yield found
        finally:
            found.close()
            stop_all(children, 10.0)
            database.close()


def _answers(client: httpx.Client) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return client.get("/health/live").status_code == 200
    return False


def test_workers_that_are_killed_and_cut_off_give_the_bits_that_run_gives(service):
    scan = problem(kind="scan", scan={"points_per_edge": 6})
    job_id = service.submit(scan)
    first = service.worker()
    wait_for(lambda: service.computing(job_id, first), "a task of the first worker", pause=0.01)
    first.send_signal(signal.SIGKILL)
    first.wait()
    second = service.worker()
    held = {row.worker for row in service.rows(job_id) if row.state == "running"}
    wait_for(
        lambda: (
            any(row.state == "running" and row.worker not in held for row in service.rows(job_id))
            or service.state(job_id) in FINAL_STATES
        ),
        "a task of the second worker",
        pause=0.01,
    )
    service.relay.cut()
    threading.Event().wait(4.0)
    assert second.poll() is None
    service.relay.mend()
    wait_for(lambda: service.state(job_id) in FINAL_STATES, "the job")
    answer = service.client.get(f"/v1/jobs/{job_id}/result")
    assert answer.status_code == 200, answer.text + service.said()
    expected = run(Problem.model_validate(scan), Silent()).model_dump(mode="json")
    assert without_times(answer.json()) == without_times(expected)
    found = service.rows(job_id)
    assert {row.state for row in found} == {"done"}
    assert [row.lost for row in found] == [0] * len(found)
    second.send_signal(signal.SIGTERM)
    assert second.wait(HANG_SECONDS) == 0, service.said()


def test_a_worker_drains_before_its_wall_time_and_what_it_computed_is_given_back_uncounted(service):
    job_id = service.submit(slow_scan(401))
    worker = service.worker("--walltime", "40")
    assert worker.wait(HANG_SECONDS) == 0, service.said()
    found = service.rows(job_id)
    assert not [row for row in found if row.state == "running"]
    assert {(row.lost, row.interrupted) for row in found} <= {(0, 0)}
    service.client.post(f"/v1/jobs/{job_id}/cancel")
    wait_for(lambda: service.state(job_id) == "cancelled", "the end of the job")


def test_a_worker_that_is_not_wanted_ends_with_the_code_for_a_bad_configuration(service, monkeypatch, capsys):
    monkeypatch.setattr(logs, "configure", lambda _process: None)
    monkeypatch.setenv("ORICHALCUM_API_KEY", "ori_000000000000_" + "A" * 43)
    assert main(["--device", "cpu", "--url", service.relay.url]) == EXIT_REFUSED
    assert "unknown, expired or revoked" in capsys.readouterr().err
    assert main(["--device", "cpu", "--url", "http://service.example.org"]) == EXIT_REFUSED
    assert "unencrypted" in capsys.readouterr().err
    monkeypatch.delenv("ORICHALCUM_BROKER_URL", raising=False)
    assert main(["--device", "cpu"]) == EXIT_REFUSED
    assert "--url" in capsys.readouterr().err
