"""Thermodynamics of oscillators against sums over levels, integrals and the ideal gas of ASE."""

from __future__ import annotations

import numpy as np
import pytest
from ase.thermochemistry import IdealGasThermo
from ase.units import kB

from engine.dynamics.oscillators import (
    centre_of_mass,
    classical,
    filled,
    kinetic_free_energy,
    quantum,
    quantum_correction,
    thermal_length,
)

BOLTZMANN, PLANCK = 8.617333262e-5, 4.135667696e-3  # eV/K, eV/THz
FREQUENCIES = np.array([0.7, 3.1, 9.4])


def test_quantum_oscillators_are_a_sum_over_their_levels():
    temperatures = np.array([5.0, 80.0, 300.0])
    found = quantum(FREQUENCIES, temperatures)
    levels = PLANCK * FREQUENCIES[:, None] * (np.arange(4000) + 0.5)
    for number, temperature in enumerate(temperatures):
        heat = BOLTZMANN * temperature
        ground = levels[:, :1]
        boltzmann = np.exp(-(levels - ground) / heat)
        parts = boltzmann.sum(axis=1)
        energy = (levels * boltzmann).sum(axis=1) / parts
        square = (levels**2 * boltzmann).sum(axis=1) / parts
        free = (ground[:, 0] - heat * np.log(parts)).sum()
        assert found.free_energy[number] == pytest.approx(free, rel=1e-10)
        assert found.energy[number] == pytest.approx(energy.sum(), rel=1e-10)
        assert found.entropy[number] == pytest.approx((energy.sum() - free) / temperature, rel=1e-8)
        capacity = (square - energy**2).sum() / (heat * temperature)
        assert found.heat_capacity[number] == pytest.approx(capacity, rel=1e-7)


def test_classical_oscillators_are_an_integral_over_phase_space():
    """Of one oscillator of 1 u: x and v by quadrature, with one state in h of phase space."""
    frequency, temperature = 4.0, 250.0
    heat = BOLTZMANN * temperature
    mass = 103.64269652  # eV fs^2/Å^2 in 1 u
    spring = mass * (2 * np.pi * frequency * 1e-3) ** 2
    x = np.linspace(-8.0, 8.0, 20001) * np.sqrt(heat / spring)
    p = np.linspace(-8.0, 8.0, 20001) * np.sqrt(mass * heat)
    states = np.trapezoid(np.exp(-spring * x**2 / (2 * heat)), x)
    states *= np.trapezoid(np.exp(-(p**2) / (2 * mass * heat)), p) / (PLANCK * 1e3)
    found = classical([frequency], [temperature])
    assert found.free_energy[0] == pytest.approx(-heat * np.log(states), abs=1e-8)
    assert found.heat_capacity[0] == pytest.approx(BOLTZMANN)
    assert found.energy[0] == pytest.approx(heat)


def test_hot_quantum_oscillators_are_classical():
    """The difference of the free energies falls as (h nu)^2 / 24 kT."""
    temperatures = np.array([2000.0, 4000.0])
    difference = (
        quantum(FREQUENCIES, temperatures).free_energy - classical(FREQUENCIES, temperatures).free_energy
    )
    wigner = ((PLANCK * FREQUENCIES) ** 2).sum() / (24 * BOLTZMANN * temperatures)
    np.testing.assert_allclose(difference, wigner, rtol=1e-3)
    hot = quantum(FREQUENCIES, [20000.0])
    assert hot.heat_capacity[0] == pytest.approx(3 * BOLTZMANN, rel=1e-4)


def test_at_zero_temperature_the_zero_point_energy_is_left():
    found = quantum(FREQUENCIES, [0.0, 1e-3])
    np.testing.assert_allclose(found.free_energy, 0.5 * PLANCK * FREQUENCIES.sum(), rtol=1e-14)
    np.testing.assert_allclose(found.energy, found.free_energy)
    assert not found.entropy.any()
    assert not found.heat_capacity.any()


@pytest.mark.parametrize("of", [classical, quantum])
def test_the_quantities_are_derivatives_of_one_another(of):
    step = 0.01
    low, at, high = (of(FREQUENCIES, [150.0 + shift]) for shift in (-step, 0.0, step))
    slope = (high.free_energy - low.free_energy) / (2 * step)
    np.testing.assert_allclose(at.entropy, -slope, rtol=1e-7)
    np.testing.assert_allclose(at.heat_capacity, (high.energy - low.energy) / (2 * step), rtol=1e-6)
    np.testing.assert_allclose(at.free_energy, at.energy - 150.0 * at.entropy, rtol=1e-12)


def test_a_share_of_a_crystal_has_that_share_of_everything():
    whole, half = quantum(FREQUENCIES, [100.0]), quantum(FREQUENCIES, [100.0]).times(0.5)
    for name in ("free_energy", "energy", "entropy", "heat_capacity"):
        assert getattr(half, name)[0] == pytest.approx(getattr(whole, name)[0] / 2)
    assert half.temperatures[0] == pytest.approx(100.0)


def test_kinetic_and_configurational_parts_make_up_the_free_energy_of_the_vibrations():
    """The configurational integral in closed form, from the springs without masses, the mean position held."""
    random = np.random.default_rng(0)
    n, temperature = 5, 320.0
    heat = BOLTZMANN * temperature
    masses = random.uniform(5.0, 90.0, n)
    ends = np.array([(i, j) for i in range(n) for j in range(i)])
    hessian = np.zeros((3 * n, 3 * n))
    for i, j in ends:
        across = np.zeros((3, 3 * n))
        across[:, 3 * i : 3 * i + 3], across[:, 3 * j : 3 * j + 3] = np.eye(3), -np.eye(3)
        half = random.normal(size=(3, 3))
        hessian += across.T @ (half @ half.T + np.eye(3)) @ across
    springs = np.linalg.eigvalsh(hessian)[3:]
    configurations = 1.5 * np.log(n) + 0.5 * np.log(2 * np.pi * heat / springs).sum()
    root = np.sqrt(np.repeat(masses, 3))
    frequencies = 15.6333042 * np.sqrt(np.linalg.eigvalsh(hessian / np.outer(root, root))[3:])
    expected = -heat * configurations + kinetic_free_energy(masses, temperature)
    assert classical(frequencies, [temperature]).free_energy[0] == pytest.approx(expected, rel=1e-6)


def test_a_change_of_masses_is_three_halves_kt_of_each_logarithm_less_that_of_the_whole():
    before, after = np.array([23.0, 35.5, 23.0, 35.5]), np.array([39.1, 35.5, 39.1, 35.5])
    heat = BOLTZMANN * 300.0
    found = kinetic_free_energy(after, 300.0) - kinetic_free_energy(before, 300.0)
    logarithms = 2 * np.log(23.0 / 39.1) - np.log(before.sum() / after.sum())
    assert found == pytest.approx(1.5 * heat * logarithms, rel=1e-12)


def test_the_centre_of_mass_is_an_ideal_gas_of_one_particle():
    """ASE's ideal gas of atoms at the pressure that one particle in the volume has: G = -kT ln(V / L^3)."""
    from ase import Atoms

    mass, volume, temperature = 1870.0, 45.0, 300.0
    particle = Atoms("H", masses=[mass])
    gas = IdealGasThermo([], "monatomic", atoms=particle, symmetrynumber=1, spin=0)
    pressure = kB * temperature / volume * 1.602176634e-19 / 1e-30
    expected = gas.get_gibbs_energy(temperature, pressure, verbose=False)
    assert centre_of_mass(mass, volume, temperature) == pytest.approx(expected, abs=2e-6)
    assert thermal_length(1.00784, 300.0) == pytest.approx(1.0041, abs=1e-3)


def test_three_missing_vibrations_are_filled_in_by_the_mean_of_the_others():
    frequencies = np.full(21, 4.0)
    whole = classical(np.full(24, 4.0), [300.0]).free_energy[0]
    assert filled(classical(frequencies, [300.0]).free_energy[0], 8) == pytest.approx(whole)


@pytest.mark.parametrize("of", [classical, quantum])
def test_imaginary_frequencies_and_negative_temperatures_are_refused(of):
    with pytest.raises(ValueError, match=r"above zero, got -1\.5 THz"):
        of([2.0, -1.5], [300.0])
    with pytest.raises(ValueError, match="-3 K"):
        of([2.0], [300.0, -3.0])


def test_classical_oscillators_have_no_zero_temperature():
    with pytest.raises(ValueError, match="quantum ones go down to 0 K"):
        classical([2.0], [0.0])


def levels_of_a_double_well(far, depth, mass, count):
    """Energies of one particle (u) in depth ((x/far)^4 - 2 (x/far)^2), eV and Å, by diagonalisation on a grid."""
    x = np.linspace(-3.0 * far, 3.0 * far, 601)
    inertia = mass * 103.64269652  # eV fs^2/Å^2
    kinetic = 0.6582119569**2 / (2.0 * inertia * (x[1] - x[0]) ** 2)
    scaled = (x / far) ** 2
    values = depth * (scaled**2 - 2.0 * scaled)
    matrix = np.diag(values + 2.0 * kinetic) - kinetic * (np.eye(len(x), k=1) + np.eye(len(x), k=-1))
    return np.linalg.eigvalsh(matrix)[:count], x, values, inertia


@pytest.mark.parametrize("temperature", [100.0, 300.0])
def test_modes_that_fall_count_for_nothing_and_that_is_a_lower_bound(temperature):
    heat = BOLTZMANN * temperature
    rising = quantum(FREQUENCIES, temperature).free_energy - classical(FREQUENCIES, temperature).free_energy
    assert quantum_correction(FREQUENCIES, temperature) == pytest.approx(rising[0], rel=1e-12)
    assert quantum_correction([-1.5, *FREQUENCIES], temperature) == pytest.approx(rising[0], rel=1e-12)
    # What is left out, of a well that falls at its middle: above zero.
    levels, x, values, inertia = levels_of_a_double_well(0.3, 0.05, 20.0, 300)
    exact = -heat * np.log(np.exp(-levels / heat).sum())
    wavelength = np.sqrt(2.0 * np.pi * 0.6582119569**2 / (inertia * heat))
    integral = np.trapezoid(np.exp(-values / heat), x) / wavelength
    assert exact > -heat * np.log(integral)
