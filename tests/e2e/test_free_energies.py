"""Free energies through the service: the same bits as in one process, and again from what is known."""

from __future__ import annotations

from api_schemas.errors import parse
from api_schemas.free_energies import FreeEnergyAnswer
from api_schemas.problem import Problem
from engine.campaign.run import run
from tests.e2e.test_jobs import without_times
from tests.observing import Silent

SALT = {
    "kind": "free_energy",
    "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
    "potential": {"name": "sevennet-0"},
    "free_energy": {"path": "absolute", "temperatures": [50, 100], "atoms": 8, "accuracy": 0.01},
}
LIBR = [{"prototype": name, "species": ["Li", "Br"]} for name in ("zincblende", "rocksalt")]
PHASES = {
    "kind": "free_energy",
    "name": "phases of lithium bromide",
    "structure": LIBR[0],
    "potential": {"name": "sevennet-0", "dtype": "float32"},
    "free_energy": {
        "path": "phases", "phases": LIBR, "temperatures": [50, 100], "atoms": 8, "accuracy": 0.01,
    },
}  # fmt: skip


def known(stack) -> float:
    """How many counted tasks of the stack were taken from the cache."""
    ((hits,),) = stack.rows("select coalesce(sum(value), 0) from tallies where name = 'cache_hits'")
    return hits


def answered_twice(stack, tenant, problem) -> tuple[str, FreeEnergyAnswer]:
    """The job of a problem, and its answer: that of one process, and of a second job, from the cache."""
    someone = stack.of(tenant)
    job_id = someone.submit(problem)
    assert someone.finished(job_id)["state"] == "succeeded"
    answer = without_times(someone.result(job_id))["answer"]
    here = FreeEnergyAnswer.model_validate(run(parse(Problem, problem), Silent()).answer)
    assert FreeEnergyAnswer.model_validate(answer) == here
    before = known(stack)
    again = someone.submit(problem)
    assert someone.finished(again)["state"] == "succeeded"
    assert without_times(someone.result(again))["answer"] == answer
    (count,) = stack.rows("select count(*) from tasks where job_id = ? and counted", again)[0]
    assert known(stack) - before == count > 4
    return job_id, here


def test_a_free_energy_is_that_of_one_process_and_again_from_the_cache(stack):
    _, answer = answered_twice(stack, "free-energies", SALT)
    assert [one.temperature for one in answer.free_energies] == [50, 100]


def test_of_two_phases_each_has_its_own_crystal_in_the_service_too(stack):
    job_id, answer = answered_twice(stack, "phases", PHASES)
    assert answer.comparison.phases == ["zincblende", "rocksalt"]
    atoms = stack.rows("select distinct record from tasks where job_id = ? and unit = 'relaxation'", job_id)
    assert len(atoms) == 2
    volumes = {one.phase: one.volume_per_atom for one in answer.free_energies}
    assert volumes["zincblende"] > 1.1 * volumes["rocksalt"]
