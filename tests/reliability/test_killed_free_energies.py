"""A worker that is killed in the middle of a job of kind free_energy: another finishes it, bit for bit."""

from __future__ import annotations

import pytest

from api_schemas.free_energies import FreeEnergyAnswer
from tests.e2e.test_jobs import without_times
from tests.soak import later

PROBLEM = {
    "kind": "free_energy",
    "name": "NaCl to KCl",
    "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
    "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
    "potential": {"name": "salts", "dtype": "float32"},
    "free_energy": {
        "path": "composition",
        "from": {"cation": {"Na": 1.0}},
        "to": {"cation": {"K": 1.0}},
        "temperatures": [300],
        "atoms": 8,
        "replicas": 4,
        "accuracy": 0.01,
        "budget": {"runs": 4, "steps": 20},
    },
}
OTHER_POTENTIAL = {**PROBLEM, "potential": {"name": "sevennet-0", "dtype": "float32"}}
EINSTEIN = {
    **{key: value for key, value in PROBLEM.items() if key != "sublattices"},
    "name": "NaCl from the Einstein crystal",
    "potential": {"name": "sevennet-0", "dtype": "float32"},
    "free_energy": {
        "path": "absolute", "reference": "einstein", "temperatures": [300], "atoms": 8, "accuracy": 0.02,
        "replicas": 4, "budget": {"runs": 4, "steps": 60},
    },
}  # fmt: skip
SECOND_SEGMENT = 1
"""Number of the task that goes on from the first segment of the forward runs."""


@pytest.mark.parametrize("problem", [PROBLEM, later(OTHER_POTENTIAL), later(EINSTEIN)])
def test_a_killed_worker_costs_no_number_of_a_free_energy(stack, problem):
    of = "-".join((problem["potential"]["name"], problem["free_energy"]["path"]))
    calm = stack.of(f"calm-{of}")
    expected = calm.submit(problem)
    assert calm.finished(expected)["state"] == "succeeded"
    disturbed = stack.of(f"disturbed-{of}")
    job_id = disturbed.submit(problem)
    stack.stopped_while_computing(job_id, SECOND_SEGMENT, unit="dynamics").kill()
    assert disturbed.finished(job_id)["state"] == "succeeded"
    lost = stack.rows("select unit, sum(lost) from tasks where job_id = ? and lost > 0 group by unit", job_id)
    assert lost == [("dynamics", 1)]
    mine, theirs = (without_times(one.result(job)) for one, job in ((disturbed, job_id), (calm, expected)))
    assert mine["answer"] == theirs["answer"]
    (one,) = FreeEnergyAnswer.model_validate(mine["answer"]).free_energies
    assert one.switching.forward.runs == one.switching.backward.runs == 4
