"""Checking: hostile bodies cost little, nobody waits for them, and a check that reaches its limit is ended."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from itertools import islice

import psutil
import pytest

from api_schemas.errors import MOST_FAULTS
from api_schemas.problem import Problem
from api_schemas.results import Stopped
from engine.kinds.result import empty_result
from service.checking import examination
from service.settings import Settings
from tests.service.conftest import PROBLEM, Queue, checker, serving
from tests.service.hostile_bodies import changed, hostile_bodies
from tests.soak import amount
from tests.waiting import wait_for

JSON = {"content-type": "application/json"}
MOST_ANSWER = 64_000
LONGEST_STEP = 0.1
"""Seconds of a core for which the loop that answers everybody may do one thing."""


@pytest.fixture
def steps(monkeypatch) -> list[float]:
    """Seconds of a core that the steps of every event loop of this process take, each."""
    found: list[float] = []
    run = asyncio.events.Handle._run

    def timed(handle):
        began = time.thread_time()  # of this thread alone, however busy the machine is
        try:
            run(handle)
        finally:
            found.append(time.thread_time() - began)

    monkeypatch.setattr(asyncio.events.Handle, "_run", timed)
    return found


@pytest.mark.stores("sqlite")
def test_no_hostile_body_of_a_megabyte_reaches_the_limit_or_holds_up_the_others(database, steps):
    # The limit is that of an operator who sets none: two seconds of a core.
    with serving(Settings(), database, Queue()) as client:
        client.post("/v1/problems/validate", json=PROBLEM)
        steps.clear()
        for name, body in islice(hostile_bodies(), 0, None, amount(2, 1)):
            assert len(body) <= 1_250_000, name
            answer = client.post("/v1/jobs", content=body, headers=JSON)
            assert answer.status_code in (202, 400, 422), (name, answer.text[:500])
            if answer.status_code != 202:
                told = answer.json()
                assert told["type"].rpartition(":")[2] not in ("too-complex", "check-ended"), name
                assert 1 <= len(told["errors"]) <= MOST_FAULTS, name
                assert len(answer.content) < MOST_ANSWER, name
    assert max(steps) < LONGEST_STEP


@pytest.mark.parametrize("address", ["/v1/jobs", "/v1/problems/validate"])
def test_of_very_many_faults_the_first_are_told_and_the_others_counted(shared_client, address):
    body = changed(**{f"sublattices{i}": 0 for i in range(10_000)})
    told = shared_client.post(address, json=body).json()
    assert len(told["errors"]) == MOST_FAULTS == 50
    assert told["more"] == 9950
    hinted = [error["message"] for error in told["errors"] if "did you mean sublattices" in error["message"]]
    assert 1 <= len(hinted) < 20
    if address == "/v1/jobs":
        assert "10000 fields are wrong" in told["detail"]
        assert "and 9 950 more" in told["detail"]


def test_faults_that_are_collected_over_a_problem_are_counted_too(shared_client):
    sites = [f"Sodi{number}" for number in range(300)]
    body = changed(sublattices=[{"name": "cation", "sites": sites, "elements": ["Na", "K"]}])
    told = shared_client.post("/v1/jobs", json=body).json()
    assert len(told["errors"]) == MOST_FAULTS
    assert len(told["errors"]) + told["more"] >= 300


def checks() -> list[psutil.Process]:
    """The checks that are under way."""
    process = checker()._process
    return [] if process is None else psutil.Process(process.pid).children()


@pytest.mark.parametrize("settings", [Settings(max_request_seconds=0.02)])
def test_a_check_that_reaches_its_limit_is_refused_and_ended(client):
    # Ten thousand compositions take about ten times as long.
    at = [{"cation": {"Na": i / 10_000, "K": 1 - i / 10_000}} for i in range(10_000)]
    answer = client.post("/v1/jobs", json=changed(kind="evaluate", objectives=[], at=at))
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:orichalcum:problem:too-complex"
    assert "0.02 s of a core" in answer.json()["detail"]
    wait_for(lambda: not checks(), "the end of the check")
    assert client.get("/v1/jobs").json()["items"] == []


def test_a_request_that_was_answered_before_is_not_checked_again(client):
    key = {"Idempotency-Key": "once"}
    first = client.post("/v1/jobs", json=PROBLEM, headers=key)
    again = client.post("/v1/jobs", json=PROBLEM, headers=key)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    wait_for(lambda: not checks(), "the end of the check that nobody waits for")


@pytest.mark.stores("sqlite")
def test_checks_go_on_after_the_process_that_forks_them_was_killed(client):
    client.post("/v1/problems/validate", json=PROBLEM)
    killed = checker()._process
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert client.post("/v1/problems/validate", json=PROBLEM).json()["valid"]
    assert checker()._process.pid != killed.pid


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize("settings", [Settings(max_request_seconds=0.1)])
def test_a_frozen_process_that_forks_checks_is_replaced(client, monkeypatch):
    monkeypatch.setattr("service.checking.checker.GRACE_SECONDS", 0.2)
    monkeypatch.setattr("service.checking.checker.CLOCK_FACTOR", 1.0)
    checker().start()
    frozen = checker()._process
    os.kill(frozen.pid, signal.SIGSTOP)
    answer = client.post("/v1/problems/validate", json=PROBLEM)
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:orichalcum:problem:check-unavailable"
    assert answer.headers["Retry-After"] == "2"
    monkeypatch.undo()
    assert not psutil.pid_exists(frozen.pid)

    def answered() -> bool:  # the new one imports for some seconds first
        return client.post("/v1/problems/validate", json=PROBLEM).status_code != 503

    wait_for(answered, "the next check")


@pytest.mark.stores("sqlite")
def test_what_a_long_answer_takes_holds_up_nobody(client, database, submitted, steps, monkeypatch):
    job_id = submitted()
    plain = empty_result(Problem.model_validate(PROBLEM), Stopped(reason="converged", message="long"))
    long = plain.model_copy(update={"notes": [f"note {number}" for number in range(1_000_000)]})
    monkeypatch.setattr("service.lifecycle.actions.result", lambda *_: long)
    client.get(f"/v1/jobs/{job_id}")
    steps.clear()
    answer = client.get(f"/v1/jobs/{job_id}/result")
    assert len(answer.content) > 10_000_000
    assert json.loads(answer.content)["notes"][-1] == "note 999999"
    assert max(steps) < LONGEST_STEP


@pytest.mark.stores("sqlite")
def test_an_array_has_a_share_of_time_for_each_member(database):
    """The time for one problem, of which one member leaves something, is too little for a hundred of them."""
    array = {"problem": PROBLEM, "over": {"strategy.seed": list(range(100))}}
    began = time.process_time()
    found = examination._array(array, taking=False)
    taken = time.process_time() - began
    assert len(found["members"]) == 100
    with serving(Settings(max_request_seconds=taken * 0.6), database, Queue()) as client:
        client.post("/v1/problems/validate", json=PROBLEM)
        answer = client.post("/v1/arrays", json=array)
        assert answer.status_code == 202, answer.text
    with serving(Settings(max_request_seconds=taken * 0.05), database, Queue()) as client:
        answer = client.post("/v1/arrays", json=array)
        assert answer.status_code == 422
        assert "fewer values" in answer.json()["detail"]
