"""The Einstein crystal against closed forms and integrals, and as a reference of a harmonic crystal."""

from __future__ import annotations

import numpy as np
import pytest

from engine.dynamics.baoab import Langevin
from engine.dynamics.einstein import (
    einstein_frequencies,
    einstein_samples,
    held,
    held_frequencies,
    springs_like,
    springs_of,
)
from engine.dynamics.estimators import two_sided
from engine.dynamics.hamiltonian import Energies, between
from engine.dynamics.oscillators import classical, kinetic_free_energy, quantum, thermal_length
from engine.dynamics.samples import pairs
from engine.dynamics.sampling import sample
from engine.dynamics.schedules import linear
from engine.dynamics.springs import Springs, einstein_matrix
from engine.dynamics.state import begin
from engine.dynamics.switching import begin_switch, switch
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


def test_samples_are_gaussian_on_condition_that_the_centre_of_mass_rests():
    m = 20000
    u = einstein_samples(SPRINGS, MASSES, T, 3, range(m))
    assert np.abs(np.einsum("i,mia->ma", MASSES, u)).max() < 1e-10
    # Of the atoms' own covariance kT/k the part along the masses is taken away.
    covariance = np.diag(HEAT / SPRINGS)
    along = covariance @ MASSES
    expected = covariance - np.outer(along, along) / (MASSES @ along)
    found = np.einsum("mia,mja->ij", u, u) / (3 * m)
    np.testing.assert_allclose(found, expected, atol=4 * covariance.max() / np.sqrt(3 * m))
    np.testing.assert_array_equal(einstein_samples(SPRINGS, MASSES, T, 3, [7, 2]), u[[7, 2]])


class DoubleWells:
    """Two atoms whose distance is in a double well along each axis: at rest, between the wells, nothing is stable."""

    def __init__(self, depth: float, far: float) -> None:
        self.depth, self.far = depth, far

    def along(self, x):
        """Energy of one axis, eV, and its slope."""
        scaled = (x / self.far) ** 2
        return self.depth * (scaled**2 - 2.0 * scaled), 4.0 * self.depth * x / self.far**2 * (scaled - 1.0)

    def evaluate(self, positions, strain, lam, *, by_lam=False, by_strain=False):
        """As any Hamiltonian."""
        del strain, by_strain
        energy, slope = self.along(positions[:, 1] - positions[:, 0])
        return Energies(
            energy=energy.sum(axis=1),
            by_position=np.stack([-slope, slope], axis=1),
            by_lam=np.zeros_like(lam) if by_lam else None,
            by_strain=None,
        )


def test_switched_to_a_double_well_it_has_the_free_energy_of_the_integral():
    """Nothing about the crystal is harmonic: the Einstein crystal's free energy and the work are all there is."""
    masses, wells, springs = np.array([20.0, 30.0]), DoubleWells(1.2 * HEAT, 0.25), np.array([1.0, 1.5])
    reduced = masses.prod() / masses.sum()
    grid = np.linspace(-1.0, 1.0, 20001)
    integral = np.trapezoid(np.exp(-wells.along(grid)[0] / HEAT), grid)
    exact = -3.0 * HEAT * np.log(integral / thermal_length(reduced, T))
    hamiltonian = between(Springs(np.zeros((2, 3)), einstein_matrix(springs)), wells)
    integrator, m = Langevin(masses, 3.0, HEAT, 0.02), 400
    works = []
    for forward in (True, False):
        state = begin(
            einstein_samples(springs, masses, T, 0, range(m)),
            masses,
            HEAT,
            1,
            range(m * (not forward), m + m * (not forward)),
        )
        lam = np.full(m, 0.0 if forward else 1.0)
        state, _ = sample(hamiltonian, state, integrator, lam, 20 if forward else 1500, np.zeros((2, 3)))
        ended, _ = switch(hamiltonian, begin_switch(state), integrator, linear(150), np.full(m, forward))
        works.append(ended.work)
    found = two_sided(*works, HEAT, seed=0)
    total = held(springs, masses, [T]).free_energy[0] + found.free_energy
    assert found.standard_error < 0.1 * HEAT
    assert total == pytest.approx(exact, abs=4.0 * found.standard_error)


@pytest.mark.parametrize(
    ("of", "message"),
    [
        (lambda: einstein_samples([1.0, 1.0], [1.0, 1.0], 0.0, 0, [0]), "above 0 K"),
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
