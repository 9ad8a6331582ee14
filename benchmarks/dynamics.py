"""What a step of alchemical dynamics costs, what batches save, and which schedule of switching dissipates least.

    python benchmarks/dynamics.py [--rounds 5] [--steps 20] [--pairs 16] [--threads 1]

Steps are timed side by side in one run, every round makes one of each kind; the columns are medians of ratios within
a round. The schedules switch NaCl to KCl and back in 8 atoms at 400 K, along relaxed cells, at equal cost: as many
steps and runs each, from the same states with the same noise. The adaptive one is made from other runs.

With ORICHALCUM_BENCH=full in the environment there are 25 rounds and 48 pairs of runs.
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Callable
from functools import partial
from itertools import repeat

import numpy as np
import torch
from alchemical_overhead import ratio, side_by_side
from ase import Atoms
from ase.build import bulk

from engine.dynamics.baoab import Langevin, trajectory
from engine.dynamics.batching import measured_batch
from engine.dynamics.cell_path import CellPath
from engine.dynamics.replicas import Replicas
from engine.dynamics.sampling import sample
from engine.dynamics.schedules import equal_dissipation, linear, paced, polynomial, work_by_part
from engine.dynamics.state import State, begin
from engine.dynamics.switching import begin_switch, switch
from engine.potentials.interface import Potential
from engine.potentials.loading import load_potential

FULL = os.environ.get("ORICHALCUM_BENCH") == "full"
THERMAL = 8.617333262e-5 * 400.0
ALCHEMICAL = {11: (11, 19), 29: (29, 47), 13: (13, 21)}
MODELS = (("sevennet-0", "float32"), ("sevennet-0", "float64"), ("sevennet-l3i5", "float64"))


def crystals() -> dict[str, Atoms]:
    """Displaced as at some hundred K."""
    found = {
        "NaCl, 8 atoms": bulk("NaCl", "rocksalt", a=5.69, cubic=True),
        "NaCl, 64 atoms": bulk("NaCl", "rocksalt", a=5.69, cubic=True) * (2, 2, 2),
        "Cu, 32 atoms": bulk("Cu", "fcc", a=3.63, cubic=True) * (2, 2, 2),
        "AlN, 32 atoms": bulk("AlN", "wurtzite", a=3.13, c=5.01) * (2, 2, 2),
    }
    for atoms in found.values():
        atoms.rattle(0.08, seed=0)
    return found


def replicas_of(
    potential: Potential, atoms: Atoms, *, alchemical: bool, at_once: int | None = None
) -> Replicas:
    """Its first element changes to another, or none does."""
    copies = [ALCHEMICAL.get(int(z), (int(z),)) if alchemical else (int(z),) for z in atoms.numbers]
    start, end = (
        np.concatenate([np.eye(len(of_site))[which % len(of_site)] for of_site in copies])
        for which in (0, -1)
    )
    return Replicas(potential, atoms.cell.array, copies, start, end, at_once=at_once)


def stepping(
    replicas: Replicas, atoms: Atoms, m: int = 1, *, by_lam: bool = False, by_strain: bool = False
) -> Callable[[], None]:
    """One more step of m replicas at each call."""
    integrator = Langevin(replicas.masses, 1.0, THERMAL, 0.01, by_strain=by_strain)
    state = begin(np.stack([atoms.positions] * m), replicas.masses, THERMAL, 0, range(m))
    moments = trajectory(replicas, state, integrator, repeat(np.full(m, 0.5)), by_lam=by_lam)

    def step() -> None:
        next(moments)

    return step


def steps_table(rounds: int) -> None:
    """Alchemical steps over plain ones."""
    print(
        f"{'potential':24s}{'crystal':16s}{'plain ms':>9s}{'two elements':>14s}{'+ dE/dlam':>11s}{'+ strain':>10s}"
    )
    for name, dtype in MODELS:
        potential = load_potential(name, dtype)
        for label, atoms in crystals().items():
            plain, mixed = (replicas_of(potential, atoms, alchemical=which) for which in (False, True))
            times = side_by_side(
                [
                    stepping(plain, atoms),
                    stepping(mixed, atoms),
                    stepping(mixed, atoms, by_lam=True),
                    stepping(mixed, atoms, by_lam=True, by_strain=True),
                ],
                rounds,
            )
            ratios = [ratio(of_step, times[0]) for of_step in times[1:]]
            print(
                f"{name + ' ' + dtype:24s}{label:16s}{1e3 * statistics.median(times[0]):9.1f}"
                f"{ratios[0]:14.2f}{ratios[1]:11.2f}{ratios[2]:10.2f}",
                flush=True,
            )


def batches_table(rounds: int) -> None:
    """Replicas one at a time over batches of them."""
    sizes = (2, 4, 8, 16)
    print(f"\n{'singles / batch of':40s}" + "".join(f"{m:7d}" for m in sizes) + "   chosen")
    for name, dtype in MODELS[:2]:
        potential = load_potential(name, dtype)
        for label, atoms in list(crystals().items())[:2]:
            replicas = replicas_of(potential, atoms, alchemical=True)
            used = sizes if len(atoms) < 32 else sizes[:2]
            times = side_by_side(
                [stepping(replicas, atoms, m, by_lam=True) for m in (1, *used)], max(3, rounds // 2)
            )
            gains = [m / ratio(of_batch, times[0]) for m, of_batch in zip(used, times[1:], strict=True)]
            columns = "".join(f"{gain:7.2f}" for gain in gains) + 7 * (len(sizes) - len(used)) * " "
            chosen = measured_batch(replicas, atoms.positions, np.zeros((3, 3)), 16)
            print(f"{name + ' ' + dtype:24s}{label:16s}{columns}{chosen:9d}", flush=True)


def relaxed_stretch(replicas: Replicas, positions: np.ndarray, lam: float) -> float:
    """Isotropic strain without pressure, by Newton's method with differences of the exact first derivative."""

    def slope(stretch: float) -> float:
        strain = stretch * np.eye(3)[None]
        found = replicas.evaluate(positions[None], strain, np.array([lam]), by_strain=True)
        return float(np.trace(np.asarray(found.by_strain)[0]))

    stretch = 0.0
    for _ in range(6):
        at, beside = slope(stretch), slope(stretch + 1e-3)
        stretch -= float(np.clip(at * 1e-3 / (beside - at), -0.05, 0.05))
    return stretch


def schedules_table(steps: int, pairs: int) -> None:
    """Work dissipated by schedules, half of what there and back again takes."""
    atoms = bulk("NaCl", "rocksalt", a=5.69, cubic=True)
    replicas = replicas_of(load_potential("sevennet-0", "float32"), atoms, alchemical=True, at_once=4)
    knots = (0.0, 0.25, 0.5, 0.75, 1.0)
    stretches = [relaxed_stretch(replicas, atoms.positions, lam) for lam in knots]
    path = CellPath(knots, np.array(stretches)[:, None, None] * np.eye(3))
    timestep, equilibration = 5.0, 80
    integrator = Langevin(replicas.masses, timestep, THERMAL, 0.01)
    forward = np.arange(2 * pairs) < pairs
    lam = np.where(forward, 0.0, 1.0)

    def equilibrated(seed: int) -> State:
        places = np.stack([atoms.positions] * len(lam))
        state = begin(places, replicas.masses, 2.0 * THERMAL, seed, range(len(lam)), strain=path.strain(lam))
        return sample(replicas, state, integrator, lam, equilibration, atoms.positions)[0]

    def runs(state: State, schedule: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        ended, record = switch(replicas, begin_switch(state), integrator, schedule, forward, path=path)
        parts = (work_by_part(record.lam[:, way][:, 0], record.slope[:, way]) for way in (forward, ~forward))
        return ended.work, *(one.mean(axis=1) for one in parts)

    print(f"\nNaCl to KCl, 8 atoms, {steps} steps of {timestep:g} fs, {pairs} runs each way, meV/atom:")
    print("              dissipated   variance/2kT   mean of both ways")
    _, there, back = runs(equilibrated(0), linear(steps))
    adaptive = partial(paced, equal_dissipation(linear(steps), there, back, timestep))
    started = equilibrated(1)  # the same for all three, with the same noise
    unit = 1e3 / len(atoms)
    for name, schedule in (("linear", linear), ("polynomial", polynomial), ("adaptive", adaptive)):
        work, *_ = runs(started, schedule(steps))
        ways = (work[forward], work[~forward])
        lost = 0.5 * (ways[0].mean() + ways[1].mean())
        error = 0.5 * np.hypot(*(of_way.std(ddof=1) / np.sqrt(pairs) for of_way in ways))
        variance = 0.5 * (ways[0].var(ddof=1) + ways[1].var(ddof=1)) / (2.0 * THERMAL)
        difference = 0.5 * (ways[0].mean() - ways[1].mean())
        print(
            f"{name:12s}{unit * lost:6.2f} +- {unit * error:.2f}{unit * variance:12.2f}{unit * difference:18.1f}",
            flush=True,
        )


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description="Dynamics: steps, batches, schedules.")
    parser.add_argument("--rounds", type=int, default=25 if FULL else 5)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument(
        "--pairs", type=int, default=48 if FULL else 16, help="runs of each schedule each way"
    )
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    steps_table(max(asked.rounds, 1))
    batches_table(max(asked.rounds, 1))
    schedules_table(asked.steps, asked.pairs)


if __name__ == "__main__":
    main()
