"""What tests of the client share: nothing of this machine's settings, and no waiting where that is asked for."""

import functools
from collections.abc import Callable

import httpx
import pytest

from orichalcum import Client, async_client, async_jobs, client, jobs
from tests.orichalcum.fake_service import JOB, Recorder
from tests.orichalcum.printing import run


@pytest.fixture
def no_sleep(monkeypatch) -> list[float]:
    """Waiting takes no time; the list tells how long it would have been."""
    waits: list[float] = []

    async def rest(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(client.time, "sleep", waits.append)
    monkeypatch.setattr(async_client.asyncio, "sleep", rest)
    assert jobs.time is client.time
    assert async_jobs.asyncio is async_client.asyncio
    return waits


@pytest.fixture(autouse=True)
def no_surroundings(monkeypatch) -> None:
    """What is set on this machine does not reach the tests."""
    for name in ("ORICHALCUM_URL", "ORICHALCUM_API_KEY", "ORICHALCUM_DEVICE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def printed(monkeypatch, no_sleep) -> Callable[[dict], str]:
    """What ``orichalcum result`` prints of a job whose answer the service gives."""

    def printing(result: dict) -> str:
        done = {**JOB, "kind": result["kind"], "state": "succeeded"}
        answers = [httpx.Response(200, json=body) for body in (done, done, result)]
        transport = httpx.MockTransport(Recorder(*answers))
        monkeypatch.setattr(client, "Client", functools.partial(Client, transport=transport))
        shown = run("result", "job1")
        assert shown.exit_code == 0, shown.stderr
        return shown.stdout

    return printing
