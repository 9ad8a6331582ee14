"""The crystal with an energy of its bonds: its closed forms, and the free energy of models against many samples."""

from __future__ import annotations

import numpy as np
import pytest

from engine.dynamics.beyond_harmonic import direct, in_two_stages
from engine.dynamics.bonds import BondEnergy, bonds, fit_bonds
from engine.dynamics.one_sided import one_sided
from engine.dynamics.samples import pairs
from engine.dynamics.two_stage import ISLANDS, WALKERS, drawn
from tests.engine.dynamics.harmonic_crystals import BOLTZMANN, CUBE, relaxed, springs

T = 500.0
HEAT = BOLTZMANN * T


@pytest.fixture(scope="module")
def copper():
    """Four atoms that are soft and very anharmonic."""
    return springs(CUBE, steepness=2.5, spring=2.0)


def found_by(copper, seed, fitted=20, wanted=40):
    """The free energy beyond the harmonic from 2 fitted + wanted energies."""
    of = bonds(copper.harmonic, [29])
    u = pairs(copper.harmonic, T, seed, range(fitted))
    work = copper.model.beyond_harmonic(u, at_once=40)
    energy = fit_bonds(of, copper.harmonic, u, work)
    first = drawn(energy, T, seed, wanted)
    left = copper.model.beyond_harmonic(first.displacements, at_once=40) - first.energies
    return in_two_stages(first, one_sided(left[:, None], HEAT, seed), work.size), energy, work


def test_bonds_are_the_nearest_pairs_of_each_two_kinds(copper, sevennet0):
    of = bonds(copper.harmonic, [29])
    assert len(of.kind) == 4 * 12 / 2
    np.testing.assert_allclose(np.linalg.norm(of.vectors, axis=1), 2.5)
    salt = relaxed(sevennet0, "rocksalt", ["Na", "Cl"], CUBE, a=5.7)
    of = bonds(salt.harmonic, [11, 17])
    lengths = np.linalg.norm(of.vectors, axis=1) / salt.crystal.lattice.max()
    counts = {(kind, round(length, 3)): 0 for kind, length in zip(of.kind, lengths, strict=True)}
    for kind, length in zip(of.kind, lengths, strict=True):
        counts[kind, round(length, 3)] += 1
    # Four Na-Na and Cl-Cl by 12 / 2 each, and four Na-Cl by 6, in a cell of 4 + 4 sites.
    assert sorted(counts.values()) == [24, 24, 24]
    rest = salt.rest[of.first] + of.vectors - salt.rest[of.second]
    whole = rest @ np.linalg.inv(salt.landscape.supercell.matrix @ salt.crystal.lattice)
    np.testing.assert_allclose(whole, np.round(whole), atol=1e-9)


def test_an_empty_site_has_no_bonds(copper):
    of = bonds(springs([[1, 0, 0], [0, 1, 0], [0, 0, 4]]).harmonic, [29])
    assert len(of.kind) == 24
    assert of.groups.sum() == 4


def test_features_are_beyond_second_order(copper):
    """But the last two, the squares of displacements and the harmonic energy."""
    of = bonds(copper.harmonic, [29])
    u = pairs(copper.harmonic, T, 0, range(2))[:, 0]
    whole, half = of.features(copper.harmonic, u), of.features(copper.harmonic, u / 2)
    ratio = whole[:, :-2] / half[:, :-2]
    assert (np.abs(ratio) > 6.0).all()
    np.testing.assert_allclose(whole[:, -2:] / half[:, -2:], 4.0)
    np.testing.assert_allclose(whole[:, -1], copper.harmonic.energies(u))
    np.testing.assert_allclose(whole[:, -2], (u**2).sum(axis=(1, 2)))


def test_a_fit_foretells_what_it_was_not_fitted_to(copper):
    _, energy, _ = found_by(copper, 0)
    u = pairs(copper.harmonic, T, 77, range(200))
    work = copper.model.beyond_harmonic(u).reshape(-1)
    missed = work - energy.energies(u.reshape(-1, 4, 3))
    assert missed.std() < 0.35 * work.std()
    assert 0.5 < energy.left_out / missed.std() < 2.0


@pytest.mark.parametrize("factor", [-0.3, 0.8])
def test_a_crystal_whose_springs_are_scaled_has_the_free_energy_of_its_closed_form(copper, factor):
    """Bonds that add a part of the harmonic energy: 9 oscillators whose springs are 1 + factor times as stiff."""
    of = bonds(copper.harmonic, [29])
    coefficients = np.zeros(of.features(copper.harmonic, np.zeros((1, 4, 3))).shape[1])
    coefficients[-1] = factor
    energy = BondEnergy(of, copper.harmonic, coefficients, 0.0)
    exact = 9 * HEAT / 2 * np.log(1 + factor)
    found = [drawn(energy, T, seed, 400) for seed in range(8)]
    missed = np.array([one.difference - exact for one in found])
    assert missed.std() < 2.0 * np.mean([one.error for one in found])
    assert abs(missed.mean()) < 4 * np.mean([one.error for one in found]) / np.sqrt(8)
    assert max(one.error for one in found) < 0.15 * HEAT
    harmonic = np.concatenate([copper.harmonic.energies(one.displacements) for one in found])
    expected = 9 * HEAT / 2 / (1 + factor)
    assert harmonic.mean() == pytest.approx(expected, abs=5 * harmonic.std() / np.sqrt(len(harmonic) / 2))
    np.testing.assert_allclose(found[0].energies, factor * copper.harmonic.energies(found[0].displacements))
    assert all(one.forgotten for one in found)


def test_samples_are_a_function_of_the_seed(copper):
    _, energy, _ = found_by(copper, 0)
    one, same, other = (drawn(energy, T, seed, 10) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.displacements, same.displacements)
    assert one.difference == same.difference
    assert np.abs(one.displacements - other.displacements).max() > 0.01


def test_drawing_tells_of_every_move_and_can_be_ended(copper):
    of = bonds(copper.harmonic, [29])
    u = pairs(copper.harmonic, T, 0, range(20))
    energy = fit_bonds(of, copper.harmonic, u, copper.model.beyond_harmonic(u, at_once=40))
    seen: list[int] = []
    found = drawn(energy, T, 0, 8, lambda: seen.append(1))
    assert found.evaluations == (1 + len(seen)) * ISLANDS * WALKERS

    def cancelled():
        seen.append(1)
        raise KeyboardInterrupt

    told = len(seen)
    with pytest.raises(KeyboardInterrupt):
        drawn(energy, T, 0, 8, cancelled)
    assert len(seen) == told + 1


def test_the_free_energy_of_a_model_is_that_of_many_samples_and_the_error_its_spread(copper):
    """Against 3000 energies from one side; over 20 seeds of 80 energies each."""
    many = one_sided(
        copper.model.beyond_harmonic(pairs(copper.harmonic, T, 99, range(1500)), at_once=50), HEAT, 0
    )
    assert many.error < 0.02 * HEAT
    found = [found_by(copper, seed)[0] for seed in range(20)]
    answers = np.array([one.difference for one in found])
    errors = np.array([one.error for one in found])
    assert all(one.enough for one in found)
    assert all(one.calls == 80 for one in found)
    together = np.hypot(errors.mean() / np.sqrt(20), many.error)
    assert answers.mean() == pytest.approx(many.difference, abs=4 * together)
    assert 1 / 1.5 < answers.std(ddof=1) / np.sqrt((errors**2).mean()) < 1.5
    # As many energies from one side leave more than twice the error.
    alone = one_sided(copper.model.beyond_harmonic(pairs(copper.harmonic, T, 0, range(40))), HEAT, 0)
    assert direct(alone).error > 1.5 * errors.mean()


def test_where_one_side_says_why_it_is_not_enough_so_does_the_whole():
    random = np.random.default_rng(0)
    alone = one_sided(0.1 * random.standard_normal((50, 1)), HEAT, 0)
    assert direct(alone).reasons == alone.reasons
    assert not direct(alone).enough


def test_of_salt_it_takes_a_few_energies(sevennet0):
    """16 atoms at 300 K: 60 energies in two stages against 160 from one side."""
    salt = relaxed(sevennet0, "rocksalt", ["Na", "Cl"], [[2, 0, 0], [0, 2, 0], [0, 0, 2]], a=5.7)
    heat = BOLTZMANN * 300.0
    many = one_sided(
        salt.model.beyond_harmonic(pairs(salt.harmonic, 300.0, 99, range(80)), at_once=4), heat, 0
    )
    of = bonds(salt.harmonic, salt.crystal.labels)
    u = pairs(salt.harmonic, 300.0, 0, range(15))
    work = salt.model.beyond_harmonic(u)
    first = drawn(fit_bonds(of, salt.harmonic, u, work), 300.0, 0, 30)
    left = salt.model.beyond_harmonic(first.displacements) - first.energies
    found = in_two_stages(first, one_sided(left[:, None], heat, 0), work.size)
    assert found.enough
    assert found.difference == pytest.approx(many.difference, abs=4 * np.hypot(found.error, many.error))
    assert found.error / 16 < 0.0003
    assert left.std() < 0.5 * work.std()
