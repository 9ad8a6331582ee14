"""Workers, broker, API and database that are killed in the middle of jobs: nothing is lost, nothing is done twice."""

from __future__ import annotations

import contextlib
import random
import secrets
import socket
import threading
import time

import httpx
import psutil

from api_schemas.jobs import FINAL_STATES
from tests.e2e.test_jobs import problem, slow_scan, without_times
from tests.soak import SOAK, amount, long, longer
from tests.waiting import HANG_SECONDS, wait_for


def jobs_of(stack, count):
    """Problems with a few evaluations each, every one different."""
    return [
        stack.submit(problem(name=f"job {n}", kind="scan", scan={"points_per_edge": amount(6, 21) + n % 3}))
        for n in range(count)
    ]


def answers(stack, job_ids):
    found = []
    for job_id in job_ids:
        assert stack.finished(job_id)["state"] == "succeeded", stack.job(job_id)
        found.append(without_times(stack.result(job_id)))
    return found


def apis(stack):
    return stack.running("service.server")


@longer
def test_workers_killed_at_random_moments_leave_the_same_answers_and_store_nothing_twice(request):
    stack = (
        request.getfixturevalue("own_stack")(None, "--workers", "2")
        if SOAK
        else request.getfixturevalue("stack")
    )
    count, kills = amount(2, 10), amount(2, 20)
    calm = stack.of("kept-calm")
    expected = answers(calm, jobs_of(calm, count))
    disturbed = stack.of("killed-at-random")
    job_ids = jobs_of(disturbed, count)
    chance = random.Random(7)  # noqa: S311
    for _ in range(kills):
        wait_for(lambda: stack.rows("select 1 from tasks where state = 'running'"), "an evaluation")
        time.sleep(chance.uniform(0.0, 0.5))
        victim = chance.choice(victims(stack))
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.kill()
    assert any(
        disturbed.job(job_id)["state"] not in FINAL_STATES for job_id in job_ids
    )  # it hit them at work
    assert answers(disturbed, job_ids) == expected
    place = "tasks.job_id || ':' || unit || ':' || number"
    stored = (
        f"select count(*), count(distinct {place}), sum(counted), sum(lost) from tasks "  # noqa: S608
        "join jobs on jobs.id = job_id where tenant in ('kept-calm', 'killed-at-random')"
    )
    rows, distinct, counted, lost = stack.rows(stored)[0]
    assert rows == distinct
    assert counted == 2 * sum(len(answer["evaluations"]) for answer in expected)
    assert lost >= kills // 10  # many hit a worker that has just started, or is between two points


def victims(stack) -> list[psutil.Process]:
    """Workers that may be killed: a point that loses its worker three times ends its job, which is not the subject."""
    while True:
        unlucky = stack.rows("select worker from tasks where state = 'running' and lost")
        if found := apart_from(stack, [name for (name,) in unlucky]):
            return found
        time.sleep(0.05)


def apart_from(stack, names: list[str]) -> list[psutil.Process]:
    """The workers of a stack that do not have one of these names."""
    workers = stack.running("service.worker")
    return [child for child in workers if not any(f"-{child.pid}-" in name for name in names)]


@long
def test_a_frozen_worker_is_replaced_and_the_job_goes_on(stack):
    stack = stack.of("frozen")
    job_id = stack.submit(slow_scan(7))
    frozen = stack.stopped_while_computing(job_id)
    wait_for(
        lambda: not frozen.is_running() or frozen.status() == psutil.STATUS_ZOMBIE, "the end of the worker"
    )
    assert stack.finished(job_id)["state"] == "succeeded"
    assert "does not answer" in stack.console.read_text()


@longer
def test_an_api_killed_during_submits_makes_exactly_one_job_for_each_key(stack):
    before = {job_id for (job_id,) in stack.rows("select id from jobs")}
    keys = [f"key-{n}" for n in range(amount(15, 100))]
    kills = (len(keys) // 3,) if len(keys) < 50 else (len(keys) // 3, 2 * len(keys) // 3)
    paused = {**problem(), "strategy": {"max_evaluations": 1}}
    done: dict[str, str] = {}

    def submit(key: str) -> None:
        deadline = time.monotonic() + HANG_SECONDS
        while time.monotonic() < deadline:
            try:
                answer = httpx.post(
                    f"{stack.client.base_url}/v1/jobs",
                    json=paused,
                    headers={"Idempotency-Key": key},
                    timeout=HANG_SECONDS,
                    trust_env=False,
                )
            except httpx.TransportError:
                time.sleep(0.2)
                continue
            if answer.status_code == 202:
                done[key] = answer.json()["id"]
                return
            assert answer.status_code in (409, 503), answer.text
            time.sleep(0.5)

    threads = [threading.Thread(target=submit, args=(key,)) for key in keys]
    for number, thread in enumerate(threads):
        thread.start()
        if number in kills:
            wait_for(lambda: apis(stack))
            apis(stack)[0].kill()
    for thread in threads:
        thread.join()
    assert set(done) == set(keys)
    stored = {job_id for (job_id,) in stack.rows("select id from jobs")} - before
    assert stored == set(done.values())
    assert len(stored) == len(keys)


@long
def test_a_database_that_restarts_in_the_middle_of_a_job_costs_nothing_but_time(
    own_stack, postgresql_server, tmp_path, monkeypatch
):
    url = postgresql_server.create(f"restart_{secrets.token_hex(4)}")
    monkeypatch.setenv("ORICHALCUM_DATABASE_URL", url)
    stack = own_stack(tmp_path / "data")
    job_id = stack.submit(problem(kind="scan", scan={"points_per_edge": 7}))
    wait_for(lambda: stack.job(job_id)["progress"]["evaluations_done"] >= 2)
    postgresql_server.stop()
    refused = stack.client.get(f"/v1/jobs/{job_id}")
    assert refused.status_code == 503
    assert refused.json()["type"] == "urn:orichalcum:problem:store-unavailable"
    assert stack.client.get("/health/ready").status_code == 503
    postgresql_server.start()
    assert stack.finished(job_id)["state"] == "succeeded"
    fractions = [e["composition"]["cation"]["K"] for e in stack.result(job_id)["evaluations"]]
    assert len(fractions) == len(set(fractions)) == 7


@longer
def test_a_thousand_idle_streams_are_held_without_a_thread_each(stack):
    job_id = stack.submit(slow_scan(101))
    stack.client.post(f"/v1/jobs/{job_id}/pause")
    api = apis(stack)[0]
    before = api.num_threads()
    port = stack.client.base_url.port
    request = f"GET /v1/jobs/{job_id}/events HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode()
    count = amount(300, 1000)
    with contextlib.ExitStack() as opened:
        connections = [
            opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=HANG_SECONDS))
            for _ in range(count)
        ]
        for connection in connections:
            connection.sendall(request)
        for connection in connections:
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
        assert api.num_threads() <= max(before, 45)
        assert stack.client.get("/health/live").status_code == 200  # answers beside them
        stack.client.post(f"/v1/jobs/{job_id}/cancel")
        for connection in connections:
            heard = b""
            while b"cancelled" not in heard and b"cancelling" not in heard:
                part = connection.recv(65536)
                assert part
                heard += part
