"""Backups: from each kind of store into each, whole or not at all; with the checkpoints of tasks."""

from __future__ import annotations

import dataclasses
import gzip
import json

import pytest
from sqlalchemy import inspect, select, text

from service.access import keys
from service.lifecycle.dispatch import enqueue
from service.operations import backup
from service.operations.backup import BackupRefused
from service.tables.checkpoints import CheckpointRow
from service.tables.database import Database
from service.tables.schema import METADATA
from service.tables.tasks import TaskRow
from service.work.in_store import WorkInStore
from service.worker.advance import run_advance

BYTES = bytes(range(256)) * 1000


def contents(database):
    with database.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table)).all()))
            for table in METADATA.sorted_tables
        }


@pytest.fixture
def filled(database, queue, submitted, work, worker):
    """A store with a finished job, a queued one, one whose task has a checkpoint, and a key."""
    job_id = submitted()
    enqueue(database, queue, job_id)
    work()
    submitted(tenant="alpha", priority="high", time_limit=5.0)
    run_advance(worker, submitted())
    with database.writing() as session:
        keys.create(session, "alpha", ["read"])
        task = session.scalars(select(TaskRow).where(TaskRow.state == "pending")).one()
        saved = CheckpointRow(task_id=task.id, job_id=task.job_id, attempt=1, data=BYTES, saved_at=1.5)
        session.add(saved)
    return database


def test_a_restored_store_holds_every_row_of_the_saved_one(filled, tmp_path):
    counts = backup.save(filled, tmp_path / "saved")
    other = Database(f"sqlite:///{tmp_path / 'other.sqlite3'}")
    assert backup.restore(other, tmp_path / "saved") == counts
    assert (counts["jobs"], counts["tasks"], counts["api_keys"], counts["checkpoints"]) == (3, 4, 1, 1)
    assert contents(other) == contents(filled)
    other.close()


def test_a_backup_of_sqlite_goes_into_postgresql_and_work_goes_on_there(
    postgresql_server, database, filled, submitted, queue, worker, tmp_path
):
    backup.save(filled, tmp_path / "saved")
    other = Database(postgresql_server.create(f"restored_{filled.engine.dialect.name}"))
    backup.restore(other, tmp_path / "saved")
    assert contents(other) == contents(filled)
    with other.reading() as session:
        waiting = session.execute(text("SELECT id FROM jobs WHERE state = 'queued'")).scalar_one()
    there = dataclasses.replace(worker, work=WorkInStore(other, queue, "w"))
    run_advance(there, waiting)  # new ids follow the restored ones
    with other.reading() as session:
        assert session.execute(text("SELECT count(*) FROM tasks")).scalar_one() == 5
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


def test_a_backup_of_an_older_version_is_restored_and_brought_up_to_date(database, tmp_path):
    """The rows are those that version 0004 had, whatever the tables are called now."""
    job = {
        "id": "0" * 26,
        "tenant": "default",
        "name": "old",
        "kind": "scan",
        "state": "running",
        "problem": '{"kind": "scan", "strategy": {"max_evaluations": 40}}',
        "cancel_requested": False,
        "evaluations_planned": 40,
        "evaluations_done": 0,
        "created_at": 1.0,
        "last_event": 0,
        "needs_advance": False,
        "advance_attempt": 0,
        "advance_lost": 0,
    }
    evaluation = {
        "id": 7,
        "job_id": "0" * 26,
        "number": 0,
        "suggestion": '{"index": 0, "composition": {}}',
        "state": "pending",
        "attempt": 0,
        "lost": 0,
        "created_at": 1.0,
    }
    lines = [
        {"format": "orichalcum-backup", "version": 1, "revision": "0004"},
        {"table": "jobs", "row": job},
        {"table": "evaluations", "row": evaluation},
        {"end": {"jobs": 1, "evaluations": 1}},
    ]
    saved = tmp_path / "old"
    saved.write_bytes(gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode()))
    other = Database(f"sqlite:///{tmp_path / 'other.sqlite3'}")
    backup.restore(other, saved)
    with other.reading() as session:
        row = session.scalars(select(TaskRow)).one()
    assert (row.id, row.unit, row.index, row.tier, row.background) == (
        7,
        "relaxation",
        0,
        "mean_field",
        False,
    )
    other.close()
