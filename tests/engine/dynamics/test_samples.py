"""Samples of the harmonic crystal against its closed forms, and the model's energies at them."""

from __future__ import annotations

import numpy as np
import pytest

from engine.dynamics.samples import model, pairs
from engine.mechanics.sites import SiteLandscape
from tests.engine.dynamics.harmonic_crystals import BOLTZMANN, CUBE, relaxed, springs

T = 400.0


@pytest.fixture(scope="module")
def copper():
    return springs()


@pytest.fixture(scope="module")
def drawn(copper):
    return pairs(copper.harmonic, T, 11, range(3000))


def test_their_mean_energy_is_half_kt_for_each_vibration(copper, drawn):
    energies = copper.harmonic.energies(drawn)
    vibrations = 3 * 4 - 3
    heat = BOLTZMANN * T
    assert energies[:, 0].mean() == pytest.approx(
        vibrations * heat / 2, abs=4 * heat * np.sqrt(vibrations / 2 / len(drawn))
    )
    assert energies[:, 0].var() == pytest.approx(vibrations * heat**2 / 2, rel=0.15)
    np.testing.assert_array_equal(energies[:, 0], energies[:, 1])


def test_their_covariance_is_kt_over_the_hessian(copper, drawn):
    flat = drawn[:, 0].reshape(len(drawn), -1)
    expected = BOLTZMANN * T * np.linalg.pinv(copper.harmonic.hessian, rcond=1e-6, hermitian=True)
    found = flat.T @ flat / len(flat)
    error = np.sqrt((np.outer(np.diag(expected), np.diag(expected)) + expected**2) / len(flat))
    assert np.abs((found - expected) / error).max() < 4.5
    assert np.abs(flat.mean(axis=0) / np.sqrt(np.diag(expected) / len(flat))).max() < 4.5


def test_a_pair_is_a_displacement_and_its_opposite_with_the_centre_of_mass_at_rest(sevennet0):
    salt = relaxed(sevennet0, "rocksalt", ["Na", "Cl"], CUBE, a=5.7).harmonic
    found = pairs(salt, T, 0, range(3))
    np.testing.assert_array_equal(found[:, 0], -found[:, 1])
    masses = np.tile(salt.masses, 4)
    centre = np.einsum("i,kmia->kma", masses, found) / masses.sum()
    assert np.abs(centre).max() < 1e-8 < np.abs(found).max()


def test_a_sample_is_the_same_in_whatever_batch(copper):
    whole = pairs(copper.harmonic, T, 5, range(6))
    np.testing.assert_array_equal(
        np.concatenate([pairs(copper.harmonic, T, 5, [n]) for n in range(6)]), whole
    )
    np.testing.assert_array_equal(pairs(copper.harmonic, T, 5, [4, 1]), whole[[4, 1]])
    assert np.abs(pairs(copper.harmonic, T, 6, [0]) - whole[:1]).max() > 0.01


def test_energies_beyond_the_harmonic_are_those_of_the_model(sevennet0):
    """Against energies with their derivatives, in whatever order."""
    salt = relaxed(sevennet0, "rocksalt", ["Na", "Cl"], CUBE, a=5.7)
    u = pairs(salt.harmonic, T, 3, range(2))
    before = salt.landscape.calls
    found = salt.model.beyond_harmonic(u)
    assert salt.landscape.calls - before == 4
    everywhere = salt.landscape.everywhere(salt.lam)
    hessian = salt.harmonic.hessian

    def expected(moved):
        return (
            salt.landscape.first(salt.rest + moved, np.zeros((3, 3)), everywhere).energy
            - salt.landscape.first(salt.rest, np.zeros((3, 3)), everywhere).energy
            - 0.5 * moved.reshape(-1) @ hessian @ moved.reshape(-1)
        )

    np.testing.assert_allclose(found, [[expected(one) for one in pair] for pair in u], atol=1e-9)
    np.testing.assert_array_equal(salt.model.beyond_harmonic(u[1]), found[1])
    np.testing.assert_allclose(salt.model.beyond_harmonic(u, at_once=3), found, atol=1e-10)
    assert salt.model.beyond_harmonic(u[:0]).shape == (0, 2)
    assert np.abs(found).max() > 0.003


def test_a_call_is_told_before_it_is_made(copper):
    told = []

    class Stopped(Exception):  # noqa: N818
        pass

    def tell():
        told.append(None)
        if len(told) == 3:
            raise Stopped

    landscape = SiteLandscape(
        copper.landscape.potential, copper.crystal, copper.crystal.lattice, copper.landscape.supercell, tell
    )
    of = model(landscape, copper.harmonic, copper.lam)
    with pytest.raises(Stopped):
        of.beyond_harmonic(pairs(copper.harmonic, T, 0, range(4)))
    assert landscape.calls == 2


def test_small_displacements_have_no_energy_beyond_the_harmonic(copper):
    u = 0.01 * pairs(copper.harmonic, T, 1, range(3))
    harmonic = copper.harmonic.energies(u)
    assert np.abs(copper.model.beyond_harmonic(u) / harmonic).max() < 0.01


def test_forces_that_are_left_at_rest_are_part_of_it_and_cancel_from_the_mean_of_a_pair(copper):
    """The rest positions moved off the minimum, along one mode of the supercell, by 0.02 Å."""
    moved = copper.rest + 0.02 * np.array([[1.0, 0, 0], [-1, 0, 0], [0, 0, 0], [0, 0, 0]])
    everywhere = np.ones(4)
    force = copper.landscape.first(moved, np.zeros((3, 3)), everywhere).by_position
    u = pairs(copper.harmonic, 1.0, 0, range(3))
    found = copper.landscape.energies((moved + u).reshape(-1, 4, 3), np.zeros((3, 3)), everywhere).reshape(
        -1, 2
    )
    found = found - copper.landscape.energies(moved[None], np.zeros((3, 3)), everywhere)[0]
    found = found - copper.harmonic.energies(u)
    work = np.einsum("na,kmna->km", force, u)
    assert np.abs(found).max() > 20 * np.abs(found.mean(axis=1)).max()
    np.testing.assert_allclose(found, work, atol=0.1 * np.abs(work).max())


@pytest.mark.parametrize("temperature", [0.0, -5.0, np.nan])
def test_samples_need_a_temperature(copper, temperature):
    with pytest.raises(ValueError, match="must be above 0 K"):
        pairs(copper.harmonic, temperature, 0, [0])


def test_a_landscape_of_another_lattice_is_refused(copper):
    other = SiteLandscape(
        copper.landscape.potential, copper.crystal, 1.01 * copper.crystal.lattice, copper.landscape.supercell
    )
    with pytest.raises(ValueError, match="relaxed lattice"):
        model(other, copper.harmonic, copper.lam)
