"""A worker that is killed in the middle of an explicit supercell: another goes on from the checkpoint, bit for bit."""

from __future__ import annotations

from tests.e2e.test_jobs import without_times
from tests.waiting import wait_for

PROBLEM = {
    "kind": "evaluate",
    "name": "verified",
    "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
    "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
    "at": [{"cation": {"Na": 0.3, "K": 0.7}}],
    "potential": {"name": "sevennet-0"},
    "verify": {"supercells": 1, "sites": 24},
}


def test_a_killed_worker_costs_no_number_of_a_verification(stack):
    calm = stack.of("calm-verification")
    expected = calm.submit(PROBLEM)
    assert calm.finished(expected)["state"] == "succeeded"
    disturbed = stack.of("disturbed-verification")
    job_id = disturbed.submit(PROBLEM)
    saved = (
        "select 1 from checkpoints where task_id in "
        "(select id from tasks where job_id = ? and unit = 'supercell' and state = 'running')"
    )
    wait_for(lambda: stack.rows(saved, job_id), "a checkpoint of the supercell")
    stack.worker().kill()
    assert disturbed.finished(job_id)["state"] == "succeeded"
    rows = stack.rows("select attempt, lost from tasks where job_id = ? and unit = 'supercell'", job_id)
    assert rows == [(2, 1)]
    mine, theirs = (without_times(one.result(of)) for one, of in ((disturbed, job_id), (calm, expected)))
    assert mine["verification"] == theirs["verification"]
