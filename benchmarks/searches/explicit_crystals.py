"""Crystals searched for properties of their supercells: in two fidelities, and by explicit values alone.

Supercells of a grid of compositions are relaxed, and Redlich-Kister polynomials fitted to what they differ by from
alchemical crystals: what is left is the scatter of decorations, which no search can see through.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np

from api_schemas.evaluations import EvaluationRecord, PropertyValue
from api_schemas.problem import Problem
from engine.campaign.campaign import Campaign
from engine.campaign.evaluate import evaluate
from engine.properties.table import PROPERTIES

RECORDS = Path(__file__).parents[1] / "records" / "explicit_differences.jsonl"
POTENTIAL = "sevennet-0"
SITES = 16
"""Mixed sites of a supercell."""
DECORATIONS = 2
ORDERS = 3
"""Of the polynomials of a pair."""
BUDGET = 30


@dataclass(frozen=True)
class Crystal:
    """A mixed crystal.

    Attributes:
        prototype: Of the parent.
        species: Of the parent.
        site: The species that is mixed.
        elements: What it is mixed of.
        steps: Of the grid, along an edge.
        sought: Tolerances of the properties that are targets: as many as fractions are free, two at the most. They are
            larger than the scatter of what a composition in supercells has.
        aims: Compositions whose explicit properties are the targets.
    """

    prototype: str
    species: list[str]
    site: str
    elements: list[str]
    steps: int
    sought: dict[str, float]
    aims: list[list[float]]

    def problem(self, **more: Any) -> Problem:
        """A problem of it."""
        return Problem.model_validate(
            {
                "structure": {"prototype": self.prototype, "species": self.species},
                "sublattices": [{"name": "mixed", "sites": [self.site], "elements": self.elements}],
                "potential": {"name": POTENTIAL},
                **more,
            }
        )

    def at(self, x: np.ndarray) -> dict[str, dict[str, float]]:
        """A composition [k] as problems write it."""
        return {"mixed": dict(zip(self.elements, (float(share) for share in x), strict=True))}

    def grid(self) -> list[np.ndarray]:
        """The compositions that are relaxed in supercells, those of one element among them."""
        counts = product(range(self.steps + 1), repeat=len(self.elements))
        return [np.array(one) / self.steps for one in counts if sum(one) == self.steps]


ON_AN_EDGE = [[0.8, 0.2], [0.65, 0.35], [0.5, 0.5], [0.35, 0.65], [0.2, 0.8]]
INSIDE = [[0.5, 0.3, 0.2], [0.2, 0.5, 0.3], [0.3, 0.2, 0.5], [0.35, 0.35, 0.3], [0.6, 0.2, 0.2]]
CRYSTALS = {
    "(Na,K)Cl": Crystal("rocksalt", ["Na", "Cl"], "Na", ["Na", "K"], 16, {"lattice_a": 0.002}, ON_AN_EDGE),
    "(Cu,Au)": Crystal("fcc", ["Cu"], "Cu", ["Cu", "Au"], 16, {"lattice_a": 0.002}, ON_AN_EDGE),
    "(Na,K,Rb)Cl": Crystal(
        "rocksalt", ["Na", "Cl"], "Na", ["Na", "K", "Rb"], 8, {"lattice_a": 0.01, "density": 0.02}, INSIDE
    ),
}


class Explicit:
    """What supercells of a crystal have at any composition, on average over decorations.

    Args:
        name: Of the crystal. What its records lack is computed, and kept there.

    Attributes:
        crystal: That crystal.
        scatter: Standard deviations of what supercells of a composition have, by property sought.
    """

    def __init__(self, name: str) -> None:
        self.crystal = CRYSTALS[name]
        lines = RECORDS.read_text().splitlines() if RECORDS.exists() else []
        kept = {
            tuple(line["composition"]): line["difference"]
            for line in map(json.loads, lines)
            if line["crystal"] == name
        }
        for x in self.crystal.grid():
            if tuple(x.tolist()) not in kept and x.max() < 1.0:
                found = self._computed(x)
                with RECORDS.open("a") as file:
                    line = {"crystal": name, "composition": x.tolist(), "difference": found}
                    file.write(json.dumps(line) + "\n")
                kept[tuple(x.tolist())] = found
        places = np.array(list(kept))
        values = np.array([[one[name] for name in self.crystal.sought] for one in kept.values()])
        basis = _redlich_kister(places)
        self._weights = np.linalg.lstsq(basis, values)[0]
        freedoms = len(basis) - basis.shape[1]
        self.scatter = np.sqrt(np.square(values - basis @ self._weights).sum(axis=0) / freedoms)

    def of(self, record: EvaluationRecord) -> dict[str, float]:
        """Properties of supercells of the composition of an alchemical evaluation."""
        x = np.array([record.composition["mixed"].get(element, 0.0) for element in self.crystal.elements])
        differences = (_redlich_kister(x[None]) @ self._weights)[0]
        names = zip(self.crystal.sought, differences, strict=True)
        return {name: record.properties[name].value + float(off) for name, off in names}

    def targets(self, number: int) -> list[dict[str, Any]]:
        """The objectives of one of the aims."""
        asked = self.crystal.problem(
            kind="evaluate", at=[self.crystal.at(np.array(self.crystal.aims[number]))]
        )
        campaign = _run(Campaign(asked))
        (record,) = campaign.records
        return [
            {"property": name, "target": value, "tolerance": self.crystal.sought[name], "weight": 1.0}
            for name, value in self.of(record).items()
        ]

    def _computed(self, x: np.ndarray) -> dict[str, float]:
        """By how much supercells differ at a composition."""
        verify = {"supercells": DECORATIONS, "sites": SITES}
        asked = self.crystal.problem(kind="evaluate", at=[self.crystal.at(x)], verify=verify)
        result = _run(Campaign(asked)).result()
        found = {entry.property: entry.difference for entry in result.verification or ()}
        return {name: float(found[name]) for name in self.crystal.sought}


def _redlich_kister(x: np.ndarray) -> np.ndarray:
    """The polynomials of the pairs of elements, and the products of three, at compositions [n, k]."""
    k = range(x.shape[1])
    pairs = [
        x[:, i] * x[:, j] * (x[:, i] - x[:, j]) ** order
        for i, j in combinations(k, 2)
        for order in range(ORDERS)
    ]
    return np.stack([*pairs, *(x[:, three].prod(axis=1) for three in map(list, combinations(k, 3)))], axis=1)


def searched(name: str, number: int) -> tuple[Campaign, Campaign, float, float]:
    """Both searches of an aim, and by how many tolerances the answer of each misses a target at the most."""
    explicit = Explicit(name)
    goals = explicit.targets(number)
    search = {"name": "bayesian", "max_evaluations": BUDGET}
    sizes = {"supercells": DECORATIONS, "sites": SITES}
    two = {**search, "fidelity": "supercells"}
    ours = _run(Campaign(explicit.crystal.problem(objectives=goals, verify=sizes, strategy=two)))
    rival = Campaign(explicit.crystal.problem(objectives=goals, strategy=search))
    while tasks := rival.ask(1):
        rival.tell([_bare(explicit, evaluate(rival.resolved, task)) for task in tasks])
    best = next(record for record in ours.records if record.index == ours.best.index)
    return ours, rival, _missed(goals, explicit.of(best)), _missed(goals, rival.best.properties)


def _bare(explicit: Explicit, record: EvaluationRecord) -> EvaluationRecord:
    """The record as it would be of supercells: explicit values, and no gradients."""
    own = {
        name: PropertyValue(value=value, unit=PROPERTIES[name].unit, gradient=None)
        for name, value in explicit.of(record).items()
    }
    return record.model_copy(update={"properties": own})


def _missed(goals: list[dict[str, Any]], values: dict[str, float]) -> float:
    return max(abs(values[one["property"]] - one["target"]) / one["tolerance"] for one in goals)


def _run(campaign: Campaign) -> Campaign:
    while tasks := campaign.ask():
        campaign.tell([evaluate(campaign.resolved, task) for task in tasks])
    return campaign
