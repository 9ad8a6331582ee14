"""Whose doing it is that a worker was lost: only what ends its own worker, and no other part, is to blame."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from service.http.refusals import StoredFailure
from service.lifecycle import actions
from service.lifecycle.claims import MOST_INTERRUPTED
from service.lifecycle.dispatch import enqueue
from service.lifecycle.notice import notices
from service.repositories import jobs, tasks
from service.tables.jobs import JobRow
from service.tables.parts import PartRow
from service.tables.tasks import TaskRow
from service.worker.advance import run_advance
from tests.service.conftest import SteppedSweeper
from tests.service.test_tasks import rows, state_of


@pytest.fixture
def job(submitted, worker):
    """A job with one evaluation that waits."""
    job_id = submitted()
    run_advance(worker, job_id)
    return job_id


def claiming(database, job_id):
    (row,) = rows(database, job_id)
    return lambda session, name: tasks.claim(session, row.id, name)


def counts(database, job_id):
    (row,) = rows(database, job_id)
    return row.state, row.lost, row.interrupted


def claimed(database, job_id, name):
    with database.writing() as session:
        assert claiming(database, job_id)(session, name) is not None


def test_a_worker_that_dies_alone_is_counted_against_its_evaluation(database, job, sweeper):
    sweeper.lose(claiming(database, job), "w", "other worker", "api")
    assert counts(database, job) == ("pending", 1, 0)


def test_a_worker_that_dies_with_another_part_is_not(database, job, sweeper):
    sweeper.beat("api", "api")
    sweeper.later(20.0, "another worker")
    sweeper.lose(claiming(database, job), "w", "another worker")
    assert counts(database, job) == ("pending", 1, 0)  # the api had stopped long before it
    for name in ("api", "v"):
        sweeper.beat(name)
    sweeper.look()
    claimed(database, job, "v")
    sweeper.look()
    sweeper.beat("api", "api")  # its last, within seconds of the worker's
    sweeper.later(60.0, "another worker")
    sweeper.sweep()
    assert counts(database, job) == ("pending", 1, 1)


def test_three_kills_of_the_whole_stack_count_against_nothing(database, queue, job, work):
    for _ in range(3):
        before = SteppedSweeper(database, queue)
        before.beat("w")
        before.look()
        claimed(database, job, "w")
        before.look()
        after = SteppedSweeper(database, queue)  # everything died, and was started again
        after.later(30.0, "the new worker")
        after.sweep()
    assert counts(database, job) == ("pending", 0, 3)
    work()
    assert state_of(database, job) == "succeeded"


def test_a_worker_that_lives_but_was_cut_off_is_not_counted(database, job, sweeper):
    sweeper.beat("w")
    sweeper.look()
    claimed(database, job, "w")
    sweeper.later(20.0, "w")
    sweeper.sweep()
    assert counts(database, job) == ("pending", 0, 1)


def test_a_worker_that_signed_off_is_not_counted(database, job, sweeper):
    sweeper.beat("w")
    sweeper.look()
    claimed(database, job, "w")
    with database.writing() as session:
        session.delete(session.get(PartRow, "w"))
    sweeper.later(20.0)
    sweeper.sweep()
    assert counts(database, job) == ("pending", 0, 1)


def interrupted(database, queue, job_id, again=None):
    """As when the whole stack is killed while something is held."""
    (again or (lambda: claimed(database, job_id, "w")))()
    after = SteppedSweeper(database, queue)
    after.later(30.0)
    after.sweep()


def said(database, job_id):
    with database.reading() as session:
        return notices(session, [jobs.get(session, job_id)]).get(job_id)


def test_a_job_that_the_platform_keeps_interrupting_is_paused_with_the_reason(
    database, queue, job, work, client
):
    for number in range(MOST_INTERRUPTED):
        assert state_of(database, job) == "running", number
        interrupted(database, queue, job)
    assert state_of(database, job) == "paused"
    assert "no fault of the job's" in said(database, job)
    told = client.get(f"/v1/jobs/{job}").json()
    assert (told["state"], told["failure"]) == ("paused", None)
    assert told["notice"].startswith("Paused: 5 times in a row the service was stopped")
    actions.resume(database, "default", job)
    assert said(database, job) is None
    queue.lose_everything()
    interrupted(database, queue, job)  # it counts anew
    assert state_of(database, job) == "running"
    enqueue(database, queue, job)
    work()
    assert state_of(database, job) == "succeeded"


def test_a_job_whose_steps_the_platform_keeps_interrupting_is_paused_too(database, queue, submitted, worker):
    job_id = submitted()

    def vanish():
        import dataclasses

        def end(_problem):
            raise SystemExit

        with pytest.raises(SystemExit):
            run_advance(dataclasses.replace(worker, plan=end), job_id)

    for _ in range(MOST_INTERRUPTED):
        interrupted(database, queue, job_id, vanish)
    assert state_of(database, job_id) == "paused"
    with database.reading() as session:
        assert jobs.get(session, job_id).advance_lost == 0


def test_a_step_that_ends_its_own_workers_fails_the_job(database, submitted, sweeper):
    job_id = submitted()

    def claim(session, name):
        row = jobs.locked(session, job_id)
        row.needs_advance, row.advance_until, row.advance_worker = False, 9.0 + row.advance_attempt, name
        row.advance_attempt += 1
        return row

    for number in range(3):
        sweeper.lose(claim, f"w{number}")
    assert state_of(database, job_id) == "failed"
    with pytest.raises(StoredFailure) as failure:
        actions.result(database, "default", job_id)
    assert failure.value.detail.type.endswith(":worker-lost")


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_jumps_by_an_hour_takes_no_claim_away_from_the_living_and_frees_those_of_the_dead(
    database, queue, submitted, worker, sweeper, work, hours
):
    """The store's clock is set while claims are held: all times in it are then an hour off."""
    kept, lost = submitted(), submitted()
    for job_id in (kept, lost):
        run_advance(worker, job_id)
    for name in ("living", "dying"):
        sweeper.beat(name)
    sweeper.look()
    claimed(database, lost, "dying")
    with database.writing() as session:
        held = claiming(database, kept)(session, "living")
    sweeper.look()
    jump(database, hours)
    for _ in range(10):
        with database.writing() as session:
            assert tasks.renew(session, held)
        sweeper.later(3.0, "living")
        sweeper.sweep()
    assert counts(database, kept) == ("running", 0, 0)
    assert counts(database, lost) == ("pending", 1, 0)
    assert said(database, kept) is None
    queue.lose_everything()
    jump(database, hours)
    sweeper.later(10.0, "living")
    sweeper.sweep()
    with database.writing() as session:
        tasks.release(session, held)
    work()
    assert state_of(database, lost) == "succeeded"


def jump(database, hours):
    """As if the clock had been set by so many hours: what was written before it says another time."""
    with database.writing() as session:
        for row, columns in (
            (TaskRow, ("lease_until", "enqueued_at", "not_before", "started_at")),
            (JobRow, ("advance_until", "advance_enqueued_at", "cancel_requested_at")),
            (PartRow, ("seen_at", "started_at")),
        ):
            for column in columns:
                session.execute(update(row).values({column: getattr(row, column) - 3600.0 * hours}))
