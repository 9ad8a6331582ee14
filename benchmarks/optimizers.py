"""Evaluations that each strategy needs to come within a thousandth of the optimum, on synthetic functions of a simplex.

Every function gives values with exact gradients. A run counts the evaluations until the loss is within 1e-3 of the
range between the value at the centre and the least value known; ``-`` where the budget did not suffice. Medians over
the seeds, each with a start of its own, and the number of seeds that got there. ``values`` is ``bayesian`` on the same
function with its gradients withheld. Set ORICHALCUM_BENCH=full for more elements and seeds.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from api_schemas.evaluations import Cost, EvaluationRecord, PropertyValue, Suggestion
from api_schemas.problem import Problem
from engine.optimize.campaign import Campaign

FULL = os.environ.get("ORICHALCUM_BENCH") == "full"
ELEMENTS = ("Na", "K", "Li", "Rb", "Cs", "Ag", "Cu", "Tl")
SIZES = (3, 5, 8) if FULL else (3, 5)
SEEDS = 10 if FULL else 2
BUDGET = 80 if FULL else 40
STRATEGIES = ("gradient", "hybrid", "bayesian", "values", "random")
REGRET = 1e-3

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """A function on the simplex with its raw gradient, and its least value."""

    name: str
    function: Callable[[Vector], tuple[float, Vector]]
    least: float


def bowl(k: int) -> Case:
    """A quadratic with its minimum inside."""
    centre = np.arange(1.0, k + 1.0) / (k * (k + 1) / 2)
    stiffness = np.linspace(1.0, 4.0, k)

    def function(x: Vector) -> tuple[float, Vector]:
        away = x - centre
        return float(stiffness @ away**2), 2.0 * stiffness * away

    return Case("bowl", function, 0.0)


def wells(k: int) -> Case:
    """Gaussian wells near the centre and two corners; the deepest is near a corner."""
    rng = np.random.default_rng(k)
    near = [np.full(k, 1.0 / k), *(0.75 * np.eye(k)[i] + 0.25 / k for i in (0, k - 1))]
    centres = [c + 0.02 * (rng.random(k) - 0.5) for c in near]
    depths, widths = (0.5, 0.7, 1.0), (0.5, 0.4, 0.4)

    def function(x: Vector) -> tuple[float, Vector]:
        value, slope = 0.0, np.zeros(k)
        for centre, depth, width in zip(centres, depths, widths, strict=True):
            away = x - centre
            part = depth * float(np.exp(-(away @ away) / width**2))
            value -= part
            slope += 2.0 * part * away / width**2
        return value, slope

    return Case("wells", function, _least(function, k, centres))


def solution(k: int) -> Case:
    """A regular solution: pair interactions and the entropy of mixing, smoothed at the edges."""
    rng = np.random.default_rng(100 + k)
    pairs = np.triu(rng.normal(0.0, 2.0, (k, k)), 1)
    pairs = pairs + pairs.T

    def function(x: Vector) -> tuple[float, Vector]:
        safe = np.maximum(x, 0.0) + 1e-3
        value = 0.5 * float(x @ pairs @ x) + 0.3 * float(safe @ np.log(safe))
        return value, pairs @ x + 0.3 * (np.log(safe) + 1.0)

    return Case("solution", function, _least(function, k, []))


def _least(function: Callable[[Vector], tuple[float, Vector]], k: int, near: list[Vector]) -> float:
    """Least value by sequential quadratic programs from 200 random starts."""
    from scipy.optimize import minimize

    rng = np.random.default_rng(0)
    starts = [*near, *rng.dirichlet(np.ones(k), 200)]
    found = [
        minimize(
            function,
            start / start.sum(),
            jac=True,
            method="SLSQP",
            bounds=[(0.0, 1.0)] * k,
            constraints={"type": "eq", "fun": lambda x: x.sum() - 1.0, "jac": lambda x: np.ones(len(x))},
            options={"ftol": 1e-14, "maxiter": 300},
        )
        for start in starts
    ]
    return float(min(one.fun for one in found if one.success))


def evaluations_needed(case: Case, k: int, strategy: str, seed: int) -> int | None:
    """Evaluations until the regret is small enough, None where it never is."""
    problem = Problem.model_validate(
        {
            "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
            "sublattices": [{"name": "cation", "sites": ["Na"], "elements": list(ELEMENTS[:k])}],
            "objectives": [{"property": "mixing_energy", "goal": "minimize", "scale": 0.01}],
            "strategy": {
                "name": "bayesian" if strategy == "values" else strategy,
                "max_evaluations": BUDGET,
                "seed": seed,
            },
        }
    )
    rng = np.random.default_rng(seed)
    start = rng.dirichlet(np.ones(k))
    at = {"cation": dict(zip(ELEMENTS[:k], start.tolist(), strict=True))}
    campaign = Campaign(problem.model_copy(update={"at": [at]}))
    enough = case.least + REGRET * (case.function(np.full(k, 1.0 / k))[0] - case.least or 1.0)
    while batch := campaign.ask(1):
        for suggestion in batch:
            record, value = _record(campaign, suggestion, case, gradients=strategy != "values")
            campaign.tell([record])
            if value <= enough:
                return len(campaign.records)
    return None


def _record(
    campaign: Campaign, suggestion: Suggestion, case: Case, *, gradients: bool
) -> tuple[EvaluationRecord, float]:
    x = campaign.space.to_vector(suggestion.composition)
    value, raw = case.function(x)
    gradient = campaign.space.to_composition(campaign.space.project_gradient(raw)) if gradients else None
    energy = PropertyValue(value=value, unit="eV/atom", gradient=gradient)
    record = EvaluationRecord(
        index=suggestion.index,
        origin=suggestion.origin,
        composition=suggestion.composition,
        properties={"mixing_energy": energy},
        energy_per_atom=value,
        converged=True,
        stable=True,
        cost=Cost(potential_calls=1, shared_calls=0, seconds=0.0),
        structure=None,
        targets=[None],
    )
    return record, value


def main() -> None:
    """Print the table."""
    table = Table(title=f"Evaluations to a regret of {REGRET:g} (median of {SEEDS} seeds, at most {BUDGET})")
    for heading in ("function", "elements", *STRATEGIES):
        table.add_column(heading, justify="left" if heading == "function" else "right")
    started = time.perf_counter()
    for k in SIZES:
        for build in (bowl, wells, solution):
            case = build(k)
            cells = []
            for strategy in STRATEGIES:
                counts = [evaluations_needed(case, k, strategy, seed) for seed in range(SEEDS)]
                reached = [count for count in counts if count is not None]
                typical = median([count if count is not None else np.inf for count in counts])
                shown = "-" if np.isinf(typical) else f"{typical:g}"
                cells.append(f"{shown} ({len(reached)}/{SEEDS})")
            table.add_row(case.name, str(k), *cells)
    Console().print(table)
    print(f"took {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
