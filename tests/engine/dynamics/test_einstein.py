"""The Einstein crystal against closed forms and integrals, and as a reference of a harmonic crystal."""

from __future__ import annotations

import numpy as np
import pytest

from engine.dynamics.einstein import einstein_frequencies, held, held_frequencies, springs_like, springs_of
from engine.dynamics.oscillators import classical, kinetic_free_energy, quantum, thermal_length
from engine.dynamics.samples import pairs
from tests.engine.dynamics.harmonic_crystals import BOLTZMANN, CUBE, relaxed

T = 300.0
HEAT = BOLTZMANN * T
SPRINGS, MASSES = np.array([2.0, 5.0, 3.0, 7.0]), np.array([23.0, 35.5, 39.1, 127.0])


def test_without_a_constraint_atoms_are_independent_oscillators():
    expected = sum(
        3 * HEAT * np.log(4.135667696e-3 * 15.6333042 * np.sqrt(k / m) / HEAT)
        for k, m in zip(SPRINGS, MASSES, strict=True)
    )
    assert classical(einstein_frequencies(SPRINGS, MASSES), [T]).free_energy[0] == pytest.approx(
        expected, rel=1e-10
    )


def test_with_the_centre_of_mass_held_it_is_the_integral_of_khanna_and_others():
    """-kT ln of prod (2 pi kT/k)^(3/2) (1 / (2 pi kT sum mu^2/k))^(3/2), mu = m/M, with the kinetic part added."""
    share = MASSES / MASSES.sum()
    integral = 1.5 * np.log(2 * np.pi * HEAT / SPRINGS).sum() - 1.5 * np.log(
        2 * np.pi * HEAT * (share**2 / SPRINGS).sum()
    )
    expected = -HEAT * integral + kinetic_free_energy(MASSES, T)
    assert held(SPRINGS, MASSES, [T]).free_energy[0] == pytest.approx(expected, rel=1e-6)


def test_with_equal_springs_and_masses_three_oscillators_are_missing():
    frequencies = held_frequencies(np.full(6, 4.0), np.full(6, 50.0))
    np.testing.assert_allclose(frequencies, 15.6333042 * np.sqrt(4.0 / 50.0), rtol=1e-9)
    assert len(frequencies) == 15
    assert held(np.full(6, 4.0), np.full(6, 50.0), [0.0], zero_point=True).free_energy[0] == pytest.approx(
        quantum(frequencies, [0.0]).free_energy[0]
    )


def test_free_and_held_differ_by_where_the_centre_of_mass_may_be():
    """Where nothing but springs holds it, the centre of mass of the free crystal spreads by kT sum mu^2/k."""
    share = MASSES / MASSES.sum()
    spread = HEAT * (share**2 / SPRINGS).sum()
    difference = (
        classical(einstein_frequencies(SPRINGS, MASSES), [T]).free_energy
        - held(SPRINGS, MASSES, [T]).free_energy
    )
    of_centre = -1.5 * HEAT * np.log(2 * np.pi * spread) + 3 * HEAT * np.log(thermal_length(MASSES.sum(), T))
    assert difference[0] == pytest.approx(of_centre, rel=1e-6)


def test_switching_from_it_to_a_harmonic_crystal_gives_the_free_energy_of_that(sevennet0):
    """Thermodynamic integration with the mean slope in closed form, the centre of mass held throughout."""
    salt = relaxed(sevennet0, "rocksalt", ["Na", "Cl"], CUBE, a=5.7).harmonic
    springs, masses = springs_like(salt), np.tile(salt.masses, 4)
    einstein = np.diag(np.repeat(springs, 3))
    centre = np.kron(masses / np.linalg.norm(masses), np.eye(3))
    inside = np.linalg.svd(centre)[2][3:].T
    nodes, weights = np.polynomial.legendre.leggauss(16)
    work = 0.0
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        between = inside.T @ ((1 - node) * einstein + node * salt.hessian) @ inside
        slope = inside.T @ (salt.hessian - einstein) @ inside
        work += weight * HEAT / 2 * np.trace(np.linalg.solve(between, slope))
    found = held(springs, masses, [T]).free_energy[0] + work
    assert found == pytest.approx(salt.classical([T]).free_energy[0], abs=1e-6)
    assert abs(work) > 0.01


def test_springs_let_atoms_move_as_far_as_they_did(sevennet0):
    salt = relaxed(sevennet0, "rocksalt", ["Na", "Cl"], CUBE, a=5.7).harmonic
    u = pairs(salt, T, 0, range(2000))[:, 0]
    squares = (u**2).sum(axis=2).mean(axis=0)
    np.testing.assert_allclose(springs_of(squares, T), springs_like(salt), rtol=0.12)
    np.testing.assert_allclose(springs_of(3 * HEAT / SPRINGS, T), SPRINGS)


@pytest.mark.parametrize(
    ("of", "message"),
    [
        (lambda: springs_of([0.1, 0.0], T), "must be above zero, got 0"),
        (lambda: springs_of([0.1], 0.0), "above 0 K"),
        (lambda: held([1.0, -1.0], [1.0, 1.0], [T]), "springs of an Einstein crystal"),
        (lambda: held([1.0, 1.0], [1.0, 0.0], [T]), "masses of an Einstein crystal"),
        (lambda: held([1.0], [1.0, 1.0], [T]), "every atom needs a spring"),
    ],
)
def test_bad_springs_are_refused(of, message):
    with pytest.raises(ValueError, match=message):
        of()
