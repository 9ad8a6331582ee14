"""Migrations with data in the tables, up and down: nothing is lost, and nothing goes to another tenant."""

from __future__ import annotations

import json

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import func, inspect, select, text, update

from api_schemas.tasks import Task
from service.access import keys
from service.lifecycle import actions
from service.lifecycle.dispatch import enqueue
from service.operations import migration
from service.repositories import asking, jobs, tasks
from service.repositories.references import SqlReferenceStore
from service.tables.jobs import JobRow
from service.tables.schema import METADATA
from service.tables.tasks import TaskRow
from service.worker.advance import run_advance


def one(database, query):
    with database.engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()


def contents(database, *tables):
    with database.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table)).all()))
            for table in METADATA.sorted_tables
            if table.name in tables
        }


@pytest.fixture
def finished(database, queue, submitted, work):
    """A finished job of the default tenant."""
    job_id = submitted()
    enqueue(database, queue, job_id)
    work()
    return job_id


def test_down_and_up_again_keeps_jobs_evaluations_and_results(database, finished):
    result = actions.result(database, "default", finished)
    before = contents(database, "tasks", "events", "maps")
    migration.downgrade(database, "0001")
    assert one(database, "SELECT count(*) FROM evaluations") == 3
    assert "tenant" not in {column["name"] for column in inspect(database.engine).get_columns("jobs")}
    migration.upgrade(database)
    assert actions.result(database, "default", finished) == result
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    after = contents(database, "tasks", "events", "maps")
    assert len(after["tasks"]) == len(before["tasks"])
    assert after["events"] == before["events"]


def test_the_last_step_down_and_up_keeps_every_column_of_every_task(database, submitted, worker, finished):
    run_advance(worker, submitted())  # and one that has a pending task
    before = contents(database, "tasks")
    migration.downgrade(database, "0004")
    migration.upgrade(database)
    assert contents(database, "tasks") == before


def test_jobs_that_verify_others_outlive_the_column_that_names_these(database, submitted, finished):
    child = submitted(parent=finished)
    migration.downgrade(database, "0005")
    assert "parent" not in {column["name"] for column in inspect(database.engine).get_columns("jobs")}
    migration.upgrade(database)
    with database.reading() as session:
        assert jobs.get(session, child).parent is None
        assert jobs.get(session, finished).state == "succeeded"


def test_ids_of_tasks_go_on_where_they_were_also_where_the_last_were_deleted(database, submitted, worker):
    job_id = submitted()
    run_advance(worker, job_id)
    last = one(database, "SELECT max(id) FROM tasks")
    with database.writing() as session:
        tasks.drop_unfinished(session, job_id)
    migration.downgrade(database, "0004")
    migration.upgrade(database)
    run_advance(worker, submitted())
    assert one(database, "SELECT min(id) FROM tasks") > last


def test_a_job_under_way_goes_on_after_going_down_and_up(database, queue, submitted, work):
    job_id = submitted()
    enqueue(database, queue, job_id)
    work(limit=2)
    migration.downgrade(database, "0004")
    migration.upgrade(database)
    work()
    assert len(actions.result(database, "default", job_id).evaluations) == 3


def test_a_job_that_was_under_way_before_and_ends_at_once_keeps_its_best(database, queue, submitted, work):
    job_id = submitted()
    enqueue(database, queue, job_id)
    work(limit=3)
    migration.downgrade(database, "0004")
    migration.upgrade(database)
    with database.writing() as session:
        job = jobs.locked(session, job_id)
        assert (job.standing, job.told) == (None, 0)
        from service.lifecycle import finish

        finish.cancel(session, job)
    result = actions.result(database, "default", job_id)
    assert result.best == result.evaluations[0]
    assert result.provenance.potential.licence == "MIT"


def test_a_limit_that_nobody_set_is_taken_out_of_scans_and_listed_evaluations_only(database, submitted):
    written = {
        ("optimize", 40): True,
        ("scan", 40): False,
        ("scan", 39): True,
        ("evaluate", 40): False,
    }
    ids = {}
    for kind, limit in written:
        ids[kind, limit] = submitted()
        problem = {"kind": kind, "name": "Ω", "strategy": {"max_evaluations": limit, "seed": 3}}
        with database.writing() as session:
            values = {"kind": kind, "problem": json.dumps(problem)}
            session.execute(update(JobRow).where(JobRow.id == ids[kind, limit]).values(values))
    migration.downgrade(database, "0004")
    migration.upgrade(database)
    for case, job_id in ids.items():
        stored = json.loads(one(database, f"SELECT problem FROM jobs WHERE id = '{job_id}'"))  # noqa: S608
        assert ("max_evaluations" in stored["strategy"]) is written[case]
        assert (stored["name"], stored["strategy"]["seed"]) == ("Ω", 3)


@pytest.mark.parametrize("what", ["unit", "tier", "kind"])
def test_going_down_is_refused_while_jobs_have_what_the_older_version_does_not_know(
    database, submitted, finished, what
):
    job_id = submitted()
    asked = {"unit": Task(index=0, unit="walk"), "tier": Task(index=0, unit="relaxation", tier="shifted")}
    with database.writing() as session:
        job = jobs.locked(session, job_id)
        if what == "kind":
            job.kind = "walk"
        else:
            asking.add(session, job, [[asked[what]]])
    before = contents(database, "jobs", "tasks")
    with pytest.raises(CommandError, match="1 job of kinds, units or tiers"):
        migration.downgrade(database, "0004")
    assert contents(database, "jobs", "tasks") == before
    with database.writing() as session:
        jobs.remove(session, jobs.locked(session, job_id))
    migration.downgrade(database, "0004")
    assert one(database, "SELECT count(*) FROM evaluations") == 3


def test_what_evaluations_share_stops_nobody_from_going_down_once_its_job_is_finished(database, submitted):
    job_id = submitted()
    with database.writing() as session:
        shared = Task(index=0, unit="reference", background=True, counted=False)
        asking.add(session, jobs.locked(session, job_id), [[shared], [Task(index=0, unit="relaxation")]])
    with pytest.raises(CommandError, match="1 job is under way"):
        migration.downgrade(database, "0004")
    actions.cancel(database, "default", job_id)
    with database.writing() as session:
        session.execute(update(JobRow).values(state="cancelled"))
        session.execute(update(TaskRow).values(state="done", record="{}"))
    migration.downgrade(database, "0004")
    assert one(database, "SELECT count(*) FROM evaluations") <= 1
    migration.upgrade(database)


def test_going_down_never_moves_what_belongs_to_one_tenant_to_another(database, submitted, finished):
    theirs = submitted(tenant="alpha")
    with database.writing() as session:
        key = keys.create(session, "beta", ["read"])
    SqlReferenceStore(database, "gamma").put("0" * 64, {"calls": 1})
    SqlReferenceStore(database).put("0" * 64, {"calls": 1})
    before = contents(database, "jobs", "tasks", "api_keys", "reference_values")
    with pytest.raises(
        CommandError, match=r"1 job and 1 valid API key and 1 shared value.*alpha, beta, gamma"
    ):
        migration.downgrade(database, "0001")
    assert contents(database, "jobs", "tasks", "api_keys", "reference_values") == before
    migration.downgrade(database, "0002")  # tenants are known there
    migration.upgrade(database)
    with database.writing() as session:
        jobs.remove(session, jobs.locked(session, theirs))
        keys.revoke(session, key.id)
        session.execute(text("DELETE FROM reference_values WHERE key LIKE 'gamma/%'"))
    migration.downgrade(database, "0001")
    assert one(database, "SELECT count(*) FROM jobs") == 1
    migration.upgrade(database)
    with database.reading() as session:
        assert session.scalars(select(JobRow.tenant)).all() == ["default"]
        assert session.execute(select(func.count()).select_from(TaskRow)).scalar_one() == 3
