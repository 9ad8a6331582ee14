"""The broker killed, and the broker with all its data lost: its messages are hints, and the store knows better."""

from __future__ import annotations

import psutil
import pytest

from tests.e2e.test_jobs import slow_scan
from tests.soak import later
from tests.waiting import wait_for


def broker_of(stack) -> psutil.Process:
    return next(child for child in stack.descendants if "valkey" in child.name())


@pytest.mark.parametrize("fate", [later("killed"), "emptied"])
def test_a_broker_that_is_killed_or_loses_everything_in_the_middle_of_jobs_loses_none(stack, fate):
    stack = stack.of(f"broker-{fate}")
    job_ids = [stack.submit(slow_scan(points)) for points in (9, 5)]
    wait_for(lambda: stack.job(job_ids[0])["progress"]["evaluations_done"] >= 2)
    broker, worker = broker_of(stack), stack.worker()
    worker.suspend()  # so that the messages are in the broker, not under way
    if fate == "emptied":
        for file in (stack.data / "broker").rglob("appendonly*"):
            if file.is_file():
                file.unlink()
    broker.kill()
    worker.resume()
    # While it is away, jobs are accepted all the same.
    job_ids.append(stack.submit(slow_scan(3)))
    for job_id, points in zip(job_ids, (9, 5, 3), strict=True):
        assert stack.finished(job_id)["state"] == "succeeded"
        fractions = [e["composition"]["cation"]["K"] for e in stack.result(job_id)["evaluations"]]
        assert len(fractions) == len(set(fractions)) == points
    assert broker_of(stack).pid != broker.pid
