"""Many problems with one call or command: told while they go on, and gone on with after an interruption."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest

import orichalcum
from api_schemas.problem import Problem
from api_schemas.results import Result, Stopped
from engine.kinds.result import empty_result
from orichalcum import AsyncClient, Client, ProblemInvalid, local, run_folder
from orichalcum.exceptions import BadRequest
from orichalcum.run_folder import RunFolder
from tests.orichalcum.fake_service import JOB, Recorder, problem_detail, state_event
from tests.orichalcum.printing import run

NACL = {"structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]}}
PLAIN = "kind: evaluate\nstructure: {prototype: rocksalt, species: [Na, Cl], a: %s}\npotential: {name: sevennet-0}\n"
PROBLEMS = [{**NACL, "name": "one"}, {**NACL, "name": "two"}, {**NACL, "name": "two"}]


def keys(recorder: Recorder) -> list[str]:
    return [request.headers["Idempotency-Key"] for request in recorder.requests if request.method == "POST"]


def submitted(problems: list, **how: object) -> Recorder:
    recorder = Recorder(*[httpx.Response(202, json={**JOB, "id": f"job{n}"}) for n in range(len(problems))])
    client = Client("http://service.example", transport=httpx.MockTransport(recorder))
    jobs = client.submit_many(problems, **how)
    assert [job.id for job in jobs] == [f"job{n}" for n in range(len(problems))]
    return recorder


def test_the_same_batch_again_has_the_same_keys_and_another_has_others():
    first = keys(submitted(PROBLEMS, key="study", tags=["a"]))
    assert len(set(first)) == 3
    assert keys(submitted(PROBLEMS, key="study")) == first
    assert keys(submitted(PROBLEMS[1:], key="study")) == first[1:]
    assert not set(keys(submitted(PROBLEMS, key="other"))) & set(first)
    assert not set(keys(submitted(PROBLEMS))) & set(keys(submitted(PROBLEMS)))


def test_nothing_is_sent_where_one_of_them_is_no_problem():
    recorder = Recorder()
    client = Client("http://service.example", transport=httpx.MockTransport(recorder))
    with pytest.raises(ProblemInvalid, match="/1/structure: this field is required"):
        client.submit_many([NACL, {}])
    assert recorder.requests == []


@pytest.mark.usefixtures("no_sleep")
def test_a_batch_is_waited_for_with_a_bar(capsys):
    answers = [httpx.Response(202, json=JOB), httpx.Response(202, json=JOB)]
    done = httpx.Response(200, json={**JOB, "state": "succeeded"})
    for _ in range(2):
        answers += [httpx.Response(200, content=state_event(1, "succeeded")), done]
    recorder = Recorder(*answers)
    client = Client("http://service.example", transport=httpx.MockTransport(recorder))
    jobs = client.submit_many(PROBLEMS[:2], wait=True, progress=True)
    assert [job.state for job in jobs] == ["succeeded", "succeeded"]

    async def the_same() -> list[str]:
        again = Recorder(*[httpx.Response(202, json=JOB)] * 3)
        async with AsyncClient("http://service.example", transport=httpx.MockTransport(again)) as other:
            await other.submit_many(PROBLEMS, key="study")
        return keys(again)

    assert asyncio.run(the_same()) == keys(submitted(PROBLEMS, key="study"))


@pytest.mark.usefixtures("no_sleep")
def test_what_the_service_refuses_ends_the_batch():
    recorder = Recorder(httpx.Response(202, json=JOB), problem_detail(422, detail="too large"))
    client = Client("http://service.example", transport=httpx.MockTransport(recorder))
    with pytest.raises(orichalcum.ProblemRefused, match="too large"):
        client.submit_many(PROBLEMS)


@pytest.fixture
def files(tmp_path, monkeypatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    for name, a in (("one", 5.6), ("two", 5.7)):
        Path(f"{name}.yaml").write_text(PLAIN % a)
    Path("bad.yaml").write_text("kind: evaluate\nstructure: {prototype: rock}\n")
    return ["one.yaml", "bad.yaml", "two.yaml"]


@pytest.mark.usefixtures("weights")
def test_files_are_run_one_after_the_other_and_what_is_done_is_not_done_again(files, monkeypatch):
    real, solved = local.run, []

    def counted(problem, observer, *, device):
        solved.append(problem.structure.a)
        if len(solved) == 2:
            raise KeyboardInterrupt
        return real(problem, observer, device=device)

    monkeypatch.setattr(local, "run", counted)
    stopped = run("run", *files, "-o", "results")
    assert stopped.exit_code == 130
    assert "interrupted at 3/3 two.yaml; the same command goes on with it, 1 are in results" in stopped.stderr
    done = run("run", *files, "-o", "results", "--json")
    assert done.exit_code == 2  # one of them is no problem
    assert "bad.yaml: /structure" in done.stderr
    assert "1/3 one.yaml: done before" in done.stderr
    assert solved == [5.6, 5.7, 5.7]
    found = json.loads(done.stdout)["results"]
    assert list(found) == ["one.yaml", "two.yaml"]
    kept = orichalcum.Result.model_validate_json(Path("results/two.result.json").read_bytes())
    assert kept.evaluations[0].properties["lattice_a"].value == pytest.approx(5.69, abs=0.05)
    # A file that says something else is solved again; one that was not made here is left alone.
    Path("one.yaml").write_text(PLAIN % 5.65)
    again = run("run", "one.yaml", "two.yaml", "-o", "results")
    assert (again.exit_code, solved) == (0, [5.6, 5.7, 5.7, 5.65])
    assert "all 1 evaluations are done" in again.stdout or "done" in again.stdout
    Path("results/three.result.json").write_text("mine")
    Path("three.yaml").write_text(PLAIN % 5.6)
    refused = run("run", "three.yaml", "-o", "results")
    assert refused.exit_code == 2
    assert "was not made by this command" in refused.stderr


def test_results_that_would_take_one_anothers_place_are_refused(tmp_path):
    with pytest.raises(BadRequest, match="would both become"):
        RunFolder(tmp_path, [Path("a/x.yaml"), Path("b/x.json")])


A, B = Path("a.yaml"), Path("b.yaml")


def answered(text: str) -> tuple[Problem, Result]:
    """A problem of this name and a result that says so."""
    problem = Problem.model_validate({**PROBLEMS[0], "name": text})
    return problem, empty_result(problem, Stopped(reason="converged", message=text))


def test_two_runs_at_a_time_in_one_folder_forget_nothing_of_each_other(tmp_path):
    one, two = RunFolder(tmp_path, [A, B]), RunFolder(tmp_path, [A, B])
    (first, its), (second, other) = answered("first"), answered("second")
    one.keep(A, first, its)
    two.keep(B, second, other)
    assert two.done(A, first) == its
    assert RunFolder(tmp_path, [A, B]).done(B, second) == other


@pytest.mark.parametrize("before", [False, True])
def test_a_run_that_was_killed_between_its_two_writes_is_gone_on_with(tmp_path, monkeypatch, before):
    (earlier, old), (problem, result) = answered("earlier"), answered("now")
    folder = RunFolder(tmp_path, [A])
    if before:
        folder.keep(A, earlier, old)
    real, written = run_folder._replace, []

    def killed(path, text):
        if written:
            raise KeyboardInterrupt
        written.append(real(path, text))

    monkeypatch.setattr(run_folder, "_replace", killed)
    with pytest.raises(KeyboardInterrupt):
        folder.keep(A, problem, result)
    monkeypatch.setattr(run_folder, "_replace", real)
    again = RunFolder(tmp_path, [A])
    assert again.done(A, problem) is None  # and never the answer to the problem before
    again.keep(A, problem, result)
    assert RunFolder(tmp_path, [A]).done(A, problem) == result


def test_a_result_of_another_version_is_computed_again(tmp_path, monkeypatch):
    problem, result = answered("one")
    RunFolder(tmp_path, [A]).keep(A, problem, result)
    monkeypatch.setattr(run_folder, "__version__", "999")
    assert RunFolder(tmp_path, [A]).done(A, problem) is None


def test_a_file_in_the_place_of_a_result_keeps_no_other_from_being_solved(files, monkeypatch):
    solved = []

    def quick(problem, observer, *, device):
        solved.append(problem.structure.a)
        result = empty_result(problem, Stopped(reason="converged", message="done"))
        return local.Solved(result, lambda *_: pytest.fail("nothing is drawn here"))

    monkeypatch.setattr(local, "run", quick)
    Path("one.result.json").write_text("mine")
    told = run("run", "one.yaml", "two.yaml", "-o", ".")
    assert (told.exit_code, solved) == (2, [5.7])
    assert "was not made by this command" in told.stderr
    assert Path("one.result.json").read_text() == "mine"


@pytest.mark.usefixtures("weights")
def test_what_is_done_is_told_from_the_beginning_on():
    problem = {
        **NACL,
        "structure": {"prototype": "rocksalt", "species": ["Na", "Br"]},
        "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "Li"]}],
        "potential": {"name": "sevennet-0"},
    }
    words: list[str] = []
    told = local.evaluate(problem, "cation:Na=0.5,Li=0.5", device="cpu", say=words.append)
    assert words[:2] == ["loading libraries", "loading sevennet-0"]
    assert any(one.startswith("relaxing the end members Na, Li, 2 atoms") for one in words)
    steps = [one for one in words if one.startswith("relaxing the composition, step ")]
    assert steps == [f"relaxing the composition, step {n}" for n in range(1, len(steps) + 1)]
    assert (
        1 < len(steps) <= told.cost.potential_calls
    )  # a row of second derivatives is one step and two calls
    silent = local.evaluate(problem, "cation:Na=0.5,Li=0.5", device="cpu")
    assert silent.properties == told.properties
    assert silent.cost.shared_calls == told.cost.shared_calls

    class Listening:
        def __getattr__(self, name):
            return lambda *said: words.append(f"{name} {said[0]}" if said else name)

    words.clear()
    local.run(
        {**problem, "kind": "evaluate", "at": [{"cation": {"Na": 0.4, "Li": 0.6}}]}, Listening(), device="cpu"
    )
    assert words[:3] == ["doing loading libraries", "doing reading the problem", "doing loading sevennet-0"]
