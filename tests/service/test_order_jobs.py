"""Jobs of kind order: the numbers of this process, orderings so far when cancelled, and progress that adds up."""

from __future__ import annotations

import dataclasses

import pytest

from api_schemas.orderings import OrderAnswer
from api_schemas.results import Result
from engine.campaign.campaign import Campaign
from engine.campaign.run import run
from service.lifecycle import actions, finish
from service.repositories import jobs
from service.worker.computation import performed, plan_of
from tests.e2e.test_jobs import without_times
from tests.engine.kinds.order.jobs import HALF, NOTHING_ELSE, problem
from tests.engine.kinds.order.pairs import Records
from tests.observing import Silent
from tests.service.conftest import each
from tests.service.test_tasks import rows, state_of
from tests.service.test_verification import worked

SMALL = problem({"enumerate": {"sites": 2}, "relax": 2, "probability": {"sites": 4}})
SEVERAL = problem(
    {"search": {"sites": 8, "seeds": 2}, "random": {"sites": 8, "cells": 3}, "probability": {"sites": 8}},
    at=[HALF, {"mix": {"Cu": 0.75, "Au": 0.25}}],
)


def submitted(client, asked):
    response = client.post("/v1/jobs", json=asked.model_dump(mode="json", exclude_unset=True))
    assert response.status_code == 202, response.text
    return response.json()["id"]


@pytest.fixture
def by_pairs(worker):
    """A worker with the real plan and energies in closed form."""
    told = Records(Campaign(SEVERAL))

    def perform(problem, task, workplace):
        workplace.on_call()
        return told(task)

    return dataclasses.replace(worker, perform=each(perform), plan=plan_of)


@pytest.fixture(scope="module")
def in_this_process() -> tuple[Result, Silent]:
    """What `run` answers, and what it told on the way: the same for all stores."""
    from engine.potentials.weights import fetch

    fetch("sevennet-0")
    listening = Silent()
    return run(SMALL, listening), listening


def test_a_worker_and_this_process_give_the_same_answer(client, database, queue, worker, in_this_process):
    result, listening = in_this_process
    job_id = submitted(client, SMALL)
    worked(dataclasses.replace(worker, perform=performed, plan=plan_of), queue)
    assert state_of(database, job_id) == "succeeded"
    theirs = client.get(f"/v1/jobs/{job_id}/result").json()
    ours = result.model_dump(mode="json")
    for result in (ours, theirs):
        assert result["stopped"]["reason"] == "completed"
        del result["cost"][
            "shared_calls"
        ]  # with one store for all tasks they are counted where they were made
    assert without_times(ours["answer"]) == without_times(theirs["answer"])
    assert ours["notes"] == theirs["notes"]
    assert without_times(ours["evaluations"]) == without_times(theirs["evaluations"])
    answer = OrderAnswer.model_validate(theirs["answer"])
    assert answer.orderings[0].space_group == "P4/mmm (123)"
    done = [done for done, _ in listening.counts]
    assert done == sorted(done)
    assert listening.counts[-1] == (listening.counts[-1][1],) * 2
    job = client.get(f"/v1/jobs/{job_id}").json()
    assert job["progress"]["evaluations_done"] == job["progress"]["evaluations_planned"] == done[-1]


def test_every_computation_counts_once_and_the_result_is_that_of_the_plan(client, database, queue, by_pairs):
    job_id = submitted(client, SEVERAL)
    worked(by_pairs, queue)
    assert state_of(database, job_id) == "succeeded"
    result = Result.model_validate(client.get(f"/v1/jobs/{job_id}/result").json())
    campaign, told = Campaign(SEVERAL, shared=True), Records(Campaign(SEVERAL))
    while asked := campaign.ask():
        campaign.tell([told(task) for task in asked])
    assert result.answer == campaign.result().answer
    assert result.notes == campaign.result().notes
    assert sum(row.counted for row in rows(database, job_id)) == campaign.planned
    job = client.get(f"/v1/jobs/{job_id}").json()
    assert job["progress"]["evaluations_done"] == job["progress"]["evaluations_planned"] == campaign.planned


def test_a_cancelled_job_answers_the_orderings_so_far(client, database, queue, by_pairs):
    from service.worker.advance import run_advance
    from service.worker.perform import run_task

    job_id = submitted(client, SEVERAL)
    while not any(row.unit == "supercell" and row.state == "done" for row in rows(database, job_id)):
        while queue.advances:
            run_advance(by_pairs, queue.advances.pop(0))
        run_task(by_pairs, queue.tasks.pop(0))
    # Of what is under way one more may be told; then it is over.
    assert client.post(f"/v1/jobs/{job_id}/cancel").status_code in (200, 202)
    worked(by_pairs, queue)
    with database.writing() as session:
        job = jobs.locked(session, job_id)
        if job.state == "cancelling":
            finish.cancel(session, job)
    assert state_of(database, job_id) == "cancelled"
    result = actions.result(database, "default", job_id)
    assert result.stopped.reason == "cancelled"
    answer = OrderAnswer.model_validate(result.answer)
    assert answer.compositions
    relaxed = [row for row in rows(database, job_id) if row.unit == "supercell" and row.state == "done"]
    assert len(relaxed) >= 1
    random_only = sum(one.random is not None for one in answer.disordered)
    assert answer.orderings or random_only


def test_a_second_job_takes_what_is_in_the_cache(client, database, queue, by_pairs):
    first = submitted(client, SEVERAL)
    worked(by_pairs, queue)
    more = SEVERAL.model_copy(update={"order": SEVERAL.order.model_copy(update={"relax": 2})})
    second = submitted(client, more)
    computed = []
    counting = dataclasses.replace(
        by_pairs, perform=lambda *given: (computed.append(given[1][0].unit), by_pairs.perform(*given))[1]
    )
    worked(counting, queue)
    assert state_of(database, second) == "succeeded"
    assert computed.count("descent") == 0
    assert computed.count("decorations") == 0
    assert computed.count("relaxation") == 0
    assert first != second


@pytest.mark.stores("sqlite")  # the kind refuses it
def test_nothing_of_kind_order_is_verified(client, database, queue, by_pairs):
    job_id = submitted(
        client, SEVERAL.model_copy(update={"order": SEVERAL.order.model_copy(update=NOTHING_ELSE)})
    )
    worked(by_pairs, queue)
    response = client.post(f"/v1/jobs/{job_id}/verify")
    assert response.status_code == 409
    assert "kind order" in response.json()["detail"]
