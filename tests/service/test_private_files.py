"""What the service writes is for its user alone, whatever the umask."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from service.operations import backup, migration
from service.operations.preconditions import held, writable
from service.settings import sqlite_url
from service.stack.children import Child, stop_all
from service.tables.database import Database
from tests.service.conftest import running_broker


@pytest.fixture
def lax_umask():
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> dict[str, str]:
    found = {path: path.lstat().st_mode for path in (folder, *folder.rglob("*"))}
    return {path.name: oct(stat.S_IMODE(mode)) for path, mode in found.items() if mode & 0o077}


def test_data_folder_store_logs_sockets_and_backups_are_private_whatever_the_umask(lax_umask, tmp_path):
    data = writable(tmp_path / "data")
    os.umask(0)  # of a process that was not started by the supervisor
    database = Database(sqlite_url(data / "orichalcum.sqlite3"))
    migration.upgrade(database)
    with database.writing():
        assert {path.name for path in data.iterdir()} >= {"orichalcum.sqlite3", "orichalcum.sqlite3-wal"}
        assert open_to_others(data) == {}
    saved = tmp_path / "saved"
    backup.save(database, saved)
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    database.close()

    writable(data)  # as the supervisor does, whose children have its umask
    with held(data / "lock"), running_broker(data) as (broker, _):
        made = f"open({str(data / 'made')!r}, 'w')"
        child = Child("x", [sys.executable, "-c", made], {**os.environ}, data / "x.log")
        child.start()
        child.process.wait()
        stop_all([child], 1.0)
        assert stat.S_ISSOCK(broker.socket.lstat().st_mode)
        assert {"lock", "x.log", "broker", "made"} <= {path.name for path in data.iterdir()}
        assert open_to_others(data) == {}


def test_what_an_older_version_left_open_is_closed(lax_umask, tmp_path):
    data = tmp_path / "data"
    (data / "logs").mkdir(parents=True)
    for path in (data / "orichalcum.sqlite3", data / "logs" / "api.log"):
        path.write_text("")
    (data / "elsewhere").symlink_to(tmp_path)
    tmp_path.chmod(0o755)
    writable(data)
    assert {name for name in open_to_others(data) if name != "elsewhere"} == set()
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_second_connection_drops_no_lock_of_the_first(tmp_path):
    """Else the next process that closes takes the store for its own, and deletes what the living write to."""
    path = tmp_path / "orichalcum.sqlite3"
    database = Database(sqlite_url(path))
    migration.upgrade(database)
    with database.reading() as first:
        first.execute(text("SELECT count(*) FROM jobs"))
        with database.reading() as second:
            second.execute(text("SELECT count(*) FROM jobs"))
        other = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT 1 FROM jobs'); c.close()"
        subprocess.run([sys.executable, "-c", other, str(path)], check=True)
        assert path.with_name(path.name + "-wal").exists()
    database.close()
