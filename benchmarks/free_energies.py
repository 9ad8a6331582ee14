"""NaCl to KCl by switching against the difference of the two absolute free energies, at 300 K.

    python benchmarks/free_energies.py [--atoms 8] [--steps 100] [--runs 4] [--potential sevennet-0] [--threads 1]

Both are jobs as users submit them, with no trajectory in common; the seconds are those of a processor, all told:
crystals at rest, force constants, how many runs are best computed together, and runs. The goal is 1 meV/atom in ten
minutes on two cores, 1200 s here. With
--jobs N the change is computed again with N seeds: their spread over the error that each tells, which should be between
1/1.5 and 1.5. With ORICHALCUM_BENCH=full in the environment the supercell has 64 atoms, and runs have 300 steps.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import time
from typing import Any

import torch

from api_schemas.free_energies import FreeEnergy, FreeEnergyAnswer
from api_schemas.problem import Problem
from engine.campaign.run import run

FULL = os.environ.get("ORICHALCUM_BENCH") == "full"
SALT: dict[str, Any] = {
    "kind": "free_energy",
    "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
    "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
}
NA, K = {"cation": {"Na": 1}}, {"cation": {"K": 1}}


class Quiet:
    """Hears of progress, and says nothing."""

    def counted(self, *_: object) -> None:
        """Nothing."""

    def doing(self, *_: object) -> None:
        """Nothing."""

    def called(self, *_: object) -> None:
        """Nothing."""

    def recorded(self, *_: object) -> None:
        """Nothing."""


def answered(name: str, document: dict[str, Any]) -> list[FreeEnergy]:
    """Run a job, and print what it says and took."""
    began = time.process_time()
    result = run(Problem.model_validate(document), Quiet())
    seconds = time.process_time() - began
    found = FreeEnergyAnswer.model_validate(result.answer).free_energies
    for one in found:
        print(f"  {one.text}, {one.estimator}", flush=True)
        for warning in one.warnings:
            print(f"    careful: {warning}")
        if one.switching is not None and one.trajectories is not None:
            lost = 500 * (one.switching.forward.dissipation + one.switching.backward.dissipation)
            print(
                f"    {one.switching.forward.runs} runs each way, {one.trajectories.replicas} at a time, "
                f"{lost:.2f} meV/atom dissipated, overlap {one.switching.overlap:.2f}"
            )
    print(f"{name:24s}{result.cost.potential_calls:8d} calls{seconds:8.0f} s of a processor", flush=True)
    return found


def honest(jobs: int, document: dict[str, Any]) -> None:
    """Print the spread of jobs that differ in their seed over the standard error that they tell."""
    if jobs < 2:
        return
    found = []
    for seed in range(jobs):
        result = run(Problem.model_validate({**document, "strategy": {"seed": seed}}), Quiet())
        found += FreeEnergyAnswer.model_validate(result.answer).free_energies
    known = [(one.free_energy, one.standard_error) for one in found if one.free_energy and one.standard_error]
    values, errors = zip(*known, strict=True)
    told = math.sqrt(statistics.fmean(error**2 for error in errors))
    print(
        f"{len(known)} jobs of other seeds spread by {statistics.stdev(values) / told:.2f} of their error",
        flush=True,
    )


def main() -> None:
    """Print both, and by how much they differ."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--atoms", type=int, default=64 if FULL else 8)
    parser.add_argument("--steps", type=int, default=300 if FULL else 100)
    parser.add_argument("--runs", type=int, default=16 if FULL else 4, help="pairs of runs at most")
    parser.add_argument("--potential", default="sevennet-0", help="a name, or the file of a MACE model")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=20 if FULL else 0, help="repeated with other seeds")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    common = {
        "atoms": asked.atoms,
        "temperatures": [300],
        "accuracy": 0.001,
        "budget": {"runs": asked.runs, "steps": asked.steps},
    }
    by_file = asked.potential.endswith(".model")
    potential = {"name": "mace", "file": asked.potential} if by_file else {"name": asked.potential}
    salt = {**SALT, "potential": {**potential, "dtype": "float32"}}
    print(f"{asked.potential}, float32, {asked.atoms} atoms, {asked.steps} steps of a run")
    change = {**common, "path": "composition", "from": NA, "to": K}
    (switched,) = answered("change", {**salt, "free_energy": change})
    ends = answered("both absolute", {**salt, "at": [NA, K], "free_energy": {**common, "path": "absolute"}})
    honest(asked.jobs, {**salt, "free_energy": change})
    values = [one.free_energy for one in (switched, *ends)]
    errors = [one.standard_error for one in (switched, *ends)]
    if None in values or None in errors:
        print("no difference: one of them has no free energy")
        return
    apart = 1000 * (values[0] - (values[2] - values[1]))
    print(f"apart by {apart:+.2f} +- {1000 * math.hypot(*errors):.2f} meV/atom")


if __name__ == "__main__":
    main()
