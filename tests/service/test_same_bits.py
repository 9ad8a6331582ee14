"""The service and this process compute the same batches, and so the same bits."""

from __future__ import annotations

import dataclasses

import pytest

from api_schemas.jobs import CostEstimate
from api_schemas.problem import Problem
from engine.campaign.run import run
from service.lifecycle import actions
from service.lifecycle.dispatch import enqueue
from service.lifecycle.submission import Submission, submit
from service.settings import Settings
from service.worker.computation import batches, performed, plan_of
from tests.crystals import CUBIC_ROCKSALT
from tests.e2e.test_jobs import without_times
from tests.observing import Silent
from tests.service.conftest import PROBLEM
from tests.service.test_verification import worked

STORES = ["sqlite"]
"""What is computed does not depend on the store."""

ALIKE = {
    "a scan": {"kind": "scan", "scan": {"points_per_edge": 7}},
    "a grid": {"strategy": {"name": "grid", "max_evaluations": 6}},
    "batches of a search": {"strategy": {"name": "random", "max_evaluations": 5, "batch_size": 5, "seed": 3}},
    "a list": {
        "kind": "evaluate",
        "objectives": [],
        "properties": ["mixing_energy", "bulk_modulus"],
        "at": [{"cation": {"Na": share, "K": 1 - share}} for share in (0.2, 0.35, 0.5, 0.65, 0.8)],
    },
}


@pytest.mark.parametrize("what", ALIKE)
def test_the_service_gives_the_bits_that_run_gives(database, queue, worker, weights, what):
    problem = Problem.model_validate({**PROBLEM, "structure": {"poscar": CUBIC_ROCKSALT}, **ALIKE[what]})
    real = dataclasses.replace(worker, perform=performed, batches=batches, plan=plan_of)
    estimate = CostEstimate(evaluations=9, potential_calls=90, seconds=1.0, memory_bytes=1)
    job_id = submit(database, Settings(), Submission(problem=problem, estimate=estimate)).id
    enqueue(database, queue, job_id)
    worked(real, queue)
    theirs = actions.result(database, "default", job_id).model_dump(mode="json")
    ours = run(problem, Silent()).model_dump(mode="json")
    assert without_times(theirs["evaluations"]) == without_times(ours["evaluations"])
    assert without_times(theirs) == without_times(ours)
