"""Supercells: their cells, waves and shapes."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from api_schemas.order_options import Cells
from api_schemas.sublattices import Sublattice
from engine.crystals.crystal import build_crystal
from engine.crystals.hermite import hermite_form
from engine.crystals.holding import cells_holding
from engine.crystals.prototypes import PROTOTYPES
from engine.crystals.supercells import (
    Supercell,
    compact_supercell,
    supercell_for_disorder,
    supercell_of_atoms,
)
from engine.crystals.symmetry import operations
from engine.kinds.order.looked_at import probability_cell

MATRICES = [
    np.diag([2, 3, 4]),
    np.array([[-1, 1, 1], [1, -1, 1], [1, 1, -1]]) * 2,
    np.array([[1, 3, 1], [0, 8, 0], [0, 0, 2]]),
]


@pytest.mark.parametrize("matrix", MATRICES)
def test_every_cell_is_there_once(matrix):
    supercell = Supercell(matrix)
    assert supercell.n_cells == round(np.linalg.det(matrix))
    assert len(supercell.cells) == supercell.n_cells
    assert (supercell.numbers(supercell.cells) == np.arange(supercell.n_cells)).all()
    far = supercell.cells + np.random.default_rng(0).integers(-3, 4, (supercell.n_cells, 3)) @ matrix
    assert (supercell.numbers(far) == np.arange(supercell.n_cells)).all()


@pytest.mark.parametrize("matrix", MATRICES)
def test_waves_are_periodic_in_the_supercell_and_orthogonal(matrix):
    supercell = Supercell(matrix)
    around = supercell.waves @ matrix.T
    assert around == pytest.approx(np.rint(around), abs=1e-9)
    overlap = supercell.phases @ supercell.phases.conj().T
    assert overlap == pytest.approx(supercell.n_cells * np.eye(supercell.n_cells), abs=1e-9)


def test_a_hermite_form_spans_the_same_lattice():
    matrix = np.array([[3, 1, -2], [0, 2, 5], [4, -1, 1]])
    between = hermite_form(matrix) @ np.linalg.inv(matrix)
    assert between == pytest.approx(np.rint(between), abs=1e-9)
    assert abs(np.linalg.det(between)) == pytest.approx(1.0)


def test_vectors_in_a_plane_make_no_supercell():
    with pytest.raises(ValueError, match="plane"):
        hermite_form(np.array([[1, 0, 0], [0, 1, 0], [1, 1, 0]]))


def crystal(prototype, species, *sublattices):
    return build_crystal(
        PROTOTYPES[prototype].build(species),
        [Sublattice(name=site, sites=[site], elements=elements) for site, elements in sublattices],
    )


@pytest.mark.parametrize(
    ("prototype", "species"),
    [("fcc", ["Cu"]), ("bcc", ["Fe"]), ("wurtzite", ["Al", "N"]), ("spinel", ["Mg", "Al", "O"])],
)
def test_shapes_are_compact_and_keep_symmetry(prototype, species):
    parent = crystal(prototype, species)
    found = compact_supercell(parent, 24)
    assert 0.8 * 24 <= found.n_cells <= 1.25 * 24
    lattice = found.matrix @ parent.lattice
    shortest = min(np.linalg.norm(n @ lattice) for n in product(range(-2, 3), repeat=3) if any(n))
    assert shortest > 0.85 * (found.n_cells * parent.volume) ** (1 / 3)
    rotations = {tuple(each.rotation.ravel()) for each in operations(parent)}
    kept = sum(found.keeps(np.reshape(rotation, (3, 3))) for rotation in rotations)
    assert kept >= len(rotations) / 4


def test_the_rarest_mixed_sublattice_decides_the_size():
    both = crystal("perovskite", ["Sr", "Ti", "O"], ("Ti", ["Ti", "Zr"]), ("O", ["O", "S"]))
    assert 24 <= supercell_for_disorder(both).n_cells <= 40
    metal = crystal("fcc", ["Cu"], ("Cu", ["Cu", "Ni"]))
    assert supercell_for_disorder(metal).n_cells >= 48


def test_a_composition_is_held_exactly_where_a_cell_near_by_can():
    """Eleven sites hold an eleventh; the ten that were asked for would hold a tenth."""
    parent = crystal("fcc", ["Cu"], ("Cu", ["Cu", "Au"]))
    assert cells_holding(parent, np.array([10 / 11, 1 / 11]), 10)[0] == 11


def test_the_cell_of_the_ordering_probability_has_as_many_sites_as_were_asked_for():
    """There are two sites in a cell of hcp: four cells have eight, though cells that are nearer to a cube have more."""
    parent = crystal("hcp", ["Mg"], ("Mg", ["Mg", "Zn"]))
    found = probability_cell(parent, np.array([0.5, 0.5]), Cells(sites=8))
    assert found.n_cells == 4


@pytest.mark.parametrize(
    ("prototype", "species", "atoms", "edge"),
    [
        ("rocksalt", ["Na", "Cl"], 64, 2),
        ("bcc", ["Fe"], 54, 3),
        ("bcc", ["Fe"], 128, 4),
        ("fcc", ["Cu"], 32, 2),
        ("diamond", ["Si"], 64, 2),
        ("perovskite", ["Cs", "Pb", "I"], 40, 2),
    ],
)
def test_of_a_cubic_crystal_as_many_atoms_as_a_cube_has_are_one(prototype, species, atoms, edge):
    parent = build_crystal(PROTOTYPES[prototype].build(species))
    found = supercell_of_atoms(parent, atoms)
    assert found.n_cells * parent.n_sites == atoms
    inside = found.matrix @ np.linalg.inv(edge * parent.conventional)
    np.testing.assert_allclose(inside, np.round(inside), atol=1e-9)
    assert abs(np.linalg.det(inside)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("prototype", "species", "atoms"),
    [
        ("wurtzite", ["Al", "N"], 64),
        ("hcp", ["Mg"], 54),
        ("fcc", ["Cu"], 108),
        ("rocksalt", ["Na", "Cl"], 300),
    ],
)
def test_of_other_crystals_about_so_many_atoms_keep_all_symmetry_and_distance(prototype, species, atoms):
    parent = build_crystal(PROTOTYPES[prototype].build(species))
    found = supercell_of_atoms(parent, atoms)
    sites = found.n_cells * parent.n_sites
    assert 0.8 <= sites / atoms <= 1.25
    assert all(found.keeps(operation.rotation) for operation in operations(parent))
    near = np.array(list(product(range(-2, 3), repeat=3)))
    images = near[near.any(axis=1)] @ found.matrix @ parent.lattice
    cube = (sites * parent.volume / parent.n_sites) ** (1 / 3)
    assert np.linalg.norm(images, axis=1).min() > 0.88 * cube


def test_fewer_atoms_than_a_cell_has_are_one_cell_and_none_are_refused():
    parent = build_crystal(PROTOTYPES["perovskite"].build(["Cs", "Pb", "I"]))
    np.testing.assert_array_equal(supercell_of_atoms(parent, 1).matrix, np.eye(3))
    with pytest.raises(ValueError, match="one atom or more, got 0"):
        supercell_of_atoms(parent, 0)
