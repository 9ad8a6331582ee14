"""Jobs that start after others: when, with what, and what happens where these do not succeed; on both stores."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest
from sqlalchemy import select, text, update

from api_schemas.errors import ProblemInvalid
from api_schemas.jobs import CostEstimate
from api_schemas.problem import Problem
from engine.acceptance.answers_to_come import estimate_before_answers, resolve_before_answers
from engine.acceptance.resolve import resolve
from engine.kinds.registry import KINDS
from orichalcum import AsyncClient, Client
from orichalcum.exceptions import NotFound
from service.lifecycle import actions, following
from service.lifecycle.dispatch import enqueue
from service.lifecycle.following import begin_settled
from service.lifecycle.submission import Options, Submission, submit
from service.operations import migration
from service.repositories import jobs
from service.repositories.dependencies import MOST_TAKEN
from service.settings import Settings
from service.tables.dependencies import DependencyRow
from service.work import steps
from tests.service.conftest import PROBLEM, serving
from tests.service.test_finding_jobs import TYPE, UNKNOWN_ID

EVALUATE = {**{key: PROBLEM[key] for key in ("structure", "sublattices", "potential")}, "kind": "evaluate"}


def post(client, problem=PROBLEM, **parameters):
    return client.post("/v1/jobs", json=problem, params=parameters)


def made(client, problem=PROBLEM, **parameters) -> dict:
    answer = post(client, problem, **parameters)
    assert answer.status_code == 202, answer.text
    return answer.json()


def told(client, job: dict) -> dict:
    return client.get(f"/v1/jobs/{job['id']}").json()


def test_a_job_starts_when_all_before_it_have_succeeded(client, queue, work, sweeper):
    first, second = made(client), made(client)
    job = made(client, after=[first["id"], second["id"]])
    assert (job["state"], job["waiting"], job["after"]) == ("queued", True, [first["id"], second["id"]])
    assert f"'(Na,K)Cl' ({first['id']}, queued)" in job["notice"]
    sweeper.later(60.0)
    sweeper.sweep()
    assert job["id"] not in queue.advances  # it is not asked for a step while it waits
    queue.advances[:] = [first["id"]]
    work()
    assert told(client, first)["state"] == "succeeded"
    found = told(client, job)
    assert (found["state"], found["waiting"]) == ("queued", True)
    assert first["id"] not in found["notice"]
    assert second["id"] in found["notice"]
    queue.advances.append(second["id"])
    work()
    found = told(client, job)
    assert (found["state"], found["waiting"]) == ("succeeded", False)
    assert found["started_at"] >= told(client, second)["finished_at"]


def test_a_job_after_a_finished_one_starts_at_once(client, queue, work):
    first = made(client)
    work()
    job = made(client, after=first["id"])
    assert not job["waiting"]
    assert client.delete(f"/v1/jobs/{first['id']}").status_code == 204
    work()
    assert told(client, job)["state"] == "succeeded"
    assert told(client, job)["after"] == [first["id"]]


def test_the_answer_is_what_the_next_job_starts_from_even_of_a_job_that_is_deleted(client, queue, work):
    first, second = made(client), made(client)
    own = {"cation": {"Na": 0.25, "K": 0.75}}
    job = made(client, {**EVALUATE, "at": [own]}, after=[first["id"], second["id"]], take="answer")
    assert job["takes_answer"]
    assert job["problem"]["at"] == [own]
    queue.advances.remove(second["id"])
    work()
    best = client.get(f"/v1/jobs/{first['id']}/result").json()["best"]["composition"]
    assert client.delete(f"/v1/jobs/{first['id']}").status_code == 204
    queue.advances.append(second["id"])
    work()
    problem = told(client, job)["problem"]
    assert problem["at"] == [best, own]  # both answered the same, which is taken once
    assert told(client, job)["state"] == "succeeded"


@pytest.mark.stores("sqlite")
def test_a_list_whose_only_compositions_are_those_to_come_is_accepted(client, queue, work):
    first = made(client)
    assert post(client, EVALUATE).status_code == 422
    job = made(client, EVALUATE, after=first["id"], take="answer")
    work()
    best = client.get(f"/v1/jobs/{first['id']}/result").json()["best"]["composition"]
    assert told(client, job)["problem"]["at"] == [best]


@pytest.mark.stores("sqlite")
def test_other_faults_of_such_a_problem_are_told_where_they_are(client):
    first = made(client)
    wrong = {**EVALUATE, "at": [{"cation": {"Na": 0.5, "K": 0.6}}], "scan": {"points_per_edge": 3}}
    answer = post(client, wrong, after=first["id"], take="answer")
    assert answer.status_code == 422
    assert sorted(one["pointer"] for one in answer.json()["errors"]) == ["/at/0/cation", "/scan"]


@pytest.mark.parametrize("ended", ["failed", "cancelled"])
def test_a_job_after_one_that_does_not_succeed_fails_and_so_do_those_after_it(client, queue, sweeper, ended):
    first = made(client)
    second = made(client, after=first["id"])
    third = made(client, after=second["id"])
    if ended == "cancelled":
        client.post(f"/v1/jobs/{first['id']}/cancel")
    else:
        queue.broken = True  # nobody is told of the step but the worker that is lost with it
        for _ in range(3):
            sweeper.lose(lambda session, worker: steps.claim(session, first["id"], worker))
    assert told(client, first)["state"] == ended
    sweeper.look()
    sweeper.look()
    for job, before in ((second, first), (third, second)):
        found = told(client, job)
        assert found["state"] == "failed"
        assert found["failure"]["type"] == TYPE + "after-unmet"
        assert before["id"] in found["failure"]["detail"]
        assert client.get(f"/v1/jobs/{job['id']}/result").json()["type"] == TYPE + "after-unmet"
    answer = post(client, after=first["id"])
    assert (answer.status_code, answer.json()["type"]) == (409, TYPE + "after-unmet")


def test_a_waiting_job_is_paused_resumed_and_cancelled(client, work, sweeper):
    first = made(client)
    job, other = made(client, after=first["id"]), made(client, after=first["id"])
    assert client.post(f"/v1/jobs/{job['id']}/pause").json()["state"] == "paused"
    assert client.post(f"/v1/jobs/{other['id']}/cancel").json()["state"] == "cancelled"
    work()
    assert told(client, first)["state"] == "succeeded"
    assert told(client, job)["state"] == "paused"
    assert client.post(f"/v1/jobs/{job['id']}/resume").json()["waiting"]
    sweeper.look()
    work()
    assert told(client, job)["state"] == "succeeded"


def test_an_unknown_job_and_one_of_another_tenant_are_not_there(client, database, submitted):
    other = submitted(tenant="other")
    for job_id in (UNKNOWN_ID, other):
        answer = post(client, after=job_id)
        assert (answer.status_code, answer.json()["type"]) == (404, TYPE + "job-not-found")
        assert answer.json()["errors"][0]["pointer"] == "/after/0"
    assert client.get("/v1/jobs").json()["items"] == []


@pytest.mark.stores("sqlite")
def test_answers_that_do_not_fit_are_refused_at_once(client, database):
    order = made(
        client,
        {
            **{key: PROBLEM[key] for key in ("structure", "potential")},
            "kind": "order",
            "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
        },
    )
    named = {**PROBLEM, "sublattices": [{"name": "metal", "sites": ["Na"], "elements": ["Na", "K"]}]}
    offered = {**PROBLEM, "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "Li"]}]}
    first = made(client)
    for problem, before, words in (
        (PROBLEM, order, "answers no compositions"),
        (named, first, "sublattice 'cation'"),
        (offered, first, "answers fractions of K"),
    ):
        answer = post(client, problem, after=before["id"], take="answer")
        assert (answer.status_code, answer.json()["type"]) == (422, TYPE + "nothing-to-take"), answer.text
        assert words in answer.json()["detail"]
    scan = {**{key: PROBLEM[key] for key in ("structure", "sublattices", "potential")}, "kind": "scan"}
    answer = post(client, scan, after=first["id"], take="answer")
    assert answer.json()["errors"][0]["pointer"] == "/at"
    answer = post(client, take="answer")
    assert answer.json()["errors"][0]["pointer"] == "/take"


@pytest.mark.stores("sqlite")
def test_an_answer_outside_of_the_bounds_fails_the_job_and_says_so(client, queue, work):
    first = made(client)
    narrow = {
        **PROBLEM,
        "sublattices": [{"name": "cation", "sites": ["Na"], "elements": {"Na": [0.9, 1], "K": [0, 0.1]}}],
    }
    with_real_check = made(client, narrow, after=first["id"], take="answer")
    work()
    # The engine of these tests looks at no bounds; that of a worker resolves the problem first.
    problem = Problem.model_validate(told(client, with_real_check)["problem"])
    with pytest.raises(ProblemInvalid, match="outside its bounds"):
        resolve(problem)


@pytest.mark.stores("sqlite")
def test_a_submission_repeated_under_its_key_is_the_same_only_with_the_same_jobs_before(client):
    first, second = made(client), made(client)

    def asked(**parameters):
        return client.post(
            "/v1/jobs", json=PROBLEM, params=parameters, headers={"Idempotency-Key": "one key"}
        )

    job = asked(after=first["id"]).json()
    assert asked(after=first["id"]).json() == job
    assert asked(after=second["id"]).status_code == 422


@pytest.mark.stores("sqlite")
def test_the_client_says_after_which_jobs(client, queue, work):
    url, problem = str(client.base_url), Problem.model_validate(PROBLEM)
    with Client(url) as library:
        first = library.submit(problem)
        job = library.submit(problem, after=[first.id], take_answer=True)
        assert (job.job.after, job.job.takes_answer, job.job.waiting) == ([first.id], True, True)
        with pytest.raises(NotFound, match="no job has the id"):
            library.submit(problem, after=[UNKNOWN_ID])

    async def asked() -> bool:
        async with AsyncClient(url) as library:
            return (await library.submit(problem, after=[first.id])).job.waiting

    assert asyncio.run(asked())


def test_a_waiting_job_is_paused_by_a_downgrade_and_says_why(database, queue, submitted, work):
    first = submitted()
    waiting, paused = submitted(after=[first]), submitted(after=[first])
    actions.pause(database, "default", paused)
    migration.downgrade(database, "0009")
    with database.reading() as session:
        for job_id in (waiting, paused):
            row = session.execute(
                text("SELECT state, pause_reason, last_event FROM jobs WHERE id = :id"), {"id": job_id}
            ).one()
            assert row.state == "paused"
            assert "after other jobs" in row.pause_reason
            last = text("SELECT data FROM events WHERE job_id = :id AND sequence = :last")
            found = session.execute(last, {"id": job_id, "last": row.last_event}).scalar_one()
            assert json.loads(found)["state"] == "paused"
    migration.upgrade(database)
    enqueue(database, queue, first)
    work()
    actions.resume(database, "default", waiting)
    enqueue(database, queue, waiting)
    work()
    with database.reading() as session:
        assert jobs.get(session, waiting).state == "succeeded"
        assert session.scalars(select(DependencyRow)).all() == []


def test_a_job_that_waits_for_an_answer_fails_by_a_downgrade_and_says_what_to_submit(database, submitted):
    """The version before would start it without the answer: of kind order it would compute the whole hull."""
    first = submitted()
    waiting, plain = submitted(after=[first]), submitted(after=[first])
    with database.writing() as session:
        session.execute(update(DependencyRow).where(DependencyRow.job_id == waiting).values(takes=True))
        session.execute(text("DELETE FROM events"))  # of a job that has none, the store's own time is told
    migration.downgrade(database, "0009")
    migration.upgrade(database)
    with database.reading() as session:
        job = jobs.get(session, waiting)
        assert (job.state, job.pause_reason, job.needs_advance) == ("failed", None, False)
        assert job.finished_at is not None
        assert "submit it again with the compositions" in json.loads(job.failure)["detail"]
        (public,) = jobs.public(session, [job], notices={})
        assert public.failure.type == TYPE + "after-unmet"
        assert jobs.get(session, plain).state == "paused"


def test_a_job_that_cannot_begin_keeps_no_other_from_beginning(
    database, queue, submitted, monkeypatch, sweeper
):
    first = submitted()
    broken, other = submitted(after=[first]), submitted(after=[first])
    with database.writing() as session:
        session.execute(update(DependencyRow).values(state="succeeded"))
    real = following.begin

    def failing(session, job):
        if job.id == broken:
            raise ValueError("unforeseen")
        real(session, job)

    monkeypatch.setattr(following, "begin", failing)
    sweeper.look()
    with database.reading() as session:
        assert [jobs.get(session, job_id).waiting for job_id in (broken, other)] == [True, False]


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize(
    ("problem", "booked"), [(EVALUATE, MOST_TAKEN), (PROBLEM, 40)], ids=["list", "search"]
)
def test_the_quota_counts_every_composition_that_an_answer_may_have(database, queue, problem, booked):
    """What `begin` puts into at was admitted before: of a list each composition, of a search what it may take."""
    with serving(Settings(max_evaluations_per_day=40 + 2 * booked), database, queue) as client:
        first = made(client)  # takes 40 of these
        jobs_made = [post(client, problem, after=first["id"], take="answer") for _ in range(3)]
        assert [answer.status_code for answer in jobs_made] == [202, 202, 429]
        assert jobs_made[0].json()["progress"]["evaluations_planned"] == booked


@pytest.mark.stores("sqlite")
def test_of_an_ordering_each_composition_to_come_is_booked_with_its_supercells():
    """As many as 99 copies of the first one more than it, each of which a problem alone would cost."""
    problem = Problem.model_validate({**EVALUATE, "kind": "order", "order": {"enumerate": {"sites": 4}}})
    resolved = resolve_before_answers(problem)
    alone = resolved.problem.at
    assert len(alone) == 1
    one = resolve(problem.model_copy(update={"at": alone}))
    each = KINDS["order"].estimate(one).evaluations
    assert estimate_before_answers(resolved, MOST_TAKEN).evaluations == pytest.approx(
        MOST_TAKEN * each, rel=0.02
    )


def test_jobs_before_and_after_may_end_and_begin_at_the_same_time(database, queue, submitted, work):
    """A job is stored after one that ends in the same moment: it waits, or it starts, and never is forgotten."""
    firsts = [submitted() for _ in range(6)]
    estimate = CostEstimate(evaluations=3, potential_calls=30, seconds=1.0, memory_bytes=1)
    found: list[str] = []

    def after(first: str) -> None:
        submission = Submission(Problem.model_validate(PROBLEM), estimate, Options(after=[first]))
        found.append(submit(database, Settings(), submission).id)

    for first in firsts:
        enqueue(database, queue, first)
    threads = [threading.Thread(target=after, args=[first]) for first in firsts]
    for thread in threads:
        thread.start()
    work()
    for thread in threads:
        thread.join()
    work()
    begin_settled(database, queue)
    for job_id in found:
        enqueue(database, queue, job_id)
    work()
    with database.reading() as session:
        assert {jobs.get(session, job_id).state for job_id in found} == {"succeeded"}
