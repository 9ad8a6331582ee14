"""Phonons by phonopy with the public calculator against the force constants that the engine has of that supercell."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from phonopy import Phonopy
from phonopy.structure.atoms import PhonopyAtoms

from engine.acceptance.resolve import resolved_problem
from engine.crystals.supercells import Supercell
from engine.mechanics.coordinates import symmetry_coordinates
from engine.mechanics.response.disorder import Disorder
from orichalcum.ase import AlchemicalCalculator

SHARES = {"Na": 0.6, "K": 0.4}
NAKCL = {
    "kind": "evaluate",
    "structure": bulk("NaCl", "rocksalt", a=5.9),
    "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
    "at": [{"cation": SHARES}],
    "potential": {"name": "sevennet-0"},
}
TIMES = 2
THZ = 15.6333042  # of sqrt(eV/Å^2/u)


@pytest.fixture(scope="module")
def phonons(weights_fetched):
    """As docs/python.md shows it."""
    calculator = AlchemicalCalculator(NAKCL, {"cation": SHARES})
    parent = calculator.parent_atoms()
    cell = PhonopyAtoms(
        symbols=parent.get_chemical_symbols(),
        cell=parent.cell,
        scaled_positions=parent.get_scaled_positions(),
        masses=calculator.masses(parent),
    )
    found = Phonopy(cell, supercell_matrix=TIMES * np.eye(3), primitive_matrix="P")
    found.generate_displacements(distance=0.01)
    forces = []
    for moved in found.supercells_with_displacements:
        atoms = Atoms(moved.symbols, cell=moved.cell, positions=moved.positions, pbc=True)
        atoms.calc = calculator
        forces.append(atoms.get_forces())
    found.forces = forces
    found.produce_force_constants()
    return found


@pytest.fixture(scope="module")
def exact(sevennet0):
    """The engine's rows of the Hessian, [n, 3, n, 3] eV/Å^2, and where its sites are, Å."""
    crystal = resolved_problem(NAKCL).crystal
    coordinates = symmetry_coordinates(crystal)
    disorder = Disorder.of(sevennet0, crystal, coordinates, Supercell(TIMES * np.eye(3, dtype=int)))
    constants = disorder.force_constants(np.zeros(coordinates.n_q), np.array(list(SHARES.values())))
    n = disorder.supercell.n_sites
    steps = np.eye(3 * n).reshape(-1, n, 3)
    hessian = (constants.apply(steps) - constants.lift(steps)).reshape(n, 3, n, 3)
    return hessian, disorder.supercell.supercell.positions(coordinates.lattice, coordinates.positions)


def test_the_force_constants_are_the_engines_own(phonons, exact):
    hessian, positions = exact
    cell = phonons.supercell
    away = (positions[None] - cell.positions[:, None]) @ np.linalg.inv(cell.cell)
    place = np.linalg.norm((away - np.round(away)) @ cell.cell, axis=2)
    order = place.argmin(axis=1)
    assert place.min(axis=1).max() < 1e-6
    expected = hessian[order][:, :, order].transpose(0, 2, 1, 3)
    found = phonons.force_constants
    assert found.shape == expected.shape == (16, 16, 3, 3)
    np.testing.assert_allclose(found, expected, atol=2e-3 * np.abs(expected).max())


def test_frequencies_go_by_the_mean_masses(phonons, exact):
    hessian, _ = exact
    half = len(hessian) // 2
    mixed, chlorine = phonons.primitive.masses
    assert mixed == pytest.approx(0.6 * 22.98977 + 0.4 * 39.0983, abs=1e-4)
    assert chlorine == pytest.approx(35.45, abs=0.01)
    # The engine's sites come cell by cell.
    masses = np.repeat(np.tile([mixed, chlorine], half), 3)
    matrix = hessian.reshape(6 * half, 6 * half) / np.sqrt(np.outer(masses, masses))
    values = np.linalg.eigvalsh((matrix + matrix.T) / 2)
    expected = THZ * np.sign(values) * np.sqrt(np.abs(values))
    phonons.run_mesh([TIMES] * 3, is_gamma_center=True, is_mesh_symmetry=False)
    found = np.sort(phonons.mesh.frequencies.ravel())
    np.testing.assert_allclose(found[3:], expected[3:], rtol=2e-3, atol=2e-3)
    assert np.abs(found[:3]).max() < 0.02
