"""Which of 95 double perovskites order in rock-salt, by kind order, against what experiments say.

Each compound A2BB'O6 is one job of kind order: the six arrangements of B and B' in a cell of eight B sites, relaxed,
tilted where that lowers the energy. Two scores predict whether it orders: the logarithm of the odds of the rock-salt
arrangement against all others at 1000 K, and how far it lies below the average over all 70 decorations. Nothing is
fitted; the accuracy beside the area under the ROC curve takes one threshold.

Finished compounds are kept in ``.bench/perovskite_order`` and not computed again, so that it can be interrupted. By
default the first four that are not there yet are computed with SevenNet-0; with ORICHALCUM_BENCH=full all of them, with
SevenNet-0 and SevenNet-l3i5. ORICHALCUM_BENCH_POTENTIALS names others (commas between).
"""

from __future__ import annotations

import csv
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from orders.scores import auc, best_accuracy, interval
from rich.console import Console
from rich.table import Table

from api_schemas.problem import Problem
from engine.campaign.run import run
from engine.kinds.order.thermodynamics import K_B

FULL = os.environ.get("ORICHALCUM_BENCH") == "full"
POTENTIALS = os.environ.get(
    "ORICHALCUM_BENCH_POTENTIALS", "sevennet-0,sevennet-l3i5" if FULL else "sevennet-0"
)
KEPT = Path(".bench/perovskite_order")
TEMPERATURE = 1000.0
ROCK_SALT_DECORATIONS = 2
SHORT = 4


class Silent:
    """Watches a run and says nothing."""

    def counted(self, *_: Any) -> None:
        """Nothing."""

    def recorded(self, *_: Any) -> None:
        """Nothing."""

    def called(self) -> None:
        """Nothing."""

    def doing(self, *_: Any) -> None:
        """Nothing."""


def problem(a: str, b: str, other: str, potential: str) -> Problem:
    """The question about one compound."""
    return Problem.model_validate(
        {
            "kind": "order",
            "name": f"{a}2{b}{other}O6",
            "structure": {"prototype": "perovskite", "species": [a, b, "O"]},
            "sublattices": [{"name": "B", "sites": [b], "elements": [b, other]}],
            "at": [{"B": {b: 0.5, other: 0.5}}],
            "potential": {"name": potential},
            "order": {
                "enumerate": None,
                "search": None,
                "random": None,
                "probability": {"cell": [[2, 0, 0], [0, 2, 0], [0, 0, 2]]},
            },
            "conditions": {"temperature": TEMPERATURE},
        }
    )


def scored(row: dict[str, str], potential: str) -> dict[str, Any]:
    """What one compound comes to: both scores, calls and seconds."""
    began, cpu = time.perf_counter(), time.process_time()
    result = run(problem(row["A"], row["B1"], row["B2"], potential), Silent())
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    (found,) = result.answer["ordering_probability"]
    energies = np.array([level["energy"] for level in found["levels"]])
    counts = np.array([level["degeneracy"] for level in found["levels"]])
    own = counts == ROCK_SALT_DECORATIONS
    weights = np.log(counts) - energies / (K_B * TEMPERATURE)
    odds = np.logaddexp.reduce(weights[own]) - np.logaddexp.reduce(weights[~own])
    sites = found["sites"]
    return {
        "odds": float(odds),
        "below": float((np.average(energies, weights=counts) - energies[own][0]) / sites),
        "mean_field": result.answer["disordered"][0]["mean_field"],
        "levels": found["levels"],
        "groups": [one["space_group"] for one in result.answer["orderings"]],
        "relaxed": all(level["relaxed"] for level in found["levels"]),
        "calls": result.cost.supercell_calls,
        "seconds": seconds,
        "cpu": cpu,
    }


def main() -> None:
    """Compute what is missing, and print the table."""
    console = Console()
    with Path(__file__).with_name("orders").joinpath("perovskites.csv").open() as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    table = Table(title=f"{len(rows)} double perovskites: does B order in rock-salt?")
    for column in ("potential", "compounds", "score", "AUC", "95 %", "accuracy", "calls", "s"):
        table.add_column(column, justify="left" if column in ("potential", "score") else "right")
    for potential in POTENTIALS.split(","):
        folder = KEPT / potential
        folder.mkdir(parents=True, exist_ok=True)
        new = 0
        for row in rows:
            path = folder / f"{row['A']}-{row['B1']}-{row['B2']}.json"
            if path.exists() or (not FULL and new == SHORT):
                continue
            new += 1
            found = scored(row, potential)
            path.write_text(json.dumps(found))
            console.print(
                f"{potential} {row['A']}2{row['B1']}{row['B2']}O6: ordered {row['ordered']}, log odds "
                f"{found['odds']:.1f}, {1000 * found['below']:.0f} meV a site below random, {found['calls']} calls, "
                f"{found['seconds']:.0f} s"
            )
        known = [
            (row, json.loads(path.read_text()))
            for row in rows
            if (path := folder / f"{row['A']}-{row['B1']}-{row['B2']}.json").exists()
        ]
        labels = np.array([row["ordered"] == "1" for row, _ in known])
        for name, key in (("log odds at 1000 K", "odds"), ("below random", "below")):
            scores = np.array([found[key] for _, found in known])
            low, high = interval(scores, labels)
            table.add_row(
                potential,
                str(len(known)),
                name,
                f"{auc(scores, labels):.3f}",
                f"{low:.2f}-{high:.2f}",
                f"{best_accuracy(scores, labels):.2f}",
                f"{np.median([found['calls'] for _, found in known]):.0f}",
                f"{np.median([found['seconds'] for _, found in known]):.0f}",
            )
    console.print(table)


if __name__ == "__main__":
    main()
