"""Accuracy against cost: mean field, fluctuation, and two explicit supercells, preconditioned and by ASE's LBFGS.

    python benchmarks/tiers.py [--truth N] [--potential NAME] [SYSTEM ...]

The truth is the mean of N further relaxed decorations of supercells of about 32 mixed sites, of seeds of their own. The
cost of a call is taken as the number of its sites: supercell calls as calls of one cell, over those of two decorations
by LBFGS. Fluctuation has its gradients in its count, the others have none.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from supercells import MOST_CALLS, SYSTEMS, lbfgs, mean_field

from engine.crystals.crystal import AlchemicalCrystal
from engine.crystals.decorations import decorate
from engine.crystals.supercells import supercell_for_disorder
from engine.mechanics.coordinates import symmetry_coordinates
from engine.mechanics.landscape import Landscape
from engine.mechanics.preconditioned import begin, told
from engine.mechanics.relax import Start, Tolerance, relax
from engine.mechanics.response.decorated import Relaxation
from engine.mechanics.response.disorder import Disorder
from engine.mechanics.response.host import Host
from engine.mechanics.response.minimum import relax_disordered
from engine.potentials.interface import Potential
from engine.potentials.loading import load_potential

CHOSEN = ("NaKCl", "CuNi", "AlGaN", "MgCaO", "InGaAs", "MoNb")
TRUTH_SEED, SITES = 1, 32

Measured = tuple[float, float, float, float]
"""Energy (eV/atom), length of the cell (Å), cost (calls of one cell), seconds."""


def main() -> None:
    """Print a table, four lines a system."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("systems", nargs="*", default=[], help=f"of {', '.join(SYSTEMS)}")
    parser.add_argument("--truth", type=int, default=4, help="decorations that make up the truth")
    parser.add_argument("--potential", default="sevennet-0")
    asked = parser.parse_args()
    potential = load_potential(asked.potential)
    print("system    how                        cost  of two LBFGS  seconds   length, %   energy, meV/atom")
    errors: dict[str, list[tuple[float, float, float]]] = {}
    for name in asked.systems or CHOSEN:
        x, crystal, host = mean_field(potential, name, SITES)
        cells = host.supercell.n_cells

        truth = explicit(potential, crystal, host, x, TRUTH_SEED, asked.truth)
        plain, cost = 0.0, 0.0
        began = time.perf_counter()
        for number in range(2):
            relaxation = Relaxation(potential, host, decorate(crystal, host.supercell, x, 0, number))
            energy, calls = lbfgs(potential, relaxation)
            plain, cost = plain + energy / len(relaxation.atoms) / 2, cost + cells * calls
        by_lbfgs = (plain, float("nan"), cost, time.perf_counter() - began)
        ways: dict[str, Callable[[], Measured]] = {
            "mean_field": lambda x=x, crystal=crystal: alchemical(potential, crystal, x, disordered=False),
            "fluctuation": lambda x=x, crystal=crystal: alchemical(potential, crystal, x, disordered=True),
            "two, preconditioned": lambda x=x, crystal=crystal, host=host: explicit(
                potential, crystal, host, x, 0, 2
            ),
            "two, by LBFGS": lambda by_lbfgs=by_lbfgs: by_lbfgs,
        }
        for how, measure in ways.items():
            energy, length, cost, seconds = measure()
            error = 1000 * (energy - truth[0]), 100 * (length / truth[1] - 1)
            share = cost / by_lbfgs[2]
            errors.setdefault(how, []).append((abs(error[0]), abs(error[1]), share))
            print(
                f"{name:9s} {how:22s} {cost:8.0f}  {share:11.2f}   {seconds:7.1f}   {error[1]:9.3f}   {error[0]:9.2f}",
                flush=True,
            )
    for how, of_systems in errors.items():
        energy, length, share = np.mean(of_systems, axis=0)
        print(f"mean      {how:22s}           {share:11.2f}             {length:9.3f}   {energy:9.2f}")


def explicit(
    potential: Potential, crystal: AlchemicalCrystal, host: Host, x: np.ndarray, seed: int, numbers: int
) -> Measured:
    """The mean of relaxed decorations, the Hessian of the mean-field crystal in the cost."""
    began = time.perf_counter()
    cells = host.supercell.n_cells
    cost, found = float(host.calls - host.supercell_calls + cells * host.supercell_calls), []
    for number in range(numbers):
        relaxation = Relaxation(potential, host, decorate(crystal, host.supercell, x, seed, number))
        state = begin(relaxation.start)
        while not state.ended and state.evaluations < MOST_CALLS:
            value, gradient = relaxation.evaluate(state.q)
            state = told(state, relaxation.told_value(value, state), gradient, relaxation.method)
        q, energy = relaxation.corrected(state)
        length = abs(np.linalg.det(relaxation.deformed(q)[0]) / cells) ** (1 / 3)
        found.append((energy / len(relaxation.atoms), length))
        cost += cells * state.evaluations
    mean = np.mean(found, axis=0)
    return float(mean[0]), float(mean[1]), cost, time.perf_counter() - began


def alchemical(
    potential: Potential, crystal: AlchemicalCrystal, x: np.ndarray, *, disordered: bool
) -> Measured:
    """One cell with fractions of elements, as it is or with its energy of disorder."""
    began = time.perf_counter()
    landscape = Landscape(potential, crystal, symmetry_coordinates(crystal))
    coordinates = landscape.coordinates
    (found,) = relax(landscape, crystal.weights(x)[None], [Start(np.zeros(coordinates.n_q))])
    cost = float(found.calls)
    if disordered:
        supercell = supercell_for_disorder(crystal)
        disorder = Disorder.of(potential, crystal, coordinates, supercell)
        direction = np.array([[1.0], [-1.0]]) / np.sqrt(2.0)
        more = relax_disordered(disorder, landscape, found, x, direction, Tolerance())
        found = more.relaxed
        cost = found.calls + (supercell.n_cells - 1.0) * more.supercell_calls
    lattice, _ = coordinates.geometry(found.q)
    length = abs(np.linalg.det(lattice)) ** (1 / 3)
    return found.enthalpy / crystal.n_sites, length, cost, time.perf_counter() - began


if __name__ == "__main__":
    main()
