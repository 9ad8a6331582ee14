"""The client and the command line against the whole stack: real broker, real worker, real weights."""

import asyncio
import json
import os
import subprocess
import sys
import uuid

import psutil
import pytest
from typer.testing import CliRunner

from orichalcum import AsyncClient, Client, Conflict, NotFound, Problem, ProblemRefused, StillRunning
from orichalcum.cli import app
from orichalcum.exceptions import ClientClosed
from tests.soak import long
from tests.waiting import HANG_SECONDS, wait_for

NAKCL = """
name: (Na,K)Cl through the stack
structure: {prototype: rocksalt, species: [Na, Cl]}
sublattices: [{name: cation, sites: [Na], elements: [Na, K]}]
objectives: [{property: lattice_a, target: 5.9, tolerance: 0.002}]
potential: {name: sevennet-0}
"""
LONG = NAKCL.replace("\nstructure", "\nkind: scan\nscan: {points_per_edge: 501}\nstructure")


@pytest.fixture
def url(stack) -> str:
    return str(stack.client.base_url)


@pytest.fixture
def problem(tmp_path) -> str:
    path = tmp_path / "nakcl.yaml"
    path.write_text(NAKCL)
    return str(path)


@pytest.fixture
def long_problem(tmp_path) -> str:
    path = tmp_path / "long.yaml"
    path.write_text(LONG)
    return str(path)


def run(url: str, *arguments: str):
    """Runs a command in this process."""
    return CliRunner().invoke(app, [*arguments, "--url", url], env={"NO_COLOR": "1"})


def test_a_job_goes_from_file_to_answer_through_the_client(url, problem):
    with Client(url) as client:
        job = client.submit(Problem.from_file(problem))
        events = list(job.events())
        answer = job.result()
        drawn = answer.plot("space")
    by_name = {trace.name: trace for trace in drawn.data}
    assert min(abs(y - 5.9) for y in by_name["surrogate"].y) < 0.01
    with pytest.raises(ClientClosed, match="inside its 'with' block"):
        job.result()
    assert answer.plot("space") == drawn  # what was asked once is kept
    assert [event.id for event in events] == sorted({event.id for event in events})
    assert {event.name for event in events} == {"state", "progress", "evaluation"}
    assert events[-1].final
    assert answer.stopped.reason == "target_met"
    assert answer.best.properties["lattice_a"].value == pytest.approx(5.9, abs=0.002)
    with Client(url) as client:
        again = client.job(job.id)
        stored = list(again.evaluations())
        assert [item.index for item in stored] == list(range(len(stored)))
        assert [event.id for event in again.events(after=events[2].id)] == [event.id for event in events[3:]]
        assert [item.id for item in client.jobs(limit=1)] == [job.id]


def test_submit_wait_json_prints_the_same_answer_as_the_run_in_one_process(url, problem):
    command = [sys.executable, "-m", "orichalcum", "submit", problem, "--wait", "--json", "--url", url]
    through = subprocess.run(command, capture_output=True, text=True, timeout=HANG_SECONDS, check=False)
    assert through.returncode == 0, through.stderr
    here = CliRunner().invoke(app, ["run", problem, "--json"])
    assert here.exit_code == 0, here.stderr
    ours, theirs = json.loads(here.stdout)["best"], json.loads(through.stdout)["best"]
    assert theirs["composition"]["cation"]["K"] == pytest.approx(ours["composition"]["cation"]["K"], abs=1e-6)
    assert theirs["properties"]["lattice_a"]["value"] == pytest.approx(
        ours["properties"]["lattice_a"]["value"], abs=1e-6
    )


def test_the_commands_on_jobs_agree_with_each_other(url, problem):
    submitted = run(url, "submit", problem)
    job_id = submitted.stdout.strip()
    watched = run(url, "watch", job_id)
    assert watched.exit_code == 0, watched.stderr
    assert "succeeded" in watched.stderr
    assert job_id in run(url, "list").stdout
    shown = json.loads(run(url, "show", job_id, "--json").stdout)
    assert shown["state"] == "succeeded"
    result = run(url, "result", job_id)
    assert result.exit_code == 0
    assert "1 % more K" in result.stdout
    assert "stopped: target met" in result.stdout
    mapped = run(url, "map", job_id)
    assert mapped.exit_code == 0, mapped.stderr
    assert mapped.stdout.splitlines()[1].split()[:3] == ["Na", "K", "lattice_a"]
    mistyped = run(url, "map", job_id, "--over", "cation:Na,Kk")
    assert mistyped.exit_code == 2
    assert "did you mean cation:K?" in mistyped.stderr


def test_a_long_job_is_cancelled_and_keeps_its_best_so_far(url, long_problem):
    job_id = run(url, "submit", long_problem).stdout.strip()
    early = run(url, "result", job_id)
    assert early.exit_code == 2
    assert "no answer yet" in early.stderr
    with Client(url) as client:
        job = client.job(job_id)
        with pytest.raises(StillRunning):
            job.wait(timeout=0.2)
        for event in job.events():
            if event.name == "evaluation":
                break
        with pytest.raises(Conflict):
            job.delete()
        assert run(url, "cancel", job_id).exit_code == 0
        answer = job.result(timeout=HANG_SECONDS)
        assert answer.stopped.reason == "cancelled"
        assert 1 <= len(answer.evaluations) < 501
        job.delete()
        with pytest.raises(NotFound):
            job.refresh()


def test_a_bad_problem_is_refused_by_the_service_with_every_field(url, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(NAKCL.replace("rocksalt", "rocksalz").replace("lattice_a", "latice_a"))
    done = run(url, "submit", str(path))
    assert done.exit_code == 2
    assert "/structure/prototype: " in done.stderr
    assert "/objectives/0/property: " in done.stderr
    with Client(url) as client:
        with pytest.raises(ProblemRefused) as caught:
            client.submit(Problem.from_file(path))
        assert {fault.pointer for fault in caught.value.errors} >= {"/structure/prototype"}
        assert not client.validate(Problem.from_file(path)).valid


def test_the_same_key_gives_the_same_job(url, problem):
    with Client(url) as client:
        first = client.submit(Problem.from_file(problem), idempotency_key="once")
        second = client.submit(Problem.from_file(problem), idempotency_key="once")
        assert first.id == second.id
        other = Problem.from_file(problem).model_copy(update={"name": "another"})
        with pytest.raises(ProblemRefused):
            client.submit(other, idempotency_key="once")


def test_what_can_be_asked_for_is_told_by_the_service(url):
    with Client(url) as client:
        assert "sevennet-l3i5" in {item.name for item in client.potentials()}
        assert "wurtzite" in {item.name for item in client.prototypes()}
        assert "lattice_a" in {item.name for item in client.properties()}


def test_the_asynchronous_client_follows_two_jobs_at_once(url, problem):
    async def both() -> list[float]:
        async with AsyncClient(url) as client:
            jobs = [await client.submit(Problem.from_file(problem)) for _ in range(2)]
            answers = await asyncio.gather(*(job.result() for job in jobs))
            return [answer.best.properties["lattice_a"].value for answer in answers]

    first, second = asyncio.run(both())
    assert first == second == pytest.approx(5.9, abs=0.002)


def test_the_demonstration_meets_its_target_and_leaves_nothing_behind():
    # The mark is inherited by every process of the demonstration, and by nobody else's.
    mark = uuid.uuid4().hex
    done = subprocess.run(
        [sys.executable, "-m", "orichalcum.demo"],
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
        env={**os.environ, "ORICHALCUM_TEST_MARK": mark},
    )
    assert done.returncode == 0, done.stderr
    assert "stopped: target met" in done.stdout
    assert "1 % more Sc" in done.stdout
    assert "no process is left" in done.stderr
    assert [process for process in psutil.process_iter() if marked(process, mark)] == []


@long
def test_a_demonstration_killed_outright_leaves_nothing_behind():
    mark = uuid.uuid4().hex
    with subprocess.Popen(
        [sys.executable, "-m", "orichalcum.demo"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "ORICHALCUM_TEST_MARK": mark},
    ) as demo:
        wait_for(lambda: sum(marked(process, mark) for process in psutil.process_iter()) >= 4)
        demo.kill()
    wait_for(lambda: not any(marked(process, mark) for process in psutil.process_iter()))


def marked(process: psutil.Process, mark: str) -> bool:
    try:
        return process.environ().get("ORICHALCUM_TEST_MARK") == mark
    except psutil.Error:
        return False
