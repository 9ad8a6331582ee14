"""Potential calls of relaxations of low-symmetry cells with all exact gradients, against ASE LBFGS without any.

Supercells whose sites were displaced by 0.15 Å in random directions keep no symmetry, so that every strain and every
displacement is a coordinate. Every relaxation starts from the same geometry and ends at a residual force of 0.001 eV/Å
and a residual stress of 1e-5 eV/Å^3; a row of second derivatives counts as two potential calls. ``gradients`` are the
calls that the responses to all directions of the composition took beside the relaxation.

With ORICHALCUM_BENCH=full in the environment there are the larger cells (in float32) and SevenNet-l3i5.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from cells.displaced import cubic, displaced, lbfgs_calls, mixed
from rich.console import Console
from rich.table import Table

from engine.crystals.crystal import AlchemicalCrystal
from engine.crystals.prototypes import PROTOTYPES
from engine.mechanics.coordinates import symmetry_coordinates
from engine.mechanics.landscape import Landscape
from engine.mechanics.relax import Start, Tolerance, relax
from engine.potentials.loading import load_potential

FULL = os.environ.get("ORICHALCUM_BENCH") == "full"
TOLERANCE = Tolerance(force=1e-3, stress=1e-5)
SHIFT = 0.15


@dataclass(frozen=True)
class Case:
    """A cell, its composition, and with what it is computed."""

    name: str
    build: Callable[[], AlchemicalCrystal]
    x: tuple[float, ...]
    potential: str = "sevennet-0"
    dtype: str = "float64"


def perovskite(species: list[str], repeats: tuple[int, int, int], seed: int) -> AlchemicalCrystal:
    """A perovskite with Ti and Zr mixed."""
    return mixed(displaced(PROTOTYPES["perovskite"].build(species), repeats, SHIFT, seed), Ti=["Ti", "Zr"])


def rocksalt(repeats: tuple[int, int, int], seed: int) -> AlchemicalCrystal:
    """Rocksalt (Na,K)Cl."""
    return mixed(displaced(cubic("rocksalt", ["Na", "Cl"]), repeats, SHIFT, seed), Na=["Na", "K"])


def two_sublattices() -> AlchemicalCrystal:
    """Zincblende (Ga,In)(As,P)."""
    parent = displaced(cubic("zincblende", ["Ga", "As"]), (2, 2, 1), SHIFT, 2)
    return mixed(parent, Ga=["Ga", "In"], As=["As", "P"])


def wurtzite() -> AlchemicalCrystal:
    """Wurtzite (Al,Sc)N."""
    return mixed(displaced(PROTOTYPES["wurtzite"].build(["Al", "N"]), (2, 2, 2), SHIFT, 3), Al=["Al", "Sc"])


CASES = (
    Case(
        "perovskite Ca(Ti,Zr)O3, 20 (tuned on)",
        lambda: perovskite(["Ca", "Ti", "O"], (2, 2, 1), 5),
        (0.5, 0.5),
    ),
    Case("zincblende (Ga,In)(As,P), 32 (tuned on)", two_sublattices, (0.6, 0.4, 0.7, 0.3)),
    Case("perovskite Sr(Ti,Zr)O3, 40", lambda: perovskite(["Sr", "Ti", "O"], (2, 2, 2), 0), (0.5, 0.5)),
    Case("rocksalt (Na,K)Cl, 64", lambda: rocksalt((2, 2, 2), 1), (0.5, 0.5)),
    Case("wurtzite (Al,Sc)N, 32", wurtzite, (0.8, 0.2)),
)
LARGER = (
    Case("rocksalt (Na,K)Cl, 216", lambda: rocksalt((3, 3, 3), 8), (0.5, 0.5), dtype="float32"),
    Case(
        "perovskite Sr(Ti,Zr)O3, 135",
        lambda: perovskite(["Sr", "Ti", "O"], (3, 3, 3), 7),
        (0.5, 0.5),
        dtype="float32",
    ),
    Case(
        "perovskite Sr(Ti,Zr)O3, 40",
        lambda: perovskite(["Sr", "Ti", "O"], (2, 2, 2), 0),
        (0.5, 0.5),
        "sevennet-l3i5",
    ),
)


def exchanges(crystal: AlchemicalCrystal) -> np.ndarray:
    """Weights that change where the two elements of a sublattice are exchanged, [n_copies, n_sublattices]."""
    tangent = np.zeros((crystal.n_columns, len(crystal.sublattices)))
    for number, columns in enumerate(crystal.column_slices):
        tangent[columns, number] = np.array([-1.0, 1.0]) / np.sqrt(2.0)
    return crystal.weights_matrix @ tangent


def row(case: Case) -> list[str]:
    """A row of the table."""
    potential = load_potential(case.potential, case.dtype)
    crystal, x = case.build(), np.array(case.x)
    coordinates = symmetry_coordinates(crystal)
    start = [Start(np.zeros(coordinates.n_q))]
    lam = crystal.weights(x)[None]
    (alone,) = relax(Landscape(potential, crystal, coordinates), lam, start, TOLERANCE)
    began = time.perf_counter()
    (ours,) = relax(Landscape(potential, crystal, coordinates), lam, start, TOLERANCE, exchanges(crystal))
    seconds = time.perf_counter() - began
    began = time.perf_counter()
    calls, energy = lbfgs_calls(potential, crystal, x, force=TOLERANCE.force, stress=TOLERANCE.stress)
    ase_seconds = time.perf_counter() - began
    return [
        case.name,
        f"{case.potential}, {case.dtype}",
        str(coordinates.n_q),
        str(alone.calls),
        str(ours.calls - alone.calls),
        f"{ours.calls} ({seconds:.1f} s)",
        f"{calls} ({ase_seconds:.1f} s)",
        f"{ours.calls / calls:.2f}",
        f"{1e3 * (ours.enthalpy - energy) / crystal.n_sites:+.5f}",
    ]


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", module="ase|scipy")
    table = Table(title="potential calls to equal residuals, cells displaced by 0.15 Å, 1 thread")
    columns = (
        "crystal, sites",
        "potential",
        "n_q",
        "relaxation",
        "gradients",
        "ours",
        "ASE LBFGS",
        "ours/ASE",
    )
    for column in (*columns, "energy - ASE's, meV/atom"):
        table.add_column(column)
    for case in CASES + (LARGER if FULL else ()):
        table.add_row(*row(case))
    Console(width=190).print(table)


if __name__ == "__main__":
    main()
