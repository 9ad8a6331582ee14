"""A worker whose clock is wrong, and one that was frozen and comes back with a result that is not wanted any more."""

from __future__ import annotations

import os
import time

from tests.e2e.test_jobs import problem, slow_scan, without_times
from tests.soak import long
from tests.waiting import wait_for

SKEW = """import sys, time
if "service.worker" in sys.orig_argv:
    right, right_ns = time.time, time.time_ns
    time.time = lambda: right() + 5000.0
    time.time_ns = lambda: right_ns() + 5_000_000_000_000
    sys.stderr.write("its clock is ahead\\n")
"""


@long
def test_a_worker_whose_clock_is_hours_ahead_keeps_its_leases_and_loses_none(
    own_stack, tmp_path, monkeypatch
):
    straight = own_stack(tmp_path / "straight")
    expected = without_times(straight.result(_done(straight)))
    (tmp_path / "skew").mkdir()
    (tmp_path / "skew" / "sitecustomize.py").write_text(SKEW)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'skew'}:{os.environ.get('PYTHONPATH', '')}")
    skewed = own_stack(tmp_path / "skewed")
    job_id = _done(skewed)
    assert without_times(skewed.result(job_id)) == expected
    assert skewed.rows("select sum(lost), max(attempt) from tasks where job_id = ?", job_id) == [(0, 1)]
    assert "its clock is ahead" in (skewed.data / "logs" / "worker-1.log").read_text()


@long
def test_a_worker_that_was_frozen_and_comes_back_stores_nothing(own_stack, tmp_path, monkeypatch):
    monkeypatch.setenv("TEST_SILENT_SECONDS", "600")  # the supervisor does not end it first
    stack = own_stack(tmp_path / "data", "--workers", "2")
    job_id = stack.submit(slow_scan(41))
    frozen = stack.stopped_while_computing(job_id)
    held = stack.rows("select id from tasks where state = 'running' and worker like ?", f"%-{frozen.pid}-%")
    evaluation_id = held[0][0]
    record = "select attempt, record from tasks where id = ? and state = 'done'"
    wait_for(lambda: stack.rows(record, evaluation_id), "the evaluation by another worker")
    before = stack.rows(record, evaluation_id)
    assert before[0][0] >= 2
    frozen.resume()
    assert stack.finished(job_id)["state"] == "succeeded"
    time.sleep(1)
    assert stack.rows(record, evaluation_id) == before
    logs = "".join((stack.data / "logs" / f"worker-{n}.log").read_text() for n in (1, 2))
    assert "given up" in logs or "a late result was refused" in logs


def _done(stack) -> str:
    job_id = stack.submit(problem())
    assert stack.finished(job_id)["state"] == "succeeded"
    return job_id
