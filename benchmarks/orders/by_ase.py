"""The arrangements of a double perovskite relaxed by ASE alone, as others do: a yardstick for kind order.

The 70 decorations of eight B sites fall in six sets under the operations of the cube. One of each is built on the ideal
perovskite, rattled, and relaxed with its cell by the LBFGS of ASE; nothing of kind order is used, but the potential.
"""

from __future__ import annotations

from itertools import combinations, permutations, product
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from ase.filters import FrechetCellFilter
from ase.optimize import LBFGS

from engine.crystals.decorations import explicit_crystal
from engine.mechanics.ase_calculator import AlchemicalCalculator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.potentials.interface import Potential

EDGE, RATTLED = 8.0, 0.1
"""Å; where every cell begins, and the standard deviation of the displacements."""
FORCE, STEPS = 0.03, 400


def arrangements() -> list[tuple[tuple[int, ...], int]]:
    """Of each set the corners (0 to 7) that hold the second element, and the size of the set."""
    corners = np.array(list(product(range(2), repeat=3)))
    turns = [
        np.eye(3, dtype=int)[list(axes)] * signs
        for axes in permutations(range(3))
        for signs in product((1, -1), repeat=3)
    ]
    images = {tuple(((corners @ turn + move) % 2 @ [4, 2, 1]).tolist()) for turn in turns for move in corners}
    left, found = set(combinations(range(8), 4)), []
    while left:
        one = min(left)
        orbit = {tuple(sorted(image[site] for site in one)) for image in images}
        left -= orbit
        found.append((one, len(orbit)))
    return found


def relaxed(
    potential: Potential, a: str, b: str, other: str, corners: tuple[int, ...], seed: int
) -> tuple[float, int, bool]:
    """Energy of one arrangement of 40 atoms (eV), the calls that it took, and whether it came to rest."""
    frac, symbols = [], []
    for number, corner in enumerate(product(range(2), repeat=3)):
        cell = np.array(corner, dtype=float)
        sites = [(a, (0.5, 0.5, 0.5)), (other if number in corners else b, (0.0, 0.0, 0.0))]
        sites += [("O", tuple(0.5 * np.eye(3)[axis])) for axis in range(3)]
        for symbol, place in sites:
            symbols.append(symbol)
            frac.append((cell + place) / 2)
    atoms = Atoms(symbols, scaled_positions=frac, cell=EDGE * np.eye(3), pbc=True)
    atoms.rattle(RATTLED, seed=seed)
    crystal = explicit_crystal(atoms.cell.array, atoms.positions, atoms.numbers)
    atoms.calc = AlchemicalCalculator(potential, crystal, np.zeros(0))
    done = LBFGS(FrechetCellFilter(atoms), logfile=None).run(fmax=FORCE, steps=STEPS)
    return float(atoms.get_potential_energy()), atoms.calc.potential_calls, bool(done)


def levels(
    potential: Potential, a: str, b: str, other: str
) -> tuple[NDArray[np.float64], NDArray[np.int64], int, int]:
    """Energies (eV per cell) and degeneracies of the six arrangements, how many came to rest, and the calls."""
    energies, counts, calls, rested = [], [], 0, 0
    for number, (corners, count) in enumerate(arrangements()):
        energy, took, done = relaxed(potential, a, b, other, corners, number)
        energies.append(energy)
        counts.append(count)
        calls, rested = calls + took, rested + done
    return np.array(energies), np.array(counts), rested, calls
