"""Maps of surrogates over HTTP: computed by a worker, stored, kept up with the job, and lost to nobody's crash."""

from __future__ import annotations

import dataclasses
import threading

import pytest
from sqlalchemy import func, select, update

from api_schemas.errors import FieldError, ProblemInvalid
from api_schemas.maps import MapUnderWay, SurrogateMap
from service.lifecycle import actions
from service.lifecycle.dispatch import enqueue
from service.queue.messenger import Route
from service.repositories import maps
from service.tables.maps import MapRow
from service.worker.mapping import run_map
from tests.service.conftest import PROBLEM, fake_map

LINE = {"property": "lattice_a", "over": "cation:Na,K"}


@pytest.fixture
def job(database, queue, submitted, work):
    """A job with its first evaluation stored, and two under way."""
    job_id = submitted()
    enqueue(database, queue, job_id)
    work(limit=3)
    return job_id


def asked(client, job_id, **more):
    return client.get(f"/v1/jobs/{job_id}/map", params={**LINE, **more})


def compute(worker, queue):
    while queue.maps:
        run_map(worker, queue.maps.pop(0))


def stored(database):
    with database.reading() as session:
        return session.scalars(select(MapRow).order_by(MapRow.id)).all()


def test_a_map_is_promised_then_computed_by_a_worker_then_answered_from_the_store(client, job, worker, queue):
    first = asked(client, job)
    assert first.status_code == 202
    assert int(first.headers["retry-after"]) >= 1
    promised = MapUnderWay.model_validate(first.json())
    assert (promised.over, promised.at) == (["cation:Na", "cation:K"], "incumbent")
    assert asked(client, job, over=" cation : Na , K ").status_code == 202
    assert len(queue.maps) == 1
    compute(worker, queue)
    answer = asked(client, job)
    assert answer.status_code == 200
    assert SurrogateMap.model_validate(answer.json()).evaluations == 1
    assert not queue.maps


def test_other_elements_properties_and_compositions_are_other_maps(client, database, job):
    asked(client, job)
    asked(client, job, over="cation:K,Na")
    asked(client, job, property="density")
    asked(client, job, at="centre")
    asked(client, job, at="cation:Na=0.25,K=0.75")
    asked(client, job, at="cation: K=0.75, Na=0.250")
    assert len(stored(database)) == 5


def test_while_a_job_runs_the_stored_map_is_answered_and_a_newer_one_is_computed_behind_it(
    client, database, job, worker, queue, work
):
    asked(client, job)
    compute(worker, queue)
    work()
    compute(worker, queue)
    assert client.get(f"/v1/jobs/{job}").json()["state"] == "succeeded"
    database_row = stored(database)[0]
    assert database_row.told == 3  # the end of the job brought it up to date before anybody asked
    assert asked(client, job).json()["evaluations"] == 3


def test_a_map_that_knows_too_few_evaluations_is_answered_and_computed_again(
    client, database, job, worker, queue, work
):
    asked(client, job, property="density")
    compute(worker, queue)
    work()
    old = asked(client, job, property="density")
    assert (old.status_code, old.json()["evaluations"]) == (200, 1)
    assert len(queue.maps) == 1
    assert asked(client, job, property="density").json()["evaluations"] == 1
    assert len(queue.maps) == 1
    compute(worker, queue)
    assert asked(client, job, property="density").json()["evaluations"] == 3


def test_the_objectives_maps_are_there_when_a_job_has_ended(client, database, job, work):
    work()
    answer = asked(client, job)
    assert (answer.status_code, answer.json()["evaluations"]) == (200, 3)


def test_a_job_without_evaluations_has_nothing_to_map_yet(client, database, submitted):
    answer = asked(client, submitted())
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:orichalcum:problem:nothing-to-map")
    assert answer.headers["retry-after"]
    cancelled = submitted()
    client.post(f"/v1/jobs/{cancelled}/cancel")
    ended = asked(client, cancelled)
    assert ended.status_code == 409
    assert "retry-after" not in ended.headers


@pytest.mark.parametrize(
    ("wish", "where", "mend"),
    [
        ({"property": "latice_a"}, "/property", "did you mean lattice_a"),
        ({"property": "bulk_modulus"}, "/property", "name it in the problem's properties"),
        ({"over": "cation:Na,Kk"}, "/over", "did you mean cation:K?"),
        ({"over": "cation:Na"}, "/over", "two to four"),
        ({"at": "incumbant"}, "/at", "did you mean incumbent?"),
        ({"at": "cation:Na=2"}, "/at/cation", "add up to 2"),
        ({"at": ""}, "/at", "at least 1 character"),
        ({"property": "x" * 300}, "/property", "at most 200 characters"),
    ],
)
def test_what_cannot_be_mapped_is_refused_at_once_naming_parameter_and_mend(
    client, job, queue, wish, where, mend
):
    answer = asked(client, job, **wish)
    assert answer.status_code == 422
    fault = answer.json()["errors"][0]
    assert fault["pointer"] == where
    assert mend in fault["message"]
    assert not queue.maps


def test_a_slice_that_the_worker_refuses_is_told_with_its_parameter_until_more_is_known(
    client, job, worker, queue, work
):
    def refusing(problem, records, property_name, wanted):
        if len(records) < 2:
            raise ProblemInvalid([FieldError(pointer="/property", type="bad-map", message="not yet")])
        return fake_map(problem, records, property_name, wanted)

    choosy = dataclasses.replace(worker, surrogate_map=refusing)
    asked(client, job, property="density")
    compute(choosy, queue)
    answer = asked(client, job, property="density")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/property")
    work()
    assert asked(client, job, property="density").status_code == 202
    compute(choosy, queue)
    assert asked(client, job, property="density").status_code == 200


def test_a_surrogate_that_fails_is_a_conflict_without_its_traceback(client, job, worker, queue):
    def failing(*_):
        raise RuntimeError("secret")

    asked(client, job)
    compute(dataclasses.replace(worker, surrogate_map=failing), queue)
    answer = asked(client, job)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:orichalcum:problem:map-failed")
    assert "secret" not in answer.text


def test_a_map_whose_worker_vanished_is_computed_by_another_and_the_late_answer_is_refused(
    client, database, job, worker, queue, sweeper
):
    asked(client, job)
    with database.writing() as session:
        frozen = maps.claim(session, queue.maps.pop(0), "frozen worker")
    run_map(worker, frozen.map_id)  # the message came twice: nothing to claim
    sweeper.later()
    sweeper.sweep()
    compute(worker, queue)
    with database.writing() as session:
        assert not maps.renew(session, frozen)
        assert not maps.store(session, frozen, 99, answer="{}")
    assert asked(client, job).json()["evaluations"] == 1
    assert stored(database)[0].attempt == 2


def test_a_map_over_which_three_workers_vanish_fails(client, job, queue, sweeper):
    asked(client, job)
    for number in range(3):
        sweeper.lose(lambda session, name: maps.claim(session, queue.maps.pop(0), name), f"w{number}")
    answer = asked(client, job)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:orichalcum:problem:worker-lost")


def test_messages_about_maps_that_the_broker_lost_are_sent_again(
    client, database, job, worker, queue, sweeper
):
    queue.broken = True
    assert asked(client, job).status_code == 202
    queue.broken = False
    sweeper.sweep()
    assert len(queue.maps) == 1
    queue.lose_everything()
    sweeper.later()
    sweeper.sweep()
    compute(worker, queue)
    assert asked(client, job).status_code == 200


def test_messages_about_maps_go_before_all_others(client, job, queue, monkeypatch):
    routes = []
    monkeypatch.setattr(queue, "map", lambda _id, route: routes.append(route) or True)
    asked(client, job)
    assert routes == [Route("orichalcum", 0)]


def test_one_worker_at_a_time_computes_a_map(client, database, job, queue):
    asked(client, job)
    claims = []

    def claim(name):
        with database.writing() as session:
            claims.append(maps.claim(session, queue.maps[0], name))

    threads = [threading.Thread(target=claim, args=(f"w{i}",)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(claim is not None for claim in claims) == 1


def test_a_job_keeps_so_many_maps_and_the_oldest_goes(client, database, job, worker, queue, monkeypatch):
    monkeypatch.setattr(maps, "MOST_OF_A_JOB", 3)
    for share in ("0.1", "0.2", "0.3"):
        assert asked(client, job, at=f"cation:Na={share},K={1 - float(share)}").status_code == 202
    refused = asked(client, job, at="centre")
    assert (refused.status_code, refused.json()["type"]) == (429, "urn:orichalcum:problem:too-many-maps")
    assert refused.headers["retry-after"]
    compute(worker, queue)
    assert asked(client, job, at="centre").status_code == 202
    assert len(stored(database)) == 3
    assert asked(client, job, at="cation:Na=0.2,K=0.8").status_code == 200


def test_maps_go_with_their_job(client, database, job, work):
    work()
    assert stored(database)
    actions.delete(database, "default", job)
    with database.reading() as session:
        assert session.execute(select(func.count()).select_from(MapRow)).scalar_one() == 0


def test_the_map_of_another_tenants_job_is_not_found(client, database, queue, submitted, work):
    theirs = submitted(tenant="alpha")
    enqueue(database, queue, theirs)
    work()
    assert asked(client, theirs).status_code == 404


def test_the_openapi_document_tells_every_answer_of_a_map(client):
    call = client.get("/openapi.json").json()["paths"]["/v1/jobs/{job_id}/map"]["get"]
    assert set(call["responses"]) == {"200", "202", "401", "403", "404", "409", "422", "429", "503"}
    assert "Retry-After" in call["responses"]["202"]["headers"]
    assert call["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/SurrogateMap")
    assert {parameter["name"] for parameter in call["parameters"]} == {"job_id", "property", "over", "at"}


def test_a_job_without_objectives_is_asked_for_the_property(client, database, queue, work):
    problem = {key: value for key, value in PROBLEM.items() if key != "objectives"} | {"kind": "scan"}
    job_id = client.post("/v1/jobs", json=problem).json()["id"]
    work()
    answer = client.get(f"/v1/jobs/{job_id}/map")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/property")


def age(database, seconds=600.0):
    """As if this much time had passed since every claim was renewed and every message was sent."""
    with database.writing() as session:
        session.execute(update(MapRow).values(lease_until=MapRow.lease_until - seconds))
        session.execute(update(MapRow).values(enqueued_at=MapRow.enqueued_at - seconds))
