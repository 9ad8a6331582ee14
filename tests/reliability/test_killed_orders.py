"""A worker that is killed in the middle of a job of kind order: another finishes it, bit for bit."""

from __future__ import annotations

from api_schemas.orderings import OrderAnswer
from tests.e2e.test_jobs import without_times

PROBLEM = {
    "kind": "order",
    "name": "Cs2(Pb,Sn)I6",
    "structure": {"prototype": "perovskite", "species": ["Cs", "Pb", "I"], "a": 6.3},
    "sublattices": [{"name": "metal", "sites": ["Pb"], "elements": ["Pb", "Sn"]}],
    "at": [{"metal": {"Pb": 0.5, "Sn": 0.5}}],
    "potential": {"name": "sevennet-0"},
    "order": {
        "enumerate": {"cell": [[0, 1, 1], [1, 0, 1], [1, 1, 0]]},
        "search": None,
        "random": None,
        "probability": {"sites": 2},
    },
}


def test_a_killed_worker_costs_no_number_of_an_ordering(stack):
    calm = stack.of("calm-ordering")
    expected = calm.submit(PROBLEM)
    assert calm.finished(expected)["state"] == "succeeded"
    disturbed = stack.of("disturbed-ordering")
    job_id = disturbed.submit(PROBLEM)
    # Only of supercells there are two: with the number 1 it is the second.
    stack.stopped_while_computing(job_id, 1).kill()
    assert disturbed.finished(job_id)["state"] == "succeeded"
    lost = stack.rows("select sum(lost) from tasks where job_id = ?", job_id)
    assert lost == [(1,)]
    mine, theirs = (without_times(one.result(of)) for one, of in ((disturbed, job_id), (calm, expected)))
    assert mine["answer"] == theirs["answer"]
    assert mine["notes"] == theirs["notes"]
    answer = OrderAnswer.model_validate(mine["answer"])
    assert answer.orderings
    assert all(one.converged for one in answer.orderings)
