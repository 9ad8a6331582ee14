"""The commands about jobs: what they print, and the exit codes people and scripts rely on."""

import functools
import json

import httpx
import pytest
from typer.testing import CliRunner

from orichalcum import Client, client
from orichalcum.cli import app
from tests.orichalcum.fake_service import (
    EVALUATION,
    JOB,
    MAP,
    POINT,
    PROBLEM,
    RESULT,
    UNDER_WAY,
    VERIFIED,
    Recorder,
    event,
    problem_detail,
    state_event,
)

pytestmark = pytest.mark.usefixtures("no_sleep")
AT = "2026-01-02T03:04:05Z"
DONE = {**JOB, "state": "succeeded"}


@pytest.fixture
def service(monkeypatch):
    """Lets the commands talk to a list of answers."""

    def answers(*items: object) -> Recorder:
        recorder = Recorder(*items)
        transport = httpx.MockTransport(recorder)
        monkeypatch.setattr(client, "Client", functools.partial(Client, transport=transport))
        return recorder

    return answers


@pytest.fixture
def problem(tmp_path) -> str:
    path = tmp_path / "alscn.yaml"
    path.write_text(PROBLEM)
    return str(path)


def run(*arguments: str):
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200", "NO_COLOR": "1"})


def answer(body: object, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=body)


def a_finished_job() -> list[httpx.Response]:
    found = {"index": 0, "evaluation": EVALUATION, "at": AT}
    best = {
        "index": 0,
        "loss": 0.49,
        "composition": EVALUATION["composition"],
        "properties": {"lattice_a": 3.2221},
    }
    progress = {"progress": {"evaluations_done": 1, "evaluations_planned": 20, "best": best}, "at": AT}
    stream = (
        state_event(1, "running")
        + event(2, "evaluation", found)
        + event(3, "progress", progress)
        + state_event(4, "succeeded")
    )
    return [answer(JOB, 202), httpx.Response(200, content=stream), answer(DONE), answer(RESULT)]


def test_submit_prints_the_id_alone_on_standard_output(service, problem):
    service(answer(JOB, 202))
    done = run("submit", problem)
    assert (done.exit_code, done.stdout) == (0, "job1\n")
    assert "orichalcum watch job1" in done.stderr


def test_submit_and_wait_shows_every_evaluation_and_prints_the_answer(service, problem):
    service(*a_finished_job())
    done = run("submit", problem, "--wait")
    assert done.exit_code == 0
    assert "cation: Al 0.8000 Sc 0.2000  lattice_a 3.2221 Å" in done.stderr
    assert "stopped: target met" in done.stdout
    assert "lattice_a: 1 % more Sc: +0.00467 Å" in done.stdout
    assert "sevennet-l3i5 (MIT" in done.stdout


def test_submit_and_wait_with_json_prints_one_object_and_nothing_else(service, problem):
    service(*a_finished_job())
    done = run("submit", problem, "--wait", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["best"]["composition"] == {"cation": {"Al": 0.8, "Sc": 0.2}}
    assert "lattice_a" in done.stderr


def an_array(*states, array_id="array1"):
    jobs = [{**JOB, "id": f"job{n}", "state": state} for n, state in enumerate(states)]
    counts = {state: states.count(state) for state in dict.fromkeys(states)}
    return {"id": array_id, "states": counts, "items": jobs}


def test_submit_over_values_prints_an_id_for_each(service, problem):
    asked = service(answer(an_array("queued", "queued"), 202))
    done = run("submit", problem, "--array", "pressure=0,5", "--after", "a", "--after", "b", "--take-answer")
    assert (done.exit_code, done.stdout) == (0, "job0\njob1\n")
    assert "orichalcum list --array array1" in done.stderr
    request = asked.requests[0]
    assert request.url.path == "/v1/arrays"
    assert request.url.params.multi_items() == [("after", "a"), ("after", "b"), ("take", "answer")]
    assert json.loads(request.content)["over"] == {"pressure": [0, 5]}


def test_submit_over_values_and_wait_tells_their_states_until_all_have_ended(service, problem, monkeypatch):
    monkeypatch.setattr("orichalcum.arrays.POLL_SECONDS", 0.0)
    told = [an_array("queued", "queued"), an_array("running", "queued"), an_array("succeeded", "failed")]
    service(answer(told[0], 202), answer(told[1]), answer(told[2]))
    done = run("submit", problem, "--array", "pressure=0,5", "--wait", "--json")
    assert done.exit_code == 3
    assert [line for line in done.stderr.splitlines() if "queued" in line] == [
        "2 queued",
        "1 running, 1 queued",
    ]
    assert json.loads(done.stdout)["states"] == {"succeeded": 1, "failed": 1}


def test_values_that_cannot_be_read_are_named(service, problem):
    service()
    done = run("submit", problem, "--array", "pressure")
    assert done.exit_code == 2
    assert "pressure=0,5,10" in done.stderr


def test_numbers_that_json_cannot_hold_become_null(service):
    broken = {**EVALUATION, "properties": {"lattice_a": {"value": 3.2, "unit": "Å", "uncertainty": None}}}
    text = json.dumps({**RESULT, "best": broken}).replace("3.2,", "NaN,")
    service(answer(DONE), answer(DONE), httpx.Response(200, text=text))
    done = run("result", "job1", "--json")
    assert done.exit_code == 0
    strict = json.loads(done.stdout, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert strict["best"]["properties"]["lattice_a"]["value"] is None


def test_a_failed_job_ends_with_three(service, problem):
    failed = {
        **JOB,
        "state": "failed",
        "failure": {"type": "t", "title": "T", "status": 500, "detail": "why"},
    }
    stream = httpx.Response(200, content=state_event(1, "failed"))
    service(answer(JOB, 202), stream, answer(failed))
    done = run("submit", problem, "--wait")
    assert done.exit_code == 3
    assert done.stderr.rstrip().endswith("error: job job1 failed: why")
    assert done.stdout == ""


def test_a_job_cancelled_while_waiting_prints_the_best_so_far_and_ends_with_three(service, problem):
    cancelled = {**RESULT, "stopped": {"reason": "cancelled", "message": "cancelled"}}
    stream = httpx.Response(200, content=state_event(1, "cancelled"))
    service(answer(JOB, 202), stream, answer({**JOB, "state": "cancelled"}), answer(cancelled))
    done = run("submit", problem, "--wait")
    assert done.exit_code == 3
    assert "stopped: cancelled" in done.stdout
    assert "best so far" in done.stderr


def test_a_refused_problem_ends_with_two_and_names_the_fields(service, problem):
    errors = [{"pointer": "/structure/prototype", "type": "x", "message": "did you mean wurtzite?"}]
    service(problem_detail(422, errors=errors))
    done = run("submit", problem)
    assert done.exit_code == 2
    assert done.stderr == "error: /structure/prototype: did you mean wurtzite?\n"


def test_a_service_that_is_not_there_ends_with_four(service):
    service(*[httpx.ConnectError("refused")] * 9)
    done = run("list")
    assert done.exit_code == 4
    assert "cannot be reached" in done.stderr
    assert "orichalcum up" in done.stderr


def test_an_answer_of_something_else_ends_with_four(service):
    service(httpx.Response(200, text="<html>"))
    assert run("show", "job1").exit_code == 4


def test_a_job_that_does_not_exist_ends_with_two(service):
    service(problem_detail(404, detail="there is no job nothing"))
    done = run("show", "nothing")
    assert (done.exit_code, done.stderr) == (2, "error: there is no job nothing\n")


def test_the_answer_of_a_running_job_is_not_there_yet(service):
    service(answer(JOB), answer(JOB), problem_detail(409))
    done = run("result", "job1")
    assert done.exit_code == 2
    assert "orichalcum watch job1" in done.stderr


def test_list_shows_a_line_a_job_and_disarms_names_that_would_move_the_cursor(service):
    hostile = {**JOB, "id": "job2", "name": "\x1b[2J[red]boo"}
    service(answer({"items": [JOB, hostile], "next_cursor": None}))
    done = run("list")
    assert done.exit_code == 0
    assert "job1" in done.stdout
    assert "1/40" in done.stdout
    assert "\x1b" not in done.stdout
    assert "[red]boo" in done.stdout


def test_list_asks_for_one_state_and_refuses_one_that_does_not_exist(service):
    recorder = service(answer({"items": [], "next_cursor": None}))
    assert run("list", "--state", "failed").exit_code == 0
    assert recorder.requests[0].url.params["state"] == "failed"
    done = run("list", "--state", "sleeping")
    assert done.exit_code == 2
    assert "queued, running" in done.stderr


def test_watch_follows_to_the_end(service):
    service(answer(JOB), httpx.Response(200, content=state_event(1, "succeeded")), answer(DONE))
    done = run("watch", "job1")
    assert done.exit_code == 0
    assert "orichalcum result job1" in done.stderr


def test_cancel_says_what_became_of_the_job(service):
    recorder = service(answer(JOB), answer({**JOB, "state": "cancelling", "cancel_requested": True}))
    done = run("cancel", "job1")
    assert done.exit_code == 0
    assert "cancelling" in done.stdout
    assert recorder.requests[1].url.path == "/v1/jobs/job1/cancel"


def test_show_tells_why_a_job_failed(service):
    failure = {
        "type": "t",
        "title": "T",
        "status": 422,
        "errors": [{"pointer": "/a", "type": "x", "message": "bad"}],
    }
    service(answer({**JOB, "state": "failed", "failure": failure}))
    done = run("show", "job1")
    assert done.exit_code == 0
    assert "/a: bad" in done.stdout


def test_an_address_without_a_scheme_ends_with_two():
    done = run("list", "--url", "localhost:8421")
    assert done.exit_code == 2
    assert "http://127.0.0.1:8421" in done.stderr


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("kind: optimise", "/kind"),
        ("structure: {prototype: wurtzite, species: [Al, Xx]}", "/structure/species"),
        (": : :", "not valid YAML"),
        ("[]", "a problem file is a mapping"),
        ("", "a problem file is a mapping"),
        ("name: \x00", "YAML"),
    ],
)
def test_a_file_that_is_no_problem_is_refused_with_its_name_and_the_field(tmp_path, content, complaint):
    path = tmp_path / "mine.yaml"
    path.write_text(content)
    for command in ("submit", "run", "evaluate"):
        done = run(command, str(path))
        assert done.exit_code == 2
        assert "mine.yaml: " in done.stderr
        assert complaint in done.stderr
        assert "Traceback" not in done.stderr


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    missing, binary = tmp_path / "missing.yaml", tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    assert "orichalcum new" in run("run", str(missing)).stderr
    assert "this is a folder" in run("run", str(tmp_path)).stderr
    assert "not UTF-8" in run("run", str(binary)).stderr
    assert [run("run", str(path)).exit_code for path in (missing, tmp_path, binary)] == [2, 2, 2]


@pytest.mark.parametrize(
    "arguments", [["fly"], ["submit"], ["run", "a", "b"], ["list", "--limit", "many"], ["up", "--port", "-1"]]
)
def test_wrong_usage_ends_with_two(arguments):
    assert run(*arguments).exit_code == 2


def test_new_refuses_an_unknown_prototype_and_names_the_known_ones():
    done = run("new", "garnet")
    assert done.exit_code == 2
    assert "wurtzite, rocksalt" in done.stderr


def test_the_version_is_that_of_the_distribution():
    from importlib.metadata import version

    assert run("--version").stdout == f"orichalcum {version('orichalcum')}\n"


def test_control_c_ends_with_130_and_no_traceback(service):
    service(KeyboardInterrupt())
    done = run("list")
    assert done.exit_code == 130
    assert done.stderr == "interrupted\n"


def test_a_fault_of_the_program_itself_is_called_one_and_shows_no_traceback(service):
    service(ZeroDivisionError("division by zero"))
    done = run("list")
    assert done.exit_code == 1
    assert "internal fault, ZeroDivisionError" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_map_is_shown_in_steps_of_a_tenth_with_what_is_not_feasible(service):
    recorder = service(answer(JOB), answer(UNDER_WAY, 202), answer(MAP))
    done = run("map", "job1", "--property", "lattice_a", "--over", "cation:Al,Sc", "--at", "centre")
    assert done.exit_code == 0
    assert dict(recorder.requests[1].url.params)["at"] == "centre"
    rows = [line for line in done.stdout.splitlines() if line.startswith(("0.", "1."))]
    assert len(rows) == 11
    assert rows[0].split() == ["1.0000", "0.0000", "3.1100", "0.01"]
    assert rows[-1].endswith("not feasible")
    assert "learned from 4 evaluations" in done.stdout


def test_a_map_as_json_has_every_point(service):
    service(answer(JOB), answer(MAP))
    assert json.loads(run("map", "job1", "--json").stdout) == {**MAP, "beyond": [], "left_out": []}


def test_a_map_that_is_not_computed_in_time_ends_with_exit_code_4(service):
    service(answer(JOB), answer(UNDER_WAY, 202))
    done = run("map", "job1", "--timeout", "0")
    assert done.exit_code == 4
    assert "is a worker running" in done.stderr


def test_a_mistyped_property_of_a_map_ends_with_exit_code_2_and_the_mend(service):
    errors = [{"pointer": "/property", "type": "bad-map", "message": "did you mean lattice_a?"}]
    service(answer(JOB), problem_detail(422, errors=errors))
    done = run("map", "job1", "--property", "latice_a")
    assert done.exit_code == 2
    assert "did you mean lattice_a?" in done.stderr


def test_what_is_expected_at_a_composition_is_a_line_a_property_and_can_be_evaluated(service):
    evaluating = {**JOB, "id": "job2", "kind": "evaluate", "parent": "job1"}
    recorder = service(answer(JOB), answer(POINT), answer(evaluating, 202))
    done = run("surrogate", "job1", "--at", "cation:Al=0.8,Sc=0.2", "--evaluate")
    assert done.exit_code == 0, done.stderr
    (row,) = (line for line in done.stdout.splitlines() if line.startswith("lattice_a"))
    assert row.split()[:4] == ["lattice_a", "3.2144", "0.0008", "Å"]
    assert "Sc +0.0047" in row
    assert "not feasible: Sc is at most 0.1" in done.stdout
    assert "job2" in done.stdout
    assert json.loads(recorder.requests[2].content) == {"at": [POINT["at"]]}


def test_a_job_that_evaluates_is_followed_only_where_one_is_asked_for(service):
    service()
    done = run("surrogate", "job1", "--wait")
    assert done.exit_code == 2
    assert "--evaluate" in done.stderr


def test_a_result_tells_what_the_surrogate_expected_of_the_answer(service):
    expected = [{"property": "lattice_a", "mean": 3.2219, "deviation": 0.00042, "unit": "Å"}]
    service(answer(DONE), answer(DONE), answer({**RESULT, "predictions": expected}))
    done = run("result", "job1")
    assert done.exit_code == 0
    assert "told of all others, the surrogate expected lattice_a 3.2219 ± 0.00042 Å here" in done.stdout


def test_a_front_is_shown_by_its_objectives_and_without_what_it_betters(service):
    wishes = [{"property": name, "goal": "minimize"} for name in ("c_over_a", "lattice_a")]
    problem = {"structure": {"prototype": "wurtzite", "species": ["Al", "N"]}, "objectives": wishes,
               "sublattices": [{"name": "cation", "sites": ["Al"], "elements": ["Al", "Sc"]}]}  # fmt: skip
    other = {**EVALUATION, "composition": {"cation": {"Al": 0.5, "Sc": 0.5}}}
    job = {**DONE, "problem": problem}
    found = {**RESULT, "best": None, "front": [EVALUATION], "evaluations": [EVALUATION, other]}
    service(answer(job), answer(job), answer(found))
    done = run("result", "job1")
    lines = done.stdout.splitlines()
    assert lines[0] == "1 composition on the front: none is better in everything"
    assert lines[1].split()[:3] == ["Composition", "c_over_a", "lattice_a"]
    assert "Al 0.8000" in lines[2]
    assert "Al 0.5000" not in done.stdout
    assert "±" not in lines[1]
    bars = {"cation": {"Al": 0.03, "Sc": 0.03}}
    shares = {"tolerance": {"cation": {"Al": 0.0, "Sc": 0.0}}, "tier": bars, "surrogate": None}
    sure = [{"uncertainty_of_composition": bars, "uncertainty_shares": shares}]
    service(answer(job), answer(job), answer({**found, "front_uncertainties": sure}))
    lines = run("result", "job1").stdout.splitlines()
    assert lines[1].split()[:4] == ["Composition", "±", "c_over_a", "lattice_a"]
    assert "Sc ± 0.03" in lines[2]


def test_members_of_a_front_of_which_nothing_is_known_have_a_dash_beside_those_that_have_bars(service):
    bars = {"cation": {"Al": 0.03, "Sc": 0.03}}
    shares = {"tolerance": bars, "tier": None, "surrogate": None}
    sure = [{"uncertainty_of_composition": bars, "uncertainty_shares": shares}, None]
    found = {**RESULT, "best": None, "front": [EVALUATION, EVALUATION], "front_uncertainties": sure}
    service(answer(DONE), answer(DONE), answer(found))
    lines = run("result", "job1").stdout.splitlines()
    assert "Sc ± 0.03" in lines[2]
    assert "±" not in lines[3]
    assert "–" in lines[3]


def test_verify_prints_the_id_of_the_job_that_does_it(service):
    recorder = service(answer(DONE), answer({**JOB, "id": "job2", "parent": "job1"}, 202))
    done = run("verify", "job1", "--supercells", "3", "--sites", "16")
    assert (done.exit_code, done.stdout) == (0, "job2\n")
    assert json.loads(recorder.requests[-1].content) == {"supercells": 3, "sites": 16}


def test_verify_that_waits_prints_what_holds_and_what_does_not(service):
    finished = {
        **RESULT,
        "verification": [VERIFIED],
        "notes": ["evaluation 2 was not verified: it did not converge"],
    }
    first, stream, *_ = a_finished_job()
    service(answer(DONE), first, stream, answer(DONE), answer(finished))
    done = run("verify", "job1", "--wait")
    assert done.exit_code == 0, done.stderr
    assert VERIFIED["text"] in done.stdout
    assert "atoms are up to 0.30 Å from the sites" in done.stdout
    assert done.stdout.count("the sites of the supercell hold") == 1
    assert "evaluation 2 was not verified" in done.stdout


def test_verify_of_a_job_that_goes_on_is_bad_input(service):
    service(answer(JOB), problem_detail(409, detail="the job is running; verify it once it has finished"))
    done = run("verify", "job1")
    assert done.exit_code == 2
    assert "verify it once it has finished" in done.stderr


def test_a_result_whose_verification_found_nothing_to_verify_says_so(service):
    service(answer(DONE), answer(DONE), answer({**RESULT, "verification": []}))
    assert "no explicit supercell has verified the answer" in run("result", "job1").stdout


def test_a_result_shows_what_other_potentials_say_of_the_answer(service):
    found = EVALUATION["properties"]["lattice_a"]
    other = {
        "potential": "sevennet-l3i5",
        "sha256": "a7",
        "licence": "MIT",
        "citation": "Park",
        "dtype": "float64",
        "evaluation": 0,
        "composition": EVALUATION["composition"],
        "properties": {"lattice_a": {**found, "value": 3.2301}},
        "targets": [3.2201],
        "converged": True,
        "meets": False,
        "would_choose": {"cation": {"Al": 0.8214, "Sc": 0.1786}},
        "move": {"cation": {"Al": 0.0214, "Sc": -0.0214}},
        "expected": {"lattice_a": 3.2201},
        "text": "sevennet-l3i5: it is off",
        "message": "careful here",
    }
    none = {
        **other,
        "potential": "mace-mp-0a-small",
        "would_choose": None,
        "text": "mace-mp-0a-small: it did not converge",
    }
    service(answer(DONE), answer(DONE), answer({**RESULT, "also": [other, none]}))
    lines = run("result", "job1").stdout.splitlines()
    (row,) = [line for line in lines if line.startswith("sevennet-l3i5") and "3.2301" in line]
    assert row.split()[1:7] == ["3.2301", "Å", "3.2201", "Å", "+0.01", "Å"]
    assert "Al 0.8214 Sc 0.1786" in row
    assert "sevennet-l3i5: careful here" in lines
    assert "mace-mp-0a-small: it did not converge" in lines
    service(answer(DONE), answer(DONE), answer({**RESULT, "also": []}))
    assert "no other potential has evaluated the answer" in run("result", "job1").stdout
