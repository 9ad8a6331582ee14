"""Verifying the answer of a finished job: who may, what becomes of it, and what the new job begins with."""

from __future__ import annotations

import dataclasses
import json

import pytest
from sqlalchemy import select, update

from api_schemas.cost import Cost
from api_schemas.errors import ProblemDetail
from api_schemas.evaluations import ReferenceRecord
from api_schemas.problem import Problem
from api_schemas.results import Result
from api_schemas.supercells import SUPERCELL, SupercellRecord
from engine.kinds.evaluate.verifying import verifying
from engine.units.registry import UNITS
from service.lifecycle import actions, finish
from service.lifecycle.dispatch import enqueue
from service.repositories import jobs
from service.tables.jobs import JobRow
from service.tables.tasks import TaskRow
from service.worker.advance import run_advance
from service.worker.computation import plan_of
from service.worker.perform import run_task
from tests.service.conftest import PROBLEM, each, fake_perform
from tests.service.test_access import bearer, keyed, made
from tests.service.test_tasks import rows, state_of

__all__ = ["keyed"]


def explicit(problem, task, workplace):
    """A record of any unit that a verification asks for."""
    if task.unit == "reference":
        return ReferenceRecord(
            index=task.index, what=task.what, members=task.members, converged=True,
            enthalpies=[0.0] * len(task.members), cost=Cost(potential_calls=0, shared_calls=1, seconds=0.0),
        )  # fmt: skip
    if task.unit != SUPERCELL:
        return evaluated(problem, task, workplace)
    workplace.say(f"supercell {task.decoration + 1}")
    workplace.on_call()
    return SupercellRecord(
        index=task.index,
        cost=Cost(
            potential_calls=7, shared_calls=0, seconds=1.0, supercell_calls=7, primitive_equivalents=70.0
        ),
        evaluation=task.evaluation,
        decoration=task.decoration,
        composition=task.composition,
        matrix=[[2, 0, 0], [0, 2, 0], [0, 0, 2]],
        sites={"cation": 10},
        properties={"lattice_a": 5.9 + 0.001 * task.decoration},
        energy_per_atom=-3.5,
        converged=True,
        left_parent=False,
        largest_displacement=0.05,
        changed_coordination=0.0,
        structure=None,
    )


class Explicit:
    """In place of the unit where it is not there: only its forms are asked for."""

    name = SUPERCELL
    record = SupercellRecord
    without_effect = frozenset({"kind", "name", "strategy", "at", "scan", "verify"})

    def __init__(self):
        from api_schemas.supercells import SupercellTask

        self.task = SupercellTask


@pytest.fixture(autouse=True)
def unit():
    if SUPERCELL in UNITS:
        yield
        return
    with UNITS.having(Explicit()):
        yield


def evaluated(problem, task, workplace):
    """As the engine has it, with the target of each objective."""
    return fake_perform(problem, task, workplace).model_copy(update={"targets": [5.9]})


@pytest.fixture
def finished(database, queue, submitted, worker):
    job_id = submitted()
    enqueue(database, queue, job_id)
    worked(dataclasses.replace(worker, perform=each(evaluated)), queue)
    return job_id


@pytest.fixture
def real(worker):
    """A worker with the real plans."""
    return dataclasses.replace(worker, perform=each(explicit), plan=plan_of)


def worked(worker, queue):
    while queue.advances or queue.tasks:
        if queue.advances:
            run_advance(worker, queue.advances.pop(0))
        else:
            run_task(worker, queue.tasks.pop(0))
    queue.maps.clear()


def slug(response):
    assert response.headers["content-type"] == "application/problem+json"
    return response.json()["type"].rpartition(":")[2]


def test_the_answer_of_a_finished_job_is_verified_by_a_job_that_names_it(
    client, database, queue, finished, real
):
    response = client.post(f"/v1/jobs/{finished}/verify", json={"supercells": 3, "sites": 16})
    assert response.status_code == 202, response.text
    job = response.json()
    assert response.headers["location"] == f"/v1/jobs/{job['id']}"
    assert (job["parent"], job["kind"], job["name"]) == (finished, "evaluate", "(Na,K)Cl, verified")
    best = actions.result(database, "default", finished).best
    assert job["problem"]["at"] == [best.composition]
    assert job["problem"]["verify"] == {"supercells": 3, "sites": 16}
    assert job["problem"]["objectives"][0]["tolerance"] == 0.001
    # Its evaluation is known: it is an event already, and is not computed again.
    assert job["progress"]["evaluations_done"] == 1
    (page,) = client.get(f"/v1/jobs/{job['id']}/evaluations").json()["items"]
    assert page["evaluation"]["properties"] == json.loads(best.model_dump_json())["properties"]
    worked(real, queue)
    result = Result.model_validate(client.get(f"/v1/jobs/{job['id']}/result").json())
    done = rows(database, job["id"])
    assert [row.unit for row in done if row.counted] == ["relaxation", SUPERCELL, SUPERCELL, SUPERCELL]
    assert [row.attempt for row in done if row.unit == "relaxation"] == [0]
    entry = result.verification[0]
    assert (entry.property, entry.explicit.decorations) == ("lattice_a", 3)
    assert entry.explicit.value == pytest.approx(5.901)
    assert result.cost.supercell_calls == 21
    assert client.get("/v1/jobs", params={"parent": finished}).json()["items"][0]["id"] == job["id"]
    assert client.get("/v1/jobs", params={"parent": job["id"]}).json()["items"] == []


def test_without_a_body_it_is_two_supercells_of_32_sites(client, finished):
    for sent in ({}, {"json": {}}):
        job = client.post(f"/v1/jobs/{finished}/verify", **sent).json()
        assert job["problem"]["verify"] == {"supercells": 2, "sites": 32}


def test_the_same_key_makes_one_job(client, database, finished):
    header = {"Idempotency-Key": "verify-1"}
    first = client.post(f"/v1/jobs/{finished}/verify", headers=header)
    again = client.post(f"/v1/jobs/{finished}/verify", json={"sites": 32}, headers=header)
    assert (again.status_code, again.json()) == (202, first.json())
    other = client.post(f"/v1/jobs/{finished}/verify", json={"sites": 16}, headers=header)
    assert (other.status_code, slug(other)) == (422, "idempotency-key-reused")
    with database.reading() as session:
        assert len(session.scalars(select(JobRow).where(JobRow.parent == finished)).all()) == 1


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"supercells": 0}, "/supercells"),
        ({"sites": 1}, "/sites"),
        ({"sides": 8}, "/sides"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused_at_its_field(client, finished, body, where):
    response = client.post(f"/v1/jobs/{finished}/verify", json=body)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [where]


def test_a_body_that_is_none_is_refused(client, finished):
    def sent(content, **headers):
        return client.post(f"/v1/jobs/{finished}/verify", content=content, headers=headers).status_code

    assert sent("[1", **{"Content-Type": "application/json"}) == 400
    assert sent("[]", **{"Content-Type": "application/json"}) == 400
    assert sent("sites=8") == 415


def test_sites_that_cannot_hold_the_answer_are_refused_at_the_field_of_the_request(
    client, database, finished
):
    with database.writing() as session:
        job = jobs.locked(session, finished)
        result = json.loads(job.result)
        result["best"]["composition"] = {"cation": {"Na": 0.01, "K": 0.99}}
        job.result = json.dumps(result)
    response = client.post(f"/v1/jobs/{finished}/verify", json={"sites": 8})
    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert (error["pointer"], error["type"]) == ("/sites", "composition-not-held")
    assert "the nearest is K 1; take sites: " in error["message"]


def test_an_active_job_a_failed_one_and_one_without_an_answer_are_refused_and_say_why(
    client, database, submitted, finished
):
    active = submitted()
    response = client.post(f"/v1/jobs/{active}/verify")
    assert (response.status_code, slug(response)) == (409, "job-active")
    with database.writing() as session:
        failure = ProblemDetail(type="x", title="It failed", status=500, detail="out of luck")
        finish.fail(session, jobs.locked(session, active), failure)
    response = client.post(f"/v1/jobs/{active}/verify")
    assert (response.status_code, slug(response)) == (409, "nothing-to-verify")
    assert "out of luck" in response.json()["detail"]
    early = submitted()
    actions.cancel(database, "default", early)
    response = client.post(f"/v1/jobs/{early}/verify")
    assert (response.status_code, slug(response)) == (409, "nothing-to-verify")
    assert client.post("/v1/jobs/nothing/verify").status_code == 404
    with database.writing() as session:
        session.execute(update(JobRow).where(JobRow.id == finished).values(kind="order"))
    response = client.post(f"/v1/jobs/{finished}/verify")
    assert (response.status_code, slug(response)) == (409, "nothing-to-verify")
    assert "kind order" in response.json()["detail"]


def test_the_best_so_far_of_a_cancelled_job_can_be_verified(client, database, queue, submitted, work):
    job_id = submitted()
    enqueue(database, queue, job_id)
    work(limit=2)
    actions.cancel(database, "default", job_id)
    work()
    with database.writing() as session:
        job = jobs.locked(session, job_id)
        if job.state == "cancelling":
            finish.cancel(session, job)
    assert state_of(database, job_id) == "cancelled"
    response = client.post(f"/v1/jobs/{job_id}/verify", json={"sites": 16})
    assert response.status_code == 202, response.text


def test_another_tenant_finds_no_such_job_and_a_reader_may_not(keyed, database, queue, submitted, worker):
    job_id = submitted(tenant="alpha")
    enqueue(database, queue, job_id)
    worked(dataclasses.replace(worker, perform=each(evaluated)), queue)

    def status(**of):
        return keyed.post(f"/v1/jobs/{job_id}/verify", headers=bearer(made(database, **of))).status_code

    assert keyed.post(f"/v1/jobs/{job_id}/verify").status_code == 401
    assert status(tenant="beta") == 404
    assert status(scopes=("read",)) == 403
    assert status() == 202


def test_a_verification_that_is_cancelled_keeps_the_supercells_that_are_there(
    client, database, queue, finished, real
):
    job_id = client.post(f"/v1/jobs/{finished}/verify", json={"sites": 16}).json()["id"]
    while not queue.tasks:
        run_advance(real, queue.advances.pop(0))
    while True:
        run_task(real, queue.tasks.pop(0))
        if any(row.unit == SUPERCELL and row.state == "done" for row in rows(database, job_id)):
            break
        while queue.advances:
            run_advance(real, queue.advances.pop(0))
    actions.cancel(database, "default", job_id)
    worked(real, queue)
    with database.writing() as session:
        job = jobs.locked(session, job_id)
        if job.state == "cancelling":
            finish.cancel(session, job)
    result = actions.result(database, "default", job_id)
    assert result.stopped.reason == "cancelled"
    assert result.verification[0].explicit.decorations == 1


def test_supercells_are_taken_from_the_cache_whatever_number_their_evaluation_has(
    client, database, queue, finished, real
):
    first = client.post(f"/v1/jobs/{finished}/verify", json={"sites": 16}).json()["id"]
    worked(real, queue)
    with database.writing() as session:  # as if the evaluation had another number there
        row = session.scalars(
            select(TaskRow).where(TaskRow.job_id == first, TaskRow.unit == SUPERCELL, TaskRow.index == 0)
        ).one()
        row.record = json.dumps({**json.loads(row.record), "evaluation": 9})
    more = client.post(f"/v1/jobs/{finished}/verify", json={"sites": 16, "supercells": 3}).json()["id"]
    computed = []
    counting = dataclasses.replace(
        real, perform=each(lambda *given: (computed.append(given[1].unit), explicit(*given))[1])
    )
    worked(counting, queue)
    assert computed.count(SUPERCELL) == 1
    assert actions.result(database, "default", more).verification[0].explicit.decorations == 3


def test_a_deleted_parent_stays_named(client, database, queue, finished, real):
    job_id = client.post(f"/v1/jobs/{finished}/verify", json={"sites": 16}).json()["id"]
    assert client.delete(f"/v1/jobs/{finished}").status_code == 204
    worked(real, queue)
    job = client.get(f"/v1/jobs/{job_id}").json()
    assert (job["state"], job["parent"]) == ("succeeded", finished)


def test_the_members_of_a_front_are_listed_with_equal_weights():
    front = Problem.model_validate(
        {
            **PROBLEM,
            "objectives": [*PROBLEM["objectives"], {"property": "energy", "goal": "minimize"}],
            "properties": ["bulk_modulus"],
            "constraints": {"properties": [{"property": "density", "max": 3.0}]},
        }
    )
    at = [{"cation": {"Na": share, "K": 1 - share}} for share in (0.25, 0.5)]
    made = verifying(front, at, Problem.model_validate({**PROBLEM, "verify": {}}).verify)
    assert [one.weight for one in made.objectives] == [1.0, 1.0]
    assert made.properties == ["density", "bulk_modulus"]
    assert made.at == at
