"""Priorities, limits of time, backoff, expiry, the cache of evaluations, and computations that do not return."""

from __future__ import annotations

import dataclasses
import threading
import time

import pytest
from sqlalchemy import select, update

from service.http.refusals import NotFound
from service.lifecycle import actions
from service.lifecycle.dispatch import enqueue
from service.lifecycle.sweeper import Sweeper, delete_old, end_overdue
from service.queue.messenger import Route
from service.queue.queues import every_queue, queue_of, queues_for
from service.repositories import jobs, tallies, tasks
from service.settings import Settings
from service.tables.jobs import JobRow
from service.tables.tasks import TaskRow
from service.worker import lease as lease_module
from service.worker.advance import run_advance
from service.worker.perform import run_task
from tests.service.conftest import PROBLEM, each, fake_perform
from tests.service.test_tasks import rows, state_of
from tests.waiting import HANG_SECONDS


def begun_before(database, job_id, seconds):
    with database.writing() as session:
        session.execute(
            update(JobRow).where(JobRow.id == job_id).values(started_at=JobRow.started_at - seconds)
        )


def test_priority_and_time_limit_are_taken_and_told(client, queue):
    answer = client.post("/v1/jobs", json=PROBLEM, params={"priority": "high", "time_limit": 60})
    assert answer.status_code == 202
    told = client.get(answer.headers["location"]).json()
    assert (told["priority"], told["time_limit"]) == ("high", 60)
    for wrong in ({"priority": "urgent"}, {"time_limit": 0}, {"time_limit": "nan"}):
        refused = client.post("/v1/jobs", json=PROBLEM, params=wrong)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "/" + next(iter(wrong))


def test_the_messages_of_a_job_carry_its_priority(database, submitted, queue, monkeypatch):
    routes = []
    monkeypatch.setattr(queue, "advance", lambda _job, route: routes.append(route) or True)
    for priority in ("low", "high", "normal"):
        enqueue(database, queue, submitted(priority=priority))
    # A step goes before the tasks of its priority: it is short, and a job without one has no turn.
    assert routes == [Route("orichalcum", 3), Route("orichalcum", 0), Route("orichalcum", 0)]


def test_a_routed_potential_has_a_queue_that_only_fitting_workers_serve():
    routes = Settings(routes="sevennet-l3i5=cuda, sevennet-0=any").routes
    assert queue_of("sevennet-l3i5", routes) == "orichalcum.sevennet-l3i5.cuda"
    assert queue_of("another", routes) == "orichalcum"
    assert queues_for("cpu", routes) == ["orichalcum", "orichalcum.sevennet-0.any"]
    assert queues_for("cuda", routes) == every_queue(routes)
    with pytest.raises(ValueError, match="POTENTIAL=cuda"):
        Settings(routes="sevennet-0=tpu")


def test_a_running_job_ends_at_its_time_limit_with_the_best_so_far(database, queue, submitted, work):
    job_id = submitted(time_limit=100.0)
    enqueue(database, queue, job_id)
    work(limit=3)  # step, evaluation 0, step
    end_overdue(database, queue)
    assert state_of(database, job_id) == "running"
    begun_before(database, job_id, 101)
    end_overdue(database, queue)
    work()
    assert state_of(database, job_id) == "succeeded"
    result = actions.result(database, "default", job_id)
    assert (result.stopped.reason, len(result.evaluations)) == ("time_limit", 1)
    assert result.best.composition["cation"]["Na"] == 0.1


def test_a_job_ends_at_its_time_limit_when_no_worker_is_alive(database, queue, submitted, work):
    job_id = submitted(time_limit=100.0)
    enqueue(database, queue, job_id)
    work(limit=2)
    queue.lose_everything()
    begun_before(database, job_id, 120)
    end_overdue(database, queue)
    assert state_of(database, job_id) == "succeeded"
    assert actions.result(database, "default", job_id).stopped.reason == "time_limit"


def test_a_computation_is_interrupted_at_the_time_limit(database, queue, submitted, worker, monkeypatch):
    monkeypatch.setattr(lease_module, "LOOK_SECONDS", 0.02)
    job_id = submitted(time_limit=100.0)
    run_advance(worker, job_id)
    begun_before(database, job_id, 101)
    interrupted = threading.Event()

    def endless(_problem, _task, workplace):
        while not interrupted.wait(0.02):
            try:
                workplace.on_call()
            except lease_module.Interrupted:
                interrupted.set()
                raise

    run_task(dataclasses.replace(worker, perform=each(endless)), rows(database, job_id)[0].id)
    assert interrupted.is_set()


def test_an_evaluation_waits_after_its_second_lost_worker_and_not_after_its_first(
    database, queue, submitted, worker, sweeper
):
    job_id = submitted()
    run_advance(worker, job_id)
    evaluation_id = rows(database, job_id)[0].id
    for lost in (1, 2):
        queue.lose_everything()
        sweeper.lose(lambda session, name: tasks.claim(session, evaluation_id, name), f"w{lost}")
        assert queue.tasks == ([evaluation_id] if lost == 1 else [])
    with database.writing() as session:
        session.execute(update(TaskRow).values(not_before=TaskRow.not_before - 5.1))
    sweeper.sweep()
    assert queue.tasks == [evaluation_id]
    with database.reading() as session:
        assert tallies.total(session, "leases_lost") == 2


def test_an_evaluation_that_kills_its_workers_fails_its_own_job_and_no_other(
    database, queue, submitted, worker, work, sweeper
):
    poisoned, healthy = submitted(), submitted()
    run_advance(worker, poisoned)
    evaluation_id = rows(database, poisoned)[0].id
    for lost in range(3):
        sweeper.lose(lambda session, name: tasks.claim(session, evaluation_id, name), f"w{lost}")
        queue.tasks.clear()
    enqueue(database, queue, healthy)
    work()
    assert (state_of(database, poisoned), state_of(database, healthy)) == ("failed", "succeeded")


def test_the_same_point_is_computed_once_for_a_tenant_and_again_for_another(
    database, queue, submitted, worker
):
    computed = []

    def counting(problem, task, workplace):
        computed.append(task.composition["cation"]["Na"])
        return fake_perform(problem, task, workplace)

    counted = dataclasses.replace(worker, perform=each(counting))
    results = []
    for tenant in ("alpha", "alpha", "beta"):
        job_id = submitted(tenant=tenant)
        enqueue(database, queue, job_id)
        while queue.advances or queue.tasks:
            if queue.advances:
                run_advance(counted, queue.advances.pop(0))
            else:
                run_task(counted, queue.tasks.pop(0))
        results.append(actions.result(database, tenant, job_id))
    assert computed == [0.1, 0.2, 0.3, 0.1, 0.2, 0.3]
    assert results[0] == results[1] == results[2]
    with database.reading() as session:
        assert tallies.total(session, "cache_hits") == 3
        assert tallies.total(session, "evaluations", "sevennet-0") == 6


def test_a_supercell_is_taken_from_the_cache_whatever_was_told_before_it_was_asked_for():
    from api_schemas.problem import Problem
    from api_schemas.supercells import SupercellRecord, SupercellTask
    from service.worker.content import content_key
    from service.worker.perform import _in_place

    problem = Problem.model_validate(PROBLEM)
    given = {
        "index": 4,
        "evaluation": 0,
        "composition": {"cation": {"Na": 0.5, "K": 0.5}},
        "tier": "mean_field",
    }
    assert {"after"} <= SupercellTask.model_fields.keys() & SupercellRecord.model_fields.keys()
    tasks = [SupercellTask.model_construct(**given, after=after) for after in (None, 5, 7)]
    assert len({content_key(problem, task, "cpu") for task in tasks}) == 1
    cached = SupercellRecord.model_construct(index=0, evaluation=3, after=5)
    taken = _in_place(cached, tasks[0])
    assert (taken.index, taken.evaluation, taken.after) == (4, 0, None)


def test_an_evaluation_under_other_conditions_is_not_taken_from_the_cache(worker):
    from api_schemas.evaluations import Suggestion
    from api_schemas.problem import Problem
    from service.worker.content import content_key

    point = Suggestion(index=0, composition={"cation": {"Na": 0.5, "K": 0.5}})
    problem = Problem.model_validate(PROBLEM)
    key = content_key(problem, point, "cpu")
    assert key == content_key(
        problem.model_copy(update={"name": "another"}), point.model_copy(update={"index": 7}), "cpu"
    )
    others = [
        content_key(problem, point, "cuda"),
        content_key(
            problem, point.model_copy(update={"composition": {"cation": {"Na": 0.6, "K": 0.4}}}), "cpu"
        ),
        content_key(Problem.model_validate({**PROBLEM, "conditions": {"pressure": 1}}), point, "cpu"),
        content_key(
            Problem.model_validate({**PROBLEM, "potential": {"name": "sevennet-l3i5"}}), point, "cpu"
        ),
    ]
    assert len({key, *others}) == 5


def test_a_call_that_does_not_return_after_cancelling_ends_its_process_and_gives_the_evaluation_back(
    database, submitted, worker, monkeypatch
):
    monkeypatch.setattr(lease_module, "LOOK_SECONDS", 0.02)
    monkeypatch.setitem(lease_module.PATIENCE, "cancelled", 0.05)
    job_id, ended = submitted(), threading.Event()
    run_advance(worker, job_id)
    seen = []

    def deaf(problem, task, workplace):
        actions.cancel(database, "default", job_id)
        assert ended.wait(HANG_SECONDS)  # one long call: it never looks at on_call
        seen.extend((row.state, row.lost) for row in rows(database, job_id))
        return fake_perform(problem, task, workplace)

    abandoning = dataclasses.replace(worker, perform=each(deaf), abandon=ended.set)
    run_task(abandoning, rows(database, job_id)[0].id)
    assert seen == [("pending", 0)]


def test_finished_jobs_are_deleted_after_the_days_of_the_settings(database, queue, submitted, work, sweeper):
    old, young, active = submitted(), submitted(), submitted()
    for job_id in (old, young):
        enqueue(database, queue, job_id)
    work()
    with database.writing() as session:
        session.execute(
            update(JobRow).where(JobRow.id == old).values(finished_at=JobRow.finished_at - 3 * 86_400)
        )
    sweeper.sweep()
    Sweeper(database, queue, keep_days=2).sweep()
    with database.reading() as session:
        assert jobs.get(session, old) is None
        assert jobs.get(session, young) is not None
        assert jobs.get(session, active) is not None
        left = session.scalars(select(TaskRow.job_id).distinct()).all()
    assert old not in left
    with pytest.raises(NotFound):
        actions.result(database, "default", old)


def test_a_worker_whose_clock_is_wrong_by_an_hour_computes_and_stores_as_any_other(
    database, queue, submitted, work, monkeypatch, sweeper
):

    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() + 3600.0)
    job_id = submitted()
    enqueue(database, queue, job_id)
    work(limit=2)
    with database.reading() as session:
        row = session.scalars(select(TaskRow).where(TaskRow.job_id == job_id)).first()
        assert abs(row.finished_at - right()) < 60
    sweeper.sweep()
    work()
    assert state_of(database, job_id) == "succeeded"


def test_a_sweeper_is_heard_of_at_each_old_job_that_it_deletes(database, queue, submitted, work):
    for _ in range(3):
        enqueue(database, queue, submitted())
    work()
    with database.reading() as session:
        assert set(session.scalars(select(JobRow.state))) == {"succeeded"}
    heard: list[int] = []

    def alive() -> None:
        with database.reading() as session:
            heard.append(len(session.scalars(select(JobRow.id)).all()))

    delete_old(database, -1.0, alive)
    assert heard == [3, 2, 1]
