"""What surrogates expect of a composition, over HTTP, by the real engine; and evaluations that are asked for there."""

from __future__ import annotations

import dataclasses
import threading
import time

import numpy as np
import pytest
from sqlalchemy import select

from api_schemas.maps import PointUnderWay, SurrogatePoint
from engine.acceptance.resolve import resolve
from engine.optimize.answer.surrogate_map import learned
from service.lifecycle.dispatch import enqueue
from service.repositories import jobs, maps, tasks
from service.tables.jobs import JobRow
from service.tables.maps import MapRow
from service.worker.replay import records_of
from tests.posterior import DensePosterior
from tests.service.conftest import PROBLEM, each
from tests.service.test_access import bearer, keyed, made
from tests.service.test_maps import compute, stored
from tests.service.test_verification import evaluated, worked

__all__ = ["keyed"]

AT = "cation:Na=0.25,K=0.75"


@pytest.fixture
def job(database, queue, submitted, worker):
    """A finished job of three evaluations: lattice_a = 6 - x_Na / 3 at 0.1, 0.2 and 0.3, without gradients."""
    job_id = submitted()
    enqueue(database, queue, job_id)
    worked(dataclasses.replace(worker, perform=each(evaluated)), queue)
    return job_id


def asked(client, job_id, at=AT, **headers):
    return client.get(f"/v1/jobs/{job_id}/surrogate", params={"at": at}, headers=headers)


def fitted(database, job_id):
    """The hyperparameters of the surrogate of the job's records."""
    with database.reading() as session:
        resolved = resolve(jobs.problem_of(session.get(JobRow, job_id)))
        records = records_of(tasks.records(session, job_id))
    return learned(resolved, records, "lattice_a").model.hyperparameters


def test_a_point_is_promised_then_computed_then_answered_as_a_dense_posterior_says(
    client, database, job, worker, queue
):
    first = asked(client, job)
    assert (first.status_code, first.headers["retry-after"]) == (202, "1")
    assert PointUnderWay.model_validate(first.json()).at == "cation:Na=0.25,K=0.75"
    assert asked(client, job, " cation : K=0.75, Na=0.250").status_code == 202
    assert len(queue.maps) == 1
    compute(worker, queue)
    found = SurrogatePoint.model_validate(asked(client, job).json())
    assert (found.at, found.feasible, found.evaluations) == ({"cation": {"Na": 0.25, "K": 0.75}}, True, 3)
    (lattice,) = found.expected
    x = np.array([[share, 1.0 - share] for share in (0.1, 0.2, 0.3)])
    h = fitted(database, job)
    posterior = DensePosterior(h, x, 6.0 - x[:, 0] / 3.0, np.zeros((0, 2)))
    at = np.array([0.25, 0.75])
    mean, deviation = posterior.mean_and_deviation(at)
    assert lattice.mean == pytest.approx(mean, abs=1e-8)
    assert lattice.deviation >= deviation * (1 - 1e-6)
    slope = posterior.gradient(at)
    np.testing.assert_allclose(list(lattice.gradient["cation"].values()), slope, atol=1e-6)
    assert lattice.per_percent["cation"]["K"] == pytest.approx(0.01 * (slope[1] - slope[0]), abs=1e-8)
    assert not lattice.beyond


def test_whoever_prefers_to_wait_is_answered_once_a_worker_has_computed_it(client, job, worker, queue):
    def computed():
        while not queue.maps:
            time.sleep(0.01)
        compute(worker, queue)

    thread = threading.Thread(target=computed)
    thread.start()
    answer = asked(client, job, prefer="wait=30")
    thread.join()
    assert (answer.status_code, answer.headers["preference-applied"]) == (200, "wait=30")


def test_a_wait_without_a_worker_ends_with_a_promise(client, job, queue):
    assert asked(client, job, prefer="wait=1").status_code == 202
    assert len(queue.maps) == 1


def test_points_and_maps_are_kept_apart(client, database, job, worker, queue, monkeypatch):
    before = len(stored(database))
    monkeypatch.setattr(maps, "MOST_POINTS", 2)
    for share in (0.3, 0.4):
        asked(client, job, f"cation:Na={share},K={1 - share}")
    refused = asked(client, job, "centre")
    assert (refused.status_code, refused.json()["type"]) == (429, "urn:orichalcum:problem:too-many-maps")
    assert "2 maps of this job" in refused.json()["detail"]
    compute(worker, queue)
    assert asked(client, job, "centre").status_code == 202
    with database.reading() as session:
        rows = session.execute(select(MapRow.over, MapRow.property)).all()
    assert sum(over != "" for over, _ in rows) == before
    assert sum((over, name) == ("", "*") for over, name in rows) == 2


def test_what_is_no_composition_is_refused_at_once(client, job, queue):
    for at, where, mend in (
        ("incumbant", "/at", "did you mean incumbent?"),
        ("cation:Na=2", "/at/cation", "add up to 2"),
        ("", "/at", "at least 1 character"),
    ):
        answer = asked(client, job, at)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == where
        assert mend in answer.json()["errors"][0]["message"]
    assert not queue.maps


def test_a_job_without_evaluations_and_another_tenants_job_tell_nothing(client, submitted):
    assert asked(client, submitted()).json()["type"] == "urn:orichalcum:problem:nothing-to-map"
    assert asked(client, submitted(tenant="alpha")).status_code == 404


def test_an_evaluation_is_asked_for_by_a_job_that_names_its_parent(client, job, work):
    at = [{"cation": {"Na": 0.25, "K": 0.75}}]
    answer = client.post(f"/v1/jobs/{job}/evaluate", json={"at": at}, headers={"Idempotency-Key": "a"})
    assert answer.status_code == 202
    child = answer.json()
    assert (child["kind"], child["parent"], child["name"]) == (
        "evaluate",
        job,
        "(Na,K)Cl, at Na 0.25, K 0.75",
    )
    assert child["problem"]["at"] == at
    assert child["problem"]["objectives"][0]["target"] == 5.9
    assert "verify" not in child["problem"] or child["problem"]["verify"] is None
    again = client.post(f"/v1/jobs/{job}/evaluate", json={"at": at}, headers={"Idempotency-Key": "a"})
    assert again.json()["id"] == child["id"]
    listed = client.get("/v1/jobs", params={"parent": job}).json()["items"]
    assert [one["id"] for one in listed] == [child["id"]]


def test_an_evaluation_may_be_asked_for_while_the_job_runs(client, submitted):
    at = [{"cation": {"Na": 1.0, "K": 0.0}}, {"cation": {"Na": 0.5, "K": 0.5}}]
    answer = client.post(f"/v1/jobs/{submitted()}/evaluate", json={"at": at})
    assert (answer.status_code, answer.json()["name"]) == (202, "(Na,K)Cl, evaluated")


def test_what_cannot_be_evaluated_is_refused_where_it_was_asked(client, job):
    for body, where in (
        ({}, "/at"),
        ({"at": []}, "/at"),
        ({"at": [{"cation": {"Na": 0.5}}]}, "/at/0/cation"),
        ({"at": [{"cation": {"Xe": 1.0}}]}, "/at/0/cation"),
        ({"at": [{"cation": {"Na\n": 0.5, "K": 0.5}}]}, "/at/0/cation"),
        ({"at": [{"cat\x7f": {"Na": 0.5, "K": 0.5}}]}, "/at/0"),
        ({"at": [{"cation": {"Na": 1.0}}], "sites": 3}, "/sites"),
    ):
        answer = client.post(f"/v1/jobs/{job}/evaluate", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"].startswith(where)


def test_a_kind_without_surrogates_evaluates_nothing(client):
    order = PROBLEM | {
        "kind": "order",
        "order": {"enumerate": {"sites": 2}},
        "at": [{"cation": {"Na": 0.5, "K": 0.5}}],
    }
    del order["objectives"]
    made_of = client.post("/v1/jobs", json=order)
    assert made_of.status_code == 202, made_of.text
    answer = client.post(f"/v1/jobs/{made_of.json()['id']}/evaluate", json={"at": order["at"]})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:orichalcum:problem:nothing-to-evaluate")
    expected = asked(client, made_of.json()["id"])
    assert (expected.status_code, expected.json()["title"]) == (409, "The job has no surrogates")


def test_a_hundred_compositions_with_all_their_digits_are_taken(client, submitted):
    third = {"cation": {"Na": 0.33333333333333331, "K": 0.66666666666666663}}
    body = {"at": [third | {"anion": {f"Cl{' ' * 200}": 1.0}}] * 100}
    assert len(str(body)) > 20_000
    answer = client.post(f"/v1/jobs/{submitted()}/evaluate", json=body)
    assert answer.status_code == 422  # for what is in it, not for its size


def test_no_more_than_so_many_requests_wait(client, job, monkeypatch):
    monkeypatch.setattr("service.api.surrogate.MOST_WAITING", 0)
    monkeypatch.setattr("service.api.surrogate.sleep", lambda _: pytest.fail("it waits"))
    answer = asked(client, job, prefer="wait=30")
    assert (answer.status_code, "preference-applied" in answer.headers) == (202, False)


def test_a_job_that_comes_of_a_renamed_one_has_its_name(client, job):
    assert client.patch(f"/v1/jobs/{job}", json={"name": "for the talk"}).status_code == 200
    at = [{"cation": {"Na": 0.5, "K": 0.5}}]
    answer = client.post(f"/v1/jobs/{job}/evaluate", json={"at": at})
    assert answer.json()["name"].startswith("for the talk, at ")


def test_a_reader_asks_surrogates_and_no_evaluation(keyed, database, submitted):
    job_id = submitted(tenant="alpha")
    reader, body = bearer(made(database, scopes=("read",))), {"at": [{"cation": {"Na": 1.0, "K": 0.0}}]}
    assert keyed.get(f"/v1/jobs/{job_id}/surrogate", headers=reader).status_code == 409
    assert keyed.post(f"/v1/jobs/{job_id}/evaluate", json=body, headers=reader).status_code == 403
    assert (
        keyed.post(f"/v1/jobs/{job_id}/evaluate", json=body, headers=bearer(made(database))).status_code
        == 202
    )
    assert keyed.get(f"/v1/jobs/{job_id}/surrogate").status_code == 401
