"""The time step, chosen and tested."""

from __future__ import annotations

import numpy as np
import pytest

from engine.dynamics.springs import Springs
from engine.dynamics.state import MASS_UNIT, begin
from engine.dynamics.timestep import chosen_timestep, conservation
from tests.engine.dynamics.toys import KB, OfVolume, fcc, pairs

HEAT = KB * 300.0


def test_the_time_step_is_a_twentieth_of_the_shortest_period():
    # A mass of 12 u on a spring of 30 eV/Å^2.
    frequency = np.sqrt(30.0 / (12.0 * MASS_UNIT)) / (2.0 * np.pi) * 1000.0
    assert frequency == pytest.approx(24.7, abs=0.1)  # THz
    assert chosen_timestep(np.array([12.0, 100.0]), frequency) == pytest.approx(1000.0 / frequency / 20.0)


@pytest.mark.parametrize(("mass", "highest"), [(12.011, 40.0), (14.007, 27.0), (22.99, 8.0), (55.8, 9.5)])
def test_without_frequencies_the_lightest_atom_decides_and_no_stiff_crystal_is_too_fast(mass, highest):
    # Highest frequencies of diamond, AlN, NaCl and Fe, THz.
    chosen = chosen_timestep(np.array([200.0, mass]))
    assert chosen < chosen_timestep(np.array([200.0, mass]), highest) * 1.05
    assert 0.5 < chosen < 5.0


def oscillators(factor, n=8, m=200):
    """Conservation of atoms on springs at a time step that is so many of their angular periods."""
    masses, frequency = np.full(n, 20.0), 0.05
    spring = masses[0] * MASS_UNIT * frequency**2
    still = np.eye(3 * n) - np.kron(np.full((n, n), 1.0 / n), np.eye(3))
    springs = Springs(np.zeros((n, 3)), spring * still)
    random = np.random.default_rng(0)
    positions = random.normal(scale=np.sqrt(HEAT / spring), size=(m, n, 3))
    positions -= positions.mean(axis=1, keepdims=True)
    state = begin(positions, masses, HEAT, 0, range(m))
    return conservation(springs, state, masses, factor / frequency, HEAT, np.zeros(m))


def test_the_fluctuation_of_the_energy_of_oscillators_is_that_of_the_closed_form():
    # Verlet keeps p^2/2m + k x^2/2 (1 - (w dt)^2/4), so the energy of a vibration of energy e swings by (w dt)^2/8 e
    # about its mean; energies are exponentially distributed, <e^2> = 2 (k_B T)^2.
    found = oscillators(0.3)
    assert found.fluctuation * 8 == pytest.approx(0.3**2 / 8.0 * HEAT * np.sqrt(21), rel=0.1)
    assert oscillators(0.15).fluctuation == pytest.approx(found.fluctuation / 4.0, rel=0.1)


def test_a_time_step_of_a_twentieth_of_a_period_passes_and_a_sixth_does_not():
    assert oscillators(2 * np.pi / 20.0).fault is None
    assert "too large: the energy fluctuates by" in oscillators(2 * np.pi / 6.0).fault


def test_beyond_the_limit_of_verlet_the_crystal_explodes_and_the_fault_says_so():
    found = oscillators(2.2)
    assert found.fluctuation == np.inf or found.fluctuation > HEAT
    assert "time step of 44 fs too large" in found.fault


def test_a_crystal_of_fractional_weights_passes_with_the_chosen_time_step():
    lattice, sites = fcc(a=3.9)
    model = pairs(sites, lattice)
    state = begin(sites[None], model.masses, 2.0 * HEAT, 0, [0])
    found = conservation(model, state, model.masses, chosen_timestep(model.masses), HEAT, np.array([0.4]))
    assert found.fault is None
    assert 0.0 < found.fluctuation < 0.1 * HEAT
    wild = conservation(model, state, model.masses, 40.0, HEAT, np.array([0.4]))
    assert "time step of 40 fs too large" in wild.fault


def test_free_atoms_keep_their_energy_to_rounding():
    masses = np.full(4, 20.0)
    found = conservation(
        OfVolume(), begin(np.zeros((1, 4, 3)), masses, HEAT, 0, [0]), masses, 5.0, HEAT, np.zeros(1)
    )
    assert found.fluctuation < 1e-15
    assert abs(found.drift) < 1e-12
