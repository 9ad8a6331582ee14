"""What alchemy costs: energy, forces, stress and dE/dlam with K elements against the plain crystal of that cell.

Everything is timed side by side in one run: every round calls each variant once, so that other work on the machine
meets all of them alike. The columns are the median of the plain call, and medians of the ratios to it within a round.

    python benchmarks/alchemical_overhead.py [--rounds 7] [--threads 1]

With ORICHALCUM_BENCH=full in the environment there are 25 rounds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable

import torch
from ase import Atoms
from ase.build import bulk

from engine.crystals.graph import build_graph
from engine.potentials.interface import Potential
from engine.potentials.loading import load_potential

ELEMENTS = {"metal": (29, 28, 46, 78, 47), "cation": (11, 19, 37, 3, 55), "group13": (13, 31, 21, 49, 39)}
CELLS: dict[str, tuple[Atoms, str, bool]] = {
    "fcc, 4 atoms": (bulk("Cu", "fcc", a=3.61, cubic=True), "metal", True),
    "rocksalt, 2 atoms": (bulk("NaCl", "rocksalt", a=5.69), "cation", False),
    "wurtzite, 4 atoms": (bulk("AlN", "wurtzite", a=3.13, c=5.01), "group13", False),
    "rocksalt, 64 atoms": (bulk("NaCl", "rocksalt", a=5.69, cubic=True) * (2, 2, 2), "cation", False),
}
MODELS = (("sevennet-l3i5", "float64"), ("sevennet-0", "float32"))


def copies_of(crystal: Atoms, elements: tuple[int, ...], *, everywhere: bool) -> list[tuple[int, ...]]:
    """The copies of each site: the elements where the site is alchemical, else the site's own element."""
    first = int(crystal.numbers[0])
    return [elements if everywhere or number == first else (int(number),) for number in crystal.numbers]


def call(
    potential: Potential, crystal: Atoms, copies: list[tuple[int, ...]], batch: int = 1
) -> Callable[[], None]:
    """One evaluation with all first derivatives; without dE/dlam if every site has one element."""
    found = build_graph(
        [crystal.cell.array] * batch, [crystal.positions] * batch, [copies] * batch, potential.cutoff
    )
    positions, strain = found.positions.clone().requires_grad_(), found.strain.clone().requires_grad_()
    fractions = [1.0 / len(of_site) for of_site in copies for _ in of_site] * batch
    alchemical = any(len(of_site) > 1 for of_site in copies)
    weights = torch.tensor(fractions, dtype=torch.float64, requires_grad=alchemical)
    wanted = [positions, strain, weights] if alchemical else [positions, strain]

    def evaluate() -> None:
        graph = found.active(positions, strain)
        torch.autograd.grad(potential.energy(graph, positions, strain, weights).sum(), wanted)

    return evaluate


def side_by_side(calls: list[Callable[[], None]], rounds: int) -> list[list[float]]:
    """Seconds of every call in every round, interleaved: [call][round]."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(2):
        for run in calls:
            run()
    for _ in range(rounds):
        for of_call, run in zip(times, calls, strict=True):
            start = time.perf_counter()
            run()
            of_call.append(time.perf_counter() - start)
    return times


def ratio(times: list[float], reference: list[float]) -> float:
    """The median over rounds of the ratio within a round."""
    return statistics.median(a / b for a, b in zip(times, reference, strict=True))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="What alchemy costs over the plain crystal.")
    default = 25 if os.environ.get("ORICHALCUM_BENCH") == "full" else 7
    parser.add_argument("--rounds", type=int, default=default)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rounds = max(options.rounds, 1)
    print(f"E+F+S+dE/dlam over plain E+F+S, {options.threads} thread(s), {rounds} rounds")
    print(
        f"{'model':24}{'cell':20}{'plain ms':>9}{'K=2':>7}{'K=3':>7}{'K=5':>7}{'16 singles / batch of 16':>26}"
    )
    for name, dtype in MODELS:
        potential = load_potential(name, dtype)
        for label, (crystal, family, everywhere) in CELLS.items():
            large = len(crystal) > 10
            elements = ELEMENTS[family]
            plain = [(int(number),) for number in crystal.numbers]
            variants = [plain] + [copies_of(crystal, elements[:k], everywhere=everywhere) for k in (2, 3, 5)]
            times = side_by_side([call(potential, crystal, copies) for copies in variants], rounds)
            ratios = "".join(f"{ratio(of_call, times[0]):7.2f}" for of_call in times[1:])
            gain = ""
            if not large:
                single, batch = (call(potential, crystal, variants[1], batch=n) for n in (1, 16))
                alone, together = side_by_side([single, batch], max(3, rounds // 3))
                gain = f"{16 * statistics.median(alone) / statistics.median(together):26.2f}"
            median = 1e3 * statistics.median(times[0])
            print(f"{name + ' ' + dtype:24}{label:20}{median:9.1f}{ratios}{gain}", flush=True)


if __name__ == "__main__":
    main()
