"""Arrays: one problem over lists of values becomes jobs, all or none, on both stores alike."""

from __future__ import annotations

import asyncio
import json

import pytest

from api_schemas.arrays import MOST_MEMBERS, as_over
from api_schemas.problem import Problem
from orichalcum import AsyncClient, Client
from orichalcum.exceptions import ProblemRefused
from service.settings import Settings
from tests.service.conftest import PROBLEM, serving
from tests.service.test_finding_jobs import TYPE, UNKNOWN_ID, found


def post(client, over, problem=PROBLEM, headers=None, **parameters):
    return client.post(
        "/v1/arrays", json={"problem": problem, "over": over}, params=parameters, headers=headers
    )


def made(client, over, **parameters) -> dict:
    answer = post(client, over, **parameters)
    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"] == f"/v1/arrays/{answer.json()['id']}"
    return answer.json()


def test_every_value_becomes_a_job_and_their_states_are_told_together(client, work):
    array = made(client, {"conditions.pressure": [0, 5, 10]}, tag="p", priority="high")
    assert array["states"] == {"queued": 3}
    assert [one["array_values"] for one in array["items"]] == [
        {"conditions.pressure": 0},
        {"conditions.pressure": 5},
        {"conditions.pressure": 10},
    ]
    assert [one["name"] for one in array["items"]] == [f"(Na,K)Cl, pressure {p}" for p in (0, 5, 10)]
    assert {(one["array"], one["priority"], *one["tags"]) for one in array["items"]} == {
        (array["id"], "high", "p")
    }
    ids = [one["id"] for one in array["items"]]
    for job_id, pressure in zip(ids, (0, 5, 10), strict=True):
        problem = client.get(f"/v1/jobs/{job_id}").json()["problem"]
        assert problem["conditions"]["pressure"] == pressure
        assert problem["objectives"][0]["target"] == PROBLEM["objectives"][0]["target"]
    other = client.post("/v1/jobs", json=PROBLEM).json()["id"]
    assert found(client, array=array["id"]) == ids[::-1]
    client.post(f"/v1/jobs/{ids[1]}/cancel")
    work()
    read = client.get(f"/v1/arrays/{array['id']}").json()
    assert read["states"] == {"succeeded": 2, "cancelled": 1}
    assert [one["id"] for one in read["items"]] == ids
    assert client.get(f"/v1/jobs/{other}").json()["array"] is None


def test_several_fields_make_every_combination(client):
    over = {"pressure": [0, 5], "objectives.0.target": [5.8, 5.9], "max_evaluations": [7]}
    array = made(client, over)
    values = [tuple(one["array_values"].items()) for one in array["items"]]
    assert values == [
        (("conditions.pressure", p), ("objectives.0.target", a), ("strategy.max_evaluations", 7))
        for p in (0, 5)
        for a in (5.8, 5.9)
    ]
    assert [one["progress"]["evaluations_planned"] for one in array["items"]] == [7] * 4


def test_an_array_is_cancelled_at_once(client):
    array = made(client, {"strategy.seed": [1, 2, 3]})
    other = client.post("/v1/jobs", json=PROBLEM).json()["id"]
    answer = client.post("/v1/jobs/cancel", params={"array": array["id"]})
    assert {one["id"] for one in answer.json()["items"]} == {one["id"] for one in array["items"]}
    assert client.get(f"/v1/arrays/{array['id']}").json()["states"] == {"cancelled": 3}
    assert client.get(f"/v1/jobs/{other}").json()["state"] == "queued"


@pytest.mark.parametrize(
    ("over", "pointers", "words"),
    [
        (
            {"conditions.pressure": [0, "five", 10, "ten"]},
            ["/over/conditions.pressure/1", "/over/conditions.pressure/3"],
            "number",
        ),
        ({"conditions.presure": [0]}, ["/over/conditions.presure/0"], "pressure"),
        ({"presure": [0, 1]}, ["/over/presure"], "did you mean pressure?"),
        ({"sites": [8]}, ["/over/sites"], "several parts"),
        ({"objectives.1.target": [5.8]}, ["/over/objectives.1.target"], "holds nothing"),
        ({"objectives.0.target": [[1], 5.8]}, ["/over/objectives.0.target/0"], ""),
        ({"name.first": ["x"]}, ["/over/name.first"], "holds nothing"),
        ({}, ["/over"], ""),
        ({"strategy.seed": []}, ["/over/strategy.seed"], ""),
        ({f"strategy.{n}": [1] for n in range(6)}, ["/over"], "at most 5"),
        ({"strategy.seed": list(range(20)), "pressure": [0, 1, 2, 3, 4, 5]}, ["/over"], "120 jobs"),
    ],
)
def test_an_array_with_a_fault_is_refused_whole_with_each_fault_at_its_value(
    shared_client, over, pointers, words
):
    answer = post(shared_client, over)
    assert answer.status_code == 422, answer.text
    assert sorted({one["pointer"] for one in answer.json()["errors"]}) == pointers
    assert words in answer.text
    assert shared_client.get("/v1/jobs").json()["items"] == []


def test_a_fault_of_the_problem_itself_is_told_once_and_where_it_is(shared_client):
    answer = post(shared_client, {"strategy.seed": [1, 2, 3]}, {**PROBLEM, "colour": "blue"})
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/problem/colour"]
    answer = shared_client.post("/v1/arrays", json=PROBLEM)
    assert "/over" in {one["pointer"] for one in answer.json()["errors"]}


@pytest.mark.stores("sqlite")
def test_the_jobs_of_an_array_count_against_the_quotas_all_of_them_or_none(database, queue):
    with serving(Settings(max_active_jobs=3), database, queue) as client:
        made(client, {"strategy.seed": [1, 2]})
        answer = post(client, {"strategy.seed": [1, 2]})
        assert (answer.status_code, answer.json()["type"]) == (429, TYPE + "quota-jobs")
        assert "2 more" in answer.json()["detail"]
        assert len(found(client)) == 2
    with serving(Settings(max_evaluations_per_day=250), database, queue) as client:
        answer = post(client, {"strategy.seed": list(range(7))})  # of 40 evaluations each, beside 80
        assert (answer.status_code, answer.json()["type"]) == (429, TYPE + "quota-evaluations")
        assert len(found(client)) == 2
        made(client, {"strategy.seed": [1, 2, 3, 4]})


@pytest.mark.stores("sqlite")
def test_an_array_repeated_under_its_key_is_made_once(client):
    headers = {"Idempotency-Key": "one key"}
    first = post(client, {"strategy.seed": [1, 2]}, headers=headers)
    assert post(client, {"strategy.seed": [1, 2]}, headers=headers).json() == first.json()
    assert post(client, {"strategy.seed": [1, 3]}, headers=headers).status_code == 422
    assert len(found(client)) == 2


@pytest.mark.stores("sqlite")
def test_the_largest_array_is_stored(client):
    array = made(client, {"strategy.seed": list(range(MOST_MEMBERS))})
    assert array["states"] == {"queued": MOST_MEMBERS}


def test_an_array_starts_after_other_jobs(client, work):
    first = client.post("/v1/jobs", json=PROBLEM).json()
    array = made(client, {"strategy.seed": [1, 2]}, after=first["id"], take="answer")
    assert {one["waiting"] for one in array["items"]} == {True}
    work()
    assert client.get(f"/v1/arrays/{array['id']}").json()["states"] == {"succeeded": 2}


def test_an_array_that_is_not_there_or_of_another_tenant_is_unknown(client, submitted, database):
    for array_id in (UNKNOWN_ID, "x"):
        answer = client.get(f"/v1/arrays/{array_id}")
        assert (answer.status_code, answer.json()["type"]) == (404, TYPE + "array-not-found")
    assert client.get("/v1/jobs", params={"array": "x"}).status_code == 422


@pytest.mark.stores("sqlite")
def test_the_client_submits_follows_and_cancels_arrays(client, work):
    url, problem = str(client.base_url), Problem.model_validate(PROBLEM)
    with Client(url) as library:
        array = library.submit_array(problem, {"pressure": [0, 5]}, tags=["p"])
        assert array.states == {"queued": 2}
        assert [job.job.array_values for job in array.jobs] == [
            {"conditions.pressure": 0},
            {"conditions.pressure": 5},
        ]
        assert not array.ended
        array.jobs[0].cancel()
        work()
        assert {one.state for one in library.array(array.id).wait(60).items} == {"succeeded", "cancelled"}
        with pytest.raises(ProblemRefused, match="pressure"):
            library.submit_array(problem, {"pressure": [0, "x"]})

    async def asked() -> dict[str, int]:
        async with AsyncClient(url) as library:
            array = await library.submit_array(problem, {"pressure": [0, 5]})
            await array.cancel()
            await array.wait(60)
            return array.states

    assert asyncio.run(asked()) == {"cancelled": 2}


def test_values_are_read_from_texts():
    assert as_over(["pressure=0,5,1e1", "strategy.name = bayesian, auto", 'a.b=[[1, 2], "x,y"]']) == {
        "pressure": [0, 5, 10.0],
        "strategy.name": ["bayesian", "auto"],
        "a.b": [[1, 2], "x,y"],
    }
    for wrong, words in (
        (["pressure"], "names no values"),
        (["=5"], "names no values"),
        (["p="], "names no values"),
        (["p=1", "p=2"], "twice"),
        (["p=[1,"], "no list"),
    ):
        with pytest.raises(ValueError, match=words):
            as_over(wrong)


@pytest.mark.stores("sqlite")
def test_long_values_are_shown_by_their_numbers(client):
    structures = [{"poscar": poscar(a)} for a in (5.6, 5.7)]
    array = made(client, {"structure": structures})
    assert [one["array_values"] for one in array["items"]] == [{"structure": f"value {n}"} for n in (1, 2)]
    problem = client.get(f"/v1/jobs/{array['items'][1]['id']}").json()["problem"]
    assert json.dumps("5.7")[1:-1] in problem["structure"]["poscar"]


def poscar(a: float) -> str:
    lines = ["NaCl", str(a), "0 .5 .5", ".5 0 .5", ".5 .5 0", "Na Cl", "1 1", "direct", "0 0 0", ".5 .5 .5"]
    return "\n".join([*lines, *[""] * 150])
