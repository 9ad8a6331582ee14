"""Potential calls and wall time of a relaxation with all exact gradients, against ASE relaxations without any.

Every relaxation reaches a residual force of 0.001 eV/Å and a residual stress of 1e-5 eV/Å^3 from the same cold start. A
row of second derivatives counts as two potential calls. ``ours`` includes the gradients of all standard properties; the
ASE relaxations give none, and central differences would cost them two more relaxations for each further element (last
column: for one). ``warm`` starts from the neighbouring composition, first-order prediction included.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS, FIRE, LBFGS
from rich.console import Console
from rich.table import Table

from api_schemas.sublattices import Sublattice
from engine.crystals.crystal import AlchemicalCrystal, build_crystal
from engine.crystals.prototypes import PROTOTYPES
from engine.mechanics.ase_calculator import AlchemicalCalculator, parent_atoms
from engine.mechanics.coordinates import SymmetryCoordinates, symmetry_coordinates
from engine.mechanics.landscape import Landscape
from engine.mechanics.relax import Relaxed, Start, Tolerance, relax
from engine.mechanics.sensitivity import coordinate_response
from engine.potentials.loading import load_potential

POTENTIAL = "sevennet-l3i5"
TOLERANCE = Tolerance(force=1e-3, stress=1e-5)
BATCH = 16
BATCH_CASES = (0, 2)
"""Which cases the table of batches shows: one with a single coordinate, one with three."""
REPEATS = 3
OPTIMIZERS = (FIRE, BFGS, LBFGS)


@dataclass(frozen=True)
class Case:
    """A crystal, the composition to relax, and the neighbouring one whose result is known."""

    name: str
    prototype: str
    species: tuple[str, ...]
    elements: tuple[str, str]
    fraction: float
    neighbour: float

    @cached_property
    def crystal(self) -> AlchemicalCrystal:
        """The alchemical crystal at its prototype's expected lattice constants."""
        parent = PROTOTYPES[self.prototype].build(self.species)
        mixed = Sublattice(name="mixed", sites=[self.elements[0]], elements=list(self.elements))
        return build_crystal(parent, [mixed])

    @cached_property
    def coordinates(self) -> SymmetryCoordinates:
        """Its symmetry-adapted coordinates."""
        return symmetry_coordinates(self.crystal)

    @property
    def cold(self) -> Start:
        """The parent's own geometry."""
        return Start(np.zeros(self.coordinates.n_q))

    def relax(self, fractions: list[float], start: Start) -> list[Relaxed]:
        """Relax compositions together, with their second derivatives."""
        lam = np.stack([self.crystal.weights(np.array([1 - f, f])) for f in fractions])
        landscape = Landscape(load_potential(POTENTIAL), self.crystal, self.coordinates)
        return relax(landscape, lam, [start] * len(fractions), TOLERANCE)

    def predicted(self) -> Start:
        """Where the neighbouring composition says that this one should start."""
        (known,) = self.relax([self.neighbour], self.cold)
        response = coordinate_response(known, self.crystal.weights_matrix)
        step = self.fraction - self.neighbour
        return Start(known.q + response @ np.array([-step, step]), known.hessian)


CASES = (
    Case("rocksalt (Na,K)Cl", "rocksalt", ("Na", "Cl"), ("Na", "K"), 0.5, 0.4),
    Case("fluorite (Ce,Zr)O2", "fluorite", ("Ce", "O"), ("Ce", "Zr"), 0.3, 0.2),
    Case("wurtzite (Al,Sc)N", "wurtzite", ("Al", "N"), ("Al", "Sc"), 0.2, 0.15),
    Case("wurtzite (Al,Ga)N", "wurtzite", ("Al", "N"), ("Al", "Ga"), 0.5, 0.4),
    Case("perovskite Sr(Ti,Zr)O3", "perovskite", ("Sr", "Ti", "O"), ("Ti", "Zr"), 0.3, 0.2),
)


def ase_calls(case: Case, optimizer: type) -> int:
    """Potential calls of an ASE relaxation of the cell and positions."""
    x = np.array([1 - case.fraction, case.fraction])
    calculator = AlchemicalCalculator(load_potential(POTENTIAL), case.crystal, x)
    atoms = parent_atoms(case.crystal)
    atoms.calc = calculator
    run = optimizer(FrechetCellFilter(atoms), logfile=None)
    for _ in run.irun(fmax=0.0, steps=400):
        force = np.linalg.norm(atoms.get_forces(), axis=1).max()
        if force <= TOLERANCE.force and np.abs(atoms.get_stress()).max() <= TOLERANCE.stress:
            break
    return calculator.potential_calls


def interleaved(*works: Callable[[], object], repeats: int = REPEATS) -> list[float]:
    """Median seconds of each piece of work, run in turn so that a noisy machine is noisy for all."""
    seconds: list[list[float]] = [[] for _ in works]
    for _ in range(repeats):
        for times, work in zip(seconds, works, strict=True):
            started = time.perf_counter()
            work()
            times.append(time.perf_counter() - started)
    return [float(np.median(times)) for times in seconds]


def against_ase(case: Case) -> list[str]:
    """A row of the table of single relaxations."""
    warm = case.predicted()
    ours = [case.relax([case.fraction], start)[0].calls for start in (case.cold, warm)]
    others = [ase_calls(case, optimizer) for optimizer in OPTIMIZERS]
    best = OPTIMIZERS[int(np.argmin(others))]
    cold_time, warm_time, best_time = interleaved(
        lambda: case.relax([case.fraction], case.cold),
        lambda: case.relax([case.fraction], warm),
        lambda: ase_calls(case, best),
    )
    return [
        case.name,
        str(case.coordinates.n_q),
        f"{ours[0]} ({cold_time:.2f} s)",
        f"{ours[1]} ({warm_time:.2f} s)",
        *(str(calls) for calls in others),
        f"{min(others) / ours[0]:.1f} ({best_time / cold_time:.1f})",
        f"{min(others) / ours[1]:.1f} ({best_time / warm_time:.1f})",
        f"{3 * min(others) / ours[0]:.1f} ({3 * best_time / cold_time:.1f})",
    ]


def against_singles(case: Case) -> list[str]:
    """A row of the table of batches."""
    fractions = [float(f) for f in np.linspace(0.05, 0.95, BATCH)]
    together: list[Relaxed] = []
    alone: list[Relaxed] = []
    single_time, batch_time = interleaved(
        lambda: alone.extend(case.relax([f], case.cold)[0] for f in fractions),
        lambda: together.extend(case.relax(fractions, case.cold)),
        repeats=1,
    )
    return [
        case.name,
        f"{np.mean([r.calls for r in alone]):.1f}",
        f"{np.mean([r.calls for r in together]):.1f}",
        f"{single_time / batch_time:.2f}",
    ]


def table(title: str, columns: tuple[str, ...], rows: list[list[str]]) -> Table:
    """A table with its rows."""
    made = Table(title=title)
    for column in columns:
        made.add_column(column)
    for row in rows:
        made.add_row(*row)
    return made


def main() -> None:
    """Print the tables."""
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", module="ase")
    console = Console(width=170)
    columns = ("crystal", "n_q", "ours, cold", "ours, warm", "ASE FIRE", "ASE BFGS", "ASE LBFGS")
    ratios = ("best ASE/cold (time)", "best ASE/warm (time)", "ASE + differences/cold (time)")
    rows = [against_ase(case) for case in CASES]
    console.print(
        table(f"potential calls to equal residuals, {POTENTIAL}, float64, 1 thread", columns + ratios, rows)
    )
    columns = ("crystal", "calls each, alone", "calls each, batch", "time alone/batch")
    rows = [against_singles(CASES[i]) for i in BATCH_CASES]
    console.print(table(f"{BATCH} compositions in one batch against one at a time", columns, rows))


if __name__ == "__main__":
    main()
