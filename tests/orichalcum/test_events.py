"""The event stream: the wire format, and resuming where a connection broke."""

import itertools

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orichalcum import AsyncClient, Client, NotFound, ServiceFault, ServiceUnreachable, UnexpectedAnswer
from orichalcum import events as events_module
from orichalcum.events import RECONNECT_DELAYS, EventParser, ServerSentEvent
from tests.orichalcum.fake_service import (
    EVALUATION,
    JOB,
    Broken,
    Recorder,
    event,
    problem_detail,
    state_event,
)

pytestmark = pytest.mark.usefixtures("no_sleep")
URL = "http://service.example"


def handle(recorder: Recorder):
    client = Client(URL, transport=httpx.MockTransport(recorder))
    return client.job("job1")


def job_answer(state: str = "running") -> httpx.Response:
    return httpx.Response(200, json={**JOB, "state": state})


def stream(*chunks: bytes) -> httpx.Response:
    return httpx.Response(200, content=b"".join(chunks), headers={"Content-Type": "text/event-stream"})


def test_a_stream_is_parsed_as_the_standard_says():
    text = (
        b": a comment\n"
        b"id: 7\r\nevent: progress\r\ndata: first line\r\ndata:second line\r\n\r\n"
        b"retry: 10\rdata\r\r"
        b"event: nothing to say\n\n"
        b"data: unfinished"
    )
    assert EventParser().feed(text + b"\n") == [
        ServerSentEvent("7", "progress", "first line\nsecond line"),
        ServerSentEvent("7", "message", ""),
    ]


@given(cuts=st.lists(st.integers(0, 60), max_size=6))
def test_it_does_not_matter_how_a_stream_is_cut_into_pieces(cuts):
    text = "id: 1\r\ndata: å\u2028\x85\r\n\r\nevent: b\rdata: 2\r\r\nid: 3\ndata: 4\n\n".encode()
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    parser = EventParser()
    found = [item for a, b in itertools.pairwise(edges) for item in parser.feed(text[a:b])]
    assert found == [
        ServerSentEvent("1", "message", "å\u2028\x85"),
        ServerSentEvent("1", "b", "2"),
        ServerSentEvent("3", "message", "4"),
    ]


def test_an_endless_event_is_refused_instead_of_filling_the_memory():
    parser = EventParser()
    megabyte = b"data: " + b"x" * 1_000_000 + b"\n"
    for _ in range(15):
        parser.feed(megabyte)
    with pytest.raises(ValueError, match="too long"):
        parser.feed(megabyte * 2)


def test_events_are_typed_and_end_with_the_job():
    progress = {"progress": {"evaluations_done": 1, "evaluations_planned": 4}, "at": "2026-01-02T03:04:05Z"}
    found = {"index": 0, "evaluation": EVALUATION, "at": "2026-01-02T03:04:05Z"}
    body = stream(
        state_event(1, "running"),
        event(2, "evaluation", found),
        event(3, "something of a newer service", {}),
        event(4, "progress", progress),
        state_event(5, "succeeded"),
    )
    recorder = Recorder(job_answer(), body)
    events = list(handle(recorder).events())
    assert [item.name for item in events] == ["state", "evaluation", "progress", "state"]
    assert events[1].data.evaluation.composition == {"cation": {"Al": 0.8, "Sc": 0.2}}
    assert events[2].data.progress.evaluations_planned == 4
    assert events[3].final


def test_a_broken_stream_is_taken_up_where_it_broke_and_nothing_comes_twice():
    recorder = Recorder(
        job_answer(),
        httpx.Response(200, stream=Broken(state_event(1, "queued"), state_event(2, "running")[:-9])),
        httpx.ConnectError("refused"),
        problem_detail(503),
        stream(state_event(1, "queued"), state_event(2, "running"), state_event(3, "succeeded")),
    )
    events = list(handle(recorder).events())
    assert [(item.id, item.data.state) for item in events] == [
        (1, "queued"),
        (2, "running"),
        (3, "succeeded"),
    ]
    asked = [request.headers.get("Last-Event-ID") for request in recorder.requests[1:]]
    assert asked == [None, "1", "1", "1"]


def test_a_reader_can_start_after_an_event_it_has_seen():
    recorder = Recorder(job_answer(), stream(state_event(5, "cancelled")))
    assert [item.id for item in handle(recorder).events(after=4)] == [5]
    assert recorder.requests[-1].headers["Last-Event-ID"] == "4"


def test_a_stream_with_nothing_left_to_say_of_a_finished_job_ends():
    recorder = Recorder(job_answer(), stream(), job_answer("succeeded"))
    assert list(handle(recorder).events(after=99)) == []


def test_a_service_that_stays_away_is_given_up_after_waiting_longer_and_longer(no_sleep):
    recorder = Recorder(job_answer(), *[httpx.ConnectError("refused")] * 20)
    with pytest.raises(ServiceUnreachable, match="refused"):
        list(handle(recorder).events())
    assert no_sleep == list(RECONNECT_DELAYS)


def test_a_quiet_job_is_followed_for_as_long_as_connections_live_for_a_while(monkeypatch):
    clock = iter(range(0, 10_000, 6))
    monkeypatch.setattr(events_module.time, "monotonic", lambda: next(clock))
    quiet = [httpx.Response(200, stream=Broken(b": still here\n\n")) for _ in range(20)]
    recorder = Recorder(job_answer(), *quiet, stream(state_event(1, "succeeded")))
    assert [item.id for item in handle(recorder).events()] == [1]


def test_a_service_that_keeps_failing_is_given_up_with_its_own_words():
    recorder = Recorder(job_answer(), *[problem_detail(500, detail="out of order")] * 20)
    with pytest.raises(ServiceFault, match="out of order"):
        list(handle(recorder).events())


def test_a_job_deleted_meanwhile_is_not_found():
    recorder = Recorder(
        job_answer(),
        httpx.Response(200, stream=Broken(state_event(1, "queued"))),
        problem_detail(404, detail="gone"),
    )
    with pytest.raises(NotFound, match="gone"):
        list(handle(recorder).events())


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"id: x\nevent: state\ndata: {}\n\n", "not a number"),
        (b"id: 1\nevent: state\ndata: <html>\n\n", "event state"),
        (b"data: \xff\n\n", "utf-8"),
    ],
)
def test_a_stream_that_is_no_event_stream_of_a_job_is_named_as_such(body, complaint):
    with pytest.raises(UnexpectedAnswer, match=complaint):
        list(handle(Recorder(job_answer(), stream(body))).events())


def test_the_asynchronous_client_resumes_in_the_same_way():
    import asyncio

    recorder = Recorder(
        job_answer(),
        httpx.Response(200, stream=Broken(state_event(1, "queued"))),
        httpx.ReadTimeout("silence"),
        stream(state_event(2, "succeeded")),
    )

    async def follow() -> list[int]:
        async with AsyncClient(URL, transport=httpx.MockTransport(recorder)) as client:
            job = await client.job("job1")
            return [item.id async for item in job.events()]

    assert asyncio.run(follow()) == [1, 2]
    assert [r.headers.get("Last-Event-ID") for r in recorder.requests[1:]] == [None, "1", "1"]
