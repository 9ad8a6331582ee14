"""Evaluations that each strategy needs to come within a thousandth of the optimum, beside an outside peer.

A run counts the evaluations until the loss is within 1e-3 of the difference between the mean loss of random
compositions and the least loss; the scale of a goal is a hundredth of that. Shown are medians over the seeds, each with
a start of its own, and in brackets the seeds that got there; ``-`` where most did not. ``values`` is ``bayesian`` with
the gradients withheld. ``ends`` is after how many evaluations ``auto`` ends by itself; the strategy that it chose is
not run again. The peer models the loss, takes seconds to a minute for a suggestion and gets a smaller budget; it is
installed into an environment of its own, and left out where that fails.

Set ORICHALCUM_BENCH=full for more elements and seeds. Finished searches are kept in .bench/optimizers.jsonl: a run that
was interrupted goes on where it was, and what was measured with other code is measured again. Those of the peer, which
take hours and depend on its version only, are kept beside this script, in searches/bofire.jsonl.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent))
from searches.crystals import BUDGET as CRYSTAL_BUDGET
from searches.crystals import CRYSTALS, columns, search_crystal
from searches.crystals import as_chosen as crystal_as_chosen
from searches.functions import CASES, MULTIMODAL, Case
from searches.overhead import EVALUATIONS, seconds_of_a_suggestion
from searches.peer import NAME, VERSION, Peer, PeerError
from searches.results import Cell, Results, fingerprint, typical
from searches.runs import as_chosen, search, search_by_peer

ROOT = Path(__file__).parents[1]
FULL = os.environ.get("ORICHALCUM_BENCH") == "full"
STRATEGIES = ("gradient", "bayesian", "hybrid", "values", "random", "auto")
BUDGET = 80
PEER_BUDGET = 40
SEEDS = 10 if FULL else 1
SIZES = (3, 5, 8) if FULL else (3, 5)
PEER_SEEDS = 10 if FULL else 1
PEER_RESULTS = Path(__file__).parent / "searches" / f"{NAME}.jsonl"


def arguments() -> argparse.Namespace:
    """What part to run; by default all of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [build.__name__ for build in CASES]
    parser.add_argument("--functions", nargs="*", default=names, choices=names)
    parser.add_argument("--elements", nargs="*", type=int, default=list(SIZES))
    parser.add_argument("--methods", nargs="*", default=[*STRATEGIES, NAME], choices=[*STRATEGIES, NAME])
    parser.add_argument("--seeds", nargs="*", type=int, default=list(range(SEEDS)))
    parser.add_argument("--peer-seeds", type=int, default=PEER_SEEDS)
    parser.add_argument("--results", type=Path, default=ROOT / ".bench" / "optimizers.jsonl")
    parser.add_argument("--crystals", nargs="*", default=list(CRYSTALS), choices=list(CRYSTALS))
    parser.add_argument("--stored", action="store_true", help="show what is stored and run nothing")
    return parser.parse_args()


def wanted_by_peer(case: Case, seed: int, seeds: int) -> bool:
    """The peer takes seconds a suggestion: the short run asks it for one problem only."""
    return seed < seeds and (FULL or (case.name, case.k) == ("wells", 5))


def by_our_methods(
    asked: argparse.Namespace,
    results: Results,
    key: tuple[str, int, int, str],
    run: Callable[[str], Cell],
    as_chosen: Callable[[Cell], Cell],
) -> Iterator[Cell]:
    """One problem (name, elements, seed, code) by each of our strategies; what ``auto`` chose is not run again."""
    name, k, seed, code = key
    chosen: Cell | None = None
    for method in sorted(asked.methods, key=lambda method: method != "auto"):
        if method == NAME:
            continue
        cell = results.get(name, k, method, seed, code)
        if cell is None and chosen is not None and chosen.method == method:
            cell = chosen
        elif cell is None and not asked.stored:
            cell = run(method)
            results.add(cell)
            progress(cell)
        if cell is not None:
            yield cell
        if method == "auto" and cell is not None:
            chosen = as_chosen(cell)


def ours(asked: argparse.Namespace, cases: list[Case], results: Results) -> Iterator[Cell]:
    """The searches of our strategies, those done before from the file."""
    code = fingerprint(ROOT / "engine" / "optimize", ROOT / "engine" / "composition")
    for seed, case in itertools.product(asked.seeds, cases):
        this = f"{code} {case.fingerprint}"
        yield from by_our_methods(
            asked,
            results,
            (case.name, case.k, seed, this),
            lambda method, case=case, seed=seed, this=this: search(case, method, seed, BUDGET, this),
            lambda auto, case=case: as_chosen(case, auto),
        )


def theirs(asked: argparse.Namespace, cases: list[Case]) -> Iterator[Cell]:
    """The searches of the peer, those done before from its file."""
    results, left = Results(PEER_RESULTS), []
    for seed, case in itertools.product(asked.seeds, cases):
        if NAME not in asked.methods or not wanted_by_peer(case, seed, asked.peer_seeds):
            continue
        cell = results.get(case.name, case.k, NAME, seed, f"{VERSION} {case.fingerprint}")
        if cell is not None and (asked.stored or cell.needed is not None or cell.told >= PEER_BUDGET):
            yield cell
        else:
            left.append((case, seed))
    if asked.stored or not left:
        return
    try:
        with Peer(ROOT / ".bench" / NAME) as peer:
            for case, seed in left:
                cell = search_by_peer(case, peer, NAME, seed, PEER_BUDGET, f"{VERSION} {case.fingerprint}")
                results.add(cell)
                progress(cell)
                yield cell
    except PeerError as why:
        print(f"No peer to compare with: {why}", file=sys.stderr)


def crystals(asked: argparse.Namespace, results: Results) -> Iterator[Cell]:
    """The searches of real crystals by our strategies, those done before from the file."""
    here = Path(__file__).parent / "searches" / "crystals.py"
    code = fingerprint(ROOT / "engine", here)
    for seed, name in itertools.product(asked.seeds, asked.crystals):
        yield from by_our_methods(
            asked,
            results,
            (name, columns(name), seed, code),
            lambda method, name=name, seed=seed: search_crystal(name, method, seed, code),
            crystal_as_chosen,
        )


def progress(cell: Cell) -> None:
    """Say what has been done."""
    words = f"{cell.problem} {cell.k} {cell.method} seed {cell.seed}: {cell.needed} in {cell.seconds} s"
    print(words, file=sys.stderr, flush=True)


def shown(value: float) -> str:
    """A median as text."""
    return "-" if np.isinf(value) else f"{value:g}"


def table(cells: list[Cell], methods: list[str]) -> Table:
    """Medians by problem and method, with the goals' ratios."""
    title = f"Evaluations to a regret of 1e-3 (median, at most {BUDGET}, {NAME} {PEER_BUDGET}; seeds that got there)"
    made = Table(title=title)
    for heading in ("function", "elements", *methods, "ends", "auto/best", f"{NAME}/auto"):
        made.add_column(heading, justify="left" if heading == "function" else "right")
    for problem, k in sorted({(cell.problem, cell.k) for cell in cells}, key=lambda key: (key[1], key[0])):
        by_method = {m: [c for c in cells if (c.problem, c.k, c.method) == (problem, k, m)] for m in methods}
        medians = {m: typical(own) for m, own in by_method.items() if own}
        row = [
            f"{shown(medians[m])} ({sum(c.needed is not None for c in own)}/{len(own)})" if own else ""
            for m, own in by_method.items()
        ]
        auto = medians.get("auto", np.inf)
        best = min(medians.values())
        ends = [cell.told for cell in by_method.get("auto", [])]
        peer = medians.get(NAME)
        if peer is None or np.isinf(auto):
            peer_text = ""
        else:
            followed = (
                min(cell.told for cell in by_method[NAME] if cell.needed is None) if np.isinf(peer) else peer
            )
            peer_text = f"{'>' if np.isinf(peer) else ''}{followed / auto:.2g}"
        mark = "*" if problem in MULTIMODAL else ""
        ratio = "-" if np.isinf(best) or "auto" not in medians else f"{auto / best:.2f}"
        made.add_row(problem + mark, str(k), *row, f"{median(ends):g}" if ends else "", ratio, peer_text)
    return made


def table_of_crystals(cells: list[Cell], methods: list[str]) -> Table:
    """Medians by crystal and strategy."""
    made = Table(
        title=f"Relaxations until every target is met (median, at most {CRYSTAL_BUDGET}; SevenNet-0)"
    )
    for heading in ("crystal", "elements", *methods):
        made.add_column(heading, justify="left" if heading == "crystal" else "right")
    for problem, k in dict.fromkeys((cell.problem, cell.k) for cell in cells):
        row = []
        for method in methods:
            own = [cell for cell in cells if (cell.problem, cell.method) == (problem, method)]
            met = sum(cell.needed is not None for cell in own)
            row.append(f"{shown(typical(own))} ({met}/{len(own)})" if own else "")
        made.add_row(problem, str(k), *row)
    return made


def table_of_overhead() -> Table:
    """What a suggestion costs."""
    made = Table(
        title=f"Seconds of one core for a suggestion, {EVALUATIONS} evaluations of 5 elements (500 rows)"
    )
    for heading in ("strategy", "between refits", "with a refit"):
        made.add_column(heading, justify="left" if heading == "strategy" else "right")
    for strategy in ("bayesian", "hybrid"):
        made.add_row(strategy, *(f"{value:.2g}" for value in seconds_of_a_suggestion(strategy)))
    return made


def main() -> None:
    """Run what is asked and print the tables."""
    asked = arguments()
    cases = [build(k) for k in asked.elements for build in CASES if build.__name__ in asked.functions]
    results = Results(asked.results)
    cells = [*ours(asked, cases, results), *theirs(asked, cases)]
    console = Console(width=None if sys.stdout.isatty() else 180)
    if cells:
        console.print(table(cells, list(asked.methods)))
        console.print("* has several local minima")
    real = list(crystals(asked, results))
    if real:
        console.print(table_of_crystals(real, [method for method in asked.methods if method != NAME]))
    if not asked.stored:
        console.print(table_of_overhead())


if __name__ == "__main__":
    main()
