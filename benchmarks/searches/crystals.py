"""Real searches with SevenNet-0: how many relaxations until every target is met."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from api_schemas.evaluations import EvaluationRecord
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolved_problem
from engine.campaign.campaign import Campaign
from engine.evaluation.evaluator import Evaluator
from engine.optimize.proposals.strategies import choose
from searches.results import Cell
from searches.runs import WITHOUT_GRADIENTS

BUDGET = 20
CRYSTALS: dict[str, dict[str, Any]] = {
    "Al(Sc)N on GaN": {
        "structure": {"prototype": "wurtzite", "species": ["Al", "N"]},
        "sublattices": [{"name": "cation", "sites": ["Al"], "elements": {"Al": [0, 1], "Sc": [0, 0.5]}}],
        "objectives": [
            {
                "property": "lattice_a",
                "target": {"same_as": {"prototype": "wurtzite", "species": ["Ga", "N"]}},
                "tolerance": 0.001,
            }
        ],
    },
    "(Al,Ga,In)N": {
        "structure": {"prototype": "wurtzite", "species": ["Ga", "N"]},
        "sublattices": [{"name": "cation", "sites": ["Ga"], "elements": ["Al", "Ga", "In"]}],
        "objectives": [
            {"property": "lattice_a", "target": 3.25, "tolerance": 0.001, "weight": 1},
            {"property": "density", "target": 5.3, "tolerance": 0.01, "weight": 1},
        ],
    },
    "CrMnFeCoNi": {
        "structure": {"prototype": "fcc", "species": ["Ni"]},
        "sublattices": [{"name": "metal", "sites": ["Ni"], "elements": ["Cr", "Mn", "Fe", "Co", "Ni"]}],
        "objectives": [
            {"property": "lattice_a", "target": 3.53, "tolerance": 0.001, "weight": 1},
            {"property": "density", "target": 8.1, "tolerance": 0.01, "weight": 1},
        ],
    },
}


def _without_gradients(record: EvaluationRecord) -> EvaluationRecord:
    bare = {n: value.model_copy(update={"gradient": None}) for n, value in record.properties.items()}
    return record.model_copy(update={"properties": bare})


@cache
def _evaluator(name: str) -> Evaluator:
    return Evaluator(resolved_problem(_problem(name, "gradient", 0)))


def columns(name: str) -> int:
    """How many elements are mixed."""
    return sum(len(sublattice["elements"]) for sublattice in CRYSTALS[name]["sublattices"])


def search_crystal(name: str, method: str, seed: int, code: str) -> Cell:
    """Run a strategy from a random start until its targets are met."""
    withheld = method == WITHOUT_GRADIENTS
    campaign = Campaign(_problem(name, "bayesian" if withheld else method, seed))
    evaluator, began = _evaluator(name), time.perf_counter()
    while batch := campaign.ask(1):
        records = evaluator.evaluate(batch)
        campaign.tell([_without_gradients(record) for record in records] if withheld else records)
    ended = campaign.stopped
    reason = "" if ended is None else ended.reason
    told = len(campaign.records)
    return Cell(
        name,
        columns(name),
        method,
        seed,
        code,
        told if reason == "target_met" else None,
        told,
        reason,
        round(time.perf_counter() - began, 1),
    )


def as_chosen(auto: Cell) -> Cell:
    """The search by the strategy that ``auto`` chose, which is the same."""
    return replace(auto, method=choose(_problem(auto.problem, "auto", auto.seed)).name)


def _problem(name: str, strategy: str, seed: int) -> Problem:
    asked = {
        **CRYSTALS[name],
        "potential": {"name": "sevennet-0", "dtype": "float64"},
        "strategy": {"name": strategy, "max_evaluations": BUDGET, "seed": seed},
    }
    space = Campaign(Problem.model_validate(asked)).region
    start = space.random(np.random.default_rng(seed), 1)[0]
    return Problem.model_validate({**asked, "at": [space.space.to_composition(start)]})
