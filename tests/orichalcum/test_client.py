"""The clients: what they send, what they do again, and how they say what went wrong."""

import asyncio
import json

import httpx
import pytest

import orichalcum
from orichalcum import (
    AsyncClient,
    BadAddress,
    Client,
    Conflict,
    JobFailed,
    MapNotReady,
    NotFound,
    Problem,
    ProblemRefused,
    ServiceFault,
    ServiceUnreachable,
    StillRunning,
    Unauthorized,
    UnexpectedAnswer,
)
from orichalcum.protocol import RETRY_DELAYS
from tests.orichalcum.fake_service import (
    JOB,
    MAP,
    POINT,
    POINT_UNDER_WAY,
    PROBLEM,
    RESULT,
    UNDER_WAY,
    Recorder,
    problem_detail,
    state_event,
)

pytestmark = pytest.mark.usefixtures("no_sleep")
URL = "http://service.example"


@pytest.fixture
def problem(tmp_path) -> Problem:
    path = tmp_path / "alscn.yaml"
    path.write_text(PROBLEM)
    return Problem.from_file(path)


def client(recorder: Recorder, **options: object) -> Client:
    return Client(URL, transport=httpx.MockTransport(recorder), **options)


def job_answer(state: str = "running", **fields: object) -> httpx.Response:
    return httpx.Response(200, json={**JOB, "state": state, **fields})


def events_until(state: str) -> httpx.Response:
    return httpx.Response(200, content=state_event(1, state))


def test_the_lines_of_the_documentation_work_as_written(problem):
    recorder = Recorder(
        httpx.Response(202, json={**JOB, "state": "queued"}),
        events_until("succeeded"),
        events_until("succeeded"),
        job_answer("succeeded"),
        httpx.Response(200, json=RESULT),
    )
    job = client(recorder).submit(problem)
    for event in job.events():
        assert event.data.state == "succeeded"
    assert job.result().best.composition == {"cation": {"Al": 0.8, "Sc": 0.2}}


def test_what_is_submitted_is_what_the_file_says(problem):
    recorder = Recorder(httpx.Response(202, json=JOB))
    client(recorder, api_key="secret").submit(problem)
    request = recorder.requests[0]
    assert (request.method, request.url.path) == ("POST", "/v1/jobs")
    assert request.headers["Authorization"] == "Bearer secret"
    assert json.loads(request.content) == {
        "structure": {"prototype": "wurtzite", "species": ["Al", "N"]},
        "sublattices": [{"name": "cation", "sites": ["Al"], "elements": {"Al": [0, 1], "Sc": [0, 0.5]}}],
        "objectives": [{"property": "lattice_a", "target": 3.2214, "tolerance": 0.001}],
    }


def test_a_submission_that_got_lost_is_sent_again_with_the_same_key(problem, no_sleep):
    recorder = Recorder(
        httpx.ReadError("reset"),
        problem_detail(503),
        problem_detail(409),
        httpx.Response(202, json=JOB),
    )
    recorder.answers[2].headers["Retry-After"] = "2"
    assert client(recorder).submit(problem).id == "job1"
    keys = {request.headers["Idempotency-Key"] for request in recorder.requests}
    assert len(recorder.requests) == 4
    assert len(keys) == 1
    assert no_sleep == [RETRY_DELAYS[0], RETRY_DELAYS[1], 2.0]


def test_two_submissions_have_different_keys_and_a_given_key_is_kept(problem):
    recorder = Recorder(*[httpx.Response(202, json=JOB)] * 3)
    with client(recorder) as service:
        service.submit(problem)
        service.submit(problem)
        service.submit(problem, idempotency_key="mine")
    keys = [request.headers["Idempotency-Key"] for request in recorder.requests]
    assert keys[0] != keys[1]
    assert keys[2] == "mine"


def test_a_long_retry_after_is_not_waited_for(no_sleep):
    recorder = Recorder(problem_detail(503, detail="closed for the day"))
    recorder.answers[0].headers["Retry-After"] = "3600"
    with pytest.raises(ServiceFault, match="closed for the day"):
        client(recorder).job("job1")
    assert no_sleep == []


def test_a_service_that_is_not_there_is_named_with_the_mend(no_sleep):
    recorder = Recorder(*[httpx.ConnectError("refused")] * 9)
    with pytest.raises(
        ServiceUnreachable, match=r"http://service\.example cannot be reached .*orichalcum up"
    ):
        client(recorder).job("job1")
    assert no_sleep == list(RETRY_DELAYS)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ProblemRefused),
        (401, Unauthorized),
        (403, Unauthorized),
        (404, NotFound),
        (409, Conflict),
        (413, ProblemRefused),
        (415, ProblemRefused),
        (418, orichalcum.RequestRefused),
        (422, ProblemRefused),
        (500, ServiceFault),
    ],
)
def test_every_refusal_has_its_exception(status, kind):
    with pytest.raises(kind, match="the reason") as caught:
        client(Recorder(problem_detail(status, detail="the reason"))).job("job1")
    assert type(caught.value) is kind
    assert caught.value.status == status


def test_a_refused_problem_tells_every_field_at_fault(problem):
    errors = [
        {"pointer": "/structure", "type": "unknown-prototype", "message": "did you mean wurtzite?"},
        {
            "pointer": "/objectives/0/property",
            "type": "unknown-property",
            "message": "did you mean lattice_a?",
        },
    ]
    with pytest.raises(ProblemRefused) as caught:
        client(Recorder(problem_detail(422, errors=errors))).submit(problem)
    assert [fault.pointer for fault in caught.value.errors] == ["/structure", "/objectives/0/property"]
    assert str(caught.value) == (
        "/structure: did you mean wurtzite?\n/objectives/0/property: did you mean lattice_a?"
    )


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>welcome</html>"),
        httpx.Response(404, text="<html>nothing here</html>"),
        httpx.Response(200, json={"id": "job1"}),
        httpx.Response(302, headers={"Location": "http://elsewhere.example"}),
    ],
)
def test_something_else_at_the_address_is_told_apart_from_a_service(answer):
    with pytest.raises(UnexpectedAnswer, match="not as an Orichalcum service"):
        client(Recorder(answer)).job("job1")


def test_a_failed_job_raises_with_the_services_reason():
    failure = {
        "type": "t",
        "title": "Worker lost",
        "status": 500,
        "detail": "the worker was lost three times",
    }
    recorder = Recorder(job_answer(), events_until("failed"), job_answer("failed", failure=failure))
    with pytest.raises(JobFailed, match="the worker was lost three times") as caught:
        client(recorder).job("job1").result()
    assert caught.value.failure.title == "Worker lost"


def test_the_answer_of_a_running_job_is_waited_for_or_refused():
    recorder = Recorder(job_answer(), job_answer(), problem_detail(409, detail="it runs"))
    with pytest.raises(StillRunning, match="job1 is running"):
        client(recorder).job("job1").result(wait=False)


def test_waiting_for_a_limited_time_gives_up_in_time(monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(orichalcum.jobs.time, "monotonic", lambda: next(clock))
    recorder = Recorder(*[job_answer()] * 20)
    with pytest.raises(StillRunning):
        client(recorder).job("job1").wait(timeout=5)
    assert len(recorder.requests) < 10


def test_a_cancelled_job_gives_its_best_so_far():
    answer = {**RESULT, "stopped": {"reason": "cancelled", "message": "cancelled by the user"}}
    recorder = Recorder(
        job_answer(), events_until("cancelled"), job_answer("cancelled"), httpx.Response(200, json=answer)
    )
    assert client(recorder).job("job1").result().stopped.reason == "cancelled"


def test_a_map_is_asked_for_until_it_is_there():
    recorder = Recorder(
        job_answer(),
        httpx.Response(202, json=UNDER_WAY),
        httpx.Response(202, json=UNDER_WAY),
        httpx.Response(200, json=MAP),
    )
    found = client(recorder).job("job1").map("lattice_a", over="cation:Al,Sc")
    assert found.mean == MAP["mean"]
    assert dict(recorder.requests[3].url.params) == {
        "property": "lattice_a",
        "over": "cation:Al,Sc",
        "at": "incumbent",
    }


def test_a_map_that_no_worker_computes_is_given_up_in_time(monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(orichalcum.jobs.time, "monotonic", lambda: next(clock))
    recorder = Recorder(job_answer(), *[httpx.Response(202, json=UNDER_WAY)] * 20)
    with pytest.raises(MapNotReady, match="is a worker running"):
        client(recorder).job("job1").map(timeout=5)
    assert len(recorder.requests) < 10


def test_one_composition_is_asked_of_the_surrogates_until_a_worker_has_answered_and_evaluated():
    recorder = Recorder(
        job_answer(),
        httpx.Response(202, json=POINT_UNDER_WAY),
        httpx.Response(200, json=POINT),
        httpx.Response(202, json={**JOB, "id": "job2", "kind": "evaluate", "parent": "job1"}),
    )
    job = client(recorder).job("job1")
    found = job.surrogate("cation:Al=0.8,Sc=0.2")
    assert (found.expected[0].mean, found.expected[0].per_percent["cation"]["Sc"]) == (3.2144, 0.0047)
    asked = recorder.requests[2]
    assert (asked.url.path, dict(asked.url.params)) == (
        "/v1/jobs/job1/surrogate",
        {"at": "cation:Al=0.8,Sc=0.2"},
    )
    assert asked.headers["Prefer"].startswith("wait=")
    made = job.evaluate([found.at])
    assert (made.id, made.job.parent) == ("job2", "job1")
    assert json.loads(recorder.requests[3].content) == {"at": [POINT["at"]]}
    assert recorder.requests[3].headers["Idempotency-Key"]


def test_a_composition_that_no_worker_answers_for_is_given_up_in_time(monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(orichalcum.jobs.time, "monotonic", lambda: next(clock))
    recorder = Recorder(job_answer(), *[httpx.Response(202, json=POINT_UNDER_WAY)] * 20)
    with pytest.raises(MapNotReady, match="what is expected in job job1"):
        client(recorder).job("job1").surrogate(timeout=5)
    assert len(recorder.requests) < 10


def test_jobs_are_listed_over_pages_up_to_the_limit():
    def page(request: httpx.Request) -> httpx.Response:
        first = int(request.url.params.get("cursor", "0"))
        count = min(int(request.url.params.get("limit", "50")), 50)
        items = [{**JOB, "id": f"job{first + i}"} for i in range(count)]
        return httpx.Response(200, json={"items": items, "next_cursor": str(first + count)})

    recorder = Recorder(*[page] * 9)
    found = [job.id for job in client(recorder).jobs(state="running", limit=120)]
    assert found == [f"job{i}" for i in range(120)]
    assert [request.url.params.get("state") for request in recorder.requests] == ["running"] * 3


def test_the_last_page_ends_the_list():
    assert list(client(Recorder(httpx.Response(200, json={"items": [], "next_cursor": None}))).jobs()) == []


@pytest.mark.parametrize("verb", ["cancel", "pause", "resume"])
def test_jobs_are_acted_on_by_their_own_addresses(verb):
    recorder = Recorder(job_answer(), job_answer("paused"))
    job = client(recorder).job("job1")
    getattr(job, verb)()
    assert (recorder.requests[1].method, recorder.requests[1].url.path) == ("POST", f"/v1/jobs/job1/{verb}")
    assert job.state == "paused"


def test_a_finished_job_is_verified_by_another_one():
    recorder = Recorder(
        job_answer("succeeded"), httpx.Response(202, json={**JOB, "id": "job2", "parent": "job1"})
    )
    verifying = client(recorder).job("job1").verify(sites=16)
    assert (verifying.id, verifying.job.parent) == ("job2", "job1")
    asked = recorder.requests[-1]
    assert (asked.method, asked.url.path) == ("POST", "/v1/jobs/job1/verify")
    assert json.loads(asked.content) == {"sites": 16}
    assert asked.headers["idempotency-key"]


def test_a_job_is_deleted_and_a_refusal_is_heard():
    recorder = Recorder(job_answer(), httpx.Response(204), problem_detail(409, detail="it is active"))
    job = client(recorder).job("job1")
    job.delete()
    with pytest.raises(Conflict, match="it is active"):
        job.delete()


@pytest.mark.parametrize("job_id", ["", "../../etc", "a b", "x" * 65, "a?b", "é"])
def test_what_cannot_be_an_id_never_becomes_part_of_an_address(job_id):
    recorder = Recorder()
    with pytest.raises(NotFound):
        client(recorder).job(job_id)
    assert recorder.requests == []


@pytest.mark.parametrize("url", ["localhost:8421", "ftp://x", "http://", "not an address", "http://[::1"])
def test_an_address_that_cannot_work_is_refused_with_an_example(url):
    with pytest.raises(BadAddress, match=r"http://127\.0\.0\.1:8421"):
        Client(url)


def test_a_key_that_cannot_be_sent_is_refused_without_being_shown():
    with pytest.raises(BadAddress) as caught:
        Client(URL, api_key="sécret\n")
    assert "cret" not in str(caught.value)


def test_address_and_key_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("ORICHALCUM_URL", "https://far.example/base/")
    monkeypatch.setenv("ORICHALCUM_API_KEY", "from-environment")
    recorder = Recorder(job_answer())
    Client(transport=httpx.MockTransport(recorder)).job("job1")
    assert str(recorder.requests[0].url) == "https://far.example/base/v1/jobs/job1"
    assert recorder.requests[0].headers["Authorization"] == "Bearer from-environment"


def test_proxies_of_the_environment_never_apply_to_this_machine():
    from orichalcum.protocol import address

    assert not address("http://localhost:1").trust_env
    assert not address("http://127.0.0.1:1").trust_env
    assert not address("http://[::1]:1").trust_env
    assert address("http://far.example").trust_env


def test_the_asynchronous_client_does_the_same(problem):
    recorder = Recorder(
        httpx.ReadError("reset"),
        httpx.Response(202, json=JOB),
        events_until("succeeded"),
        job_answer("succeeded"),
        httpx.Response(200, json=RESULT),
        httpx.Response(200, json={"items": [], "next_cursor": None}),
        httpx.Response(200, json={"items": [{**JOB, "id": "other"}], "next_cursor": None}),
        httpx.Response(202, json=UNDER_WAY),
        httpx.Response(200, json=MAP),
        problem_detail(404, detail="no such job"),
    )

    async def use() -> None:
        async with AsyncClient(URL, transport=httpx.MockTransport(recorder)) as service:
            job = await service.submit(problem)
            answer = await job.result()
            assert answer.best is not None
            assert answer.best.composition == {"cation": {"Al": 0.8, "Sc": 0.2}}
            assert [item async for item in job.evaluations()] == []
            assert [item.id async for item in service.jobs(limit=1)] == ["other"]
            assert (await job.map(at="centre")).evaluations == 4
            with pytest.raises(NotFound, match="no such job"):
                await service.job("nothing")

    asyncio.run(use())
    assert recorder.requests[0].headers["Idempotency-Key"] == recorder.requests[1].headers["Idempotency-Key"]


def test_both_clients_offer_the_same():
    def public(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    assert public(Client) == {"close", *public(AsyncClient)}
    assert public(orichalcum.JobHandle) == public(orichalcum.AsyncJobHandle)


def test_every_public_name_is_there():
    for name in orichalcum.__all__:
        assert getattr(orichalcum, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = orichalcum.nothing
