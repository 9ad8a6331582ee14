"""The healthcheck of containers: what goes on is well, what is silent is ended. And passwords come by files."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from service.operations import probe
from service.repositories import parts
from service.settings import Settings

STORES = ["sqlite"]


@pytest.fixture
def sweeper(database, monkeypatch):
    """A process that looks like a sweeper, and does nothing."""
    monkeypatch.setenv("ORICHALCUM_DATABASE_URL", database.url)
    monkeypatch.setattr(probe, "BEGINNING_SECONDS", 0.0)
    process = subprocess.Popen([sys.executable, "-c", "input()", "service.sweeper"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def beat(database, host):
    with database.writing() as session:
        parts.beat(session, f"sweeper-{host}", parts.Beat(host, 1, part="sweeper"))


def test_a_part_that_beats_is_well_and_one_that_is_silent_is_ended(database, sweeper, monkeypatch):
    monkeypatch.setattr(probe.socket, "gethostname", lambda: "here")
    beat(database, "here")
    assert probe.main(["sweeper"], parent=os.getpid()) == 0
    assert sweeper.poll() is None
    monkeypatch.setattr(probe.socket, "gethostname", lambda: "elsewhere")
    assert probe.main(["sweeper"], parent=os.getpid()) == 1
    assert sweeper.wait(60) == -9


def test_a_part_that_has_just_begun_or_whose_store_is_away_is_left_alone(sweeper, monkeypatch):
    monkeypatch.setattr(probe, "BEGINNING_SECONDS", 300.0)
    assert probe.main(["sweeper"], parent=os.getpid()) == 1
    monkeypatch.setattr(probe, "BEGINNING_SECONDS", 0.0)
    monkeypatch.setenv("ORICHALCUM_DATABASE_URL", "sqlite:////no/such/folder/store.sqlite3")
    assert probe.main(["sweeper"], parent=os.getpid()) == 1
    assert sweeper.poll() is None


def test_passwords_are_read_from_files_and_put_into_addresses_that_have_none(tmp_path, monkeypatch):
    for name, text in {
        "database_password": "p@ss/word\n",
        "broker_password": "secret",
        "api_key": "ori_x",
    }.items():
        (tmp_path / f"orichalcum_{name}").write_text(text)
    monkeypatch.setenv("ORICHALCUM_SECRETS", str(tmp_path))
    monkeypatch.setenv("ORICHALCUM_DATABASE_URL", "postgresql+psycopg://orichalcum@postgres/orichalcum")
    monkeypatch.setenv("ORICHALCUM_BROKER_URL", "redis://redis:6379/0")
    found = Settings()
    assert found.store_url() == "postgresql+psycopg://orichalcum:p%40ss%2Fword@postgres/orichalcum"
    assert found.queue_url() == "redis://:secret@redis:6379/0"
    assert found.api_key.get_secret_value() == "ori_x"
    told = str(found.redacted())
    assert not [secret for secret in ("p%40ss", "p@ss", "secret", "ori_x") if secret in told]
    monkeypatch.setenv("ORICHALCUM_BROKER_URL", "redis://:own@redis:6379/0")
    assert Settings().queue_url() == "redis://:own@redis:6379/0"
