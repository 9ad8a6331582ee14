"""Starting and ending the stack: refusals, graceful stops, and a supervisor killed outright."""

from __future__ import annotations

import os
import signal
import socket

import httpx
import psutil
import pytest

from tests.commands import Commands
from tests.e2e.test_jobs import problem, without_times
from tests.soak import later, long
from tests.stack import Stack
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def refusal(tmp_path_factory):
    """What `orichalcum up` says when it refuses to start."""
    with Commands(tmp_path_factory.mktemp("refused")) as commands:

        def refused(*arguments: str, **environment: str) -> str:
            done = commands("up", *arguments, **environment)
            assert done.returncode == 2, done.stdout + done.stderr
            assert "Traceback" not in done.stderr
            return done.stderr

        yield refused


def test_a_port_that_is_taken_is_refused_before_anything_starts(refusal, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refusal("--data", str(tmp_path / "data"), "--port", str(port))
    assert str(port) in said
    assert "--port" in said
    assert not (tmp_path / "data" / "orichalcum.sqlite3").exists()


@pytest.fixture
def public_stack(module_stack) -> Stack:
    """A stack at an address that others can reach."""
    return module_stack("--host", "0.0.0.0")  # noqa: S104


def test_on_an_address_that_others_can_reach_every_call_needs_a_key(public_stack):
    stack = public_stack
    assert "needs an API key; no valid keys so far" in stack.console.read_text()
    assert stack.client.get("/v1/jobs").status_code == 401
    assert stack.client.post("/v1/jobs", json=problem()).status_code == 401
    assert stack.of("lab").client.get("/v1/jobs").json()["items"] == []


def test_a_data_folder_that_cannot_be_used_is_refused(refusal, tmp_path):
    (tmp_path / "file").write_text("")
    assert "--data" in refusal("--data", str(tmp_path / "file" / "data"), "--port", "0")


def test_a_store_that_cannot_be_opened_is_refused(refusal, tmp_path):
    said = refusal(
        "--data",
        str(tmp_path / "data"),
        "--port",
        "0",
        ORICHALCUM_DATABASE_URL=f"sqlite:///{tmp_path}/no/such/store",
    )
    assert "ORICHALCUM_DATABASE_URL" in said


def test_an_environment_that_makes_no_sense_is_refused_by_the_name_of_the_variable(refusal, tmp_path):
    said = refusal("--data", str(tmp_path / "data"), "--port", "0", ORICHALCUM_MAX_REQUEST_BYTES="many")
    assert "ORICHALCUM_MAX_REQUEST_BYTES" in said


def test_a_data_folder_in_use_by_another_stack_is_refused(refusal, stack):
    said = refusal("--data", str(stack.data), "--port", "0")
    assert str(stack.process.pid) in said


@long
def test_a_promised_gpu_that_is_not_there_is_refused(refusal, weights, tmp_path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    data = tmp_path / "data"
    assert "CUDA" in refusal("--data", str(data), "--port", "0", "--device", "cuda")
    assert not using(data)


def lives(process: psutil.Process) -> bool:
    """Whether a process runs; one that has ended may wait for whoever adopted it to look."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def using(data) -> list[psutil.Process]:
    """Processes that have something to do with a data folder."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), *process.environ().values()]
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
        if process.pid != os.getpid() and any(str(data) in word for word in words):
            found.append(process)
    return found


def large_problem() -> dict:
    """An evaluation that lasts several seconds: 64 atoms, in eight copies of the cubic cell of NaCl."""
    half = [i / 4 for i in range(4)]
    sites = [(x, y, z) for x in half for y in half for z in half]
    even = [site for site in sites if sum(site) * 4 % 2 == 0]
    odd = [site for site in sites if sum(site) * 4 % 2 == 1]
    lines = "\n".join(" ".join(map(str, site)) for site in [*even, *odd])
    poscar = f"NaCl\n1.0\n11.4 0 0\n0 11.4 0\n0 0 11.4\nNa Cl\n32 32\nDirect\n{lines}\n"
    at = [{"cation": {"Na": 0.5, "K": 0.5}}]
    return problem(kind="evaluate", structure={"poscar": poscar}, objectives=[], at=at)


@pytest.mark.parametrize("number", [signal.SIGTERM, later(signal.SIGINT)])
def test_a_stop_in_the_middle_of_a_computation_does_not_wait_for_its_end_and_leaves_no_process(
    public_stack, number
):
    stack = public_stack.of("stopped")
    job_id = stack.submit(large_problem())
    states = "select state, lost from tasks where job_id = ?"
    wait_for(lambda: ("running", 0) in stack.rows(states, job_id))
    with stack.client.stream("GET", f"/v1/jobs/{job_id}/events"):
        assert stack.stop(number) == 0
    assert not using(stack.data)
    left = stack.rows(states, job_id)
    assert ("pending", 0) in left  # given back, not counted as lost
    assert set(left) <= {("pending", 0), ("done", 0)}


def test_a_killed_supervisor_leaves_no_orphan_and_everything_goes_on_even_with_a_damaged_broker(
    own_stack, tmp_path
):
    data = tmp_path / ("a-long-name-" * 8) / "data"  # too long for the broker's socket
    data.parent.mkdir()
    stack = own_stack(data)
    done = stack.submit(problem())
    stack.finished(done)
    # Other tenants, for whom nothing is in the cache yet.
    disturbed, third = stack.of("disturbed"), stack.of("third")
    unfinished = disturbed.submit(problem())
    stack.stopped_while_computing(unfinished)
    waiting = third.submit(problem(name="waiting"))
    children = stack.descendants
    assert len(children) >= 4  # the broker, the API with what checks problems for it, the sweeper, the worker
    stack.process.kill()
    stack.process.wait()
    wait_for(lambda: not any(lives(child) for child in children), "the end of what it had started")
    assert not using(data)

    for file in (data / "broker" / "appendonlydir").iterdir():
        file.write_bytes(b"damaged")
    again = own_stack(data)
    listed = {job_id for (job_id,) in again.rows("select id from jobs")}
    assert listed == {done, unfinished, waiting}
    for tenant, job_id in (("third", waiting), ("disturbed", unfinished)):
        own = again.of(tenant)
        assert own.finished(job_id)["state"] == "succeeded"
        best = own.result(job_id)["best"]["composition"]["cation"]["K"]
        assert best == pytest.approx(again.result(done)["best"]["composition"]["cation"]["K"], abs=1e-7)
    attempts = again.rows("select attempt from tasks where job_id = ? order by number", unfinished)
    assert max(attempts) == (2,)
    assert [attempt for (attempt,) in attempts].count(2) == 1
    assert without_times(again.result(done))["stopped"]["reason"] == "target_met"
    assert again.stop() == 0
    assert not using(data)


def test_a_killed_api_comes_back_at_the_same_address(stack):
    api = next(child for child in stack.descendants if "service.server" in child.cmdline())
    api.kill()

    def answers() -> bool:
        try:
            return stack.client.get("/health/live").status_code == 200
        except httpx.TransportError:
            return False

    wait_for(answers)
