"""Every part has a heartbeat: what readiness, jobs and the supervisor make of one that stops."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import socket
import subprocess
import sys

import psutil
import pytest
from sqlalchemy import select

from service.lifecycle.notice import notices
from service.lifecycle.pulse import Pulse
from service.lifecycle.watch import Watch
from service.repositories import jobs, parts, tasks
from service.stack import broker as embedded
from service.stack.hung import BEGINNING_SECONDS, HungParts
from service.tables.parts import PartRow
from service.worker.advance import run_advance
from tests.service.conftest import each, running_broker
from tests.service.test_tasks import rows
from tests.service.test_waiting_work import waited
from tests.waiting import HANG_SECONDS, wait_for


@pytest.mark.stores("sqlite")
def test_who_was_stopped_with_the_lock_of_the_store_is_found_though_nobody_else_is_heard(database):
    """A process that is stopped in the middle of a write; two that live and cannot write meanwhile."""
    writing = "import sys; from service.tables.database import Database\n"
    writing += "with Database(sys.argv[1]).writing(): print('holds it', flush=True); sys.stdin.readline()"
    hold = [sys.executable, "-c", writing, database.url]
    living = [sys.executable, "-c", "import sys; sys.stdin.readline()"]
    with contextlib.ExitStack() as opened:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        started = [opened.enter_context(subprocess.Popen(one, **pipes)) for one in (hold, living, living)]
        holder, *others = [one.pid for one in started]
        for one in started:
            opened.callback(one.kill)
        assert started[0].stdout.readline() == "holds it\n"
        clock = [0.0]
        monotonic = lambda: clock[0]  # noqa: E731
        hung = HungParts(database.url, Watch(monotonic, longest_step=4.0))
        opened.callback(hung.close)
        os.kill(holder, signal.SIGSTOP)
        wait_for(lambda: psutil.Process(holder).status() == psutil.STATUS_STOPPED, "the stop", pause=0.01)
        beats = dict.fromkeys((holder, *others), 0.0)
        hung._beats = lambda: beats

        def silent(seconds: int) -> set[int]:
            found: set[int] = set()
            for _ in range(seconds // 2):
                clock[0] += 2.0
                hung._looked = -math.inf
                found |= hung.found({holder, *others})
            return found

        assert silent(16) == set()
        assert silent(10) == {holder}
        started[0].kill()
        started[0].wait()
        with database.writing() as session:  # and the others can write
            assert session.execute(select(1)).scalar_one() == 1


def heard(database):
    with database.reading() as session:
        return {row.part: row.pid for row in session.query(PartRow)}


def test_the_api_beats_while_its_event_loop_goes_on_and_signs_off(database, queue, settings):
    from tests.service.conftest import serving

    with serving(settings, database, queue):
        wait_for(lambda: heard(database), "a heartbeat")
        assert heard(database) == {"api": os.getpid()}
    assert heard(database) == {}


def test_a_sweeper_without_a_heartbeat_is_told_by_readiness(client, database):
    with database.writing() as session:
        parts.beat(session, "w", parts.Beat("host", 1, "cpu"))
    pulse = Pulse(database, "sweeper")
    pulse.beat()
    assert client.get("/health/ready").json()["ready"] is True
    with database.writing() as session:
        (row,) = session.query(PartRow).where(PartRow.part == "sweeper")
        row.seen_at -= 11.0
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["sweeper"]) == (503, False)
    pulse.leave()
    assert "sweeper" not in heard(database)


def test_a_part_that_seems_heard_of_in_the_future_is_not_alive(database):
    """The clock was set back since: whoever lives beats again with the right time."""
    with database.writing() as session:
        parts.beat(session, "w", parts.Beat("host", 1, "cpu"))
        session.get(PartRow, "w").seen_at += 3600.0
        session.flush()
        assert parts.living(session) == 0
        assert parts.crews(session, [("orichalcum", "default")])["orichalcum", "default"].alive == 0
        parts.beat(session, "w", parts.Beat("host", 1, "cpu"))
        session.flush()
        assert parts.living(session) == 1


def said(database, job_id):
    with database.reading() as session:
        return notices(session, [jobs.get(session, job_id)]).get(job_id)


@pytest.mark.parametrize("held", ["an evaluation", "a step"])
@pytest.mark.parametrize("swept", [True, False])
def test_a_job_whose_worker_is_gone_says_so_and_whether_anybody_mends_it(
    database, submitted, worker, held, swept
):
    job_id = submitted()
    with database.writing() as session:
        parts.beat(session, "gone", parts.Beat("host", 1, "cpu"))
        if swept:
            parts.beat(session, "s", parts.Beat("host", 2, part="sweeper"))
    if held == "a step":
        with database.writing() as session:
            job = jobs.locked(session, job_id)
            job.advance_until, job.advance_worker, job.needs_advance = 1.0, "gone", False
    else:
        run_advance(worker, job_id)
        with database.writing() as session:
            tasks.claim(session, rows(database, job_id)[0].id, "gone")
    waited(database, 43)
    assert said(database, job_id) is None
    with database.writing() as session:
        session.get(PartRow, "gone").seen_at -= 43
    told = said(database, job_id)
    assert told.startswith("The worker that computed this has not been heard of for some time")
    assert ("takes over in a moment" in told) is swept
    assert ("No sweeper has been heard of" in told) is not swept


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_supervisor_finds_processes_that_are_silent_by_its_own_clock(database, monkeypatch):
    monkeypatch.setattr("service.stack.hung.LOOK_SECONDS", 0.0)
    host, clock = socket.gethostname()[:200], Clock()

    def beat(name, pid, at=host, part="worker"):
        with database.writing() as session:
            parts.beat(session, name, parts.Beat(at, pid, part=part))

    beat("of before, with the same process id", 11)
    hung = HungParts(database.url, Watch(clock, longest_step=4.0))

    def later(seconds, *living):
        found = set()
        for _ in range(int(seconds // 2)):
            clock.now += 2.0
            for name, pid, part in living:
                beat(name, pid, part=part)
            found |= hung.found({11, 12, 13, 14})
        return found

    api, sweeper = ("a", 12, "api"), ("s", 13, "sweeper")
    beat("elsewhere", 14, "another machine")
    assert later(40.0, api, sweeper) == set()  # 11 and 14 have not begun yet
    beat("w", 11)
    assert later(18.0, api, sweeper) == set()
    assert later(6.0, api, sweeper) == {11}
    with (
        database.writing() as session
    ):  # the clock is set back by an hour: the frozen seem heard of in the future
        for row in session.query(PartRow):
            row.seen_at += 3600.0
    assert later(24.0, sweeper) == {11, 12}
    assert later(BEGINNING_SECONDS, api, sweeper) >= {14}
    clock.now += 3600.0  # the supervisor was frozen
    beat("w", 11)
    assert hung.found({11, 12, 13}) == frozenset()
    # Where nobody can write, as on a full disk, nobody is heard: it is not they who are frozen.
    assert later(20.0, api, sweeper, ("w", 11, "worker")) == set()
    assert later(60.0) == set()
    hung.close()


def test_a_broker_that_lives_and_does_not_answer_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "ASK_SECONDS", 0.0)
    monkeypatch.setattr(embedded, "ANSWER_SECONDS", 0.05)
    with running_broker(tmp_path) as (broker, child):
        listened = embedded.Listened(broker, child)
        assert not any(listened.is_silent() for _ in range(10))
        os.kill(child.pid, signal.SIGSTOP)
        asked = [listened.is_silent() for _ in range(embedded.MOST_UNANSWERED)]
        assert asked == [False] * (embedded.MOST_UNANSWERED - 1) + [True]
        os.kill(child.pid, signal.SIGCONT)


def test_a_broker_that_answers_with_a_refusal_is_no_silent_one(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "ASK_SECONDS", 0.0)
    with running_broker(tmp_path) as (broker, child):
        listened = embedded.Listened(broker, child)
        # As a full disk makes of every command, PING too.
        listened._client.execute_command("ACL", "SETUSER", "default", "-ping")
        assert not any(listened.is_silent() for _ in range(3 * embedded.MOST_UNANSWERED))


def test_a_worker_that_is_told_to_stop_in_one_long_call_gives_its_evaluation_back_and_ends(
    database, submitted, worker, monkeypatch
):
    import dataclasses
    import threading

    from service.worker import lease
    from service.worker.perform import run_task
    from tests.service.conftest import fake_perform

    monkeypatch.setattr(lease, "LOOK_SECONDS", 0.02)
    monkeypatch.setitem(lease.PATIENCE, "stopping", 0.05)
    job_id, ended, told = submitted(), threading.Event(), threading.Event()
    run_advance(worker, job_id)
    seen = []

    def deaf(problem, task, workplace):
        told.set()
        assert ended.wait(HANG_SECONDS)
        seen.extend((row.state, row.lost, row.interrupted) for row in rows(database, job_id))
        return fake_perform(problem, task, workplace)

    stopping = dataclasses.replace(worker, perform=each(deaf), stopping=told.is_set, abandon=ended.set)
    run_task(stopping, rows(database, job_id)[0].id)
    assert seen == [("pending", 0, 0)]


def test_the_sweeper_process_beats_and_signs_off(database, tmp_path):
    with running_broker(tmp_path) as (broker, _):
        environment = {
            **os.environ,
            "ORICHALCUM_DATABASE_URL": database.url,
            "ORICHALCUM_BROKER_URL": broker.url,
        }
        process = subprocess.Popen([sys.executable, "-m", "service.sweeper"], env=environment)
        wait_for(lambda: heard(database), "a heartbeat")
        assert heard(database) == {"sweeper": process.pid}
        process.terminate()
        assert process.wait(60) == 0
    assert heard(database) == {}
