"""A broker that is gone, or there and silent: whoever sends a message is told so soon, and asks again later."""

from __future__ import annotations

import psutil
import pytest

from service.queue import messenger as messages
from service.queue.messenger import CeleryMessenger, Route, celery_application
from tests.service.conftest import PROBLEM, running_broker, serving


def server_of(child) -> psutil.Process:
    own = psutil.Process(child.pid)
    return next(found for found in (own, *own.children(recursive=True)) if "valkey" in found.name())


def asking(messenger, monkeypatch) -> list:
    asked = []
    send = messenger._app.send_task
    monkeypatch.setattr(messenger._app, "send_task", lambda *a, **k: asked.append(a) or send(*a, **k))
    return asked


@pytest.mark.parametrize("fate", ["gone", "silent"])
def test_a_message_to_a_broker_that_is_away_fails_soon_and_the_next_ones_at_once(tmp_path, monkeypatch, fate):
    monkeypatch.setattr(messages, "AWAY_SECONDS", 600.0)
    with running_broker(tmp_path / "broker") as (broker, child):
        messenger = CeleryMessenger(celery_application(broker.url))
        asked = asking(messenger, monkeypatch)
        assert messenger.advance("job", Route())
        assert messenger.depth() == 1
        server = server_of(child)
        server.suspend() if fate == "silent" else server.kill()
        assert not messenger.advance("job", Route())
        assert len(asked) == 2
        assert not messenger.perform(1, Route())
        assert messenger.depth() is None
        assert len(asked) == 2  # it was not asked again
        monkeypatch.setattr(messenger, "_away_until", 0.0)
        if fate == "silent":
            server.resume()
        else:
            child.finish(0.0)
            child.start()
            broker.wait(child)
        assert messenger.advance("job", Route())


def test_a_job_is_accepted_while_the_broker_is_silent(database, tmp_path, monkeypatch, settings):
    monkeypatch.setattr(messages, "AWAY_SECONDS", 600.0)
    with running_broker(tmp_path / "broker") as (broker, child):
        server = server_of(child)
        server.suspend()
        with serving(settings, database, CeleryMessenger(celery_application(broker.url))) as client:
            assert [client.post("/v1/jobs", json=PROBLEM).status_code for _ in range(3)] == [202] * 3
            assert client.get("/health/ready").json()["broker"] is False
        server.resume()
