"""What people write on jobs: it is kept whole, found again in every script, and changes nothing else."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import inspect

from api_schemas.problem import Problem
from orichalcum import AsyncClient, Client
from orichalcum.exceptions import NotFound, ProblemRefused
from service.operations import migration
from tests.service.conftest import PROBLEM
from tests.service.test_finding_jobs import TYPE, UNKNOWN_ID, found, submitted_as

WRITTEN = {
    "name": "Für den Vortrag",
    "note": "größer\n\tals gedacht",
    "tags": ["Talk", "grün", "TALK"],
    "starred": True,
}


def written_on(client, job_id, **labels):
    answer = client.patch(f"/v1/jobs/{job_id}", json=labels)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_what_is_written_is_told_everywhere_and_what_is_left_out_stays(client, work):
    job = submitted_as(client, tag=["first"])
    told = written_on(client, job["id"], **WRITTEN)
    assert (told["name"], told["note"], told["tags"]) == (WRITTEN["name"], WRITTEN["note"], ["grün", "Talk"])
    assert told["starred"] is True
    assert told == client.get(f"/v1/jobs/{job['id']}").json() == written_on(client, job["id"])
    (listed,) = client.get("/v1/jobs").json()["items"]
    kept = {"name", "note", "tags", "starred"}
    assert {name: listed[name] for name in kept} == {name: told[name] for name in kept}
    assert told["problem"]["name"] == PROBLEM["name"]
    work()
    after = written_on(client, job["id"], note="", starred=False)  # of a finished job too
    assert (after["note"], after["starred"], after["tags"]) == ("", False, ["grün", "Talk"])
    assert (after["name"], after["state"]) == (WRITTEN["name"], "succeeded")
    assert written_on(client, job["id"], tags=[])["tags"] == []


def test_writing_the_same_again_changes_nothing_and_the_entity_tag_follows_what_is_written(client):
    address = f"/v1/jobs/{submitted_as(client)['id']}"
    bare = client.get(address).headers["etag"]
    assert client.patch(address, json=WRITTEN).json() == client.patch(address, json=WRITTEN).json()
    first = client.get(address, headers={"If-None-Match": bare})
    assert first.status_code == 200
    assert client.get(address, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    client.patch(address, json={"note": "otherwise"})
    assert client.get(address, headers={"If-None-Match": first.headers["etag"]}).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"colour": "blue"}, 422, "/colour"),
        ({"state": "succeeded"}, 422, "/state"),
        ({"name": ""}, 422, "/name"),
        ({"name": "two\nlines"}, 422, "/name"),
        ({"name": "x" * 201}, 422, "/name"),
        ({"name": None}, 422, "/name"),
        ({"note": "x" * 1001}, 422, "/note"),
        ({"note": "\x1b[31m"}, 422, "/note"),
        ({"note": "NUL \x00"}, 400, "/note"),
        ({"note": None}, 422, "/note"),
        ({"tags": "one"}, 422, "/tags"),
        ({"tags": [str(number) for number in range(21)]}, 422, "/tags"),
        ({"tags": ["fine", "x" * 61]}, 422, "/tags/1"),
        ({"tags": [""]}, 422, "/tags/0"),
        ({"tags": ["\x00"]}, 400, "/tags/0"),
        ({"starred": "yes"}, 422, "/starred"),
        ({"starred": 1}, 422, "/starred"),
    ],
)
def test_what_cannot_be_written_is_refused_at_its_field(shared_client, body, status, pointer):
    answer = shared_client.patch(f"/v1/jobs/{UNKNOWN_ID}", json=body)
    assert answer.status_code == status, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_half_of_a_surrogate_pair_and_a_body_that_is_no_object_are_refused(shared_client):
    json = {"Content-Type": "application/json"}
    for content in (b'{"note": "\\ud800"}', b'["note"]', b"{"):
        answer = shared_client.patch(f"/v1/jobs/{UNKNOWN_ID}", content=content, headers=json)
        assert answer.status_code == 400, content
    assert shared_client.patch(f"/v1/jobs/{UNKNOWN_ID}", content=b'{"note": ""}').status_code == 415


def test_ends_of_lines_of_any_system_are_one_sort(client, submitted):
    job_id = submitted()
    assert written_on(client, job_id, note="one\r\ntwo\rthree")["note"] == "one\ntwo\nthree"


def test_a_job_that_is_not_there_cannot_be_written_on(shared_client):
    answer = shared_client.patch(f"/v1/jobs/{UNKNOWN_ID}", json=WRITTEN)
    assert (answer.status_code, answer.json()["type"]) == (404, TYPE + "job-not-found")


@pytest.mark.parametrize(
    "sought", ["VORTRAG", "GRÖSSER", "ALS gedacht", "tal", "GRÜ", "für den"], ids=lambda sought: sought
)
def test_a_part_of_name_note_or_tag_finds_a_job_in_whatever_case(client, sought):
    job = submitted_as(client)["id"]
    written_on(client, job, **WRITTEN)
    submitted_as(client, name="another", tag="other")
    assert found(client, search=sought) == [job]
    assert found(client, search=sought, state="failed") == []


def test_wildcards_of_the_store_are_letters_in_a_search(client):
    ids = [submitted_as(client)["id"] for _ in range(3)]
    written_on(client, ids[0], note="100 % of Al_2")
    written_on(client, ids[1], tags=["a%b_c"])
    written_on(client, ids[2], note="100 X of AlX2", tags=["aXbXc"])
    assert found(client, search="0 % of al_") == [ids[0]]
    assert found(client, search="A%B_") == [ids[1]]
    assert found(client, search="_") == [ids[1], ids[0]]
    assert found(client, search="\\") == []


def test_starred_jobs_are_found_and_pages_ask_on_for_the_same(client):
    ids = [submitted_as(client)["id"] for _ in range(4)]
    for job in ids[:3]:
        written_on(client, job, starred=True, note="Übung")
    assert found(client, starred="true") == ids[2::-1]
    assert found(client, starred="false") == [ids[3]]
    first = client.get("/v1/jobs", params={"starred": "true", "search": "üb", "limit": 2})
    following = first.headers["Link"].partition("<")[2].partition(">")[0]
    assert [job["id"] for job in client.get(following).json()["items"]] == ids[:1]
    assert client.get("/v1/jobs?starred=perhaps").json()["errors"][0]["pointer"] == "/starred"
    assert (
        client.post("/v1/jobs/cancel", params={"starred": "false"}).status_code == 422
    )  # nearly every job is
    stopped = client.post("/v1/jobs/cancel", params={"starred": "true"}).json()["items"]
    assert [job["id"] for job in stopped] == ids[2::-1]


def test_both_clients_write_and_find(client):
    url, problem = str(client.base_url), Problem.model_validate(PROBLEM)
    with Client(url) as library:
        job = library.submit(problem)
        library.submit(problem)
        assert job.update(note="für später", tags=("a", "b"), starred=True).note == "für später"
        assert job.job.tags == ["a", "b"]
        assert [one.id for one in library.jobs(search="SPÄTER", starred=True)] == [job.id]
        with pytest.raises(ProblemRefused, match="1000"):
            job.update(note="x" * 1001)
        unknown = library.job(job.id)
        unknown.job = unknown.job.model_copy(update={"id": UNKNOWN_ID})
        with pytest.raises(NotFound):
            unknown.update(starred=False)

    async def asked() -> list[str]:
        async with AsyncClient(url) as library:
            handle = await library.job(job.id)
            await handle.update(name="another name", starred=False)
            return [one.name async for one in library.jobs(search="another", starred=False)]

    assert asyncio.run(asked()) == ["another name"]


def test_going_down_loses_notes_and_stars_and_nothing_else(client, database):
    job = submitted_as(client)["id"]
    written_on(client, job, **WRITTEN)
    migration.downgrade(database, "0010")
    columns = {column["name"] for column in inspect(database.engine).get_columns("jobs")}
    assert not {"note", "folded_note", "starred"} & columns
    migration.upgrade(database)
    told = client.get(f"/v1/jobs/{job}").json()
    assert (told["note"], told["starred"]) == ("", False)
    assert (told["name"], told["tags"]) == (WRITTEN["name"], ["grün", "Talk"])
    assert found(client, search="größer") == []
