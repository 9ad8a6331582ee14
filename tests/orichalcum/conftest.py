"""What tests of the client share: nothing of this machine's settings, and no waiting where that is asked for."""

import pytest

from orichalcum import async_client, async_jobs, client, jobs


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
