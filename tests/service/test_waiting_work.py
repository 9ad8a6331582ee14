"""Work that nobody takes: what a job says of it, readiness, and workers that have gone deaf."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import update

from service.lifecycle.dispatch import enqueue
from service.lifecycle.notice import notices, stalled
from service.repositories import parts, tasks
from service.tables.events import EventRow
from service.tables.jobs import JobRow
from service.tables.tasks import TaskRow
from service.work.in_store import WorkInStore
from service.worker.activity import Activity
from service.worker.advance import run_advance
from service.worker.heartbeat import Heartbeat
from tests.service.conftest import PROBLEM
from tests.service.test_tasks import rows
from tests.waiting import HANG_SECONDS


def waited(database, seconds):
    """As if the last that happened had happened so long ago."""
    with database.writing() as session:
        session.execute(update(EventRow).values(at=EventRow.at - seconds))
        session.execute(
            update(JobRow).values(
                advance_enqueued_at=JobRow.advance_enqueued_at - seconds,
                created_at=JobRow.created_at - seconds,
            )
        )
        session.execute(update(TaskRow).values(enqueued_at=TaskRow.enqueued_at - seconds))


def beat(database, name="w", **said):
    with database.writing() as session:
        parts.beat(session, name, parts.Beat("host", 1, "cpu", **said))


def said_of(database, job_id):
    with database.reading() as session:
        return notices(session, [session.get(JobRow, job_id)]).get(job_id)


def stalls(database):
    with database.reading() as session:
        return stalled(session)


def test_a_job_that_no_worker_takes_says_so_with_its_mend_and_a_new_entity_tag(client, database):
    job_id = client.post("/v1/jobs", json=PROBLEM).json()["id"]
    fresh = client.get(f"/v1/jobs/{job_id}")
    assert fresh.json()["notice"] is None
    waited(database, 43)
    late = client.get(f"/v1/jobs/{job_id}", headers={"If-None-Match": fresh.headers["etag"]})
    assert late.status_code == 200
    assert late.json()["notice"].startswith(
        "No worker has taken this job for 40 s: is one running? Start one with"
    )
    assert client.get("/v1/jobs").json()["items"][0]["notice"] == late.json()["notice"]
    same = client.get(f"/v1/jobs/{job_id}", headers={"If-None-Match": late.headers["etag"]})
    assert same.status_code == 304


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"idle_seconds": None}, "Waiting for a free worker for 40 s: 1 worker is alive"),
        ({"idle_seconds": 60.0}, "though 1 worker is alive and idle"),
        ({"queues": ("orichalcum.other.cuda",)}, "none serves the queue orichalcum"),
    ],
)
def test_what_a_waiting_job_says_depends_on_what_the_workers_do(database, queue, submitted, said, words):
    job_id = submitted()
    enqueue(database, queue, job_id)
    beat(database, **said)
    assert said_of(database, job_id) is None
    waited(database, 43)
    assert words in said_of(database, job_id)


def test_a_job_whose_message_could_not_be_sent_says_that_it_is_kept(database, queue, submitted):
    queue.broken = True
    job_id = submitted()
    enqueue(database, queue, job_id)
    beat(database, idle_seconds=60.0)
    waited(database, 130)
    assert said_of(database, job_id).startswith(
        "Waiting for 2 min: the queue cannot be reached. The job is kept"
    )


def test_a_job_that_is_being_computed_or_paused_or_finished_says_nothing(
    database, queue, client, submitted, worker, work
):
    computed, paused, finished = (submitted() for _ in range(3))
    run_advance(worker, computed)
    with database.writing() as session:
        tasks.claim(session, rows(database, computed)[0].id, "w")
    beat(database, idle_seconds=None)
    client.post(f"/v1/jobs/{paused}/pause")
    queue.lose_everything()
    enqueue(database, queue, finished)
    work()
    waited(database, 100)
    assert [said_of(database, job_id) for job_id in (computed, paused, finished)] == [None] * 3


@pytest.mark.parametrize("step", ["first", "evaluation"])
def test_the_service_is_not_ready_while_messages_wait_that_no_worker_takes(
    client, database, queue, submitted, worker, step
):
    beat(database, idle_seconds=60.0)
    beat(database, "s", part="sweeper")
    assert client.get("/health/ready").json()["ready"] is True
    job_id = submitted()
    enqueue(database, queue, job_id)
    if step == "evaluation":
        run_advance(worker, job_id)
    assert client.get("/health/ready").json()["ready"] is True  # it has just begun to wait
    waited(database, 23)
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["stalled"] == [
        "messages have waited in orichalcum for 20 s, and 1 worker is alive and idle"
    ]
    beat(database, idle_seconds=None)  # at work, with whatever it is
    assert client.get("/health/ready").status_code == 200


def test_a_queue_that_no_living_worker_serves_is_stalled_although_others_work(database, queue, submitted):
    job_id = submitted()
    enqueue(database, queue, job_id)
    beat(database, queues=("orichalcum.other.cuda",), idle_seconds=None)
    waited(database, 90)
    assert stalls(database) == [
        "messages have waited in orichalcum for 1 min, and no living worker serves it"
    ]


def test_a_worker_is_busy_while_a_task_runs_also_one_that_fails():
    activity = Activity()
    assert activity.idle_seconds < 5
    with pytest.raises(RuntimeError), activity.task():  # noqa: PT012
        assert activity.idle_seconds is None
        raise RuntimeError
    assert activity.idle_seconds < 5


class Idle:
    idle_seconds = 60.0


class Busy:
    idle_seconds = None


@pytest.mark.parametrize(
    ("activity", "depth", "ends"),
    [(Idle(), 3, True), (Busy(), 3, False), (Idle(), 0, False), (Idle(), None, False)],
)
def test_a_worker_ends_itself_only_if_messages_wait_while_it_is_idle(
    database, queue, monkeypatch, activity, depth, ends
):
    monkeypatch.setattr("service.worker.heartbeat.DEAF_SECONDS", 0.0)
    monkeypatch.setattr("service.repositories.parts.BEAT_SECONDS", 0.01)
    ended, looked = threading.Event(), threading.Event()

    def deep(_queue):
        looked.set()
        return depth

    heartbeat = Heartbeat(WorkInStore(database, queue, "w"), "cpu", ["q"], activity, deep, ended.set)
    heartbeat.start()
    busy = isinstance(activity, Busy)
    assert looked.wait(0.3 if busy else HANG_SECONDS) is not busy
    assert ended.wait(HANG_SECONDS if ends else 0.3) is ends
    heartbeat.stop()
