"""Which of 95 double perovskites order in rock-salt, by kind order, against what experiments say.

Each compound A2BB'O6 is one job of kind order: the six arrangements of B and B' in a cell of eight B sites, relaxed,
tilted where that lowers the energy. Two scores predict whether it orders: the logarithm of the odds of the rock-salt
arrangement against all others at 1000 K, and how far it lies below the average over all 70 decorations. Nothing is
fitted; the accuracy beside the area under the ROC curve takes one threshold.

Finished compounds are kept in ``benchmarks/orders/<potential>.jsonl`` and not computed again, so that it can be
interrupted, and is computed in a drawn order, so that what is there at any time is a fair sample: delete lines to have
them computed anew. By default two that are not there yet are computed with
SevenNet-0; with ORICHALCUM_BENCH=full all of them, with SevenNet-0 and SevenNet-l3i5 (some hours of a core).
ORICHALCUM_BENCH_POTENTIALS names others (commas between). With ORICHALCUM_BENCH_BY=ase the same arrangements are
relaxed by ASE instead, with the same potential in single precision: what others would find. Where both are there
each is judged by the compounds that both have, too.
"""

from __future__ import annotations

import csv
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from orders.by_ase import levels
from orders.scores import auc, best_accuracy, interval
from rich.console import Console
from rich.table import Table

from api_schemas.problem import Problem
from engine.campaign.run import run
from engine.mechanics.constants import BOLTZMANN
from engine.potentials.loading import load_potential

FULL = os.environ.get("ORICHALCUM_BENCH") == "full"
POTENTIALS = os.environ.get(
    "ORICHALCUM_BENCH_POTENTIALS", "sevennet-0,sevennet-l3i5" if FULL else "sevennet-0"
)
BY_ASE = os.environ.get("ORICHALCUM_BENCH_BY") == "ase"
FOLDER = Path(__file__).with_name("orders")
DTYPES = {"sevennet-l3i5": "float32"}
"""Number formats other than float64: this potential takes more than twice the time of a call in double precision."""
TEMPERATURE = 1000.0
ROCK_SALT_DECORATIONS, SITES = 2, 8
SHORT = 2


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
            "potential": {"name": potential, "dtype": DTYPES.get(potential, "float64")},
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
    if not result.answer["ordering_probability"]:
        return {"failed": result.notes or [result.stopped.message], "seconds": round(seconds, 1)}
    (found,) = result.answer["ordering_probability"]
    return {
        **scores(
            np.array([level["energy"] for level in found["levels"]]),
            np.array([level["degeneracy"] for level in found["levels"]]),
        ),
        "mean_field": result.answer["disordered"][0]["mean_field"],
        "relaxed": sum(level["relaxed"] for level in found["levels"]),
        "calls": result.cost.supercell_calls,
        "seconds": round(seconds, 1),
        "cpu": round(cpu, 1),
    }


def scored_by_ase(row: dict[str, str], potential: str) -> dict[str, Any]:
    """The same by ASE."""
    began, cpu = time.perf_counter(), time.process_time()
    model = load_potential(potential, dtype="float32")
    energies, counts, rested, calls = levels(model, row["A"], row["B1"], row["B2"])
    return {
        **scores(energies - energies.min(), counts),
        "relaxed": rested,
        "calls": calls,
        "seconds": round(time.perf_counter() - began, 1),
        "cpu": round(time.process_time() - cpu, 1),
    }


def scores(energies: NDArray[np.float64], counts: NDArray[np.int64]) -> dict[str, Any]:
    """Both scores of levels (eV per cell of eight B sites) and their degeneracies."""
    own = counts == ROCK_SALT_DECORATIONS
    weights = np.log(counts) - energies / (BOLTZMANN * TEMPERATURE)
    odds = np.logaddexp.reduce(weights[own]) - np.logaddexp.reduce(weights[~own])
    return {
        "odds": round(float(odds), 3),
        "below": round(float((np.average(energies, weights=counts) - energies[own][0]) / SITES), 5),
        "levels": [[round(float(e), 4), int(n)] for e, n in zip(energies, counts, strict=True)],
    }


def kept(path: Path) -> dict[str, dict[str, Any]]:
    """What is known of a potential, by compound."""
    lines = path.read_text().splitlines() if path.exists() else []
    return {one["compound"]: one for one in map(json.loads, lines)}


def formula(row: dict[str, str]) -> str:
    """The compound of a row of the list."""
    return f"{row['A']}2{row['B1']}{row['B2']}O6"


def usable(found: dict[str, Any] | None) -> bool:
    """Whether a compound has scores."""
    return found is not None and "failed" not in found


def tell(table: Table, label: str, rows: list[dict[str, str]], known: dict[str, dict[str, Any]]) -> None:
    """Add how well each score tells those that order, among the compounds that are known."""
    done = [(row, known[formula(row)]) for row in rows if usable(known.get(formula(row)))]
    labels = np.array([row["ordered"] == "1" for row, _ in done])
    for name, key in (("log odds at 1000 K", "odds"), ("below random", "below")):
        values = np.array([found[key] for _, found in done])
        low, high = interval(values, labels)
        table.add_row(
            label,
            str(len(done)),
            name,
            f"{auc(values, labels):.3f}",
            f"{low:.2f}-{high:.2f}",
            f"{best_accuracy(values, labels):.2f}",
            f"{np.median([found['calls'] for _, found in done]):.0f}",
            f"{np.median([found['seconds'] for _, found in done]):.0f}",
        )


def main() -> None:
    """Compute what is missing, and print the table."""
    console = Console()
    with (FOLDER / "perovskites.csv").open() as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    drawn = [rows[k] for k in np.random.default_rng(0).permutation(len(rows))]
    table = Table(title=f"{len(rows)} double perovskites: does B order in rock-salt?")
    for column in ("potential", "compounds", "score", "AUC", "95 %", "accuracy", "calls", "s"):
        table.add_column(column, justify="left" if column in ("potential", "score") else "right")
    for potential in POTENTIALS.split(","):
        path = FOLDER / f"{potential}{'-by-ase' if BY_ASE else ''}.jsonl"
        known, new = kept(path), 0
        for row in drawn:
            compound = formula(row)
            if compound in known or (not FULL and new == SHORT):
                continue
            new += 1
            found = {"compound": compound, **(scored_by_ase if BY_ASE else scored)(row, potential)}
            known[compound] = found
            with path.open("a") as file:
                file.write(json.dumps(found) + "\n")
            if "failed" in found:
                console.print(f"{potential} {compound}: {'; '.join(found['failed'])}", soft_wrap=True)
                continue
            console.print(
                f"{potential} {compound}: ordered {row['ordered']}, log odds {found['odds']:.1f}, "
                f"{1000 * found['below']:.0f} meV a site below random, {found['calls']} calls, "
                f"{found['seconds']:.0f} s",
                soft_wrap=True,
            )
        tell(table, path.stem, rows, known)
        yardstick = kept(FOLDER / f"{potential}-by-ase.jsonl")
        both = {name: one for name, one in known.items() if usable(one) and usable(yardstick.get(name))}
        if both and not BY_ASE:
            tell(table, f"{potential}, in both", rows, both)
            tell(table, f"{potential}-by-ase, in both", rows, {name: yardstick[name] for name in both})
    console.print(table)


if __name__ == "__main__":
    main()
