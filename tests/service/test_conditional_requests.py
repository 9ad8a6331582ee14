"""Waiting for a job, entity tags, compressed answers, and a store whose disk is full."""

from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import event, text

from service.api import waiting
from tests.service.conftest import PROBLEM


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
def test_a_full_disk_is_told_clearly_and_leaves_the_store_whole(client, database):
    address = submitted_at(client)
    _fill_up(database)
    answers = [client.post("/v1/jobs", json={**PROBLEM, "name": "x" * 150}) for _ in range(60)]
    full = next(answer for answer in answers if answer.status_code != 202)
    assert full.status_code == 507
    assert full.json()["type"] == "urn:orichalcum:problem:store-full"
    assert client.get(address).status_code == 200
    stored = sum(answer.status_code == 202 for answer in answers)
    assert len(client.get("/v1/jobs?limit=200").json()["items"]) == stored + 1
    with database.engine.connect() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"


def _fill_up(database):
    """Allow no page more; the limit belongs to a connection, so every connection of the pool is made anew."""
    with database.engine.connect() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
    event.listen(
        database.engine, "connect", lambda raw, _record: raw.execute(f"PRAGMA max_page_count={pages}").close()
    )
    database.engine.dispose()
