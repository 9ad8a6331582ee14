"""Two fidelities against supercells alone: compositions that have to be computed in supercells until targets are met.

    python benchmarks/two_fidelities.py [--elements K ...] [--targets N] [--crystals NAME ...]

The rival is the same strategy (`bayesian`) on explicit values, which have no gradients; both end when their value is
within the tolerance. Functions are made of pairs: alchemical properties with their own bowing, and a difference that
grows with the square of the mismatch of sizes. Crystals are computed with SevenNet-0 in supercells of 16 mixed sites
(searches/explicit_crystals.py); their supercells and finished searches are kept in benchmarks/records.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from api_schemas.cost import Cost
from api_schemas.evaluations import EvaluationRecord, PropertyValue
from api_schemas.problem import Problem
from api_schemas.supercells import SupercellRecord, SupercellTask
from engine.campaign.campaign import Campaign
from engine.properties.table import PROPERTIES

sys.path.insert(0, str(Path(__file__).parent))
from searches.explicit_crystals import CRYSTALS, Explicit, searched

ELEMENTS = ("Na", "K", "Li", "Rb")
TOLERANCES = {"lattice_a": 0.001, "density": 0.01}
SITES, DECORATIONS, BUDGET = 32, 2, 60
RESULTS = Path(__file__).parents[1] / ".bench" / "two_fidelities.jsonl"
OF_CRYSTALS = Path(__file__).parent / "records" / "two_fidelities.jsonl"


@dataclass(frozen=True)
class Functions:
    """Alchemical and explicit properties of k elements in closed form."""

    k: int

    @property
    def _drawn(self) -> dict[str, Any]:
        rng = np.random.default_rng(500 + self.k)
        size = rng.permutation(np.linspace(-1.0, 1.0, self.k)) + 0.1 * rng.normal(size=self.k)
        return {
            "pure": {"lattice_a": 5.8 + 0.3 * size, "density": 3.0 + 0.8 * rng.normal(size=self.k)},
            "bow": {name: rng.uniform(0.05, 0.25, (self.k, self.k)) for name in TOLERANCES},
            "mismatch": (size[:, None] - size[None]) ** 2,
            "size": {"lattice_a": -0.012, "density": 0.02},
            "skew": rng.uniform(-0.5, 0.5, (self.k, self.k)),
        }

    def alchemical(self, name: str, x: np.ndarray) -> tuple[float, np.ndarray]:
        """Value and raw gradient [k] at a composition [k]."""
        own = self._drawn
        bow = own["bow"][name] * (1.0 - np.eye(self.k))
        bow = 0.5 * (bow + bow.T)
        return float(own["pure"][name] @ x - 0.5 * x @ bow @ x), own["pure"][name] - bow @ x

    def explicit(self, name: str, x: np.ndarray) -> float:
        """What supercells have."""
        own = self._drawn
        return self.alchemical(name, x)[0] + sum(
            own["size"][name]
            * own["mismatch"][i, j]
            * x[i]
            * x[j]
            * (1.0 + own["skew"][i, j] * (x[i] - x[j]))
            for i, j in combinations(range(self.k), 2)
        )

    def aims(self, count: int) -> list[np.ndarray]:
        """Compositions whose explicit properties are the targets."""
        rng = np.random.default_rng(900 + self.k)
        return list(rng.dirichlet(np.full(self.k, 2.5), count))

    def problem(self, aim: np.ndarray, strategy: dict[str, Any]) -> Problem:
        """The properties at a composition as targets: as many as fractions are free, two at the most."""
        names = list(TOLERANCES)[: self.k - 1]
        return Problem.model_validate(
            {
                "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
                "sublattices": [{"name": "cation", "sites": ["Na"], "elements": list(ELEMENTS[: self.k])}],
                "objectives": [
                    {
                        "property": name,
                        "target": self.explicit(name, aim),
                        "tolerance": TOLERANCES[name],
                        "weight": 1.0,
                    }
                    for name in names
                ],
                "strategy": {"max_evaluations": BUDGET, **strategy},
            }
        )

    def evaluated(self, campaign: Campaign, task: Any, *, explicit: bool) -> EvaluationRecord:
        """The record of a suggestion: alchemical with gradients, or explicit without."""
        space = campaign.space
        x = space.to_vector(task.composition)
        found = {}
        for name in TOLERANCES:
            value, slope = self.alchemical(name, x)
            gradient = None if explicit else space.to_composition(space.project_gradient(slope))
            value = self.explicit(name, x) if explicit else value
            found[name] = PropertyValue(value=value, unit=PROPERTIES[name].unit, gradient=gradient)
        return EvaluationRecord(
            index=task.index,
            origin=task.origin,
            composition=task.composition,
            properties=found,
            energy_per_atom=0.0,
            converged=True,
            stable=True,
            cost=Cost(potential_calls=1, shared_calls=0, seconds=0.0),
            structure=None,
            targets=[float(one.target) for one in campaign.problem.objectives],
        )

    def supercell(self, campaign: Campaign, task: SupercellTask) -> SupercellRecord:
        """The record of a decoration: what its sites can hold, and a spread between decorations."""
        x = campaign.space.to_vector(task.composition)
        counts = np.floor(SITES * x + 1e-9)
        order = np.argsort(counts - SITES * x, kind="stable")
        counts[order[: int(SITES - counts.sum())]] += 1
        held = counts / SITES
        return SupercellRecord(
            index=task.index,
            cost=Cost(potential_calls=7, shared_calls=0, seconds=0.0, supercell_calls=7),
            evaluation=task.evaluation,
            after=task.after,
            decoration=task.decoration,
            composition=campaign.space.to_composition(held),
            matrix=[[2, 0, 0], [0, 4, 0], [0, 0, 4]],
            sites={"cation": SITES},
            properties={
                name: self.explicit(name, held) + 0.05 * TOLERANCES[name] * (-1) ** task.decoration
                for name in TOLERANCES
            },
            energy_per_atom=0.0,
            converged=True,
            left_parent=False,
            largest_displacement=0.1,
            changed_coordination=0.0,
            structure=None,
        )


def of_functions(k: int, number: int, aim: np.ndarray) -> dict[str, Any]:
    """Both searches of a target in closed form."""
    functions = Functions(k)
    ours = Campaign(functions.problem(aim, {"name": "bayesian", "fidelity": "supercells"}))
    while tasks := ours.ask(DECORATIONS):
        ours.tell(
            [
                functions.supercell(ours, task)
                if isinstance(task, SupercellTask)
                else functions.evaluated(ours, task, explicit=False)
                for task in tasks
            ]
        )
    rival = Campaign(functions.problem(aim, {"name": "bayesian"}))
    while tasks := rival.ask(1):
        rival.tell([functions.evaluated(rival, task, explicit=True) for task in tasks])

    def error(campaign: Campaign) -> float:
        x = campaign.space.to_vector(campaign.best.composition)
        return max(
            abs(functions.explicit(one.property, x) - float(one.target)) / float(one.tolerance)
            for one in campaign.problem.objectives
        )

    return _line("functions", k, number, ours, rival, error(ours), error(rival))


def _line(
    name: str, k: int, number: int, ours: Campaign, rival: Campaign, error: float, of_rival: float
) -> dict[str, Any]:
    supercells = [record for record in ours.records if isinstance(record, SupercellRecord)]
    ended, other = ours.stopped, rival.stopped
    return {
        "system": name,
        "elements": k,
        "target": number,
        "compositions": len({one.evaluation for one in supercells}),
        "evaluations": len(ours.records) - len(supercells),
        "rival": len(rival.records),
        "error": round(float(error), 3),
        "error_of_rival": round(float(of_rival), 3),
        "stopped": None if ended is None else ended.reason,
        "rival_stopped": None if other is None else other.reason,
    }


def main() -> None:
    """Run what is not stored, and print medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--elements", nargs="*", type=int, default=[2, 3, 4])
    parser.add_argument("--targets", type=int, default=5)
    parser.add_argument("--crystals", nargs="*", default=[], choices=list(CRYSTALS))
    parser.add_argument("--results", type=Path, default=RESULTS)
    asked = parser.parse_args()
    files = [path for path in (OF_CRYSTALS, asked.results) if path.exists()]
    stored = [line for path in files for line in path.read_text().splitlines()]
    lines = {(one["system"], one["elements"], one["target"]): one for one in map(json.loads, stored)}
    wanted = [("functions", k, number) for k in asked.elements for number in range(asked.targets)]
    wanted += [
        (name, len(CRYSTALS[name].elements), number)
        for name in asked.crystals
        for number in range(asked.targets)
    ]
    for name, k, number in wanted:
        if (name, k, number) not in lines:
            if name == "functions":
                line = of_functions(k, number, Functions(k).aims(asked.targets)[number])
            else:
                line = _line(name, k, number, *searched(name, number))
            lines[name, k, number] = line
            path = asked.results if name == "functions" else OF_CRYSTALS
            path.parent.mkdir(exist_ok=True)
            with path.open("a") as file:
                file.write(json.dumps(line) + "\n")
            print(line, file=sys.stderr, flush=True)
    print(
        "system      elements  compositions in supercells  most  rival  ratio  worst error, tolerances (rival's)"
    )
    for name, k in dict.fromkeys((name, k) for name, k, _ in wanted):
        own = [lines[key] for key in wanted if key[:2] == (name, k)]
        mine, other = (median(one[key] for one in own) for key in ("compositions", "rival"))
        most = max(one["compositions"] for one in own)
        errors = max(one["error"] for one in own), max(one["error_of_rival"] for one in own)
        counts = f"{mine:25g}  {most:5d}  {other:5g}  {other / mine:5.1f}"
        print(f"{name:12s}{k:7d}  {counts}  {errors[0]:.2f} ({errors[1]:.2f})")
    for name in asked.crystals:
        explicit = Explicit(name)
        found = zip(explicit.crystal.sought, explicit.scatter, strict=True)
        print(f"{name}: what is computed scatters by", ", ".join(f"{key} {off:.4f}" for key, off in found))


if __name__ == "__main__":
    main()
