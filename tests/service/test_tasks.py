"""The two tasks of a worker: claims, leases, fencing, and what becomes of a job when something goes wrong."""

from __future__ import annotations

import dataclasses
import json
import threading

import pytest
from sqlalchemy import select, update

from api_schemas.errors import FieldError, ProblemInvalid
from api_schemas.evaluations import Suggestion
from engine.potentials.errors import WeightsUnavailable
from engine.units.unit import Workplace
from service.http.refusals import Conflict, StoredFailure
from service.lifecycle import actions
from service.lifecycle.dispatch import enqueue
from service.lifecycle.sweeper import end_cancelled
from service.repositories import jobs, tasks
from service.tables.jobs import JobRow
from service.tables.tasks import TaskRow
from service.worker import lease as lease_module
from service.worker.advance import run_advance
from service.worker.perform import run_task
from tests.service.conftest import each, fake_perform
from tests.waiting import wait_for


def state_of(database, job_id):
    with database.reading() as session:
        return jobs.get(session, job_id).state


def rows(database, job_id):
    with database.reading() as session:
        return session.scalars(select(TaskRow).where(TaskRow.job_id == job_id).order_by(TaskRow.index)).all()


def test_a_job_runs_from_submission_to_result(database, queue, submitted, work):
    job_id = submitted()
    enqueue(database, queue, job_id)
    work()
    result = actions.result(database, "default", job_id)
    assert state_of(database, job_id) == "succeeded"
    assert result.stopped.message == "3 are enough"
    assert result.best.composition["cation"]["Na"] == 0.3
    assert [row.index for row in rows(database, job_id)] == [0, 1, 2]
    assert all(row.state == "done" and row.attempt == 1 for row in rows(database, job_id))


def test_of_very_many_records_each_is_assessed_by_itself(database, queue, submitted, work, monkeypatch):
    monkeypatch.setattr("service.worker.perform.ASSESSED_RECORDS", 1)
    job_id = submitted()
    enqueue(database, queue, job_id)
    work()
    stored = [json.loads(row.record)["assessment"] for row in rows(database, job_id)]
    assert [(one["loss"], one["feasible"], one["best"]) for one in stored] == [
        (1.0, True, 1.0),
        (1.0, True, None),
        (1.0, True, None),
    ]


def test_messages_that_come_twice_change_nothing(database, queue, submitted, worker):
    job_id = submitted()
    for _ in range(3):
        run_advance(worker, job_id)
    assert len(rows(database, job_id)) == 1
    task_id = rows(database, job_id)[0].id
    for _ in range(3):
        run_task(worker, task_id)
    assert rows(database, job_id)[0].attempt == 1
    with database.reading() as session:
        assert jobs.get(session, job_id).evaluations_done == 1


def test_steps_of_one_job_at_the_same_moment_insert_its_evaluations_once(database, submitted, worker):
    job_id = submitted()
    threads = [threading.Thread(target=run_advance, args=(worker, job_id)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [row.index for row in rows(database, job_id)] == [0]


def test_only_one_of_many_workers_gets_a_claim(database, submitted, worker):
    job_id = submitted()
    run_advance(worker, job_id)
    task_id = rows(database, job_id)[0].id
    claims = []

    def claim(name):
        with database.writing() as session:
            claims.append(tasks.claim(session, task_id, name))

    threads = [threading.Thread(target=claim, args=(f"w{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(claim is not None for claim in claims) == 1


def test_the_late_result_of_an_expired_attempt_is_refused(database, queue, submitted, worker, work, sweeper):
    job_id = submitted()
    run_advance(worker, job_id)
    task_id = rows(database, job_id)[0].id
    with database.writing() as session:
        frozen = tasks.claim(session, task_id, "frozen worker")
    sweeper.later()
    sweeper.sweep()
    work(limit=1)  # another worker computes it under attempt 2
    late = fake_perform(frozen.problem, Suggestion.model_validate_json(frozen.task), Workplace())
    with database.writing() as session:
        assert not tasks.renew(session, frozen)
        assert not tasks.store(session, frozen, late.model_copy(update={"energy_per_atom": 99.0}), None)
        assert not tasks.release(session, frozen)
    row = rows(database, job_id)[0]
    assert (row.attempt, row.lost, row.state) == (2, 0, "done")
    assert "99.0" not in row.record


def test_a_lease_that_is_renewed_is_not_taken_away(database, submitted, worker, sweeper):
    job_id = submitted()
    run_advance(worker, job_id)
    with database.writing() as session:
        claim = tasks.claim(session, rows(database, job_id)[0].id, "w")
    for _ in range(5):
        sweeper.later(tasks.LEASE_SECONDS - 2)
        sweeper.sweep()
        with database.writing() as session:
            assert tasks.renew(session, claim)
    assert rows(database, job_id)[0].state == "running"


def test_the_lease_thread_renews_while_the_computation_lasts(database, submitted, worker, monkeypatch):
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.05)
    monkeypatch.setattr(lease_module, "LOOK_SECONDS", 0.02)
    job_id = submitted()
    run_advance(worker, job_id)
    leases = []

    def slow(problem, task, workplace):
        def renewed() -> bool:
            workplace.on_call()
            leases.append(rows(database, job_id)[0].lease_until)
            return leases[-1] > leases[0]

        wait_for(renewed, "the renewal", pause=0.05)
        return fake_perform(problem, task, workplace)

    run_task(dataclasses.replace(worker, perform=each(slow)), rows(database, job_id)[0].id)
    assert leases[-1] > leases[0]
    assert rows(database, job_id)[0].state == "done"


def test_three_workers_lost_by_themselves_fail_the_job(database, submitted, worker, sweeper):
    job_id = submitted()
    run_advance(worker, job_id)
    task_id = rows(database, job_id)[0].id
    for lost in (1, 2, 3):
        sweeper.lose(lambda session, name: tasks.claim(session, task_id, name), f"w{lost}")
        assert state_of(database, job_id) == ("failed" if lost == 3 else "running")
    with pytest.raises(StoredFailure) as failure:
        actions.result(database, "default", job_id)
    assert failure.value.detail.type == "urn:orichalcum:problem:worker-lost"


def test_a_worker_that_vanishes_in_the_middle_of_a_step_is_replaced(
    database, queue, submitted, worker, work, sweeper
):
    job_id = submitted()

    def vanish(problem):
        raise SystemExit  # leaves the claim as a killed process does

    with pytest.raises(SystemExit):
        run_advance(dataclasses.replace(worker, plan=vanish), job_id)
    assert not rows(database, job_id)
    sweeper.later()
    sweeper.sweep()
    work()
    assert state_of(database, job_id) == "succeeded"


def test_the_sweeper_sends_again_what_the_broker_lost(database, queue, submitted, work, sweeper):
    job_id = submitted()
    enqueue(database, queue, job_id)
    queue.lose_everything()
    sweeper.sweep()
    assert not queue.depth()  # too early to tell
    sweeper.later()
    sweeper.sweep()
    assert work(limit=1) == 1
    queue.lose_everything()
    sweeper.later()
    sweeper.sweep()
    work()
    assert state_of(database, job_id) == "succeeded"


def test_sweeping_twice_sends_nothing_twice(database, queue, submitted, sweeper):
    submitted()
    sweeper.sweep()
    sweeper.sweep()
    assert queue.depth() == 1


def test_a_job_submitted_while_the_broker_is_down_runs_when_it_is_back(
    database, queue, submitted, work, sweeper
):
    queue.broken = True
    job_id = submitted()
    enqueue(database, queue, job_id)
    sweeper.sweep()
    queue.broken = False
    sweeper.sweep()
    work()
    assert state_of(database, job_id) == "succeeded"


def test_few_evaluations_of_a_job_are_in_the_queue_at_a_time(database, queue, submitted, worker, monkeypatch):
    monkeypatch.setattr("tests.service.conftest.BATCHES", (30, 0))
    job_id = submitted()
    run_advance(worker, job_id)
    assert len(rows(database, job_id)) == 30
    assert len(queue.tasks) == 4
    run_task(worker, queue.tasks.pop(0))
    assert len(queue.tasks) == 4


def test_an_exception_fails_the_job_and_its_text_is_not_told(database, queue, submitted, worker):
    job_id = submitted()
    run_advance(worker, job_id)

    def broken(*_args, **_kwargs):
        raise RuntimeError("secret path /home/someone")

    run_task(dataclasses.replace(worker, perform=each(broken)), rows(database, job_id)[0].id)
    with pytest.raises(StoredFailure) as failure:
        actions.result(database, "default", job_id)
    assert failure.value.detail.type.endswith(":evaluation-failed")
    assert "secret" not in failure.value.detail.model_dump_json()


def test_missing_weights_fail_the_job_and_say_what_to_do(database, submitted, worker):
    job_id = submitted()
    run_advance(worker, job_id)

    def broken(*_args, **_kwargs):
        raise WeightsUnavailable("put the wheel there")

    run_task(dataclasses.replace(worker, perform=each(broken)), rows(database, job_id)[0].id)
    with pytest.raises(StoredFailure) as failure:
        actions.result(database, "default", job_id)
    assert failure.value.detail.detail == "put the wheel there"


def test_a_problem_that_turns_out_invalid_fails_the_job_with_its_pointers(database, submitted, worker):
    def broken(problem):
        raise ProblemInvalid([FieldError(pointer="/structure/a", type="bad", message="too small; raise it")])

    job_id = submitted()
    run_advance(dataclasses.replace(worker, plan=broken), job_id)
    with pytest.raises(StoredFailure) as failure:
        actions.result(database, "default", job_id)
    assert failure.value.detail.errors[0].pointer == "/structure/a"


def test_a_record_with_a_number_that_is_not_finite_is_never_stored(database, submitted, worker):
    job_id = submitted()
    run_advance(worker, job_id)

    def infinite(*args, **kwargs):
        record = fake_perform(*args, **kwargs)
        value = record.properties["lattice_a"].model_copy(update={"value": float("nan")})
        return record.model_copy(update={"properties": {"lattice_a": value}})

    run_task(dataclasses.replace(worker, perform=each(infinite)), rows(database, job_id)[0].id)
    assert state_of(database, job_id) == "failed"


def test_a_worker_that_is_told_to_stop_gives_its_evaluation_back_uncounted(
    database, queue, submitted, worker, sweeper
):
    job_id = submitted()
    run_advance(worker, job_id)
    queue.lose_everything()
    run_task(dataclasses.replace(worker, stopping=lambda: True), rows(database, job_id)[0].id)
    row = rows(database, job_id)[0]
    assert (row.state, row.lost) == ("pending", 0)
    sweeper.sweep()
    assert queue.tasks == [row.id]


def test_a_queued_job_is_cancelled_at_once_with_an_empty_result(database, submitted):
    job_id = submitted()
    job = actions.cancel(database, "default", job_id)
    assert job.state == "cancelled"
    result = actions.result(database, "default", job_id)
    assert result.best is None
    assert result.stopped.reason == "cancelled"
    assert result.provenance.potential.licence == "MIT"


def test_cancelling_interrupts_the_computation_and_keeps_the_best_so_far(
    database, queue, submitted, worker, work, monkeypatch
):
    monkeypatch.setattr(lease_module, "LOOK_SECONDS", 0.02)
    job_id = submitted()
    enqueue(database, queue, job_id)
    work(limit=3)  # step, evaluation 0, step
    interrupted = threading.Event()

    def endless(problem, task, workplace):
        actions.cancel(database, "default", job_id)
        while not interrupted.wait(0.01):
            try:
                workplace.on_call()
            except lease_module.Interrupted:
                interrupted.set()
                raise

    run_task(dataclasses.replace(worker, perform=each(endless)), queue.tasks.pop(0))
    assert interrupted.is_set()
    assert state_of(database, job_id) == "cancelled"
    result = actions.result(database, "default", job_id)
    assert result.best.composition["cation"]["Na"] == 0.1
    assert result.stopped.message == "cancelled after 1 evaluation"
    assert [row.state for row in rows(database, job_id)] == ["done"]


def test_a_job_is_cancelled_with_its_best_so_far_when_no_worker_is_alive(
    database, queue, submitted, work, monkeypatch, sweeper
):
    monkeypatch.setattr("service.lifecycle.sweeper.CANCEL_GRACE_SECONDS", 600.0)
    job_id = submitted()
    enqueue(database, queue, job_id)
    work(limit=3)
    assert actions.cancel(database, "default", job_id).state == "cancelling"
    end_cancelled(database)
    assert state_of(database, job_id) == "cancelling"  # workers are given some time
    with database.writing() as session:
        session.execute(update(JobRow).values(cancel_requested_at=JobRow.cancel_requested_at - 601.0))
    end_cancelled(database)
    assert state_of(database, job_id) == "cancelled"
    assert actions.result(database, "default", job_id).best.composition["cation"]["Na"] == 0.1


def test_a_paused_job_starts_nothing_and_goes_on_when_resumed(database, queue, submitted, work):
    job_id = submitted()
    enqueue(database, queue, job_id)
    work(limit=1)
    actions.pause(database, "default", job_id)
    work()
    assert [row.state for row in rows(database, job_id)] == ["pending"]
    actions.resume(database, "default", job_id)
    enqueue(database, queue, job_id)
    work()
    assert state_of(database, job_id) == "succeeded"


def test_a_job_paused_during_its_first_step_goes_on_when_resumed(database, queue, submitted, worker, work):
    job_id = submitted()

    class Paused(worker.plan):
        def ask(self, n=None):
            actions.pause(database, "default", job_id)
            return super().ask()

    run_advance(dataclasses.replace(worker, plan=Paused), job_id)
    assert not rows(database, job_id)
    assert actions.resume(database, "default", job_id).state == "queued"
    enqueue(database, queue, job_id)
    work()
    assert state_of(database, job_id) == "succeeded"


def test_what_was_being_computed_when_the_job_was_paused_is_stored(database, submitted, worker):
    job_id = submitted()
    run_advance(worker, job_id)

    def pausing(*args, **kwargs):
        actions.pause(database, "default", job_id)
        return fake_perform(*args, **kwargs)

    run_task(dataclasses.replace(worker, perform=each(pausing)), rows(database, job_id)[0].id)
    assert rows(database, job_id)[0].state == "done"
    assert state_of(database, job_id) == "paused"


def test_an_active_job_cannot_be_deleted_and_a_finished_one_leaves_nothing_behind(
    database, queue, submitted, work
):
    job_id = submitted()
    with pytest.raises(Conflict):
        actions.delete(database, "default", job_id)
    enqueue(database, queue, job_id)
    work()
    actions.delete(database, "default", job_id)
    assert not rows(database, job_id)
    with database.reading() as session:
        assert jobs.get(session, job_id) is None


def test_a_result_that_comes_after_its_job_was_deleted_is_dropped(database, submitted, worker):
    job_id = submitted()
    run_advance(worker, job_id)

    def deleting(*args, **kwargs):
        with database.writing() as session:
            jobs.remove(session, jobs.locked(session, job_id))
        return fake_perform(*args, **kwargs)

    run_task(dataclasses.replace(worker, perform=each(deleting)), rows(database, job_id)[0].id)
    assert not rows(database, job_id)
