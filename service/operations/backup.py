"""Backup of a store into one file, and back: the same for SQLite and PostgreSQL, and from the one into the other.

The file is gzipped JSON lines: first what it is, then one row of a table a line, all from one state of the store. Bytes
are base64.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, LargeBinary, MetaData, RowMapping, Table, func, select, text

from service.operations import migration
from service.tables.database import Database

FORMAT = "orichalcum-backup"
BATCH = 200
"""Rows that are read or written at a time; of a table with bytes, which may be long, one."""


class BackupRefused(Exception):  # noqa: N818
    """The file or the store is not as it must be; the message says what to mend."""


def save(database: Database, path: Path) -> dict[str, int]:
    """Write the whole store to ``path``; the service may go on working meanwhile.

    Returns:
        Number of rows of each table.

    Raises:
        BackupRefused: if the store has no tables, or the file exists.
        OSError: if the file cannot be written.
    """
    if path.exists():
        raise BackupRefused(f"{path} exists; give another name")
    unfinished = path.with_name(path.name + ".part")
    with database.engine.connect() as plain:
        connection = _of_one_state(plain)
        revision = MigrationContext.configure(connection).get_current_revision()
        if revision is None:
            raise BackupRefused("the store has no tables yet; there is nothing to save")
        metadata = MetaData()
        metadata.reflect(connection)
        counts: dict[str, int] = {}
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as raw, gzip.open(raw, "wt", encoding="utf-8") as file:
            _write(file, {"format": FORMAT, "version": 1, "revision": revision})
            for table in _in_order(metadata):
                counts[table.name] = 0
                rows = connection.execution_options(yield_per=_batch(table)).execute(select(table))
                for row in rows.mappings():
                    _write(file, {"table": table.name, "row": _plain(row)})
                    counts[table.name] += 1
            _write(file, {"end": counts})
    unfinished.replace(path)
    return counts


def restore(database: Database, path: Path) -> dict[str, int]:
    """Fill an empty store from a backup, and bring it up to this version's tables.

    Returns:
        Number of rows of each table.

    Raises:
        BackupRefused: if the file is no whole backup, comes from a newer version, or the store holds anything.
        OSError: if the file cannot be read.
    """
    expected = _checked(path)
    revision = _revision(path)
    _check_known(revision)
    if _is_new(database):
        migration.upgrade(database, revision)
    with database.engine.execution_options(writing=True).connect() as connection:
        if MigrationContext.configure(connection).get_current_revision() != revision:
            raise BackupRefused("the store is in use by another version; restore into a new, empty store")
        metadata = MetaData()
        metadata.reflect(connection)
        tables = {table.name: table for table in _in_order(metadata)}
        for table in tables.values():
            if connection.execute(select(func.count()).select_from(table)).scalar_one():
                raise BackupRefused(f"the store already holds {table.name}; restore into a new, empty store")
        _insert(connection, tables, path)
        if connection.dialect.name == "postgresql":
            for table in tables.values():
                _go_on_counting(connection, table)
        connection.commit()
    migration.upgrade(database)
    return expected


def _of_one_state(connection: Connection) -> Connection:
    if connection.dialect.name == "postgresql":
        return connection.execution_options(isolation_level="REPEATABLE READ")
    return connection


def _in_order(metadata: MetaData) -> list[Table]:
    return [table for table in metadata.sorted_tables if table.name != "alembic_version"]


def _go_on_counting(connection: Connection, table: Table) -> None:
    """Have PostgreSQL number new rows behind the restored ones, where it numbers them."""
    if "id" not in table.columns or table.columns["id"].server_default is None:
        return
    connection.execute(
        text(
            f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), coalesce(max(id), 0) + 1, false) "  # noqa: S608
            f"FROM {table.name}"
        )
    )


def _bytes_of(table: Table) -> list[str]:
    """Names of the columns that hold bytes."""
    return [column.name for column in table.columns if isinstance(column.type, LargeBinary)]


def _batch(table: Table) -> int:
    return 1 if _bytes_of(table) else BATCH


def _plain(row: RowMapping) -> dict[str, Any]:
    """A row as JSON can hold it."""
    return {
        name: base64.b64encode(value).decode() if isinstance(value, (bytes, memoryview)) else value
        for name, value in row.items()
    }


def _write(file: TextIO, item: dict[str, Any]) -> None:
    file.write(json.dumps(item, separators=(",", ":")) + "\n")


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)
    except (gzip.BadGzipFile, EOFError, ValueError):
        raise BackupRefused(f"{path} is no backup of Orichalcum, or is damaged") from None


def _revision(path: Path) -> str:
    return str(next(_lines(path))["revision"])


def _checked(path: Path) -> dict[str, int]:
    """Read all of it once before anything is written: a file that was cut off must change nothing."""
    lines = _lines(path)
    head = next(lines, {})
    if head.get("format") != FORMAT or head.get("version") != 1:
        raise BackupRefused(f"{path} is no backup of Orichalcum that this version can read")
    counted: dict[str, int] = {}
    expected: dict[str, int] | None = None
    for item in lines:
        if "end" in item:
            expected = item["end"]
        else:
            counted[item["table"]] = counted.get(item["table"], 0) + 1
    if expected is None or {name: count for name, count in expected.items() if count} != counted:
        raise BackupRefused(f"{path} is not complete")
    return expected


def _check_known(revision: str) -> None:
    script = ScriptDirectory(str(Path(migration.__file__).parent / "migrations"))
    if revision not in {known.revision for known in script.walk_revisions()}:
        raise BackupRefused(
            f"the backup comes from a newer version (tables of {revision}); install that first"
        )


def _is_new(database: Database) -> bool:
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() is None


def _insert(connection: Connection, tables: dict[str, Table], path: Path) -> None:
    waiting: list[dict[str, Any]] = []
    current = ""
    for item in _lines(path):
        if "table" not in item:
            continue
        table = tables[item["table"]]
        if table.name != current or len(waiting) >= _batch(table):
            if waiting:
                connection.execute(tables[current].insert(), waiting)
            waiting, current = [], table.name
        row: dict[str, Any] = item["row"]
        waiting.append(row | {name: base64.b64decode(row[name]) for name in _bytes_of(table)})
    if waiting:
        connection.execute(tables[current].insert(), waiting)
