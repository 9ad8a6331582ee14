"""One search by one method: our strategies through a campaign, or the peer."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.cost import Cost
from api_schemas.evaluations import EvaluationRecord, PropertyValue, Suggestion
from api_schemas.problem import Problem
from engine.campaign.campaign import Campaign
from engine.optimize.proposals.strategies import choose
from engine.properties.table import PROPERTIES
from searches.functions import TEMPERATURE
from searches.results import Cell

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searches.functions import Case
    from searches.peer import Peer

ELEMENTS = ("Na", "K", "Li", "Rb", "Cs", "Ag", "Cu", "Tl")
WITHOUT_GRADIENTS = "values"
"""``bayesian`` with the gradients withheld: a plain Gaussian process."""


def search(case: Case, method: str, seed: int, budget: int, code: str) -> Cell:
    """Run a strategy from a random start; ``auto`` to its own end, the others until the optimum is reached."""
    withheld = method == WITHOUT_GRADIENTS
    campaign = Campaign(problem_of(case, "bayesian" if withheld else method, seed, budget))
    needed, began = None, time.perf_counter()
    while batch := campaign.ask(1):
        for suggestion in batch:
            record, loss = evaluated(campaign, suggestion, case, gradients=not withheld)
            campaign.tell([record])
            if needed is None and loss <= case.enough:
                needed = len(campaign.records)
        if needed is not None and method != "auto":
            break
    ended = campaign.stopped
    return Cell(
        case.name,
        case.k,
        method,
        seed,
        code,
        needed,
        len(campaign.records),
        "reached" if ended is None else ended.reason,
        round(time.perf_counter() - began, 2),
    )


def as_chosen(case: Case, auto: Cell) -> Cell:
    """The search by the strategy that ``auto`` chose, which is the same until the optimum is reached."""
    name = choose(problem_of(case, "auto", auto.seed, 1)).name
    if auto.needed is None:
        return replace(auto, method=name)
    return replace(auto, method=name, told=auto.needed, stopped="reached")


def search_by_peer(case: Case, peer: Peer, method: str, seed: int, budget: int, code: str) -> Cell:
    """Run the peer from the same start, on the loss."""
    x = start(case.k, seed)
    told: list[list[float]] = []
    needed, began = None, time.perf_counter()
    while True:
        loss = case.loss(x)[0]
        told.append([*x.tolist(), loss])
        if loss <= case.enough:
            needed = len(told)
        if needed is not None or len(told) == budget:
            break
        x = peer.ask(case.k, seed, told)
    reason = "budget_spent" if needed is None else "reached"
    seconds = round(time.perf_counter() - began, 2)
    return Cell(case.name, case.k, method, seed, code, needed, len(told), reason, seconds)


def start(k: int, seed: int) -> NDArray[np.float64]:
    """Where a seed's searches begin: uniform over the simplex."""
    return np.random.default_rng(seed).dirichlet(np.ones(k))


def problem_of(case: Case, strategy: str, seed: int, budget: int) -> Problem:
    """The function as a problem, to be started where the seed says."""
    elements = list(ELEMENTS[: case.k])
    if case.targets:
        objectives = [
            {"property": name, "target": target.value, "tolerance": target.tolerance, "weight": 1.0}
            for name, target in case.targets.items()
        ]
    else:
        objectives = [
            {"property": name, "goal": "minimize", "scale": 0.01 * case.range} for name in case.properties
        ]
    at = dict(zip(elements, start(case.k, seed).tolist(), strict=True))
    return Problem.model_validate(
        {
            "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
            "sublattices": [{"name": "cation", "sites": ["Na"], "elements": elements}],
            "objectives": objectives,
            "strategy": {"name": strategy, "max_evaluations": budget, "seed": seed},
            "conditions": {"temperature": TEMPERATURE},
            "at": [{"cation": at}],
        }
    )


def evaluated(
    campaign: Campaign, suggestion: Suggestion, case: Case, *, gradients: bool
) -> tuple[EvaluationRecord, float]:
    """The record of a suggestion, and its loss."""
    space = campaign.space
    x = space.to_vector(suggestion.composition)
    properties = {}
    for name, function in case.properties.items():
        value, raw = function(x)
        # As the engine does it: no gradient where it is infinite.
        known = gradients and bool(np.all(np.isfinite(raw)))
        properties[name] = PropertyValue(
            value=value,
            unit=PROPERTIES[name].unit,
            gradient=space.to_composition(space.project_gradient(raw)) if known else None,
        )
    record = EvaluationRecord(
        index=suggestion.index,
        origin=suggestion.origin,
        composition=suggestion.composition,
        properties=properties,
        energy_per_atom=0.0,
        converged=True,
        stable=True,
        cost=Cost(potential_calls=1, shared_calls=0, seconds=0.0),
        structure=None,
        targets=[o.target if isinstance(o.target, float) else None for o in campaign.problem.objectives],
    )
    return record, case.loss(x)[0]
