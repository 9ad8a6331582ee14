"""Jobs that have ended, as the service stored them, so that a page of every kind can be shown without computing.

python -m pytest tests/e2e/dashboard/recorded.py    # computes those of tests/data/jobs again, with sevennet-0
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api_schemas.evaluations import Evaluation
from api_schemas.results import Result
from tests.e2e.test_free_energies import PHASES
from tests.e2e.test_jobs import problem

DATA = Path(__file__).parents[2] / "data"
JOBS = DATA / "jobs"

SALT = {
    "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
    "potential": {"name": "sevennet-0"},
}


def _salt(elements: list[str], **more: Any) -> dict[str, Any]:
    return {**SALT, "sublattices": [{"name": "cation", "sites": ["Na"], "elements": elements}], **more}


def _wish(name: str, target: float, tolerance: float) -> dict[str, Any]:
    return {"property": name, "target": target, "tolerance": tolerance, "weight": 1}


HULL = {
    "kind": "order",
    "name": "Cu-Au hull",
    "structure": {"prototype": "fcc", "species": ["Cu"], "a": 3.9},
    "sublattices": [{"name": "mix", "sites": ["Cu"], "elements": ["Cu", "Au"]}],
    "potential": {"name": "sevennet-0"},
}
COMPUTED: dict[str, dict[str, Any]] = {
    "three_elements": _salt(
        ["Na", "K", "Rb"],
        kind="optimize",
        name="(Na,K,Rb)Cl",
        objectives=[_wish("lattice_a", 6.1, 0.01), _wish("density", 2.2, 0.02)],
        strategy={"name": "bayesian", "max_evaluations": 6},
    ),
    "five_elements": _salt(
        ["Li", "Na", "K", "Rb", "Cs"],
        kind="optimize",
        name="(Li,Na,K,Rb,Cs)Cl",
        objectives=[_wish("lattice_a", 6.1, 0.01)],
        strategy={"max_evaluations": 8},
    ),
    "front": _salt(
        ["Na", "K"],
        kind="optimize",
        name="soft or light",
        objectives=[
            {"property": "density", "goal": "minimize"},
            {"property": "lattice_a", "goal": "minimize"},
        ],
        strategy={"name": "grid", "max_evaluations": 6},
    ),
    "scan": problem(name="(Na,K)Cl from one end to the other", kind="scan", scan={"points_per_edge": 9}),
    "two_potentials": problem(
        name="(Na,K)Cl by two potentials", potential={"name": "sevennet-0", "also": [{"name": "salts"}]}
    ),
    "given": _salt(
        ["Na", "K"],
        kind="evaluate",
        name="two mixtures of salts",
        objectives=[_wish("lattice_a", 5.9, 0.01)],
        at=[{"cation": {"Na": share, "K": 1.0 - share}} for share in (0.25, 0.5)],
    ),
}
"""By the name of the file."""

READ: dict[str, dict[str, Any]] = {
    "order_hull": HULL,
    "order_cuau": {**HULL, "name": "Cu-Au ordered", "at": [{"mix": {"Cu": 0.5, "Au": 0.5}}]},
    "free_energy_phases": PHASES,
    "free_energy_vacancy": {
        **_salt(["Na"], kind="free_energy", name="a vacancy in NaCl"),
        "free_energy": {
            "path": "vacancy",
            "vacancy": {"sublattice": "cation", "element": "Na"},
            "temperatures": [100],
            "atoms": 8,
            "accuracy": 0.01,
        },
    },
}
"""Problems of results that others have recorded, in tests/data."""


def recorded() -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Problem and result of each, by name."""
    found = {path.stem: json.loads(path.read_text()) for path in sorted(JOBS.glob("*.json"))}
    return {
        **{name: (one["problem"], one["result"]) for name, one in found.items()},
        **{name: (asked, json.loads((DATA / f"{name}.json").read_text())) for name, asked in READ.items()},
    }


def evaluations_of(name: str) -> list[Evaluation]:
    """Those of a recorded result."""
    return Result.model_validate(recorded()[name][1]).evaluations


@pytest.mark.timeout(1800)
def test_jobs_are_computed_and_recorded(stack):
    """All that are computed here, and a verification of the given compositions."""
    JOBS.mkdir(exist_ok=True)
    ids = {name: stack.submit(asked) for name, asked in COMPUTED.items()}
    for job_id in ids.values():
        assert stack.finished(job_id)["state"] == "succeeded", stack.job(job_id)
    answer = stack.client.post(f"/v1/jobs/{ids['given']}/verify", json={"supercells": 2, "sites": 8})
    ids["verified"] = answer.json()["id"]
    assert stack.finished(ids["verified"])["state"] == "succeeded"
    for name, job_id in ids.items():
        found = {"problem": stack.job(job_id)["problem"], "result": stack.result(job_id)}
        (JOBS / f"{name}.json").write_text(json.dumps(found) + "\n")
