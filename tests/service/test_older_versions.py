"""Jobs under way while the version changes: they go on, or say why not; and tenants stay apart on the way."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select, text, update

from service.access import keys
from service.http.refusals import StoredFailure
from service.lifecycle import actions, finish
from service.lifecycle.dispatch import enqueue
from service.lifecycle.sweeper import end_cancelled, end_overdue
from service.operations import migration
from service.repositories import idempotency, jobs, tasks
from service.repositories.references import SqlReferenceStore
from service.tables.jobs import JobRow
from service.tables.tasks import TaskRow
from service.worker.advance import run_advance
from service.worker.perform import run_task
from tests.service.conftest import PROBLEM
from tests.service.test_tasks import rows, state_of

REVISIONS = ["0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010"]


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_queue_at_work_goes_on_after_its_store_was_brought_up(
    database, queue, submitted, worker, work, sweeper, revision
):
    """A queued job, one with an evaluation under way, and one that is paused, with the messages of the old version."""
    queued, at_work, paused, done = (submitted() for _ in range(4))
    enqueue(database, queue, done)
    work()
    for job_id in (queued, at_work, paused):
        enqueue(database, queue, job_id)
    run_advance(worker, at_work)
    run_advance(worker, paused)
    actions.pause(database, "default", paused)
    with database.writing() as session:
        held = tasks.claim(session, rows(database, at_work)[0].id, "of the old version")
    result = actions.result(database, "default", done)
    migration.downgrade(database, revision)
    migration.upgrade(database)
    assert actions.result(database, "default", done) == result
    with database.writing() as session:
        assert tasks.renew(session, held)  # it may still be at work
    sweeper.look()
    sweeper.later()
    sweeper.sweep()  # and then vanishes
    assert actions.resume(database, "default", paused).state == "running"
    enqueue(database, queue, paused)
    work()
    assert {state_of(database, job_id) for job_id in (queued, at_work, paused)} == {"succeeded"}


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_belongs_to_tenants_is_the_same_after_going_down_and_up(
    database, queue, submitted, worker, work, client, revision
):
    for tenant in ("alpha", "beta"):
        job_id = submitted(tenant=tenant)
        enqueue(database, queue, job_id)
        work()
        with database.writing() as session:
            keys.create(session, tenant, ["read"])
            idempotency.remember(session, tenant, "k", job_id, "{}")
        SqlReferenceStore(database, tenant).put("f" * 64, {"of": tenant})
        idempotency.reserve(database, tenant, "same key", tenant)
        submitted(tenant=tenant)
    before = belongings(database)
    migration.downgrade(database, revision)
    migration.upgrade(database)
    assert belongings(database) == before
    for tenant in ("alpha", "beta"):
        assert SqlReferenceStore(database, tenant).get("f" * 64) == {"of": tenant}
    assert SqlReferenceStore(database).get("f" * 64) is None


def belongings(database):
    """All rows that name a tenant, and the tasks of whose jobs."""
    queries = (
        "SELECT tenant, id, state, problem FROM jobs",
        "SELECT jobs.tenant, tasks.number, tasks.state, tasks.record FROM tasks JOIN jobs ON jobs.id = job_id",
        "SELECT tenant, id, digest, scopes FROM api_keys",
        "SELECT tenant, key, digest FROM idempotency_keys",
        "SELECT key, value FROM reference_values",
        "SELECT name, label, value FROM tallies",
    )
    with database.engine.connect() as connection:
        return [sorted(map(repr, connection.execute(text(query)).all())) for query in queries]


OLD = json.dumps({"unit": "relaxation", "fractions": [0.1, 0.9]})


def with_old(database, job_id, **columns):
    with database.writing() as session:
        session.execute(update(TaskRow).where(TaskRow.job_id == job_id, TaskRow.index == 0).values(**columns))


@pytest.fixture
def begun(database, queue, submitted, work):
    """A job with one stored evaluation and two that wait."""
    job_id = submitted()
    enqueue(database, queue, job_id)
    work(limit=3)
    return job_id


def test_a_job_whose_records_another_version_wrote_fails_and_says_so(database, queue, begun, worker, work):
    with_old(database, begun, record=OLD)
    work()
    with pytest.raises(StoredFailure) as failure:
        actions.result(database, "default", begun)
    assert "another version wrote it" in failure.value.detail.detail
    assert "composition: Field required" in failure.value.detail.detail


def test_a_job_whose_tasks_another_version_wrote_fails_and_says_so(database, submitted, worker):
    job_id = submitted()
    run_advance(worker, job_id)
    with_old(database, job_id, task=json.dumps({"index": 0, "point": [0.5]}))
    run_task(worker, rows(database, job_id)[0].id)
    with pytest.raises(StoredFailure) as failure:
        actions.result(database, "default", job_id)
    assert "a task of this job was stored in a form" in failure.value.detail.detail


def test_a_job_whose_problem_this_version_does_not_know_fails_and_says_so(database, submitted, worker):
    job_id = submitted()
    with database.writing() as session:
        session.execute(update(JobRow).values(problem=json.dumps({"kind": "walk", "name": "old"})))
    run_advance(worker, job_id)
    with pytest.raises(StoredFailure) as failure:
        actions.result(database, "default", job_id)
    assert "is not known here" in failure.value.detail.detail


@pytest.mark.parametrize("how", ["cancelled", "out of time"])
def test_a_job_of_another_version_that_ends_early_says_why_it_has_no_answer_and_holds_up_no_other(
    database, queue, begun, submitted, work, how
):
    other = submitted(time_limit=100.0)
    queue.lose_everything()
    enqueue(database, queue, other)
    work(limit=3)
    with_old(database, begun, record=OLD)
    with database.writing() as session:
        session.execute(
            update(JobRow).values(time_limit=100.0, started_at=JobRow.started_at - 120.0)
            if how == "out of time"
            else update(JobRow).values(state="cancelling", cancel_requested_at=JobRow.created_at - 60.0)
        )
    end_overdue(database, queue) if how == "out of time" else end_cancelled(database)
    assert state_of(database, begun) == ("failed" if how == "out of time" else "cancelled")
    with pytest.raises(StoredFailure) as failure:
        actions.result(database, "default", begun)
    assert "another version wrote it" in failure.value.detail.detail
    assert state_of(database, other) == ("succeeded" if how == "out of time" else "cancelled")
    reason = "time_limit" if how == "out of time" else "cancelled"
    assert actions.result(database, "default", other).stopped.reason == reason


def test_one_thing_that_cannot_be_mended_keeps_no_other_from_it(
    database, queue, submitted, work, monkeypatch
):
    jobs_of = [submitted() for _ in range(3)]
    for job_id in jobs_of:
        enqueue(database, queue, job_id)
    work(limit=6)
    with database.writing() as session:
        session.execute(
            update(JobRow).values(state="cancelling", cancel_requested_at=JobRow.created_at - 60.0)
        )
    right = finish.cancel

    def failing(session, job):
        if job.id == jobs_of[0]:
            raise RuntimeError
        right(session, job)

    monkeypatch.setattr("service.lifecycle.finish.cancel", failing)
    end_cancelled(database)
    assert [state_of(database, job_id) for job_id in jobs_of] == ["cancelling", "cancelled", "cancelled"]


def test_what_another_version_stored_is_409_where_it_is_asked_for_and_hides_no_list(
    client, database, queue, work
):
    job_id = client.post("/v1/jobs", json=PROBLEM).json()["id"]
    work()
    with_old(database, job_id, record=OLD)
    with database.writing() as session:
        values = {"result": json.dumps({"kind": "optimize"}), "best": json.dumps({"number": 3})}
        session.execute(update(JobRow).values(**values))
        assert session.scalars(select(JobRow.state)).all() == ["succeeded"]
    for path in ("result", "evaluations"):
        answer = client.get(f"/v1/jobs/{job_id}/{path}")
        assert answer.status_code == 409, answer.text
        assert answer.json()["type"] == "urn:orichalcum:problem:stored-by-another-version"
    assert client.get("/v1/jobs").json()["items"][0]["progress"]["best"] is None
    assert client.get(f"/v1/jobs/{job_id}").status_code == 200
    with database.reading() as session:
        assert jobs.get(session, job_id) is not None


def test_events_and_maps_of_what_another_version_stored_are_problem_details(client, database, work):
    job_id = client.post("/v1/jobs", json=PROBLEM).json()["id"]
    work()
    with_old(database, job_id, record=OLD)
    answer = client.get(f"/v1/jobs/{job_id}/events")
    told = [int(line.removeprefix("id: ")) for line in answer.text.splitlines() if line.startswith("id: ")]
    assert told == list(range(1, told[-1] + 1))  # all that can be read, and then the stream ends
    answer = client.get(f"/v1/jobs/{job_id}/events", headers={"Last-Event-ID": str(told[-1])})
    assert (answer.status_code, answer.json()["type"]) == (
        409,
        "urn:orichalcum:problem:stored-by-another-version",
    )
    assert client.get(f"/v1/jobs/{job_id}/events", headers={"Last-Event-ID": str(told[-1] + 1)}).is_success
    with database.writing() as session:
        session.execute(update(JobRow).values(problem=json.dumps({"kind": "walk", "name": "old"})))
    answer = client.get(f"/v1/jobs/{job_id}/map")
    assert (answer.status_code, answer.json()["type"]) == (
        409,
        "urn:orichalcum:problem:stored-by-another-version",
    )


def test_a_batch_whose_first_task_an_older_version_did_alone_goes_on(
    database, queue, submitted, worker, work, sweeper
):
    job_id = submitted()
    enqueue(database, queue, job_id)
    work(limit=3)  # the first batch, and the step that asks for two more
    with database.writing() as session:
        session.execute(update(TaskRow).where(TaskRow.index == 2).values(leader=1))
        first = session.scalars(select(TaskRow).where(TaskRow.index == 1)).one()
        done = session.scalars(select(TaskRow.record).where(TaskRow.index == 0)).one()
        first.state, first.record = "done", done.replace('"index":0', '"index":1')
        session.execute(update(JobRow).values(evaluations_done=2))
    queue.lose_everything()
    enqueue(database, queue, job_id)
    work()
    assert state_of(database, job_id) == "running"  # nobody takes what follows a task that is done
    sweeper.sweep()
    work()
    assert state_of(database, job_id) == "succeeded"
    assert [row.leader for row in rows(database, job_id)] == [None, None, None]
