"""Requests that come slowly, or not at all: they end, and others are answered meanwhile."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from types import SimpleNamespace

import httpx
import pytest

from service.operations import migration
from service.settings import sqlite_url
from service.tables.database import Database
from tests.service.conftest import PROBLEM
from tests.service.test_secrets import free_port
from tests.waiting import HANG_SECONDS, wait_for

HALF_OPEN = 300
FILES = 256
BEGUN = (
    b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
)


def connected(client: httpx.Client, sent: bytes = b"") -> socket.socket:
    connection = socket.create_connection((client.base_url.host, client.base_url.port), timeout=HANG_SECONDS)
    connection.sendall(sent)
    return connection


def told(connection: socket.socket) -> tuple[int, dict]:
    """Status and problem detail of what is answered before the connection ends; 0 where nothing is."""
    with connection:
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    return (int(head.split()[1]), json.loads(body)) if head else (0, {})


@pytest.mark.parametrize(
    "sent", [b"", b"GET /health/live HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nX:"]
)
def test_a_head_that_does_not_come_ends_the_connection(client, monkeypatch, sent):
    monkeypatch.setattr("service.connections.HEAD_SECONDS", 0.2)
    status, problem = told(connected(client, sent))
    assert status == 408
    assert problem["type"] == "urn:orichalcum:problem:request-too-slow"


def test_a_second_head_that_comes_byte_by_byte_ends_the_connection(client, monkeypatch):
    monkeypatch.setattr("service.connections.HEAD_SECONDS", 0.2)
    connection = connected(client, b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
    first = b""
    while b'"ok"}' not in first:
        first += connection.recv(65536)
    connection.sendall(b"G")
    assert told(connection)[0] == 408


def test_a_body_that_does_not_come_is_refused_and_what_comes_in_time_is_not(client, monkeypatch):
    monkeypatch.setattr("service.http.request_body.BODY_SECONDS", 0.2)
    connection = connected(client, BEGUN)
    found = b""
    while b"request-too-slow" not in found:
        part = connection.recv(65536)
        assert part, found
        found += part
    assert found.startswith(b"HTTP/1.1 408")
    connection.close()
    monkeypatch.undo()
    assert client.post("/v1/jobs", json=PROBLEM).status_code == 202


def test_what_is_no_http_is_refused_with_a_problem_detail(client):
    status, problem = told(connected(client, b"\x16\x03\x01 hello\r\n\r\n"))
    assert (status, problem["type"]) == (400, "urn:orichalcum:problem:malformed-request")


def test_a_client_that_goes_away_in_the_middle_is_no_error_of_ours(client, monkeypatch):
    said: list[str] = []
    log = SimpleNamespace(
        info=lambda event, **_: said.append(event), error=lambda event, **_: said.append(f"error: {event}")
    )
    monkeypatch.setattr("service.http.problem_details._log", log)
    connected(client, BEGUN).close()
    wait_for(lambda: said, "the look at the connection")
    assert said == ["the client went away"]
    assert client.get("/v1/jobs").json()["items"] == []


def test_half_open_connections_beyond_the_file_handles_leave_the_service_reachable(tmp_path):
    url = sqlite_url(tmp_path / "store.sqlite3")
    database = Database(url)
    migration.upgrade(database)
    database.close()
    port = free_port()
    environment = {
        **os.environ,
        "ORICHALCUM_DATABASE_URL": url,
        "ORICHALCUM_BROKER_URL": f"redis+socket://{tmp_path / 'none'}",
    }
    log = tmp_path / "log"
    command = ["-m", "service.server", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["sh", "-c", f'ulimit -n {FILES}; exec "$@"', "sh", sys.executable, *command],
            env=environment,
            stderr=output,
        )
    held: list[socket.socket] = []
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=HANG_SECONDS, trust_env=False
        ) as client:
            wait_for(lambda: answered(client))
            held += [connected(client, b"GET / HTTP/1.1\r\n") for _ in range(HALF_OPEN)]
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=HANG_SECONDS, trust_env=False
        ) as fresh:
            wait_for(lambda: answered(fresh))
            assert fresh.post("/v1/problems/validate", json=PROBLEM).json()["valid"]
            assert fresh.get("/v1/jobs").json()["items"] == []
    finally:
        for connection in held:
            connection.close()
        process.terminate()
        process.wait(HANG_SECONDS)
    assert "Traceback" not in log.read_text()


def answered(client: httpx.Client) -> bool:
    try:
        return client.get("/health/live").status_code == 200
    except httpx.TransportError:
        return False
