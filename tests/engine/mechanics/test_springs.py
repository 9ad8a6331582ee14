"""Springs between neighbours against differences of their energy, and what they learn of products."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.cells.displaced import cubic, displaced, mixed
from engine.mechanics.coordinates import symmetry_coordinates
from engine.mechanics.learned_springs import learned_springs, safe_inverse
from engine.mechanics.springs import Springs, bonds_at, mixed_springs


@pytest.fixture(scope="module")
def crystal():
    return mixed(displaced(cubic("rocksalt", ["Na", "Cl"]), (2, 1, 1), 0.1, 0), Na=["Na", "K"])


@pytest.fixture(scope="module")
def coordinates(crystal):
    return symmetry_coordinates(crystal)


@pytest.fixture(scope="module")
def bonds(crystal, coordinates):
    q = 0.02 * np.random.default_rng(1).normal(size=coordinates.n_q)
    return bonds_at(coordinates, np.asarray(crystal.labels), q), q


def test_the_hessian_is_that_of_the_springs_energy(bonds, coordinates):
    found, q = bonds
    lengths = np.linalg.norm(found.vectors, axis=1)
    # Where the second site of every pair is, in cells: its shift follows from the vector at q.
    lattice, frac = coordinates.geometry(q)
    apart = found.vectors @ np.linalg.inv(lattice) - (frac[found.second] - frac[found.first])
    np.testing.assert_allclose(apart, np.round(apart), atol=1e-9)

    def energy(q):
        lattice, frac = coordinates.geometry(q)
        vectors = (frac[found.second] - frac[found.first] + np.round(apart)) @ lattice
        return float((0.5 * 3.0 * (np.linalg.norm(vectors, axis=1) - lengths) ** 2).sum())

    constants = np.tile([3.0, 0.0], (len(found.kinds), 1))
    hessian = found.hessian(Springs(found.kinds, constants))
    rng = np.random.default_rng(2)
    for _ in range(5):
        way = rng.normal(size=len(q))
        way /= np.linalg.norm(way)
        h = 1e-3
        curvature = (energy(q + h * way) + energy(q - h * way)) / h**2  # none at q itself
        assert way @ hessian @ way == pytest.approx(curvature, rel=1e-4)


def test_springs_do_not_change_where_nothing_is_stretched(bonds, coordinates):
    found, _ = bonds
    rigid = np.tile([0.3, -0.2, 0.1], (len(coordinates.positions), 1))
    along = np.einsum("jna,na->j", coordinates.displacement_modes, rigid)
    np.testing.assert_allclose(along, 0.0, atol=1e-10)  # a coordinate never moves all sites alike
    values = np.linalg.eigvalsh(found.hessian(found.expected))
    assert values.min() > 0.0


def test_a_few_products_teach_the_springs_that_made_them(bonds):
    found, q = bonds
    rng = np.random.default_rng(3)
    expected = found.expected.constants
    true = Springs(found.kinds, expected * rng.uniform(0.3, 2.0, size=expected.shape))
    hessian = found.hessian(true)
    steps = 0.1 * rng.normal(size=(4, len(q)))
    learned = learned_springs(found, steps, steps @ hessian, np.ones(len(q)), None)
    size = np.linalg.norm(hessian)
    before = np.linalg.norm(found.hessian(found.expected) - hessian) / size
    after = np.linalg.norm(found.hessian(learned) - hessian) / size
    assert after < 0.15 * before
    again = learned_springs(found, steps[:0], steps[:0], np.ones(len(q)), learned)
    np.testing.assert_array_equal(again.constants, learned.constants)


def test_springs_are_stored_as_numbers_and_mixed_by_shares(bonds):
    found, _ = bonds
    springs = found.expected
    back = Springs.of_table(springs.table())
    np.testing.assert_array_equal(back.kinds, springs.kinds)
    np.testing.assert_array_equal(back.constants, springs.constants)
    fewer = Springs(springs.kinds[1:], 2.0 * springs.constants[1:])
    between = mixed_springs([springs, fewer], np.array([0.75, 0.25]))
    np.testing.assert_array_equal(between.kinds, springs.kinds)
    np.testing.assert_allclose(between.constants[0], springs.constants[0])
    np.testing.assert_allclose(between.constants[1:], 1.25 * springs.constants[1:])


def test_the_inverse_of_a_hessian_with_negative_curvature_is_positive():
    hessian = np.diag([20.0, 2.0, -1.0, 0.0])
    inverse = safe_inverse(hessian, np.ones(4))
    matrix = np.stack([inverse(one) for one in np.eye(4)])
    np.testing.assert_allclose(np.diag(matrix), [0.05, 0.5, 1.0, 10.0])
