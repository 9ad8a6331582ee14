"""The commands validate, pause, resume, delete, evaluations, properties, prototypes and doctor; and completion."""

import functools
import json
import subprocess
import sys

import httpx
import pytest
from typer.testing import CliRunner

from orichalcum import Client, client, doctor, local
from orichalcum.cli import app
from orichalcum.exceptions import ServerExtraMissing
from tests.orichalcum.fake_service import EVALUATION, JOB, PROBLEM, Recorder, problem_detail
from tests.orichalcum.printing import row, run
from tests.waiting import HANG_SECONDS

pytestmark = pytest.mark.usefixtures("no_sleep")
PAGE = {"items": [{"index": n, "evaluation": EVALUATION} for n in range(3)], "next_cursor": None}


@pytest.fixture
def service(monkeypatch):
    """Lets the commands talk to a list of answers."""

    def answers(*bodies: object) -> Recorder:
        recorder = Recorder(
            *[one if isinstance(one, httpx.Response) else httpx.Response(200, json=one) for one in bodies]
        )
        monkeypatch.setattr(
            client, "Client", functools.partial(Client, transport=httpx.MockTransport(recorder))
        )
        return recorder

    return answers


@pytest.fixture
def problem(tmp_path) -> str:
    path = tmp_path / "alscn.yaml"
    path.write_text(PROBLEM)
    return str(path)


def test_validate_says_what_a_problem_would_cost_and_submits_nothing(service, problem):
    site = {"index": 0, "element": "Al", "sublattice": "cation", "frac": [0, 0, 0]}
    cost = {"evaluations": 40, "potential_calls": 500, "seconds": 90.0, "memory_bytes": 2**30}
    recorder = service({"valid": True, "sites": [site] * 4, "estimate": cost})
    done = run("validate", problem)
    assert done.exit_code == 0, done.stderr
    assert (
        "valid, 4 sites; at most 40 evaluations, about 500 potential calls, 1 min 30 s and 1 GiB"
        in done.stdout
    )
    assert [request.url.path for request in recorder.requests] == ["/v1/problems/validate"]


def test_validate_ends_with_two_and_the_faults_where_it_is_not_accepted(service, problem):
    fault = {"pointer": "/objectives/0", "type": "bad-objective", "message": "out of reach; take less"}
    for arguments, stream in (((), "stderr"), (("--json",), "stdout")):
        service({"valid": False, "errors": [fault]})
        done = run("validate", problem, *arguments)
        assert done.exit_code == 2
        assert "out of reach; take less" in getattr(done, stream)
    assert json.loads(done.stdout)["errors"] == [fault]


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_jobs_are_paused_and_resumed_by_their_ids(service, verb):
    state = {"pause": "paused", "resume": "queued"}[verb]
    recorder = service(
        JOB, {**JOB, "state": state}, {**JOB, "id": "job2"}, {**JOB, "id": "job2", "state": state}
    )
    done = run(verb, "job1", "job2")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines() == [f"job1 is {state}", f"job2 is {state}"]
    assert [r.url.path for r in recorder.requests if r.method == "POST"] == [
        f"/v1/jobs/job1/{verb}",
        f"/v1/jobs/job2/{verb}",
    ]
    service(JOB, {**JOB, "state": state})
    assert json.loads(run(verb, "job1", "--json").stdout)["items"][0]["state"] == state
    service(JOB, problem_detail(409, detail="it is finished"))
    assert run(verb, "job1").exit_code == 2


def test_labels_are_written_on_jobs_and_the_tags_that_are_there_stay(service):
    tagged = {**JOB, "tags": ["Talk", "old"]}
    recorder = service(tagged, tagged, {**JOB, "id": "job2"}, {**JOB, "id": "job2"})
    done = run("label", "job1", "job2", "--note", "für später", "--tag", "new", "--untag", "TALK", "--star")
    assert (done.exit_code, done.stdout) == (0, "job1 is labelled\njob2 is labelled\n"), done.stderr
    sent = [(r.url.path, json.loads(r.content)) for r in recorder.requests if r.method == "PATCH"]
    written = {"note": "für später", "starred": True}
    assert sent == [
        ("/v1/jobs/job1", {**written, "tags": ["old", "new"]}),
        ("/v1/jobs/job2", {**written, "tags": ["new"]}),
    ]
    recorder = service(JOB, JOB)
    assert run("label", "job1", "--unstar", "--name", "n", "--json").exit_code == 0
    assert json.loads(recorder.requests[-1].content) == {"name": "n", "starred": False}
    for arguments in ((), ("--star", "--unstar")):
        assert run("label", "job1", *arguments).exit_code == 2


def test_notes_and_stars_are_shown_and_asked_for(service):
    job = {**JOB, "note": "the one of the talk", "starred": True, "tags": ["nitride"]}
    service(job)
    shown = run("show", "job1").stdout
    assert row(shown, "note")[1:] == ["the", "one", "of", "the", "talk"]
    assert row(shown, "starred") == ["starred", "yes"]
    recorder = service({"items": [job]})
    assert "★ a job" in run("list", "--search", "talk", "--starred").stdout
    assert dict(recorder.requests[0].url.params) == {"search": "talk", "starred": "true", "limit": "20"}
    service({"items": []})
    assert "no jobs are like this" in run("list", "--starred").stderr


def test_deleting_is_asked_about_first(service):
    recorder = service()
    asked = CliRunner().invoke(app, ["delete", "job1"], input="n\n")
    assert asked.exit_code == 1
    assert recorder.requests == []
    recorder = service(JOB, httpx.Response(204))
    done = run("delete", "job1", "--yes")
    assert (done.exit_code, done.stdout) == (0, "job1 is deleted\n")
    assert recorder.requests[-1].method == "DELETE"


def test_evaluations_of_a_job_are_listed_with_what_was_wished_for(service, problem):
    wished = {**JOB, "problem": json.loads(json.dumps({"structure": {"prototype": "wurtzite", "species": ["Al", "N"]},
        "sublattices": [{"name": "cation", "sites": ["Al"], "elements": ["Al", "Sc"]}],
        "objectives": [{"property": "c_over_a", "goal": "minimize"}]}))}  # fmt: skip
    service(wished, PAGE)
    done = run("evaluations", "job1")
    assert done.exit_code == 0, done.stderr
    assert row(done.stdout, "3", "cation:") == [
        "3",
        "cation:",
        "Al",
        "0.8000",
        "Sc",
        "0.2000",
        "1.5500",
        "17",
    ]
    service(wished, PAGE)
    items = json.loads(run("evaluations", "job1", "--last", "1", "--json").stdout)["items"]
    assert [item["index"] for item in items] == [2]
    service(JOB, {"items": []})
    assert "no evaluation yet" in run("evaluations", "job1").stderr


def test_what_can_be_asked_for_is_listed():
    with pytest.MonkeyPatch.context() as patch:
        found = {
            "properties": [{"name": "lattice_a", "unit": "Å", "symbol": "Å", "description": "a", "always": True}],
            "prototypes": [{"name": "fcc", "description": "copper", "species": ["atom"], "example": ["Cu"],
                            "parameters": ["a"], "sites": 1}],
        }  # fmt: skip
        for what, word in (("properties", "lattice_a"), ("prototypes", "fcc")):
            recorder = Recorder(*[httpx.Response(200, json={what: found[what]})] * 2)
            patch.setattr(
                client, "Client", functools.partial(Client, transport=httpx.MockTransport(recorder))
            )
            assert word in run(what).stdout
            assert json.loads(run(what, "--json").stdout)[what][0]["name"] == word


def test_the_doctor_tells_what_is_there_and_what_is_not(tmp_path, monkeypatch):
    monkeypatch.setenv("ORICHALCUM_URL", "http://127.0.0.1:9")
    done = run("doctor", "--json", "--data", str(tmp_path / "new"))
    assert done.exit_code == 0, done.stderr
    found = {one["what"]: one for one in json.loads(done.stdout)["findings"]}
    assert {
        "versions",
        "extra plot",
        "weights",
        "device",
        "threads",
        "compiler",
        "port",
        "data",
        "service",
    } <= set(found)
    assert (found["service"]["state"], "orichalcum up" in found["service"]["text"]) == ("notice", True)
    assert found["extra polars"]["text"].startswith("polars ")
    assert "orichalcum 0" in run("doctor").stdout
    # Nothing was made.
    assert not (tmp_path / "new").exists()


def test_the_doctor_finds_a_light_client_a_taken_port_and_a_folder_that_cannot_be_written(
    monkeypatch, tmp_path
):
    def absent():
        raise ServerExtraMissing("torch")

    monkeypatch.setattr(local, "potentials", absent)
    monkeypatch.setattr(doctor, "_writable", lambda _: False)
    monkeypatch.setattr(doctor, "_version", lambda name: None if name == "polars" else "1.0")
    with doctor.socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(doctor, "PORT", taken.getsockname()[1])
        done = run("doctor", "--url", "http://127.0.0.1:9", "--data", str(tmp_path))
    assert done.exit_code == 2
    assert row(done.stdout, "data")[1] == "bad"
    assert row(done.stdout, "port")[1] == "notice"
    assert "pip install 'orichalcum[server]'" in done.stdout
    assert "pip install 'orichalcum[polars]'" in done.stdout


@pytest.mark.parametrize(("status", "state"), [(200, "good"), (503, "bad"), (401, "bad")])
def test_the_doctor_asks_the_service(monkeypatch, status, state):
    ready = httpx.Response(503 if status == 503 else 200, json={})
    answers = Recorder(ready, httpx.Response(status, json={}))
    plain = httpx.Client
    monkeypatch.setattr(httpx, "Client", lambda **kept: plain(**kept, transport=httpx.MockTransport(answers)))
    (found,) = doctor._service("http://service.example")
    assert found.state == state


def test_the_shell_completes_commands():
    done = subprocess.run(
        [sys.executable, "-c", "from orichalcum.cli import app; app(prog_name='orichalcum')"],
        env={"_ORICHALCUM_COMPLETE": "complete_bash", "COMP_WORDS": "orichalcum eval", "COMP_CWORD": "1", "PATH": ""},
        capture_output=True, text=True, timeout=HANG_SECONDS, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["evaluations", "evaluate"]
