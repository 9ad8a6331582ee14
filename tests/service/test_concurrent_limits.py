"""Quotas and rates that many callers run into at the same moment."""

from __future__ import annotations

import secrets
import threading

import pytest

from api_schemas.jobs import CostEstimate
from api_schemas.problem import Problem
from service.access.rates import Rates
from service.http.refusals import TooMany
from service.lifecycle.submission import Options, Submission, submit
from service.settings import Settings
from tests.service.conftest import PROBLEM, running_broker


def at_once(count, call):
    """What of so many calls, begun together, was admitted, and the types of the refusals."""
    gate, admitted, refused = threading.Barrier(count), [], []

    def calling(number):
        gate.wait()
        try:
            admitted.append(call(number))
        except TooMany as refusal:
            refused.append(refusal.detail.type.rpartition(":")[2])

    threads = [threading.Thread(target=calling, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(admitted) + len(refused) == count
    return len(admitted), set(refused)


@pytest.mark.parametrize(
    ("limits", "fit", "refusal"),
    [
        ({"max_active_jobs": 5}, 5, {"quota-jobs"}),
        ({"max_evaluations_per_day": 10}, 3, {"quota-evaluations"}),
    ],
)
def test_of_thirty_submissions_at_once_as_many_are_admitted_as_fit_into_the_quota(
    database, limits, fit, refusal
):
    problem = Problem.model_validate(PROBLEM)
    estimate = CostEstimate(evaluations=3, potential_calls=30, seconds=1.0, memory_bytes=1)
    settings = Settings(require_api_keys=True, **limits)

    def submitting(number):
        tenant = "alpha" if number % 2 else "beta"
        return submit(database, settings, Submission(problem, estimate, Options(tenant=tenant)))

    assert at_once(30, submitting) == (2 * fit, refusal)  # each tenant has a quota of its own


def test_of_many_requests_at_once_as_many_pass_as_the_rate_allows(tmp_path, monkeypatch):
    monkeypatch.setattr("service.access.rates.BROKER_SECONDS", 60.0)
    with running_broker(tmp_path / "broker") as (broker, _):
        both = [Rates(12, 0, broker.url) for _ in range(2)]
        assert at_once(60, lambda number: both[number % 2].count_request("one")) == (
            12,
            {"too-many-requests"},
        )
    alone = Rates(12, 0)
    assert at_once(60, lambda _: alone.count_request("one")) == (12, {"too-many-requests"})


PATHS = [
    "/v1/jobs/%00",
    "/v1/jobs/01%00x/events",
    "/v1/jobs/%00/result",
    "/v1/jobs/%00/map",
    "/v1/jobs/%00/evaluations",
    "/v1/jobs?name=a%00b",
    "/v1/jobs?parent=%00",
    "/v1/jobs?cursor=%00",
    "/v1/jobs?state=%00",
    "/v1/jobs?%00=1",
    "/%00",
    "/v1/kinds?x=%00",
]


@pytest.mark.parametrize("path", PATHS)
def test_an_address_with_what_no_store_can_hold_is_refused(shared_client, path):
    answer = shared_client.get(path)
    assert answer.status_code in ((400, 422) if "?" in path else (404,)), answer.text
    assert answer.json()["detail"]
    for call in ("cancel", "pause", "verify"):
        assert shared_client.post(f"/v1/jobs/%00/{call}").status_code == 404


@pytest.mark.parametrize("parameter", ["property", "over", "at"])
def test_a_map_of_what_no_store_can_hold_is_refused(client, parameter):
    job_id = client.post("/v1/jobs", json=PROBLEM).json()["id"]
    assert client.get(f"/v1/jobs/{job_id}/map?{parameter}=%00").status_code == 422


@pytest.mark.parametrize(
    "strange",
    ["%ED%A0%80", "%FF", "%F4%90%80%80", "%C0%80", "%EF%BF%BF", "%F0%9F%92%8E", "\\u0000", "%7F%01"],
)
def test_other_strange_addresses_are_answered_and_never_with_a_fault_of_the_service(client, strange):
    for path in (f"/v1/jobs/{strange}", f"/v1/jobs?name={strange}", f"/v1/jobs?parent={strange}"):
        answer = client.get(path)
        assert answer.status_code < 500, (path, answer.text)
    key = secrets.token_hex(4) + strange
    answer = client.post("/v1/jobs", json=PROBLEM, headers={"Idempotency-Key": key})
    assert answer.status_code == 202


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "x\udfff"])
@pytest.mark.parametrize("where", ["name", "poscar", "sublattice", "key"])
def test_a_body_with_what_no_store_can_hold_is_refused_at_the_field(shared_client, text, where):
    import json

    body = json.loads(json.dumps(PROBLEM))
    if where == "name":
        body["name"] = text
    elif where == "poscar":
        body["structure"] = {"poscar": text}
    elif where == "sublattice":
        body["sublattices"][0]["name"] = text
    else:
        body[text] = 1
    sent = json.dumps(body).encode()
    for path in ("/v1/jobs", "/v1/problems/validate"):
        answer = shared_client.post(path, content=sent, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, answer.text
        assert answer.json()["errors"][0]["type"] == "malformed-json"
