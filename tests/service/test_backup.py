"""Backups: from each kind of store into each, whole or not at all; and migrations with data in the tables."""

from __future__ import annotations

import gzip

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text

from service.access import keys
from service.lifecycle import actions
from service.lifecycle.dispatch import enqueue
from service.operations import backup, migration
from service.operations.backup import BackupRefused
from service.tables.database import Database
from service.tables.schema import METADATA, TABLES

STORES = ["sqlite", "postgresql"]


def contents(database):
    with database.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table)).all()))
            for table in METADATA.sorted_tables
        }


@pytest.fixture
def filled(database, queue, submitted, work):
    """A store with a finished job, a queued one, and a key."""
    job_id = submitted()
    enqueue(database, queue, job_id)
    work()
    submitted(tenant="alpha", priority="high", time_limit=5.0)
    with database.writing() as session:
        keys.create(session, "alpha", ["read"])
    return database


def test_a_restored_store_holds_every_row_of_the_saved_one(filled, tmp_path):
    counts = backup.save(filled, tmp_path / "saved")
    other = Database(f"sqlite:///{tmp_path / 'other.sqlite3'}")
    assert backup.restore(other, tmp_path / "saved") == counts
    assert (counts["jobs"], counts["evaluations"], counts["api_keys"]) == (2, 3, 1)
    assert contents(other) == contents(filled)
    other.close()


def test_a_backup_of_sqlite_goes_into_postgresql_and_work_goes_on_there(
    postgresql_server, database, filled, submitted, queue, worker, tmp_path
):
    import dataclasses

    from service.worker.advance import run_advance

    backup.save(filled, tmp_path / "saved")
    other = Database(postgresql_server.create(f"restored_{filled.engine.dialect.name}"))
    backup.restore(other, tmp_path / "saved")
    assert contents(other) == contents(filled)
    with other.reading() as session:
        waiting = session.execute(text("SELECT id FROM jobs WHERE state = 'queued'")).scalar_one()
    run_advance(dataclasses.replace(worker, database=other), waiting)  # new ids follow the restored ones
    with other.reading() as session:
        assert session.execute(text("SELECT count(*) FROM evaluations")).scalar_one() == 4
    other.close()


def test_a_damaged_file_or_a_used_store_is_refused_and_nothing_changes(filled, tmp_path):
    saved = tmp_path / "saved"
    backup.save(filled, saved)
    with pytest.raises(BackupRefused, match="exists"):
        backup.save(filled, saved)
    before = contents(filled)
    with pytest.raises(BackupRefused, match="already holds"):
        backup.restore(filled, saved)
    assert contents(filled) == before
    lines = gzip.decompress(saved.read_bytes()).splitlines(keepends=True)
    damaged = {
        "cut": saved.read_bytes()[:-50],
        "text": b"hello",
        "incomplete": gzip.compress(b"".join(lines[:-2])),
        "newer": gzip.compress(b"".join([lines[0].replace(b'"revision":"', b'"revision":"9'), *lines[1:]])),
    }
    for name, content in damaged.items():
        (tmp_path / name).write_bytes(content)
        other = Database(f"sqlite:///{tmp_path / name}.sqlite3")
        with pytest.raises(BackupRefused):
            backup.restore(other, tmp_path / name)
        assert not inspect(other.engine).get_table_names()
        other.close()


def test_a_backup_may_be_read_by_its_owner_only(filled, tmp_path):
    backup.save(filled, tmp_path / "saved")
    assert (tmp_path / "saved").stat().st_mode & 0o077 == 0


def test_migrations_down_and_up_again_keep_the_jobs_and_their_evaluations(filled, database):
    job_id = next(row for row in contents(filled)["jobs"] if "succeeded" in row).split("'")[1]
    result = actions.result(filled, "default", job_id)
    migration.downgrade(filled, "0001")
    with filled.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM evaluations")).scalar_one() == 3
        assert "tenant" not in {column["name"] for column in inspect(connection).get_columns("jobs")}
    migration.upgrade(filled)
    assert actions.result(filled, "default", job_id) == result
    with filled.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    assert len(TABLES) == 9
