"""Requests made of anything at all, and good problems with something wrong put in: never a 5xx, always JSON."""

from __future__ import annotations

import copy
import json
from urllib.parse import quote

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.service.conftest import PROBLEM

QUIET = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
)
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


def places(value: object, where: tuple = ()) -> list[tuple]:
    """Every place in a document."""
    found = [where] if where else []
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        found += places(item, (*where, key))
    return found


def altered(where: tuple, value: object) -> dict:
    problem = copy.deepcopy(PROBLEM)
    spot = problem
    for key in where[:-1]:
        spot = spot[key]
    spot[where[-1]] = value
    return problem


def sound(answer: httpx.Response) -> bool:
    return answer.status_code < 500 and "Traceback" not in answer.text and json.loads(answer.text) is not None


@QUIET
@given(document=documents)
def test_any_document_gets_an_answer(shared_client, document):
    assert sound(shared_client.post("/v1/jobs", json=document))


@QUIET
@given(where=st.sampled_from(places(PROBLEM)), value=documents)
def test_a_problem_with_anything_in_any_place_gets_an_answer(shared_client, where, value):
    problem = altered(where, value)
    submitted = shared_client.post("/v1/jobs", json=problem)
    validated = shared_client.post("/v1/problems/validate", json=problem)
    assert sound(submitted)
    assert sound(validated)
    assert (submitted.status_code == 202) == validated.json().get("valid", False)


@QUIET
@given(
    body=st.binary(max_size=200), content_type=st.sampled_from(["application/json", "text/plain", "a/b+json"])
)
def test_any_bytes_get_an_answer(shared_client, body, content_type):
    assert sound(shared_client.post("/v1/jobs", content=body, headers={"content-type": content_type}))


@QUIET
@given(
    path=st.sampled_from(["", "/result", "/events", "/evaluations", "/map", "/cancel", "/pause"]),
    job_id=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30),
    query=st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
)
def test_any_address_gets_an_answer(shared_client, path, job_id, query):
    address = "/v1/jobs/" + quote(job_id, safe="") + path
    method = "POST" if path in ("/cancel", "/pause") else "GET"
    assert (
        shared_client.request(
            method, address, params={"cursor": query, "limit": query, "at": query}
        ).status_code
        < 500
    )
