"""Supercells whose sites were displaced at random, as people upload them, and their relaxations by ASE."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from ase.filters import FrechetCellFilter
from ase.optimize import LBFGS

from api_schemas.sublattices import Sublattice
from engine.crystals.crystal import AlchemicalCrystal, build_crystal
from engine.crystals.parent import ParentCrystal
from engine.crystals.prototypes import PROTOTYPES
from engine.mechanics.ase_calculator import AlchemicalCalculator, parent_atoms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.potentials.interface import Potential


def displaced(parent: ParentCrystal, repeats: tuple[int, int, int], shift: float, seed: int) -> ParentCrystal:
    """A supercell with every site displaced by a length (Å) in a random direction, sites of an element together."""
    cells = np.array(list(np.ndindex(*repeats)))
    symbols = [symbol for symbol in parent.symbols for _ in cells]
    frac = ((parent.frac[:, None] + cells) / np.array(repeats)).reshape(-1, 3)
    order = sorted(range(len(symbols)), key=lambda site: parent.symbols.index(symbols[site]))
    lattice = parent.lattice * np.array(repeats)[:, None]
    moves = np.random.default_rng(seed).normal(size=(len(symbols), 3))
    moves *= shift / np.linalg.norm(moves, axis=1)[:, None]
    frac = frac[order] + moves @ np.linalg.inv(lattice)
    return ParentCrystal(lattice=lattice, frac=frac, symbols=tuple(symbols[site] for site in order))


def cubic(prototype: str, species: list[str]) -> ParentCrystal:
    """The cube of a rocksalt or zincblende, four formula units, at its prototype's lattice constant."""
    primitive = PROTOTYPES[prototype].build(species)
    side = (4.0 * primitive.volume) ** (1.0 / 3.0)
    faces = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    other = {"rocksalt": 0.5, "zincblende": 0.25}[prototype]
    frac = np.concatenate([faces, faces + other])
    return ParentCrystal(lattice=side * np.eye(3), frac=frac, symbols=tuple(np.repeat(species, 4)))


def mixed(parent: ParentCrystal, **elements: list[str]) -> AlchemicalCrystal:
    """A crystal in which the sites of some elements may hold others."""
    return build_crystal(
        parent,
        [Sublattice(name=site.lower(), sites=[site], elements=offered) for site, offered in elements.items()],
    )


def lbfgs_calls(
    potential: Potential, crystal: AlchemicalCrystal, x: NDArray[np.float64], *, force: float, stress: float
) -> tuple[int, float]:
    """Potential calls of an ASE LBFGS relaxation to residuals in eV/Å and eV/Å^3, and the energy per cell in eV."""
    atoms = parent_atoms(crystal)
    calculator = AlchemicalCalculator(potential, crystal, x)
    atoms.calc = calculator
    run = LBFGS(FrechetCellFilter(atoms), logfile=None)
    for _ in run.irun(fmax=0.0, steps=400):
        largest = float(np.linalg.norm(atoms.get_forces(), axis=1).max())
        if largest <= force and float(np.abs(atoms.get_stress()).max()) <= stress:
            break
    return calculator.potential_calls, float(atoms.get_potential_energy())
