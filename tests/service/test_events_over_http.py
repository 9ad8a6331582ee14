"""The stream of events: complete, in order, resumed from storage, ended by the final state."""

from __future__ import annotations

import json
import threading
import time

import pytest

from service.api import events as endpoints
from service.lifecycle.dispatch import enqueue
from service.stack.supervisor import STOP_SECONDS
from tests.service.test_jobs_over_http import submit
from tests.waiting import HANG_SECONDS, wait_for


def read(client, job_id, after=None, most=1000, found=None):
    """Events as (id, kind, data); into a list that others look at meanwhile, if one is given."""
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    found, current = [] if found is None else found, {}
    with client.stream("GET", f"/v1/jobs/{job_id}/events", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line:
                name, _, value = line.partition(": ")
                current[name] = value
            elif "id" in current:
                found.append((int(current["id"]), current["event"], json.loads(current["data"])))
                current = {}
                if len(found) == most:
                    break
            else:
                current = {}
    return found


def test_the_events_of_a_finished_job_tell_its_whole_story_in_order(client, work):
    job_id = submit(client).json()["id"]
    work()
    events = read(client, job_id)
    assert [number for number, _, _ in events] == list(range(1, len(events) + 1))
    assert [data["state"] for _, kind, data in events if kind == "state"] == [
        "queued",
        "running",
        "succeeded",
    ]
    assert [data["index"] for _, kind, data in events if kind == "evaluation"] == [0, 1, 2]
    done = [data["progress"]["evaluations_done"] for _, kind, data in events if kind == "progress"]
    assert done == sorted(done)
    assert done[-1] == 3
    assert events[-1][1:] == ("state", events[-1][2])
    assert events[-1][2]["message"] == "3 are enough"


def test_a_reader_that_was_cut_off_goes_on_where_it_stopped(client, work):
    job_id = submit(client).json()["id"]
    work()
    whole = read(client, job_id)
    for cut in range(1, len(whole)):
        assert read(client, job_id, after=whole[cut - 1][0]) == whole[cut:]


def test_a_reader_that_has_seen_the_end_is_told_not_to_come_back(client, work):
    job_id = submit(client).json()["id"]
    work()
    last = read(client, job_id)[-1][0]
    assert client.get(f"/v1/jobs/{job_id}/events", headers={"Last-Event-ID": str(last)}).status_code == 204


def test_a_number_that_no_event_had_yet_does_not_hide_later_ones(client, work):
    job_id = submit(client).json()["id"]
    events = []
    reader = threading.Thread(target=lambda: events.extend(read(client, job_id, after=999)))
    reader.start()
    time.sleep(0.5)
    work()
    reader.join(HANG_SECONDS)
    assert events[-1][2]["state"] == "succeeded"


@pytest.mark.parametrize("header", ["x", "-1", "1.5", "9" * 30])
def test_a_last_event_id_that_was_never_given_out_is_refused(client, header):
    job_id = submit(client).json()["id"]
    answer = client.get(f"/v1/jobs/{job_id}/events", headers={"Last-Event-ID": header})
    assert answer.status_code == 400
    assert answer.json()["type"].endswith(":invalid-last-event-id")


def test_events_arrive_while_the_job_runs_and_the_stream_ends_with_it(client, work):
    job_id = submit(client).json()["id"]
    events = []
    first = read(client, job_id, most=1)
    assert first[0][2]["state"] == "queued"
    reader = threading.Thread(target=read, args=(client, job_id), kwargs={"found": events})
    reader.start()
    work(limit=2)  # the first step and the first evaluation
    wait_for(lambda: "evaluation" in [kind for _, kind, _ in events], "the event of the first evaluation")
    assert reader.is_alive()
    work()
    reader.join(HANG_SECONDS)
    assert not reader.is_alive()
    assert events[-1][2]["state"] == "succeeded"


def test_many_readers_of_one_job_all_see_everything(client, work):
    job_id = submit(client).json()["id"]
    seen = []
    readers = [threading.Thread(target=lambda: seen.append(read(client, job_id))) for _ in range(20)]
    for reader in readers:
        reader.start()
    time.sleep(0.3)
    work()
    for reader in readers:
        reader.join(HANG_SECONDS)
    assert len(seen) == 20
    assert all(events == seen[0] for events in seen)


def test_a_silent_stream_is_kept_alive_with_comments(client, monkeypatch):
    monkeypatch.setattr(endpoints, "KEEPALIVE_SECONDS", 0.3)
    job_id = submit(client).json()["id"]
    with client.stream("GET", f"/v1/jobs/{job_id}/events") as answer:
        assert any(line.startswith(":") for line in answer.iter_lines())


def test_the_stream_of_a_deleted_job_ends(client, database, queue):
    job_id = submit(client).json()["id"]
    ended = threading.Event()

    def follow():
        read(client, job_id)
        ended.set()

    reader = threading.Thread(target=follow)
    reader.start()
    time.sleep(0.3)
    client.post(f"/v1/jobs/{job_id}/cancel")
    client.delete(f"/v1/jobs/{job_id}")
    reader.join(HANG_SECONDS)
    assert ended.is_set()


def test_an_open_stream_does_not_hold_up_the_server_when_it_stops(client, database, queue):
    job_id = submit(client).json()["id"]
    enqueue(database, queue, job_id)
    stream = client.stream("GET", f"/v1/jobs/{job_id}/events")
    stream.__enter__()  # the fixture stops the server while this is open; the time limit below is the supervisor's
    assert STOP_SECONDS >= 3
