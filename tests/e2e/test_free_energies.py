"""A free energy through the service: as in one process, and again from what is known."""

from __future__ import annotations

import pytest

from api_schemas.errors import parse
from api_schemas.free_energies import FreeEnergyAnswer
from api_schemas.problem import Problem
from engine.campaign.run import run
from tests.e2e.test_jobs import without_times
from tests.observing import Silent

PROBLEM = {
    "kind": "free_energy",
    "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
    "potential": {"name": "sevennet-0"},
    "free_energy": {"path": "absolute", "temperatures": [50, 100], "atoms": 8, "accuracy": 0.01},
}


def known(stack):
    """How many counted tasks of the stack were taken from the cache."""
    ((hits,),) = stack.rows("select coalesce(sum(value), 0) from tallies where name = 'cache_hits'")
    return hits


def test_a_free_energy_is_that_of_one_process_and_again_from_the_cache(stack):
    someone = stack.of("free-energies")
    job_id = someone.submit(PROBLEM)
    assert someone.finished(job_id)["state"] == "succeeded"
    mine = without_times(someone.result(job_id))
    here = FreeEnergyAnswer.model_validate(run(parse(Problem, PROBLEM), Silent()).answer)
    for one, other in zip(mine["answer"]["free_energies"], here.free_energies, strict=True):
        assert one["free_energy"] == pytest.approx(other.free_energy, abs=1e-6)
    before = known(stack)
    again = someone.submit(PROBLEM)
    assert someone.finished(again)["state"] == "succeeded"
    assert without_times(someone.result(again))["answer"] == mine["answer"]
    (count,) = stack.rows("select count(*) from tasks where job_id = ? and counted", again)[0]
    assert known(stack) - before == count > 4
