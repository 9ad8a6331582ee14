"""Finding jobs, and doing something with many: query parameters are read or refused, on both stores alike."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from api_schemas.problem import Problem
from orichalcum import AsyncClient, Client
from orichalcum.exceptions import ProblemRefused
from service.operations import migration
from service.tables.jobs import JobRow
from tests.service.conftest import PROBLEM

TYPE = "urn:orichalcum:problem:"
UNKNOWN_ID = "0" * 26


def submitted_as(client, name="(Na,K)Cl", **parameters):
    answer = client.post("/v1/jobs", json={**PROBLEM, "name": name}, params=parameters)
    assert answer.status_code == 202, answer.text
    return answer.json()


def found(client, **parameters) -> list[str]:
    answer = client.get("/v1/jobs", params=parameters)
    assert answer.status_code == 200, answer.text
    return [job["id"] for job in answer.json()["items"]]


@pytest.mark.parametrize(
    ("method", "address", "pointer", "mend"),
    [
        ("GET", "/v1/jobs?status=succeeded", "/status", "did you mean state?"),
        ("GET", "/v1/jobs?created_afte=2026-01-01", "/created_afte", "did you mean created_after?"),
        ("GET", "/v1/jobs?since=2026-01-01", "/since", "did you mean created_after?"),
        ("GET", "/v1/jobs?colour=blue", "/colour", "known are cursor, limit, state, name, tag"),
        ("POST", "/v1/jobs?prioritty=high", "/prioritty", "did you mean priority?"),
        ("POST", "/v1/problems/validate?strict=1", "/strict", "leave it out"),
        ("POST", "/v1/jobs/cancel?status=running", "/status", "did you mean state?"),
        ("GET", f"/v1/jobs/{UNKNOWN_ID}?wait=3", "/wait", "leave it out"),
        ("GET", f"/v1/jobs/{UNKNOWN_ID}/evaluations?page=2", "/page", "did you mean cursor?"),
        ("GET", f"/v1/jobs/{UNKNOWN_ID}/events?after=2", "/after", "leave it out"),
        ("GET", f"/v1/jobs/{UNKNOWN_ID}/map?propery=volume", "/propery", "did you mean property?"),
        ("POST", f"/v1/jobs/{UNKNOWN_ID}/cancel?now=1", "/now", "leave it out"),
        ("DELETE", f"/v1/jobs/{UNKNOWN_ID}?force=1", "/force", "leave it out"),
        ("GET", "/v1/properties?name=volume", "/name", "leave it out"),
        ("GET", "/health/live?x=1", "/x", "leave it out"),
        ("GET", "/health/ready?verbose", "/verbose", "leave it out"),
        ("GET", "/metrics?name[]=x", "/name[]", "leave it out"),
    ],
)
def test_a_parameter_that_is_not_known_is_refused_with_what_is(shared_client, method, address, pointer, mend):
    answer = shared_client.request(method, address, json=PROBLEM if method == "POST" else None)
    assert answer.status_code == 422, answer.text
    told = answer.json()
    assert told["type"] == TYPE + "unknown-parameter"
    assert [error["pointer"] for error in told["errors"]] == [pointer]
    assert mend in told["errors"][0]["message"]
    assert shared_client.get("/v1/jobs").json()["items"] == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=5&limit=6", "/limit"),
        ("limit=many", "/limit"),
        ("state=done", "/state/0"),
        ("cursor=xyz", "/cursor"),
        ("cursor=" + "u" * 26, "/cursor"),
        ("created_after=yesterday", "/created_after"),
        ("created_after=5", "/created_after"),
        ("created_before=2026-13-01", "/created_before"),
        ("parent=me", "/parent"),
        ("id=one", "/id/0"),
        ("tag=", "/tag/0"),
        ("&".join(f"tag={number}" for number in range(21)), "/tag"),
    ],
)
def test_a_parameter_that_is_malformed_or_given_twice_is_refused(shared_client, query, pointer):
    answer = shared_client.get(f"/v1/jobs?{query}")
    assert answer.status_code == 422, answer.text
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


def test_very_many_unknown_parameters_are_counted(shared_client):
    told = shared_client.get("/v1/jobs?" + "&".join(f"p{number}=1" for number in range(4000))).json()
    assert (len(told["errors"]), told["more"]) == (50, 3950)


def test_several_states_are_any_of_them(client, database):
    ids = [submitted_as(client)["id"] for _ in range(3)]
    client.post(f"/v1/jobs/{ids[0]}/cancel")
    client.post(f"/v1/jobs/{ids[1]}/pause")
    assert found(client, state=["cancelled", "paused"]) == [ids[1], ids[0]]
    assert found(client, state=["succeeded", "failed"]) == []


@pytest.mark.parametrize(
    ("name", "sought"),
    [
        ("Übergitter Nr. 5", "üBERGITTER"),
        ("Straße", "STRASSE"),
        ("ΣΊΓΜΑΣ", "σίγμας"),
        ("Кристалл", "КРИСТ"),
        ("Cafe\u0301", "CAFÉ"),
        ("100 % Al_2", "% al_"),
    ],
)
def test_names_are_found_in_whatever_case_and_script(client, name, sought):
    job = submitted_as(client, name=name)["id"]
    submitted_as(client, name="another 100 X AlX2")
    assert found(client, name=sought) == [job]


def test_tags_are_kept_told_and_found_in_whatever_case(client):
    both = submitted_as(client, tag=["Nitride", "grün", "NITRIDE"])
    one = submitted_as(client, tag="nitride")
    submitted_as(client)
    assert both["tags"] == ["grün", "Nitride"]
    assert client.get(f"/v1/jobs/{both['id']}").json()["tags"] == ["grün", "Nitride"]
    assert client.post(f"/v1/jobs/{both['id']}/pause").json()["tags"] == ["grün", "Nitride"]
    assert found(client, tag="NITRIDE") == [one["id"], both["id"]]
    assert found(client, tag=["nitride", "GRÜN"]) == [both["id"]]
    listed = client.get("/v1/jobs", params={"tag": "grün"}).json()["items"]
    assert listed[0]["tags"] == ["grün", "Nitride"]


def test_dates_bound_what_is_found(client, database):
    jobs = [submitted_as(client) for _ in range(3)]
    made = [datetime.fromisoformat(job["created_at"]) for job in jobs]
    with database.writing() as session:
        for place, job in enumerate(jobs):
            at = (made[0] + timedelta(days=place)).timestamp()
            session.execute(update(JobRow).where(JobRow.id == job["id"]).values(created_at=at))
    second = (made[0] + timedelta(days=1)).isoformat()
    ids = [job["id"] for job in jobs]
    assert found(client, created_after=second) == [ids[2], ids[1]]
    assert found(client, created_before=second) == [ids[0]]
    far = (made[0] + timedelta(days=3)).date().isoformat()
    assert found(client, created_after=far) == []
    assert len(found(client, created_before=far)) == 3


def test_the_next_page_is_of_the_same_jobs(client):
    mine = [submitted_as(client, name="Übung", tag=["a", "b"])["id"] for _ in range(3)]
    submitted_as(client, name="Übung")
    query = {"tag": ["A", "b"], "name": "üb", "created_after": "2020-01-01", "state": ["queued", "running"]}
    first = client.get("/v1/jobs", params={**query, "limit": 2})
    following = first.headers["Link"].partition("<")[2].partition(">")[0]
    assert [job["id"] for job in first.json()["items"]] == mine[:0:-1]
    assert [job["id"] for job in client.get(following).json()["items"]] == mine[:1]


def test_many_jobs_are_cancelled_by_what_finds_them(client):
    tagged = [submitted_as(client, tag="batch")["id"] for _ in range(3)]
    other = submitted_as(client)["id"]
    client.post(f"/v1/jobs/{tagged[0]}/cancel")
    answer = client.post("/v1/jobs/cancel", params={"tag": "batch"})
    assert answer.status_code == 202
    assert [job["id"] for job in answer.json()["items"]] == [tagged[2], tagged[1]]
    assert {job["state"] for job in answer.json()["items"]} == {"cancelled"}
    assert client.get(f"/v1/jobs/{other}").json()["state"] == "queued"
    again = client.post("/v1/jobs/cancel", params={"tag": "batch"}).json()
    assert (again["items"], again["more"]) == ([], 0)


def test_jobs_that_are_named_and_not_cancelled_are_told(client):
    active, finished = submitted_as(client)["id"], submitted_as(client)["id"]
    client.post(f"/v1/jobs/{finished}/cancel")
    told = client.post("/v1/jobs/cancel", params={"id": [active, finished, UNKNOWN_ID]}).json()
    assert [job["id"] for job in told["items"]] == [active]
    assert told["not_cancelled"] == [finished, UNKNOWN_ID]


def test_jobs_that_are_stopping_already_are_not_cancelled_again(client, database):
    first, second = (submitted_as(client)["id"] for _ in range(2))
    with database.writing() as session:
        session.execute(update(JobRow).where(JobRow.id == first).values(state="cancelling"))
    told = client.post("/v1/jobs/cancel", params={"state": ["running", "queued", "cancelling"]}).json()
    assert [one["id"] for one in told["items"]] == [second]


def test_more_jobs_than_are_cancelled_at_a_time_are_counted(client, monkeypatch):
    monkeypatch.setattr("service.api.jobs.MOST_CANCELLED", 2)
    for _ in range(3):
        submitted_as(client)
    told = client.post("/v1/jobs/cancel", params={"state": ["queued", "running"]}).json()
    assert (len(told["items"]), told["more"]) == (2, 1)
    assert len(client.post("/v1/jobs/cancel", params={"state": "queued"}).json()["items"]) == 1


def test_cancelling_without_saying_which_jobs_is_refused(client):
    job = submitted_as(client)["id"]
    answer = client.post("/v1/jobs/cancel")
    assert (answer.status_code, answer.json()["type"]) == (422, TYPE + "missing-parameter")
    assert client.get(f"/v1/jobs/{job}").json()["state"] == "queued"


@pytest.mark.parametrize("fraction", [0.4, 0.6])
def test_a_job_was_made_at_the_moment_that_is_told_whichever_way_that_was_rounded(client, database, fraction):
    job = submitted_as(client)["id"]
    with database.writing() as session:
        session.execute(update(JobRow).where(JobRow.id == job).values(created_at=1.6e9 + fraction * 1e-6))
    told = client.get(f"/v1/jobs/{job}").json()["created_at"]
    assert [one["id"] for one in client.get("/v1/jobs", params={"created_after": told}).json()["items"]] == [
        job
    ]
    assert client.get("/v1/jobs", params={"created_before": told}).json()["items"] == []


def test_the_client_asks_for_the_same(client):
    url, problem = str(client.base_url), Problem.model_validate({**PROBLEM, "name": "Übung"})
    with Client(url) as library:
        job = library.submit(problem, tags=["Grün", "b"])
        other = library.submit(problem)
        assert job.job.tags == ["b", "Grün"]
        made = job.job.created_at
        meant = {"state": ["queued", "running"], "name": "übung", "tag": ["grün", "B"]}
        assert [one.id for one in library.jobs(**meant, created_after=made)] == [job.id]
        assert list(library.jobs(**meant, created_before=made)) == []
        assert [one.id for one in library.jobs(ids=[other.id])] == [other.id]
        told = library.cancel_jobs(ids=[job.id, UNKNOWN_ID])
        assert [one.state for one in told.items] == ["cancelled"]
        assert told.not_cancelled == [UNKNOWN_ID]
        with pytest.raises(ProblemRefused, match="say which jobs"):
            library.cancel_jobs()
        with pytest.raises(ValueError, match="ids is empty"):
            library.cancel_jobs(ids=[], state="queued")
        assert library.job(other.id).job.state == "queued"

    async def asked() -> list[str]:
        async with AsyncClient(url) as library:
            await library.submit(problem, tags=["c"])
            await library.cancel_jobs(tag="C")
            return [one.state async for one in library.jobs(tag="c", state="cancelled")]

    assert asyncio.run(asked()) == ["cancelled"]


def test_names_from_before_they_were_folded_are_found_after_the_upgrade(client, database):
    job = submitted_as(client, name="Ältere ÜBUNG", tag="x")["id"]
    migration.downgrade(database, "0006")
    migration.upgrade(database)
    assert found(client, name="ältere übung") == [job]
    assert client.get(f"/v1/jobs/{job}").json()["tags"] == []
