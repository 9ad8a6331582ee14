"""Makes the training data of the small MACE: energies, forces and stresses of SevenNet-l3i5 for alkali halides.

Rocksalt crystals of (Li, Na, K)(Cl, Br): end members over a range of lattice constants, ordered and random supercells,
strained, rattled, and some a few steps down the forces. Writes train.xyz and test.xyz in the extended XYZ format.

    python examples/models/alkali_halides/make_data.py [FOLDER]
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import torch
from ase import Atoms
from ase.build import bulk
from ase.io import write
from ase.stress import full_3x3_to_voigt_6_stress

from engine.crystals.graph import build_graph
from engine.potentials.interface import Potential
from engine.potentials.loading import load_potential

# Lattice constants in Å that the teacher relaxes to, within a few percent; the data surround them.
LATTICE = {
    ("Li", "Cl"): 5.15, ("Na", "Cl"): 5.69, ("K", "Cl"): 6.38,
    ("Li", "Br"): 5.51, ("Na", "Br"): 6.03, ("K", "Br"): 6.71,
}  # fmt: skip
CATIONS, ANIONS = ("Li", "Na", "K"), ("Cl", "Br")
TEST_SHARE = 0.1


def label(potential: Potential, atoms: Atoms) -> Atoms:
    """The crystal with the teacher's energy (eV), forces (eV/Å) and stress (eV/Å^3), under mace-torch's keys."""
    found = build_graph(
        [atoms.cell.array], [atoms.positions], [[(int(z),) for z in atoms.numbers]], potential.cutoff, 0.0
    )
    positions, strain = found.positions.clone().requires_grad_(), found.strain.clone().requires_grad_()
    energy = potential.energy(found.graph, positions, strain, torch.ones(len(atoms), dtype=torch.float64))
    by_position, by_strain = torch.autograd.grad(energy.sum(), (positions, strain))
    stress = (by_strain[0] + by_strain[0].T).numpy() / 2 / atoms.get_volume()
    labelled = Atoms(atoms.symbols, cell=atoms.cell, positions=atoms.positions, pbc=True)
    labelled.info["REF_energy"] = float(energy.detach())
    labelled.info["REF_stress"] = full_3x3_to_voigt_6_stress(stress)
    labelled.arrays["REF_forces"] = -by_position.numpy()
    return labelled


def decorated(repeat: tuple[int, int, int], random: np.random.Generator, *, cubic: bool) -> Atoms:
    """A rocksalt supercell whose cations and anions are drawn at random, at about its own lattice constant."""
    atoms = bulk("NaCl", "rocksalt", a=1.0, cubic=cubic) * repeat
    cation_share, anion_share = random.dirichlet(np.ones(3)), random.dirichlet(np.ones(2))
    is_cation = atoms.numbers == 11
    symbols = np.where(
        is_cation,
        random.choice(CATIONS, len(atoms), p=cation_share),
        random.choice(ANIONS, len(atoms), p=anion_share),
    )
    atoms.symbols[:] = symbols
    size = np.mean([LATTICE[pair] for pair in itertools.product(symbols[is_cation], symbols[~is_cation])])
    atoms.set_cell(atoms.cell.array * size, scale_atoms=True)
    return atoms


def disturbed(atoms: Atoms, random: np.random.Generator) -> Atoms:
    """Scaled, strained and rattled."""
    moved = atoms.copy()
    strain = random.normal(scale=0.02, size=(3, 3))
    deform = (1.0 + random.uniform(-0.06, 0.07)) * np.eye(3) + (strain + strain.T) / 2
    moved.set_cell(moved.cell.array @ deform, scale_atoms=True)
    moved.positions += random.normal(scale=random.uniform(0.0, 0.2), size=moved.positions.shape)
    return moved


def descended(potential: Potential, atoms: Atoms, steps: int) -> Atoms:
    """A few small steps down the forces, at the same cell."""
    for _ in range(steps):
        forces = label(potential, atoms).arrays["REF_forces"]
        atoms = atoms.copy()
        atoms.positions += np.clip(0.15 * forces, -0.1, 0.1)
    return label(potential, atoms)


def crystals(potential: Potential, random: np.random.Generator) -> list[Atoms]:
    """Every labelled crystal."""
    found = []
    for (cation, anion), a in LATTICE.items():
        found += [
            label(potential, bulk(cation + anion, "rocksalt", a=a * scale))
            for scale in np.linspace(0.9, 1.12, 12)
        ]
        cell = bulk(cation + anion, "rocksalt", a=a, cubic=True)
        found += [label(potential, disturbed(cell, random)) for _ in range(14)]
    for number in range(240):
        repeat = ((1, 1, 1), (2, 1, 1))[number % 2]
        atoms = disturbed(decorated(repeat, random, cubic=True), random)
        found.append(descended(potential, atoms, number % 4))
    for number in range(280):
        atoms = disturbed(decorated((2, 2, 2), random, cubic=False), random)
        found.append(descended(potential, atoms, number % 4))
    return found


def main() -> None:
    """Writes the two files."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()
    random = np.random.default_rng(2024)
    found = crystals(load_potential("sevennet-l3i5"), random)
    order = random.permutation(len(found))
    n_test = round(TEST_SHARE * len(found))
    write(folder / "test.xyz", [found[i] for i in order[:n_test]])
    write(folder / "train.xyz", [found[i] for i in order[n_test:]])
    print(f"{len(found) - n_test} crystals to train on, {n_test} to test on")


if __name__ == "__main__":
    main()
