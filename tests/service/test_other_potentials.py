"""Jobs whose answer other potentials evaluate: their tasks outlive a worker, are cancelled, and found in the cache."""

from __future__ import annotations

import dataclasses

import pytest

from api_schemas.also import OTHER_POTENTIAL, OtherPotentialRecord, OtherPotentialTask
from api_schemas.cost import Cost
from api_schemas.evaluations import EvaluationRecord, PropertyValue, ReferenceRecord
from api_schemas.jobs import CostEstimate
from api_schemas.problem import Problem
from service.lifecycle import actions, finish
from service.lifecycle.dispatch import enqueue
from service.lifecycle.submission import Submission, submit
from service.repositories import jobs
from service.settings import Settings
from service.worker.advance import run_advance
from service.worker.computation import batches, plan_of
from service.worker.content import content_key
from service.worker.perform import run_task
from tests.service.conftest import PROBLEM, each
from tests.service.test_tasks import rows, state_of

ALSO = {
    "potential": {
        "name": "sevennet-0",
        "also": [{"name": "sevennet-l3i5"}, {"name": "sevennet-0", "dtype": "float32"}],
    }
}


def computed(problem, task, workplace):
    """A line of lattice constants; the other potentials lie above it."""
    workplace.on_call()
    if task.unit == "reference":
        return ReferenceRecord(
            index=task.index, what=task.what, members=task.members, converged=True,
            enthalpies=[0.0] * len(task.members), cost=Cost(potential_calls=0, shared_calls=1, seconds=0.0),
        )  # fmt: skip
    above = 0.0 if task.other is None else 0.02 * (task.other + 1)
    found = EvaluationRecord(
        index=task.index,
        origin=getattr(task, "origin", None),
        composition=task.composition,
        properties={
            "lattice_a": PropertyValue(
                value=6.2 + above - 0.6 * task.composition["cation"]["Na"],
                unit="Å",
                gradient={"cation": {"Na": -0.3, "K": 0.3}},
            )
        },
        energy_per_atom=-3.5,
        converged=True,
        stable=True,
        cost=Cost(potential_calls=3, shared_calls=2, seconds=0.1),
        structure=None,
        targets=[5.9],
    )
    if task.unit != OTHER_POTENTIAL:
        return found
    return OtherPotentialRecord(
        index=task.index, cost=found.cost, evaluation=task.evaluation, other=task.other, found=found
    )


@pytest.fixture
def real(worker):
    return dataclasses.replace(worker, perform=each(computed), plan=plan_of, batches=batches)


def submitted(database, changes):
    estimate = CostEstimate(evaluations=3, potential_calls=30, seconds=1.0, memory_bytes=1)
    problem = Problem.model_validate({**PROBLEM, **changes})
    return submit(database, Settings(), Submission(problem=problem, estimate=estimate)).id


def worked(worker, queue, until=lambda: False):
    while (queue.advances or queue.tasks) and not until():
        if queue.advances:
            run_advance(worker, queue.advances.pop(0))
        else:
            run_task(worker, queue.tasks.pop(0))
    queue.maps.clear()


def others(database, job_id, state="done"):
    return [row for row in rows(database, job_id) if row.unit == OTHER_POTENTIAL and row.state == state]


def test_their_evaluations_are_tasks_that_go_on_where_a_worker_was_lost(database, queue, real):
    job_id = submitted(database, ALSO)
    enqueue(database, queue, job_id)
    worked(real, queue, until=lambda: bool(others(database, job_id)))
    assert state_of(database, job_id) == "running"
    queue.lose_everything()
    (left,) = others(database, job_id, "pending")
    run_task(real, left.id)
    worked(real, queue)
    assert state_of(database, job_id) == "succeeded"
    result = actions.result(database, "default", job_id)
    at = result.best.composition["cation"]["Na"]
    assert at == pytest.approx(0.5, abs=0.002)
    for place, one in enumerate(result.also):
        assert one.would_choose["cation"]["Na"] == pytest.approx(0.5 + 0.02 * (place + 1) / 0.6, abs=1e-6)
    done = [row for row in rows(database, job_id) if row.counted]
    assert result.cost.evaluations == len(done)


def test_a_cancelled_job_says_what_those_say_that_were_done(database, queue, real):
    job_id = submitted(database, ALSO)
    enqueue(database, queue, job_id)
    worked(real, queue, until=lambda: bool(others(database, job_id)))
    actions.cancel(database, "default", job_id)
    worked(real, queue)
    with database.writing() as session:
        job = jobs.locked(session, job_id)
        if job.state == "cancelling":
            finish.cancel(session, job)
    result = actions.result(database, "default", job_id)
    assert result.stopped.reason == "cancelled"
    assert [one.dtype for one in result.also] == ["float64"]


def test_another_job_finds_them_and_no_other_potential_takes_them_for_its_own(database, queue, real):
    first = submitted(database, ALSO)
    enqueue(database, queue, first)
    worked(real, queue)
    swapped = {"potential": {"name": "sevennet-0", "also": ALSO["potential"]["also"][::-1]}}
    second = submitted(database, swapped)
    enqueue(database, queue, second)
    seen = []
    watching = dataclasses.replace(
        real, perform=each(lambda *given: (seen.append(given[1].unit), computed(*given))[1])
    )
    worked(watching, queue)
    assert "relaxation" not in seen
    assert OTHER_POTENTIAL not in seen
    one, two = (actions.result(database, "default", job_id).also for job_id in (first, second))
    assert [entry.model_copy(update={"text": ""}) for entry in two] == [
        entry.model_copy(update={"text": ""}) for entry in one[::-1]
    ]


def test_what_a_task_is_of_is_in_its_key_and_who_else_is_named_is_not():
    def key(also, other, unit=OtherPotentialTask):
        task = unit(index=3, composition={"cation": {"Na": 0.5, "K": 0.5}}, evaluation=0, other=other)
        potential = {"name": "sevennet-0", "also": also}
        return content_key(Problem.model_validate({**PROBLEM, "potential": potential}), task, "cpu")

    l3i5, single = {"name": "sevennet-l3i5"}, {"name": "sevennet-0", "dtype": "float32"}
    assert key([l3i5], 0) == key([single, l3i5], 1)
    assert key([l3i5], 0) != key([single, l3i5], 0)
