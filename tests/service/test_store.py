"""The store: migrations, its clock, transactions, and values that evaluations share."""

from __future__ import annotations

import itertools
import threading
import time

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from service.operations import migration
from service.repositories.references import SqlReferenceStore
from service.tables.database import Database, now
from service.tables.identifiers import new_identifier
from service.tables.schema import METADATA, TABLES


def test_the_migrations_make_exactly_the_tables_of_the_models(database):
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    assert {table.__tablename__ for table in TABLES} <= set(inspect(database.engine).get_table_names())


def test_migrating_down_and_up_again_works_and_up_twice_changes_nothing(database):
    migration.downgrade(database)
    assert set(inspect(database.engine).get_table_names()) <= {"alembic_version", "sqlite_sequence"}
    migration.upgrade(database)
    migration.upgrade(database)
    assert "jobs" in inspect(database.engine).get_table_names()


def test_the_stores_clock_is_seconds_since_1970_with_milliseconds(database):
    moments = [time.time()]
    for _ in range(2):
        with database.reading() as session:
            moments.append(now(session))
        time.sleep(0.02)
        moments.append(time.time())
    assert all(earlier < later + 0.002 for earlier, later in itertools.pairwise(moments))
    assert moments[3] - moments[1] > 0.015


def test_a_store_in_a_folder_with_strange_characters_is_found_again(tmp_path):
    from service.settings import Settings

    folder = tmp_path / "with space, 100% & ?question#hash"
    folder.mkdir()
    database = Database(Settings(data=folder).store_url())
    migration.upgrade(database)
    database.close()
    assert (folder / "orichalcum.sqlite3").exists()


def test_writers_wait_for_each_other_and_none_is_lost(database):
    store = SqlReferenceStore(database)
    threads = [threading.Thread(target=store.put, args=(f"key {i}", {"i": i})) for i in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.get(f"key {i}") for i in range(20)] == [{"i": i} for i in range(20)]


def test_an_exception_in_a_transaction_leaves_nothing_behind(database):
    from service.tables.references import ReferenceRow

    def broken():
        with database.writing() as session:
            session.add(ReferenceRow(key="k", value="{}", created_at=0.0))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert SqlReferenceStore(database).get("k") is None


def test_a_shared_value_keeps_every_digit_and_the_first_one_stays(database):
    store = SqlReferenceStore(database)
    value = {"q": [0.1 + 0.2, 1e-300, -1.7976931348623157e308], "x": {"a": None}}
    store.put("k" * 2000, value)
    store.put("k" * 2000, {"q": []})
    assert store.get("k" * 2000) == value
    assert store.get("k" * 1999) is None


def test_identifiers_sort_by_the_order_in_which_they_were_made():
    made = [new_identifier() for _ in range(1000)]
    assert made == sorted(set(made))
    assert {len(identifier) for identifier in made} == {26}
