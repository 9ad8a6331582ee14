"""Do searches find the lower branch of a property with a kink, and say ``converged`` only where they did?

Strategy ``auto``, at most 25 evaluations, from a random start for each seed. A search has found the optimum as in
optimizers.py: within 1e-3 of the difference between the mean loss of random compositions and the least. ``falsely``
counts searches that did not and said ``converged``. The smooth functions of optimizers.py have to end as before.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent))
from searches.functions import CASES
from searches.kinks import KINKED
from searches.results import Cell, Results, fingerprint
from searches.runs import search

ROOT = Path(__file__).parents[1]
BUDGET = 25
FUNCTIONS = {build.__name__: build for build in (*KINKED, *CASES)}


def arguments() -> argparse.Namespace:
    """What part to run; by default the functions with kinks and wells."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--functions", nargs="*", default=[build.__name__ for build in KINKED], choices=list(FUNCTIONS)
    )
    parser.add_argument("--elements", nargs="*", type=int, default=[3, 5, 8])
    parser.add_argument("--seeds", nargs="*", type=int, default=list(range(10)))
    parser.add_argument("--results", type=Path, default=ROOT / ".bench" / "kinks.jsonl")
    return parser.parse_args()


def main() -> None:
    """Run what is not stored, and print the table."""
    asked = arguments()
    results = Results(asked.results)
    code = fingerprint(ROOT / "engine" / "optimize", ROOT / "engine" / "composition")
    table = Table("function", "elements", "found", "falsely", "needed", "ends")
    for k in asked.elements:
        for name in asked.functions:
            case = FUNCTIONS[name](k)
            this = f"{code} {case.fingerprint}"
            cells: list[Cell] = []
            for seed in asked.seeds:
                cell = results.get(name, k, "auto", seed, this)
                if cell is None:
                    cell = search(case, "auto", seed, BUDGET, this)
                    results.add(cell)
                cells.append(cell)
            found = [cell.needed for cell in cells if cell.needed is not None]
            falsely = sum(cell.needed is None and cell.stopped == "converged" for cell in cells)
            needed = f"{median(found):g}" if found else "-"
            ends = f"{median(cell.told for cell in cells):g}"
            table.add_row(name, str(k), f"{len(found)}/{len(cells)}", str(falsely), needed, ends)
            print(name, k, f"{len(found)}/{len(cells)}", falsely, needed, ends, flush=True, file=sys.stderr)
    Console().print(table)


if __name__ == "__main__":
    main()
