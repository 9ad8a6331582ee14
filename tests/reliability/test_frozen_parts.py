"""Parts of the stack that are frozen, and the whole of it killed: all is replaced, and nothing blamed on a job."""

from __future__ import annotations

import signal

import psutil

from tests.e2e.test_jobs import slow_scan
from tests.soak import long
from tests.stack import end
from tests.waiting import wait_for


def gone(process):
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_frozen_sweeper_and_a_frozen_api_are_told_of_and_replaced_and_a_job_whose_worker_died_goes_on(
    own_stack, monkeypatch
):
    monkeypatch.setenv("TEST_SILENT_SECONDS", "12")
    stack = own_stack()
    job_id = stack.submit(slow_scan(4))
    (sweeper,) = stack.running("service.sweeper")
    sweeper.suspend()
    stack.stopped_while_computing(job_id, index=0).kill()
    told = set()

    def replaced():
        told.add(stack.client.get("/health/ready").json()["sweeper"])
        return gone(sweeper)

    wait_for(replaced, "the end of the frozen sweeper")
    assert False in told
    (api,) = stack.running("service.server")
    api.suspend()
    wait_for(lambda: gone(api), "the end of the frozen API")
    assert stack.finished(job_id)["state"] == "succeeded"  # answered by the next one, at the same socket
    said = stack.console.read_text()
    assert "sweeper does not answer; it is ended." in said
    assert "api does not answer; it is ended." in said
    assert stack.rows("select count(*), count(distinct number) from tasks where counted") == [(4, 4)]


@long
def test_a_frozen_broker_is_replaced(own_stack):
    stack = own_stack()
    broker = next(child for child in stack.descendants if "valkey" in child.name())
    broker.suspend()
    wait_for(lambda: gone(broker), "the end of the frozen broker")
    assert stack.finished(stack.submit(slow_scan(3)))["state"] == "succeeded"


def test_three_kills_of_the_whole_stack_in_one_evaluation_cost_nothing_but_time(own_stack, tmp_path):
    data, job_id = tmp_path / "data", None
    for _ in range(3):
        stack = own_stack(data)
        job_id = job_id or stack.submit(slow_scan(3))
        stack.stopped_while_computing(job_id, index=0)
        family = stack.descendants
        stack.process.send_signal(signal.SIGKILL)
        psutil.wait_procs(family, timeout=60)
        end(stack)
    stack = own_stack(data)
    job = stack.finished(job_id)
    assert (job["state"], job["failure"]) == ("succeeded", None)
    assert stack.rows("select sum(lost), max(interrupted) from tasks") == [(0, 3)]
