"""A kind, a unit and a tier that an extension adds: everywhere where the built-in ones are, without another file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import Commands
from tests.stack import Stack
from tests.waiting import HANG_SECONDS, wait_for

HERE = Path(__file__).parent
TASKS, STEPS = 3, 8
CLIENT = """
import json, sys
from orichalcum import Client, Problem
with Client(sys.argv[1]) as client:
    job = client.submit(Problem.from_file(sys.argv[2]))
    for event in job.events():
        pass
    print(json.dumps({"result": job.result().model_dump(mode="json"), "id": job.id}))
"""


@pytest.fixture(scope="module", autouse=True)
def extended() -> Iterator[None]:
    """As an operator adds an extension: its package is importable, and named in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), str(HERE.parents[1])]))
        patch.setenv("ORICHALCUM_EXTENSIONS", "orichalcum_dummy")
        yield


@pytest.fixture
def extended_stack(extended, module_stack) -> Stack:
    """A stack with the extension."""
    return module_stack()


@pytest.fixture(scope="module")
def orichalcum(extended, weights, tmp_path_factory) -> Iterator[Commands]:
    """The command line with the extension."""
    with Commands(tmp_path_factory.mktemp("commands")) as commands:
        yield commands


def walk(pause=0.0, **changes):
    return {
        "kind": "dummy",
        "name": "a walk",
        "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
        "potential": {"name": "sevennet-0"},
        "strategy": {"seed": 3},
        "dummy": {"tasks": TASKS, "steps": STEPS, "pause": pause},
        **changes,
    }


@pytest.fixture
def file(tmp_path):
    def written(problem):
        path = tmp_path / "problem.json"
        path.write_text(json.dumps(problem))
        return str(path)

    return written


@pytest.fixture(scope="module")
def expected(orichalcum, tmp_path_factory):
    """The answer of one process, which nothing interrupts."""
    path = tmp_path_factory.mktemp("walk") / "problem.json"
    path.write_text(json.dumps(walk()))
    done = orichalcum("run", str(path), "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["answer"]


@pytest.mark.parametrize(
    "first",
    [
        *("engine.kinds.registry", "engine.tiers.registry", "engine.units.registry", "engine.units.batches"),
        *(
            "engine.campaign.run",
            "engine.acceptance.resolve",
            "service.server",
            "service.checking.examination",
        ),
    ],
)
def test_it_is_opened_whatever_is_imported_first(first):
    tables = "from engine.kinds.registry import KINDS\nfrom engine.tiers.registry import TIERS\n"
    names = "print('dummy' in KINDS, 'shifted' in TIERS, 'walk' in UNITS)"
    code = f"import {first}\n{tables}from engine.units.registry import UNITS\n{names}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "True True True\n", done.stderr


def test_a_kind_of_an_extension_runs_in_one_process(expected):
    assert len(expected["places"]) == TASKS
    assert len(set(expected["places"])) == TASKS


def test_it_is_not_known_where_the_extension_is_not_named(file, monkeypatch):
    monkeypatch.delenv("ORICHALCUM_EXTENSIONS")
    command = [sys.executable, "-m", "orichalcum", "run", file(walk())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_SECONDS, check=False)
    assert done.returncode == 2
    assert "/kind: there is no such kind" in done.stderr
    assert "/dummy" in done.stderr


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"kind": "dumy"}, "/kind"),
        ({"dummy": {"tasks": 0}}, "/dummy/tasks"),
        ({"objectives": [{"property": "lattice_a", "goal": "minimize"}]}, "/objectives"),
        ({"potential": {"name": "sevennet-0", "tier": "shifty"}}, "/potential/tier"),
    ],
)
def test_its_faults_are_told_like_any_others(orichalcum, file, changes, where):
    done = orichalcum("run", file(walk(**changes)))
    assert done.returncode == 2
    assert where in done.stderr


def test_a_worker_that_is_killed_in_the_middle_of_a_chain_goes_on_from_the_checkpoint_bit_for_bit(
    extended_stack, expected
):
    stack = extended_stack
    job_id = stack.submit(walk(pause=0.25))
    saved = (
        "select attempt from checkpoints where task_id = "
        "(select id from tasks where job_id = ? and number = 1 and state = 'running')"
    )
    wait_for(lambda: stack.rows(saved, job_id), "a checkpoint of the second task")
    wait_for(lambda: stack.job(job_id)["progress"]["doing"], "a word about it")
    assert stack.job(job_id)["progress"]["doing"][0].startswith("walk 2")
    stack.worker().kill()
    assert stack.finished(job_id)["state"] == "succeeded"
    result = stack.result(job_id)
    assert (result["kind"], result["answer"]) == ("dummy", expected)
    rows = stack.rows(
        "select number, attempt, lost, record from tasks where job_id = ? order by number", job_id
    )
    taken = [json.loads(record)["taken"] for *_, record in rows]
    assert (rows[1][1], rows[1][2]) == (2, 1)
    assert (taken[0], taken[2]) == (STEPS, STEPS)
    assert taken[1] < STEPS  # it did not begin anew
    left = "select count(*) from checkpoints where task_id in (select id from tasks where job_id = ?)"
    assert stack.rows(left, job_id) == [(0,)]
    assert stack.job(job_id)["progress"]["doing"] == []


def test_the_client_and_the_command_line_take_it_through_the_service(
    extended_stack, orichalcum, file, expected
):
    stack = extended_stack
    url, path = str(stack.client.base_url), file(walk())
    submitted = orichalcum("submit", path, "--wait", "--json", "--url", url)
    assert json.loads(submitted.stdout)["answer"] == expected
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, url, path],
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    there = json.loads(done.stdout)
    assert there["result"]["answer"] == expected
    again = orichalcum("result", there["id"], "--json", "--url", url)
    assert json.loads(again.stdout)["answer"] == expected
    kinds = stack.client.get("/v1/kinds").json()["kinds"]
    assert next(kind for kind in kinds if kind["name"] == "dummy")["views"] == ["answer"]
    # A tier of the extension computes relaxations where the problem names it, and nowhere else.
    energies = {}
    for tier in ("mean_field", "shifted"):
        job_id = stack.submit(
            {
                "kind": "evaluate",
                "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
                "potential": {"name": "sevennet-0", "tier": tier},
            }
        )
        assert stack.finished(job_id)["state"] == "succeeded", stack.job(job_id)
        result = stack.result(job_id)
        assert result["provenance"]["tier"] == tier
        energies[tier] = result["best"] or result["evaluations"][0]
    shift = energies["shifted"]["energy_per_atom"] - energies["mean_field"]["energy_per_atom"]
    assert shift == pytest.approx(1.0, abs=1e-9)


def test_a_job_of_an_extension_that_a_service_has_no_more_fails_and_says_so(
    extended_stack, own_stack, monkeypatch
):
    stack = extended_stack
    job_id = stack.submit(walk(pause=5.0))
    wait_for(lambda: stack.rows("select 1 from tasks where job_id = ?", job_id), "its tasks")
    stack.stop()
    monkeypatch.delenv("ORICHALCUM_EXTENSIONS")
    again = own_stack(stack.data)
    job = again.finished(job_id)
    assert job["state"] == "failed"
    assert "ORICHALCUM_EXTENSIONS" in job["failure"]["detail"]
    assert job["problem"] is None
