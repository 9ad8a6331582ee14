"""Stores with all tables, of SQLite and of PostgreSQL."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from service.operations import migration
from service.tables.database import Database
from tests.service import postgresql


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests of the service are run on both stores, where they or their module name no others; other tests on SQLite."""
    if "database" in metafunc.fixturenames:
        of_service = metafunc.module.__name__.startswith("tests.service.")
        stores = getattr(metafunc.module, "STORES", ["sqlite", "postgresql"] if of_service else ["sqlite"])
        if named := metafunc.definition.get_closest_marker("stores"):
            stores = named.args
        metafunc.parametrize("database", stores, indirect=True)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgresql.Server]:
    if not postgresql.is_installed():
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL is not installed, and under CI nothing may be left out")
        pytest.skip("PostgreSQL is not installed")
    with postgresql.server() as server:
        yield server


def _migrated(url: str) -> None:
    database = Database(url)
    migration.upgrade(database)
    database.close()


@cache
def _sqlite_template(folder: Path) -> Path:
    """A store with all tables, to be copied: its migrations take longer than most tests."""
    file = folder / "template.sqlite3"
    _migrated(f"sqlite:///{file}")
    return file


@cache
def _postgresql_template(server: postgresql.Server) -> str:
    name = f"template_{secrets.token_hex(6)}"
    _migrated(server.create(name))
    return name


@pytest.fixture
def database(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    if request.param == "postgresql":
        server: postgresql.Server = request.getfixturevalue("postgresql_server")
        url = server.create(f"test_{secrets.token_hex(6)}", _postgresql_template(server))
    else:
        file = tmp_path / "store.sqlite3"
        shutil.copyfile(_sqlite_template(tmp_path_factory.getbasetemp()), file)
        url = f"sqlite:///{file}"
    database = Database(url)
    yield database
    database.close()
