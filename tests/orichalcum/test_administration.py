"""What an administrator does on the command line: keys, settings, backups, the store's tables."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from orichalcum.cli import app
from service.access import keys
from service.settings import sqlite_url
from service.tables.database import Database


@pytest.fixture
def run(tmp_path, monkeypatch):
    for name in ("ORICHALCUM_DATABASE_URL", "ORICHALCUM_BROKER_URL"):
        monkeypatch.delenv(name, raising=False)

    def running(*arguments: str, data: str = "data", code: int = 0):
        done = CliRunner().invoke(app, [*arguments, "--data", str(tmp_path / data)], env={"COLUMNS": "200"})
        assert done.exit_code == code, done.output
        return done

    return running


@pytest.fixture
def accepted(tmp_path):
    """Whether the service would accept a key."""

    def found(key: str) -> bool:
        database = Database(sqlite_url(tmp_path / "data" / "orichalcum.sqlite3"))
        with database.reading() as session:
            row = keys.found(session, key)
        database.close()
        return row is not None

    return found


def listed(run) -> list[list[str]]:
    return [line.split("\t") for line in run("keys", "list").stdout.splitlines() if "\t" in line]


def test_a_key_is_made_rotated_and_revoked_and_its_secret_is_shown_once(run, accepted):
    first = run("keys", "create", "--tenant", "lab", "--scopes", "read", "--name", "bench").stdout.split()[0]
    assert accepted(first)
    identifier = first.split("_")[1]
    second = run("keys", "rotate", identifier, "--grace-days", "2").stdout.split()[0]
    assert second != first
    assert accepted(first)
    assert accepted(second)
    rows = listed(run)
    assert [row[1:3] for row in rows] == [["lab", "read"]] * 2
    assert {row[4] == "never" for row in rows} == {True, False}  # the old one now has an end
    told = run("keys", "list").output
    assert first.split("_", 2)[2] not in told
    assert second.split("_", 2)[2] not in told
    run("keys", "revoke", identifier)
    assert not accepted(first)
    assert accepted(second)
    run("keys", "rotate", second.split("_")[1], "--grace-days", "0")
    assert not accepted(second)


@pytest.mark.parametrize(
    "arguments",
    [
        ("keys", "rotate", "nothing"),
        ("keys", "revoke", "nothing"),
        ("keys", "create", "--tenant", "UPPER"),
        ("keys", "create", "--scopes", "all"),
        ("keys", "create", "--expires-days", "-1"),
        ("backup", "no/such/folder/file"),
        ("restore", "no-such-file"),
    ],
)
def test_what_cannot_be_done_is_refused_with_code_2_and_a_reason(run, arguments):
    done = run(*arguments, code=2)
    assert "Traceback" not in done.output
    assert len(done.output) > 20


def test_a_backup_is_restored_into_a_new_store_with_its_keys(run, tmp_path):
    run("keys", "create", "--tenant", "lab")
    before = listed(run)
    run("backup", str(tmp_path / "saved"))
    run("backup", str(tmp_path / "saved"), code=2)  # never over another
    run("restore", str(tmp_path / "saved"), data="other")
    again = CliRunner().invoke(app, ["keys", "list", "--data", str(tmp_path / "other")])
    assert [line.split("\t") for line in again.stdout.splitlines() if "\t" in line] == before
    run("restore", str(tmp_path / "saved"), data="other", code=2)  # it is not empty any more


def test_the_settings_are_printed_without_passwords(run, monkeypatch):
    monkeypatch.setenv("ORICHALCUM_BROKER_URL", "redis://:hunter2@broker:6379/0")
    done = run("settings")
    told = json.loads(done.stdout)
    assert told["broker_url"] == "redis://:***@broker:6379/0"
    assert "hunter2" not in done.output


def test_migrating_twice_does_no_harm(run):
    run("migrate")
    run("migrate")
    assert listed(run) == []
