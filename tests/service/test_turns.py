"""Whose turn it is: tenants and jobs share the workers, and short jobs pass long ones."""

from __future__ import annotations

import dataclasses

import pytest
from sqlalchemy import select, update

from service.lifecycle.dispatch import enqueue
from service.lifecycle.notice import notices
from service.queue.queues import QUEUE
from service.repositories import jobs, parts, tallies, tasks, turns
from service.tables.database import now
from service.tables.jobs import JobRow
from service.tables.tasks import TaskRow
from service.worker.advance import run_advance
from service.worker.perform import run_task
from tests.service.conftest import each, fake_perform
from tests.service.test_tasks import rows, state_of
from tests.service.test_waiting_work import waited


@pytest.fixture
def waiting(database, submitted, worker, queue, monkeypatch):
    """Makes jobs whose tasks wait in the queue."""

    def making(count=4, served=0.0, since=0.0, **wishes):
        monkeypatch.setattr("tests.service.conftest.BATCHES", (count, 0))
        job_id = submitted(**wishes)
        run_advance(worker, job_id)
        with database.writing() as session:
            job = jobs.locked(session, job_id)
            job.served, job.served_at = served, now(session) - since
        return job_id

    return making


def served_in_turn(database, queue, worker, seconds=None):
    """Takes all messages; the jobs whose tasks were computed, in order, each task lasting so long for its job."""
    order = []
    while queue.tasks:
        message = queue.tasks.pop(0)
        with database.writing() as session:
            task_id = turns.next_task(session, message, [QUEUE])
            claim = tasks.claim(session, task_id, "w")
            if claim is None:
                continue
            job = jobs.locked(session, claim.job_id)
            if seconds is not None:
                turns.note_served(session, job, seconds[claim.job_id], now(session))
            row = session.get(TaskRow, claim.task_id)
            row.state, row.record = "done", "{}"
        order.append(claim.job_id)
        enqueue(database, queue, claim.job_id)
    return order


def test_a_short_job_passes_a_long_one_that_came_first(database, queue, worker, waiting):
    long, short = waiting(12, served=600.0), waiting(3)
    order = served_in_turn(database, queue, worker, {long: 60.0, short: 1.0})
    assert order == [short] * 3 + [long] * 12


def test_jobs_of_the_same_age_and_length_take_turns(database, queue, worker, waiting):
    one, other = waiting(6), waiting(6)
    order = served_in_turn(database, queue, worker, {one: 10.0, other: 10.0})
    assert {tuple(sorted(order[at : at + 2])) for at in range(0, 12, 2)} == {tuple(sorted((one, other)))}


def test_a_job_that_has_waited_long_comes_up_however_much_was_computed_for_it(
    database, queue, worker, waiting
):
    long, fresh = waiting(1, served=600.0, since=700.0), waiting(1)
    assert served_in_turn(database, queue, worker) == [long, fresh]


def test_a_tenant_with_many_jobs_does_not_stand_before_one_with_a_single_job(
    database, queue, worker, waiting
):
    many = [waiting(2, tenant="many") for _ in range(6)]
    single = waiting(3, tenant="single")
    seconds = dict.fromkeys([*many, single], 5.0)
    order = served_in_turn(database, queue, worker, seconds)
    assert len(order) == 15
    assert [place for place, job_id in enumerate(order) if job_id == single][-1] <= 6
    with database.reading() as session:
        assert tallies.served(session, {"many", "single", "none"}, now(session)) == {
            "many": 60.0,
            "single": 15.0,
            "none": 0.0,
        }
        assert tallies.served(session, {"many"}, now(session) + 3 * 3600.0) == {"many": 0.0}


def test_what_is_being_computed_counts_for_its_tenant(database, queue, worker, waiting):
    busy, idle = waiting(2, tenant="busy"), waiting(1, tenant="idle")
    with database.writing() as session:
        claim = tasks.claim(session, rows(database, busy)[0].id, "elsewhere")
        session.execute(
            update(TaskRow).where(TaskRow.id == claim.task_id).values(started_at=TaskRow.started_at - 50)
        )
    assert served_in_turn(database, queue, worker) == [idle, busy]


def test_higher_priorities_go_first_whatever_was_computed_for_them(database, queue, worker, waiting):
    low, high = waiting(1, priority="low"), waiting(1, served=1e6, priority="high")
    assert served_in_turn(database, queue, worker) == [high, low]


def test_every_task_is_computed_once_however_messages_are_exchanged(database, queue, worker, waiting):
    found = [waiting(5, tenant=tenant) for tenant in ("a", "b", "c")]
    computed = []

    def noting(problem, task, workplace):
        computed.append(task.index)
        return fake_perform(problem, task, workplace)

    noted = dataclasses.replace(worker, perform=each(noting))
    while queue.tasks or queue.advances:
        if queue.tasks:
            run_task(noted, queue.tasks.pop())
        else:
            run_advance(noted, queue.advances.pop())
    assert sorted(computed) == sorted([*range(5)] * 3)
    assert {state_of(database, job_id) for job_id in found} == {"succeeded"}


def test_a_message_about_a_task_that_is_gone_serves_another_one(database, queue, worker, waiting):
    gone, left = waiting(1), waiting(1)
    with database.writing() as session:
        tasks.drop_unfinished(session, gone)
    first = queue.tasks[0]
    queue.lose_everything()
    run_task(worker, first)
    assert rows(database, left)[0].state == "done"
    with database.reading() as session:
        assert turns.next_task(session, first, ["orichalcum.other"]) is None


def test_a_job_that_waits_says_what_its_tenants_workers_are_at_work_on_and_nothing_of_others(
    database, worker, waiting
):
    waits, running, theirs = waiting(1), waiting(1), waiting(1, tenant="other")
    with database.writing() as session:
        parts.beat(session, "w", parts.Beat("host", 1, "cpu", idle_seconds=None))
        parts.beat(session, "s", parts.Beat("host", 2, part="sweeper"))
        session.execute(update(JobRow).where(JobRow.id == theirs).values(name="secret"))
        for job_id in (running, theirs):
            claim = tasks.claim(
                session, session.scalar(select(TaskRow.id).where(TaskRow.job_id == job_id)), "w"
            )
            session.get(TaskRow, claim.task_id).doing = "relaxing the reference Mn, 58 atoms, step 7"
    waited(database, 43)
    with database.reading() as session:
        said = notices(session, [jobs.get(session, waits)])[waits]
    assert said == (
        "Waiting for a free worker for 40 s: 1 worker is alive, at work on relaxing the reference Mn, 58 atoms of "
        "'(Na,K)Cl'."
    )
