"""What a watcher is told of a job that waits."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from orichalcum import noticing
from orichalcum.exceptions import OrichalcumError
from orichalcum.noticing import Noticing
from tests.waiting import HANG_SECONDS


class Waiting:
    """A job that says one thing after the other; an exception is raised."""

    def __init__(self, *said: object) -> None:
        self._said = list(said)
        self.heard = threading.Event()

    def refresh(self):
        if not self._said:
            self.heard.set()
            return SimpleNamespace(notice=None)
        said = self._said.pop(0)
        if isinstance(said, Exception):
            raise said
        return SimpleNamespace(notice=said)


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(noticing, "LOOK_SECONDS", 0.01)


def test_each_new_notice_is_told_once_also_after_a_service_that_was_away():
    told: list[str] = []
    job = Waiting(None, "no worker", "no worker", OrichalcumError("away"), "all are busy", None, "no worker")
    with Noticing(job, told.append):
        assert job.heard.wait(HANG_SECONDS)
    assert told == ["no worker", "all are busy", "no worker"]


def test_nothing_is_told_once_nobody_watches():
    told: list[str] = []
    with Noticing(Waiting(), told.append):
        pass
    assert told == []
