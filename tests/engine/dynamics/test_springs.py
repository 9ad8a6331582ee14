"""Harmonic energies, and sums of energies."""

from __future__ import annotations

import numpy as np
import pytest

from engine.dynamics.hamiltonian import Combination, Term, between
from engine.dynamics.springs import Springs, einstein_matrix, tether_matrix
from tests.engine.dynamics.toys import fcc, pairs

RANDOM = np.random.default_rng(0)


def shaken(sites, m=2):
    return (
        sites + RANDOM.normal(scale=0.1, size=(m, *sites.shape)),
        RANDOM.normal(scale=0.02, size=(m, 3, 3)),
        np.array([0.3, 0.8]),
    )


def assert_derivatives_are_those_of_differences(hamiltonian, positions, strain, lam, h=1e-5):
    found = hamiltonian.evaluate(positions, strain, lam, by_lam=True, by_strain=True)

    def slope(which, *index):
        values = []
        for step in (h, -h):
            moved = [positions.copy(), strain.copy(), lam.copy()]
            moved[which][(1, *index)] += step
            values.append(hamiltonian.evaluate(*moved).energy[1])
        return (values[0] - values[1]) / (2 * h)

    assert found.by_position[1, 2, 1] == pytest.approx(slope(0, 2, 1), rel=1e-6, abs=1e-8)
    assert found.by_strain[1, 0, 2] == pytest.approx(slope(1, 0, 2), rel=1e-6, abs=1e-8)
    assert found.by_lam[1] == pytest.approx(slope(2), rel=1e-6, abs=1e-8)


def test_the_energy_is_a_sum_over_springs():
    sites = RANDOM.normal(size=(3, 3))
    springs = np.array([1.0, 2.0, 0.5])
    positions, strain, lam = shaken(sites)
    found = Springs(sites, einstein_matrix(springs), energy=-4.0).evaluate(
        positions, np.zeros_like(strain), lam
    )
    expected = -4.0 + 0.5 * np.einsum("i,mia->m", springs, (positions - sites) ** 2)
    assert found.energy == pytest.approx(expected)


def test_derivatives_are_those_of_differences():
    sites = RANDOM.normal(size=(4, 3))
    square = RANDOM.normal(size=(12, 12))
    assert_derivatives_are_those_of_differences(Springs(sites, square + square.T), *shaken(sites))


def test_a_combination_has_the_derivatives_of_all_its_terms():
    lattice, sites = fcc()
    springs = Springs(sites, einstein_matrix(np.full(4, 2.0)), energy=1.5)
    summed = Combination((Term(pairs(sites, lattice), 1.0, 0.7), Term(springs, 0.2, 1.0)))
    assert_derivatives_are_those_of_differences(summed, *shaken(sites))


def test_between_two_energies_lies_their_weighted_mean():
    lattice, sites = fcc()
    springs, model = Springs(sites, einstein_matrix(np.full(4, 2.0))), pairs(sites, lattice)
    positions, strain, lam = shaken(sites)
    first, second = springs.evaluate(positions, strain, lam), model.evaluate(positions, strain, lam)
    found = between(springs, model).evaluate(positions, strain, lam)
    assert found.energy == pytest.approx((1.0 - lam) * first.energy + lam * second.energy)


def test_a_tether_adds_the_partition_function_of_its_spring_whatever_the_masses():
    # Integrals with the centre of mass fixed: exp(-u.(K + a a^T).u/2), a.u the centre of mass, is the same times the
    # integral over it. Per direction of space.
    masses, spring, n = np.array([10.0, 60.0, 25.0, 1.0]), 3.7, 4
    rest = RANDOM.normal(size=(3, 3))
    still = np.eye(3) - np.ones((3, 3)) / 3
    others = still @ (rest @ rest.T + np.eye(3)) @ still  # three atoms that do not notice translations
    crystal = np.zeros((n, n))
    crystal[:3, :3] = others
    tether = tether_matrix(3, spring, masses)[::3, ::3]
    centre, centre_of_others = masses / masses.sum(), masses[:3] / masses[:3].sum()

    def log_integral(matrix, a):
        return 0.5 * (len(a) - 1) * np.log(2 * np.pi) - 0.5 * np.linalg.slogdet(matrix + np.outer(a, a))[1]

    whole = log_integral(crystal + tether, centre)
    assert whole == pytest.approx(
        log_integral(others, centre_of_others) + 0.5 * np.log(2 * np.pi / spring), abs=1e-10
    )


def test_a_tether_does_not_notice_translations():
    masses, sites = np.array([10.0, 60.0, 25.0]), RANDOM.normal(size=(3, 3))
    tether = Springs(sites, tether_matrix(1, 2.0, masses))
    found = tether.evaluate((sites + 0.3)[None], np.zeros((1, 3, 3)), np.zeros(1))
    assert found.energy[0] == pytest.approx(0.0, abs=1e-12)
    moved = sites.copy()
    moved[1, 0] += 0.5
    assert tether.evaluate(moved[None], np.zeros((1, 3, 3)), np.zeros(1)).energy[0] == pytest.approx(0.25)


def test_a_matrix_of_another_crystal_is_refused():
    with pytest.raises(ValueError, match="4 sites need a matrix of 12 rows"):
        Springs(np.zeros((4, 3)), np.eye(9))
