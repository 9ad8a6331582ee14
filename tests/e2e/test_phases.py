"""A job of two phases through the service: as in one process, each structure its own, and again from known records."""

from __future__ import annotations

import pytest

from api_schemas.errors import parse
from api_schemas.free_energies import FreeEnergyAnswer
from api_schemas.problem import Problem
from engine.campaign.run import run
from tests.e2e.test_jobs import without_times
from tests.observing import Silent

BLENDE, SALT = ({"prototype": name, "species": ["Li", "Br"]} for name in ("zincblende", "rocksalt"))
PROBLEM = {
    "kind": "free_energy",
    "name": "phases of lithium bromide",
    "structure": BLENDE,
    "potential": {"name": "sevennet-0", "dtype": "float32"},
    "free_energy": {
        "path": "phases",
        "phases": [BLENDE, SALT],
        "temperatures": [50, 100],
        "atoms": 8,
        "accuracy": 0.01,
    },
}


def answer_of(result) -> FreeEnergyAnswer:
    return FreeEnergyAnswer.model_validate(result["answer"])


def known(stack) -> float:
    """How many counted tasks of the stack were taken from the cache."""
    ((hits,),) = stack.rows("select coalesce(sum(value), 0) from tallies where name = 'cache_hits'")
    return hits


def test_a_job_of_two_phases_is_that_of_one_process_and_again_from_the_cache(stack):
    someone = stack.of("phases")
    job_id = someone.submit(PROBLEM)
    assert someone.finished(job_id)["state"] == "succeeded"
    mine = without_times(someone.result(job_id))
    here = FreeEnergyAnswer.model_validate(run(parse(Problem, PROBLEM), Silent()).answer)
    assert answer_of(mine).comparison.phases == ["zincblende", "rocksalt"]
    for one, other in zip(answer_of(mine).comparison.differences, here.comparison.differences, strict=True):
        assert one.difference == pytest.approx(other.difference, abs=1e-5)
    atoms = stack.rows("select distinct record from tasks where job_id = ? and unit = 'relaxation'", job_id)
    assert len(atoms) == 2
    volumes = {one.phase: one.volume_per_atom for one in answer_of(mine).free_energies}
    assert volumes["zincblende"] > 1.1 * volumes["rocksalt"]
    before = known(stack)
    again = someone.submit(PROBLEM)
    assert someone.finished(again)["state"] == "succeeded"
    assert without_times(someone.result(again))["answer"] == mine["answer"]
    (count,) = stack.rows("select count(*) from tasks where job_id = ? and counted", again)[0]
    assert known(stack) - before == count > 4
