"""Potential calls and wall time of a relaxation with all exact gradients, against ASE relaxations without any.

Every relaxation reaches a residual force of 0.001 eV/Å and a residual stress of 1e-5 eV/Å^3. A row of second derivatives
counts as two potential calls. ``ours`` includes the gradients of all standard properties; the ASE relaxations give none,
and central differences for one more element would cost two more relaxations of each (column ``ASE + differences``).
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS, FIRE, LBFGS
from rich.console import Console
from rich.table import Table

from api_schemas.problem import Sublattice
from engine.crystals.crystal import AlchemicalCrystal, build_crystal
from engine.crystals.prototypes import PROTOTYPES
from engine.mechanics.ase_calculator import AlchemicalCalculator, parent_atoms
from engine.mechanics.coordinates import symmetry_coordinates
from engine.mechanics.landscape import Landscape
from engine.mechanics.relax import Relaxed, Start, Tolerance, relax
from engine.mechanics.sensitivity import coordinate_response
from engine.potentials.loading import load_potential

FORCE, STRESS = 1e-3, 1e-5
BATCH = 16


@dataclass(frozen=True)
class Case:
    """A crystal, the composition to relax, and the neighbouring one whose result is known."""

    name: str
    prototype: str
    species: tuple[str, ...]
    site: str
    elements: tuple[str, str]
    fraction: float
    neighbour: float


CASES = (
    Case("rocksalt (Na,K)Cl", "rocksalt", ("Na", "Cl"), "Na", ("Na", "K"), 0.5, 0.4),
    Case("fluorite (Ce,Zr)O2", "fluorite", ("Ce", "O"), "Ce", ("Ce", "Zr"), 0.3, 0.2),
    Case("wurtzite (Al,Sc)N", "wurtzite", ("Al", "N"), "Al", ("Al", "Sc"), 0.2, 0.15),
    Case("wurtzite (Al,Ga)N", "wurtzite", ("Al", "N"), "Al", ("Al", "Ga"), 0.5, 0.4),
    Case("perovskite Sr(Ti,Zr)O3", "perovskite", ("Sr", "Ti", "O"), "Ti", ("Ti", "Zr"), 0.3, 0.2),
)


def crystal_of(case: Case) -> AlchemicalCrystal:
    """The alchemical crystal of a case at its prototype's expected lattice constants."""
    parent = PROTOTYPES[case.prototype].build(case.species)
    return build_crystal(parent, [Sublattice(name="mixed", sites=[case.site], elements=list(case.elements))])


def ase_relaxation(crystal: AlchemicalCrystal, x: np.ndarray, optimizer: type) -> tuple[int, float]:
    """Potential calls and seconds of an ASE relaxation of the cell and positions."""
    calculator = AlchemicalCalculator(load_potential("sevennet-l3i5"), crystal, x)
    atoms = parent_atoms(crystal)
    atoms.calc = calculator
    # Stress times volume is the filter's force on the cell, divided by nothing: its fmax is set to meet both residuals.
    run = optimizer(FrechetCellFilter(atoms, mask=[True] * 6), logfile=None)
    started = time.perf_counter()
    for _ in run.irun(fmax=0.0, steps=400):
        forces = np.linalg.norm(atoms.get_forces(), axis=1).max()
        if forces <= FORCE and np.abs(atoms.get_stress()).max() <= STRESS:
            break
    return calculator.potential_calls, time.perf_counter() - started


def timed(work: Callable[[], list[Relaxed]]) -> tuple[list[Relaxed], float]:
    """A result and the seconds it took."""
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started


def main() -> None:
    """Print the tables."""
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", module="ase")
    potential = load_potential("sevennet-l3i5")
    tolerance = Tolerance(force=FORCE, stress=STRESS)
    table = Table(title="potential calls (seconds) to 0.001 eV/Å and 1e-5 eV/Å^3, SevenNet-l3i5, float64, one thread")
    for column in ("crystal", "n_q", "ours, cold", "ours, warm", "ASE FIRE", "ASE BFGS", "ASE LBFGS"):
        table.add_column(column)
    for column in ("calls best ASE/ours", "time best ASE/ours", "ASE + differences / ours"):
        table.add_column(column)
    batch_table = Table(title=f"{BATCH} compositions in one batch against one at a time")
    for column in ("crystal", "calls each, single", "calls each, batch", "time single/batch"):
        batch_table.add_column(column)
    for case in CASES:
        crystal = crystal_of(case)
        coordinates = symmetry_coordinates(crystal)
        x, neighbour = (np.array([1 - f, f]) for f in (case.fraction, case.neighbour))

        def ours(
            points: np.ndarray,
            starts: list[Start],
            crystal: AlchemicalCrystal = crystal,
            coordinates: object = coordinates,
        ) -> list[Relaxed]:
            landscape = Landscape(potential, crystal, coordinates)
            return relax(landscape, np.stack([crystal.weights(p) for p in points]), starts, tolerance)

        cold = Start(np.zeros(coordinates.n_q))
        ours(x[None], [cold])  # warm up
        (first,), cold_time = timed(lambda: ours(x[None], [cold]))
        (known,) = ours(neighbour[None], [cold])
        predicted = known.q + coordinate_response(known, crystal.weights_matrix) @ (x - neighbour)
        (second,), warm_time = timed(lambda: ours(x[None], [Start(predicted, known.hessian)]))
        others = [ase_relaxation(crystal, x, optimizer) for optimizer in (FIRE, BFGS, LBFGS)]
        best = min(others)
        table.add_row(
            case.name,
            str(coordinates.n_q),
            f"{first.calls} ({cold_time:.2f})",
            f"{second.calls} ({warm_time:.2f})",
            *(f"{calls} ({seconds:.2f})" for calls, seconds in others),
            f"{best[0] / first.calls:.1f}",
            f"{best[1] / cold_time:.1f}",
            f"{3 * best[0] / first.calls:.1f}",
        )
        points = np.array([[1 - f, f] for f in np.linspace(0.05, 0.95, BATCH)])
        together, batch_time = timed(lambda: ours(points, [cold] * BATCH))
        alone, single_time = timed(lambda: [ours(p[None], [cold])[0] for p in points])
        batch_table.add_row(
            case.name,
            f"{np.mean([r.calls for r in alone]):.1f}",
            f"{np.mean([r.calls for r in together]):.1f}",
            f"{single_time / batch_time:.1f}",
        )
    console = Console(width=160)
    console.print(table)
    console.print(batch_table)


if __name__ == "__main__":
    main()
