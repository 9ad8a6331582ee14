"""One call of a real potential that lasts for seconds: cancelling does not wait for it, and the worker comes back."""

from __future__ import annotations

import random
import time

from tests.e2e.test_jobs import problem
from tests.soak import long
from tests.waiting import wait_for

CELLS = 4
"""Cubic cells along an edge: 512 atoms, of which one call of SevenNet-0 takes 6 to 15 s on two cores."""


def rattled() -> str:
    """A POSCAR of NaCl without any symmetry."""
    chance = random.Random(1)  # noqa: S311
    edge, steps = 5.7 * CELLS, range(2 * CELLS)
    sites = sorted(((x, y, z) for x in steps for y in steps for z in steps), key=lambda site: sum(site) % 2)
    moved = [
        " ".join(f"{at / (2 * CELLS) + chance.gauss(0, 0.1) / edge:.6f}" for at in site) for site in sites
    ]
    half = len(sites) // 2
    lattice = f"{edge} 0 0\n0 {edge} 0\n0 0 {edge}"
    return f"NaCl\n1.0\n{lattice}\nNa Cl\n{half} {half}\nDirect\n" + "\n".join(moved) + "\n"


@long
def test_a_job_is_cancelled_in_the_middle_of_one_long_call_without_its_end(own_stack, monkeypatch):
    monkeypatch.setenv("ORICHALCUM_MAX_ATOMS", "1000")
    stack = own_stack()
    at = [{"cation": {"Na": 0.5, "K": 0.5}}]
    job_id = stack.submit(problem(kind="evaluate", structure={"poscar": rattled()}, objectives=[], at=at))
    running = "select count(*) from tasks where job_id = ? and state = 'running'"
    wait_for(lambda: stack.rows(running, job_id)[0][0], "the evaluation")
    time.sleep(10)  # into the calls: preparing the graphs is over
    worker = stack.worker()
    assert stack.client.post(f"/v1/jobs/{job_id}/cancel").status_code == 202
    wait_for(lambda: stack.job(job_id)["state"] == "cancelled", "the cancellation")
    assert stack.rows("select record from tasks where job_id = ?", job_id) in ([(None,)], [])
    wait_for(lambda: not worker.is_running(), "the end of the worker")
    assert "goes on too long" in (stack.data / "logs" / "worker-1.log").read_text()
    assert stack.rows("select sum(lost) from tasks where job_id = ?", job_id) in ([(None,)], [(0,)])
    # The next worker computes at once.
    assert stack.finished(stack.submit(problem()))["state"] == "succeeded"
