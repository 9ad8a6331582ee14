"""Force constants of a supercell folded onto another: exact where both are one lattice, elsewhere by their reach."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from api_schemas.sublattices import Sublattice
from engine.crystals.crystal import build_crystal
from engine.crystals.hermite import hermite_forms
from engine.crystals.prototypes import PROTOTYPES
from engine.crystals.supercells import Supercell
from engine.crystals.symmetry import operations
from engine.mechanics.coordinates import symmetry_coordinates
from engine.mechanics.landscape import Landscape
from engine.mechanics.response.force_constants import ForceConstants
from engine.mechanics.response.host import host_at, nearest_images

FCC = 3.9 * np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
CUBE = np.array([[-1, 1, 1], [1, -1, 1], [1, 1, -1]])
LAYERS = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 2]])
PAIR = np.array([[0.0, 0.0, 0.0], [1.9, 1.9, 1.9]])


@pytest.fixture(scope="module")
def hosted(sevennet0):
    """Of CuAu, a host of any supercell, at one geometry."""
    crystal = build_crystal(
        PROTOTYPES["fcc"].build(["Cu"], a=3.9), [Sublattice(name="mix", sites=["Cu"], elements=["Cu", "Au"])]
    )
    landscape = Landscape(sevennet0, crystal, symmetry_coordinates(crystal))
    lam = crystal.weights(np.array([0.5, 0.5]))
    q = np.zeros(landscape.coordinates.n_q)

    def build(matrix):
        return host_at(landscape, Supercell(np.array(matrix)), q, lam, operations(crystal))

    return build


def dense(host) -> np.ndarray:
    """The Hessian of the supercell [3 n, 3 n] from the rows of a cell."""
    cells, sites = host.supercell.n_cells, len(host.positions)
    full = np.zeros((cells, sites, 3, cells, sites, 3))
    for first in range(cells):
        for second in range(cells):
            full[second, :, :, first] = host.blocks[host.supercell.differences[first, second]]
    return full.reshape(3 * cells * sites, -1)


@pytest.fixture(scope="module")
def cube(hosted):
    return hosted(CUBE)


@pytest.fixture(scope="module")
def large(hosted):
    return hosted(2 * CUBE)


def test_onto_its_own_supercell_nothing_changes(cube):
    assert cube.folded(Supercell(CUBE.copy())) is cube


def test_onto_another_basis_of_the_same_lattice_it_acts_the_same(cube):
    turned = np.array([[1, 0, 0], [1, 1, 0], [0, 3, 1]]) @ CUBE
    other = cube.folded(Supercell(turned))
    np.testing.assert_array_equal(cube.folded(Supercell(turned)).blocks, other.blocks)
    # The same site has other numbers there.
    place = other.supercell.numbers(cube.supercell.cells)
    assert sorted(place) == [0, 1, 2, 3]
    vector = np.random.default_rng(0).normal(size=(4, 3))
    moved = np.empty_like(vector)
    moved[place] = vector
    np.testing.assert_allclose(other.constants.solve(moved)[place], cube.constants.solve(vector), atol=1e-12)
    np.testing.assert_allclose(other.constants.apply(moved)[place], cube.constants.apply(vector), atol=1e-11)
    assert other.constants.lowest == pytest.approx(cube.constants.lowest, abs=1e-10)


def test_from_a_larger_supercell_they_are_those_of_the_smaller_one(large, cube):
    """It holds the smaller one's waves: folded, all images of a neighbour add up, and nothing is lost."""
    np.testing.assert_allclose(large.folded(cube.supercell).blocks, cube.blocks, atol=2e-4)
    assert np.abs(cube.blocks).max() > 5.0


@pytest.mark.parametrize(
    "matrix", [LAYERS, [[1, 0, 0], [0, 1, 0], [0, 0, 3]], [[0, 1, 1], [1, 0, 1], [1, 1, 0]]]
)
def test_onto_a_lattice_that_it_does_not_hold_the_tail_of_the_interaction_is_what_is_missing(
    hosted, large, matrix
):
    """A cube of 7.8 Å has half of the second neighbours; SevenNet sees farther."""
    own, found = hosted(matrix), large.folded(Supercell(np.array(matrix)))
    stiffest = np.abs(np.linalg.eigvalsh(dense(own))).max()
    assert np.linalg.norm(dense(found) - dense(own), 2) < 0.12 * stiffest
    assert found.by_strain is large.by_strain


@pytest.mark.parametrize(
    "matrix", [CUBE, LAYERS, [[1, 0, 0], [0, 1, 0], [0, 0, 5]], [[1, 0, 0], [0, 2, 0], [1, 1, 3]]]
)
def test_moved_as_a_whole_nothing_pulls_and_the_hessian_is_symmetric(large, matrix):
    found = large.folded(Supercell(np.array(matrix)))
    full = dense(found)
    np.testing.assert_allclose(full, full.T, atol=1e-9)
    together = full.reshape(len(full), -1, 3).sum(axis=1)
    own = dense(large).reshape(len(dense(large)), -1, 3).sum(axis=1)
    assert np.abs(together).max() <= np.abs(own).max() + 1e-9
    assert np.abs(own).max() < 1e-6 * np.abs(full).max()


@pytest.mark.parametrize("n", [4, 6])
def test_nearest_images_are_nearest(n):
    """Of every lattice, whatever basis it is written in."""
    shifts = np.array(list(product(range(-n - 2, n + 3), repeat=3)))
    lengths = np.linalg.norm((shifts @ FCC)[:, None, None] + PAIR[:, None] - PAIR[None], axis=-1)
    for form in hermite_forms(n):
        supercell = Supercell(form)
        cells, share = nearest_images(supercell, FCC, PAIR)
        found = np.linalg.norm(cells @ FCC + (PAIR[:, None] - PAIR[None])[None, :, :, None], axis=-1)
        number = supercell.numbers(shifts)
        expected = np.array([lengths[number == cell].min(axis=0) for cell in range(n)])
        np.testing.assert_allclose(np.where(share > 0.0, found, 0.0).max(axis=-1), expected, atol=2e-4)
        np.testing.assert_allclose(share.sum(axis=-1), 1.0, atol=1e-12)
        images = supercell.numbers(cells)
        assert (images == np.arange(n)[:, None, None, None]).all()


def test_a_soft_mode_is_lifted_and_is_displaced_by_as_much_as_it_is_soft():
    """Two sites on springs of closed form, unstable along x."""
    k = np.array([-1.5, 0.8, 2.0])
    blocks = np.zeros((2, 1, 3, 1, 3))
    for axis, value in enumerate(k):
        blocks[0, 0, axis, 0, axis], blocks[1, 0, axis, 0, axis] = value / 2, -value / 2
    constants = ForceConstants(Supercell(np.diag([1, 1, 2])), blocks, np.ones(1))
    assert constants.soft == 1
    opposite = np.array([[1.0, 1.0, 1.0], [-1.0, -1.0, -1.0]])
    np.testing.assert_allclose(constants.solve(opposite)[0], [1 / 0.05, 1 / 0.8, 1 / 2.0], rtol=1e-12)
    vectors = np.random.default_rng(1).normal(size=(2, 3))
    along = (0.05 + 1.5) * (vectors[0, 0] - vectors[1, 0]) / 2
    expected = np.array([[along, 0.0, 0.0], [-along, 0.0, 0.0]])
    np.testing.assert_allclose(constants.along_soft(vectors), expected, atol=1e-12)
