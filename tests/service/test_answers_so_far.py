"""What a kind answers while its job runs: estimates, works, and what the runs are like, from what was told."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from api_schemas.free_energies import FreeEnergyAnswer
from service.worker.computation import plan_of
from tests.engine.kinds.free_energy.records import Records, problem
from tests.service.conftest import each
from tests.service.test_order_jobs import submitted
from tests.service.test_tasks import state_of
from tests.service.test_verification import worked

STORES = ["sqlite"]
"""What is answered does not depend on the store."""

CHANGE = problem(path="composition", temperatures=[300], budget={"runs": 8, "steps": 300}, accuracy=1e-6)


@pytest.fixture
def by_wells(worker):
    """A worker with the real plan, whose works are those of harmonic wells."""
    told = Records()

    def perform(problem, task, workplace):
        workplace.on_call()
        if task.unit == "dynamics":
            workplace.save({"step": np.array(task.end)})
        return told(task)

    return dataclasses.replace(worker, perform=each(perform), plan=plan_of)


def test_a_running_job_answers_what_is_known_and_in_the_end_what_its_result_has(
    client, database, queue, by_wells
):
    from service.worker.advance import run_advance
    from service.worker.perform import run_task

    job_id = submitted(client, CHANGE)
    at = f"/v1/jobs/{job_id}/answer"
    assert client.get(at).json() == {"state": "queued", "told": 0, "answer": {}}
    seen, told = [], []
    while state_of(database, job_id) in ("queued", "running"):
        while queue.advances:
            run_advance(by_wells, queue.advances.pop(0))
        if queue.tasks:
            run_task(by_wells, queue.tasks.pop(0))
        found = client.get(at).json()
        told.append(found["told"])
        if found["state"] == "running" and found["answer"]:
            assert client.get(f"/v1/jobs/{job_id}/result").status_code == 409
            seen += FreeEnergyAnswer.model_validate(found["answer"]).free_energies
    assert told == sorted(told)
    before, after = ([one for one in seen if (one.switching is None) == wanted] for wanted in (True, False))
    assert any(one.trajectories is not None for one in before)
    counts = [len(one.switching.forward.works) for one in after]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1] == 8
    assert after[0].standard_error > after[-1].standard_error > 0.0
    ended = client.get(at).json()
    assert (ended["state"], ended["answer"]) == (
        "succeeded",
        client.get(f"/v1/jobs/{job_id}/result").json()["answer"],
    )
    assert client.get("/v1/jobs/unknown/answer").status_code == 404


def test_a_kind_without_an_answer_of_its_own_has_an_empty_one(client, queue, worker):
    from tests.service.conftest import PROBLEM

    job_id = client.post("/v1/jobs", json=PROBLEM).json()["id"]
    worked(worker, queue)
    found = client.get(f"/v1/jobs/{job_id}/answer").json()
    assert (found["state"], found["answer"]) == ("succeeded", {})
