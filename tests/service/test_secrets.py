"""Secrets are in no log: keys, their digests, the passwords of the broker and the store."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import httpx
import psutil
import pytest

from service.access import keys
from service.checking.checker import Checker
from service.operations import migration
from service.settings import Settings
from service.tables.api_keys import ApiKeyRow
from service.tables.database import Database
from tests.service.conftest import PROBLEM
from tests.waiting import HANG_SECONDS, wait_for

PASSWORD = "correct-horse-battery"  # noqa: S105


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        return opened.getsockname()[1]


def started(tmp_path, module, *arguments, database_url):
    log = tmp_path / f"{module}.log"
    environment = {
        **os.environ,
        "ORICHALCUM_DATABASE_URL": database_url,
        "ORICHALCUM_BROKER_URL": f"redis://user:{PASSWORD}@127.0.0.1:{free_port()}/0",
        "ORICHALCUM_REQUIRE_API_KEYS": "true",
        "OMP_NUM_THREADS": "1",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments], stdout=output, stderr=output, env=environment
        )
    return process, log


def ended(process) -> None:
    process.terminate()
    try:
        process.wait(HANG_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def answers(client) -> bool:
    try:
        client.get("/health/live")
    except httpx.TransportError:
        return False
    return True


def test_an_api_that_is_used_and_attacked_while_its_broker_is_away_logs_no_secret(tmp_path):
    url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    database = Database(url)
    migration.upgrade(database)
    with database.writing() as session:
        key = keys.create(session, "lab", ["admin"])
    with database.reading() as session:
        digest = session.get(ApiKeyRow, key.id).digest
    port = free_port()
    process, log = started(tmp_path, "service.server", "--port", str(port), database_url=url)
    wrong = f"ori_{'0' * 12}_{PASSWORD}"
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=HANG_SECONDS, trust_env=False
        ) as client:
            wait_for(lambda: answers(client), "the start")
            mine, theirs = {"Authorization": f"Bearer {key.key}"}, {"Authorization": f"Bearer {wrong}"}
            assert client.post("/v1/jobs", json=PROBLEM, headers=mine).status_code == 202
            assert client.post("/v1/jobs", json={**PROBLEM, "kind": key.key}, headers=mine).status_code == 422
            assert client.get("/v1/jobs", headers=theirs).status_code == 401
            assert client.get("/health/ready").status_code == 503
            with database.engine.begin() as connection:
                connection.exec_driver_sql("ALTER TABLE jobs RENAME TO lost")  # a fault with its traceback
            assert client.get("/v1/jobs", headers=mine).status_code in (500, 503)
    finally:
        ended(process)
        database.close()
    told = log.read_text()
    assert "broker unreachable" in told
    assert "exc_type" in told  # it did log the fault
    for secret in (PASSWORD, key.key, key.key.split("_", 2)[2], digest):
        assert secret not in told


@pytest.mark.parametrize("module", ["service.worker", "service.sweeper"])
def test_a_worker_and_a_sweeper_that_reach_neither_store_nor_broker_log_no_password(tmp_path, module):
    nowhere = f"postgresql+psycopg://user:{PASSWORD}@127.0.0.1:{free_port()}/name"
    process, log = started(tmp_path, module, database_url=nowhere)
    wanted = {"service.worker": "Cannot connect to", "service.sweeper": "a sweep failed"}[module]
    try:
        wait_for(lambda: wanted in log.read_text(), "the failure")
    finally:
        ended(process)
    told = log.read_text()
    assert wanted in told
    assert PASSWORD not in told


def test_whoever_reads_hostile_problems_is_given_no_secret(monkeypatch):
    given = dict.fromkeys(
        (
            "ORICHALCUM_DATABASE_URL",
            "ORICHALCUM_BROKER_URL",
            "ORICHALCUM_DATABASE_PASSWORD",
            "orichalcum_broker_password",
            "ORICHALCUM_API_KEY",
            "ORICHALCUM_SECRETS",
        ),
        PASSWORD,
    )
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ORICHALCUM_DATA", "/somewhere")
    forking = Checker()
    try:
        forking.start()
        process = psutil.Process(forking._process.pid)
        # Until it runs its own program it shows the environment that this process was started with.
        wait_for(lambda: "ORICHALCUM_DATA" in process.environ(), "the environment of its own")
        environment = process.environ()
    finally:
        forking.close()
    assert PASSWORD not in environment.values()
    assert environment["ORICHALCUM_DATA"] == "/somewhere"


def test_every_secret_of_the_settings_is_known_as_one():
    secret = Settings.secret_variables()
    told = Settings.model_construct().model_dump()
    assert secret >= {
        f"ORICHALCUM_{name}".upper() for name in told if "password" in name or name == "api_key"
    }
    assert "ORICHALCUM_DEVICE" not in secret
