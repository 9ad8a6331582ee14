"""An error bar is a claim: twenty jobs that differ in their seed alone spread by what each of them says."""

from __future__ import annotations

import numpy as np
import pytest

from api_schemas.problem import Problem
from engine.campaign.run import run
from tests.observing import Silent

JOBS = 20


def free_energy(seed):
    """Free energy and standard error of NaCl in 8 atoms, eV/atom."""
    problem = Problem.model_validate(
        {
            "kind": "free_energy",
            "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
            "potential": {"name": "sevennet-0", "dtype": "float32"},
            "strategy": {"seed": seed},
            "free_energy": {"path": "absolute", "atoms": 8, "temperatures": [300], "accuracy": 0.003},
        }
    )
    (found,) = run(problem, Silent()).answer["free_energies"]
    assert found["accurate"]
    return found["free_energy"], found["standard_error"]


@pytest.mark.usefixtures("weights_fetched")
def test_the_standard_error_is_the_spread_of_repeated_jobs():
    values, errors = np.array([free_energy(seed) for seed in range(JOBS)]).T
    told = np.sqrt((errors**2).mean())
    assert told / 1.5 < values.std(ddof=1) < 1.5 * told
