"""A process of its own for sqsgenerator: ``python -m engine.crystals.sqs_process`` reads a question, prints an answer.

sqsgenerator (D. Gehringer, M. Friák, D. Holec, Comput. Phys. Commun. 286, 108664 (2023),
doi:10.1016/j.cpc.2023.108664) takes over SIGINT and SIGTERM while it searches, and resets them afterwards to what ends
a process at once. A worker has to hear both, so it never runs there. Seeded, on one thread and with one chunk, it
visits the same decorations every time; which of those that are equally good it names first differs, so all are told.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from api_schemas.symbols import SYMBOLS

ITERATIONS = 50_000
"""Decorations that are tried; 0.1 s for 32 sites."""
LEVELS, ALIKE = 30, 50
"""How many of the best values are kept, and how many decorations of each."""
_PLACEHOLDERS = SYMBOLS[1:]
"""Stand for the elements, and for the vacancy, by their column: the search does not know one from another."""


class DecorationsUnavailable(RuntimeError):  # noqa: N818  (the house's way of naming them)
    """Random decorations cannot be made here: sqsgenerator is missing or failed."""


def quasi_random(
    lattice: list[list[float]],
    frac: list[list[float]],
    counts: list[int],
    radii: list[float],
    weights: dict[int, float],
    seed: int,
) -> list[list[int]]:
    """Decorations of a sublattice whose pairs are the most like random ones, in no particular order.

    Args:
        lattice: Vectors of the supercell as rows, Å.
        frac: Fractional coordinates of the sites of the sublattice, [n][3].
        counts: How many sites each column has; they add up to n.
        radii: Outer radii of the shells of neighbours, rising, Å.
        weights: Weight of each shell that counts, by its number from 1.
        seed: Of the search.

    Returns:
        The column of each site, [n_decorations][n].

    Raises:
        DecorationsUnavailable: if sqsgenerator is missing or failed.
    """
    question = {
        "lattice": lattice,
        "frac": frac,
        "counts": counts,
        "radii": radii,
        "weights": {str(shell): weight for shell, weight in weights.items()},
        "seed": seed,
    }
    done = subprocess.run(  # noqa: S603  (this module, with this interpreter)
        [sys.executable, "-m", __name__],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        start_new_session=True,  # so that Ctrl-C reaches the caller alone
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
        raise DecorationsUnavailable(f"no random decorations could be made: {last}")
    found: list[list[int]] = json.loads(done.stdout)
    return found


def _answer(question: dict[str, Any]) -> list[list[int]]:
    try:
        import sqsgenerator
        from sqsgenerator.core import LogLevel
    except ImportError as error:
        raise SystemExit(
            f"sqsgenerator is missing ({error}); it comes with `pip install sqsgenerator`, as wheels for Linux with "
            "glibc 2.34 or newer, macOS and Windows"
        ) from None
    counts = question["counts"]
    asked = {
        "structure": {
            "lattice": question["lattice"],
            "coords": question["frac"],
            "species": [_PLACEHOLDERS[0]] * len(question["frac"]),
        },
        "sublattice_mode": "split",
        "composition": [
            {
                "sites": list(range(len(question["frac"]))),
                **{_PLACEHOLDERS[k]: n for k, n in enumerate(counts) if n},
            }
        ],
        "shell_radii": [question["radii"]],
        "shell_weights": [{int(shell): weight for shell, weight in question["weights"].items()}],
        "iteration_mode": "random",
        "iterations": ITERATIONS,
        "chunk_size": ITERATIONS,
        "thread_config": 1,
        "seed": [question["seed"]],
        "keep": LEVELS,
        "max_results_per_objective": ALIKE,
    }
    found = sqsgenerator.optimize(asked, level=LogLevel.error)
    column = {k + 1: k for k in range(len(_PLACEHOLDERS))}
    return [
        [column[number] for number in result.structure().species]
        for _, results in list(found)
        for result in list(results)
    ]


if __name__ == "__main__":
    json.dump(_answer(json.load(sys.stdin)), sys.stdout)
