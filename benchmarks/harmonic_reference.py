"""The free energy of NaCl beyond its harmonic crystal: calls and errors in two stages and from one side.

64 atoms at 300 K, SevenNet-0 in double precision, at the relaxed cell. A call is an energy at a sample or a row of the
Hessian. One side takes pairs of harmonic samples; two stages fit the energy of the bonds to some of these and sample
with it. Energies alone are timed against energies with forces. Three seeds and 200 calls from one side; with
ORICHALCUM_BENCH=full in the environment eight seeds and 10 000 calls.
"""

from __future__ import annotations

import os
import time

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from engine.crystals.crystal import build_crystal
from engine.crystals.prototypes import PROTOTYPES
from engine.crystals.supercells import Supercell, supercell_of_atoms
from engine.crystals.symmetry import operations
from engine.dynamics.beyond_harmonic import direct, in_two_stages
from engine.dynamics.bonds import bonds, fit_bonds
from engine.dynamics.harmonic import HarmonicCrystal, harmonic_crystal
from engine.dynamics.one_sided import one_sided
from engine.dynamics.samples import Model, model, pairs
from engine.dynamics.two_stage import drawn
from engine.mechanics.constants import BOLTZMANN
from engine.mechanics.coordinates import symmetry_coordinates
from engine.mechanics.landscape import Landscape
from engine.mechanics.relax import Start, Tolerance, relax
from engine.mechanics.response.force_constants import force_constants
from engine.mechanics.sites import SiteLandscape
from engine.potentials.loading import load_potential

SEEDS, PAIRS = (8, 5000) if os.environ.get("ORICHALCUM_BENCH") == "full" else (3, 100)
TEMPERATURE, ATOMS = 300.0, 64
FITTED, SAMPLED = 30, 60
"""Pairs that the energy of the bonds is fitted to, and samples with it."""
HEAT = BOLTZMANN * TEMPERATURE


def salt() -> tuple[Model, HarmonicCrystal, list[int], int]:
    """NaCl relaxed, its harmonic crystal, the labels of its sites, and how many rows that took."""
    potential = load_potential("sevennet-0")
    crystal = build_crystal(PROTOTYPES["rocksalt"].build(["Na", "Cl"], a=5.64))
    coordinates, lam = symmetry_coordinates(crystal), np.ones(2)
    start = Start(np.zeros(coordinates.n_q))
    (found,) = relax(Landscape(potential, crystal, coordinates), lam[None], [start], Tolerance(gradient=1e-8))
    lattice = coordinates.lattice @ (np.eye(3) + coordinates.strain(found.q)).T
    crystal = crystal.with_geometry(lattice, crystal.frac)
    landscape = SiteLandscape(potential, crystal, lattice, supercell_of_atoms(crystal, ATOMS))
    still = SiteLandscape(potential, crystal, lattice, Supercell(np.eye(3, dtype=np.int64)))
    forces = still.first(crystal.positions, np.zeros((3, 3)), lam).by_position
    constants = force_constants(
        landscape, crystal.positions, np.zeros((3, 3)), lam, operations(crystal), forces
    )
    rows = landscape.calls
    harmonic = harmonic_crystal(constants, crystal, lam, lattice, crystal.positions)
    return model(landscape, harmonic, lam), harmonic, list(crystal.labels), rows


def seconds_a_call(of: Model, harmonic: HarmonicCrystal) -> tuple[float, float]:
    """CPU seconds of an energy with forces, and of one without, taken by turns."""
    moved = of.landscape.supercell.positions(harmonic.lattice, harmonic.positions) + pairs(
        harmonic, TEMPERATURE, 1, range(4)
    ).reshape(-1, harmonic.n_sites, 3)
    spent = np.zeros((len(moved), 2))
    for number, one in enumerate(moved):
        began = time.process_time()
        of.landscape.first(one, np.zeros((3, 3)), of.lam)
        between = time.process_time()
        of.landscape.energies(one[None], np.zeros((3, 3)), of.lam)
        spent[number] = between - began, time.process_time() - between
    with_forces, without = np.median(spent, axis=0).tolist()
    return with_forces, without


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    of, harmonic, labels, rows = salt()
    console = Console()
    with_forces, without = seconds_a_call(of, harmonic)
    console.print(
        f"an energy alone takes {without / with_forces:.2f} of one with forces ({with_forces:.2f} s)"
    )
    per_atom = 1000.0 / harmonic.n_atoms
    table = Table(
        "seed", "way", "calls", "beyond harmonic, meV/atom", "error", "deviation of a sample, kT", "enough"
    )
    for seed in range(SEEDS):
        u = pairs(harmonic, TEMPERATURE, seed, range(FITTED))
        work = of.beyond_harmonic(u)
        began = time.process_time()
        first = drawn(fit_bonds(bonds(harmonic, labels), harmonic, u, work), TEMPERATURE, seed, SAMPLED)
        spent = time.process_time() - began
        left = of.beyond_harmonic(first.displacements) - first.energies
        second = one_sided(left[:, None], HEAT, seed)
        found = in_two_stages(first, second, work.size)
        table.add_row(
            str(seed),
            f"two stages ({spent / without:.0f} calls' time to sample the bonds)",
            str(rows + found.calls),
            f"{found.difference * per_atom:.3f}",
            f"{found.error * per_atom:.3f}",
            f"{second.deviation:.2f}",
            str(found.enough),
        )
    many = one_sided(of.beyond_harmonic(pairs(harmonic, TEMPERATURE, 1000, range(PAIRS))), HEAT, 0)
    alone = direct(many)
    table.add_row(
        "-",
        "one side",
        str(rows + alone.calls),
        f"{alone.difference * per_atom:.3f}",
        f"{alone.error * per_atom:.3f}",
        f"{many.deviation:.2f}",
        str(alone.enough),
    )
    console.print(table)


if __name__ == "__main__":
    main()
