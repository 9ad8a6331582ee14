"""Waiting for a job, entity tags, compressed answers, and a store whose disk is full."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import structlog
from sqlalchemy import event, exc, text

from service import logs
from service.api import waiting
from service.lifecycle import actions
from tests.service.conftest import PROBLEM
from tests.waiting import HANG_SECONDS

FULL = Path("/dev/full")


def submitted_at(client, **headers):
    return client.post("/v1/jobs", json=PROBLEM, headers=headers).headers["location"]


def test_a_job_that_has_not_changed_is_not_sent_again(client, work):
    address = submitted_at(client)
    first = client.get(address)
    again = client.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    work(limit=1)
    changed = client.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


def test_waiting_ends_as_soon_as_the_job_has_finished(client, work, monkeypatch):
    monkeypatch.setattr(waiting, "LONGEST_WAIT", 9000.0)  # whoever waited for this would hang
    address = submitted_at(client)
    worker = threading.Timer(0.5, work)
    worker.start()
    answer = client.get(address, headers={"Prefer": "wait=9000"})
    worker.join()
    assert answer.json()["state"] == "succeeded"
    assert answer.headers["preference-applied"] == "wait=9000"


def test_waiting_ends_after_the_time_that_was_asked_for(client):
    address = submitted_at(client, Prefer="respond-async, wait=1")
    began = time.monotonic()
    assert client.get(address, headers={"Prefer": "wait=1"}).json()["state"] == "queued"
    assert time.monotonic() - began > 0.9
    for odd in ("wait=", "wait=-1", "wait=x", "handling=strict"):
        assert "preference-applied" not in client.get(address, headers={"Prefer": odd}).headers


def test_long_answers_are_compressed_and_streams_are_not(client, work):
    address = submitted_at(client)
    work()
    assert client.get(f"{address}/result").headers.get("content-encoding") == "gzip"
    with client.stream("GET", f"{address}/events") as stream:
        assert "content-encoding" not in stream.headers
        assert b"retry: 1000" in stream.read()


@pytest.mark.stores("sqlite")
def test_a_full_disk_is_told_clearly_and_leaves_the_store_whole(client, database, monkeypatch):
    address = submitted_at(client)
    _fill_up(database)
    # The logs are on the same disk.
    log = structlog.wrap_logger(structlog.WriteLogger(logs.Lossy(FULL.open("w", buffering=1))))
    monkeypatch.setattr("service.http.problem_details._log", log)
    answers = [client.post("/v1/jobs", json={**PROBLEM, "name": "x" * 150}) for _ in range(60)]
    full = next(answer for answer in answers if answer.status_code != 202)
    assert full.status_code == 507
    assert full.json()["type"] == "urn:orichalcum:problem:store-full"
    assert client.get(address).status_code == 200
    stored = sum(answer.status_code == 202 for answer in answers)
    assert len(client.get("/v1/jobs?limit=200").json()["items"]) == stored + 1
    with database.engine.connect() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"


def test_what_logs_to_a_full_disk_goes_on(tmp_path):
    code = (
        "import logging, structlog; from service import logs; logs.configure('test')\n"
        "try: 1 / 0\n"
        "except ZeroDivisionError: structlog.get_logger().error('x', exc_info=True)\n"
        "logging.getLogger('uvicorn.error').error('y' * 10_000)\n"
        "print('went on', flush=True)"
    )
    with FULL.open("wb", buffering=0) as full:
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            stderr=full,
            timeout=HANG_SECONDS,
            check=False,
        )
    assert done.stdout == b"went on\n"


def test_a_job_that_is_stored_is_answered_although_waiting_for_it_fails(client, monkeypatch):
    async def failing(*_args):
        raise exc.OperationalError("x", {}, OSError())

    monkeypatch.setattr("service.api.jobs.settled", failing)
    answer = client.post("/v1/jobs", json=PROBLEM, headers={"Prefer": "wait=5"})
    assert answer.status_code == 202
    assert [job["id"] for job in client.get("/v1/jobs").json()["items"]] == [answer.json()["id"]]


def test_a_store_that_fails_among_many_cancellations_leaves_the_others_to_be_asked_for(client, monkeypatch):
    for _ in range(3):
        submitted_at(client)
    cancel, asked = actions.cancel, []

    def failing(database, tenant, job_id):
        asked.append(job_id)
        if len(asked) == 2:
            raise exc.OperationalError("x", {}, OSError())
        return cancel(database, tenant, job_id)

    monkeypatch.setattr(actions, "cancel", failing)
    told = client.post("/v1/jobs/cancel", params={"state": "queued"}).json()
    assert ([job["state"] for job in told["items"]], told["more"]) == (["cancelled"], 2)
    asked[:] = ["before"]
    assert client.post("/v1/jobs/cancel", params={"state": "queued"}).status_code == 503
    assert len(client.get("/v1/jobs", params={"state": "queued"}).json()["items"]) == 2


def _fill_up(database):
    """Allow no page more; the limit belongs to a connection, so every connection of the pool is made anew."""
    with database.engine.connect() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
    event.listen(
        database.engine, "connect", lambda raw, _record: raw.execute(f"PRAGMA max_page_count={pages}").close()
    )
    database.engine.dispose()
