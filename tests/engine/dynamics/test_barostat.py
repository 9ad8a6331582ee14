"""Cells under a pressure: distributions of the volume in closed form, and against pressures at fixed volumes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.dynamics.baoab import Langevin, trajectory
from engine.dynamics.barostat import AROUND_Z, ISOTROPIC, ORTHORHOMBIC, Piston, piston_mass
from engine.dynamics.cell_path import CellPath
from engine.dynamics.estimators import two_sided
from engine.dynamics.explosion import TrajectoryFailed
from engine.dynamics.hamiltonian import Combination, Term
from engine.dynamics.sampling import sample
from engine.dynamics.schedules import linear
from engine.dynamics.springs import Springs, einstein_matrix
from engine.dynamics.state import begin, deformation, restored
from engine.dynamics.switching import begin_switch, switch
from tests.engine.dynamics.toys import KB, OfVolume, fcc, pairs

HEAT = KB * 300.0
MASSES = np.array([20.0, 30.0, 45.0])


def volumes(hamiltonian, piston, m=64, steps=900, left_out=150, start=0.0):
    """Volumes over that of the unstrained cell, [steps, m], and the last state."""
    state = begin(
        np.zeros((m, len(piston.masses), 3)),
        piston.masses,
        HEAT,
        0,
        range(m),
        strain=np.tile(start * np.eye(3), (m, 1, 1)),
        modes=len(piston.modes),
    )
    found = []
    for moment in trajectory(hamiltonian, state, piston, [np.zeros(m)] * (steps + 1)):
        found.append(np.linalg.det(deformation(moment.state.strain)))
    return np.array(found)[left_out:], moment.state


def mean_and_error(samples):
    of_replicas = samples.mean(axis=0)
    return of_replicas.mean(), of_replicas.std(ddof=1) / np.sqrt(samples.shape[1])


def assert_moments(found, mean, variance):
    """Mean and mean square about it of the volumes, within 4.5 standard errors, which are small."""
    for samples, expected, precision in ((found, mean, 0.04), ((found - mean) ** 2, variance, 0.15)):
        value, error = mean_and_error(samples)
        assert error < precision * expected
        assert abs(value - expected) < 4.5 * error


@pytest.mark.parametrize(
    "modes", [ISOTROPIC, AROUND_Z, ORTHORHOMBIC], ids=["isotropic", "around z", "orthorhombic"]
)
def test_an_ideal_gas_in_an_elastic_box_has_volumes_as_by_quadrature(modes):
    # The shape of the box is free where there is more than one mode, and has no part in the volume's distribution.
    pressure, stiffness = 5.0 * HEAT, 20.0 * HEAT
    piston = Piston(Langevin(MASSES, 2.0, HEAT, 0.05), 1.0, pressure, 400.0, 0.05, modes)
    log = np.linspace(-3.0, 3.0, 6001)
    weight = np.exp(4.0 * log - 5.0 * np.exp(log) - 10.0 * log**2)  # V^n and dV = V d ln V, of 3 atoms
    weight /= weight.sum()
    mean = weight @ np.exp(log)
    found, state = volumes(OfVolume(stiffness), piston)
    assert_moments(found, mean, weight @ (np.exp(log) - mean) ** 2)
    on_axes = state.strain[:, np.arange(3), np.arange(3)]
    assert np.ptp(on_axes, axis=1).max() < 1e-12 if len(modes) == 1 else np.ptp(on_axes, axis=1).min() > 0.0


def quadrature(stiffness, rest, pressure, power):
    """Weight of volumes exp(log) among dV V^power, [n] of them, and its logarithmic sum; energies in k_B T."""
    log = np.linspace(-3.0, 3.0, 12001)
    exponent = (power + 1) * log - pressure * np.exp(log) - 0.5 * stiffness * (log - rest) ** 2
    top = exponent.max()
    weight = np.exp(exponent - top)
    return log, weight / weight.sum(), top + np.log(weight.sum())


def test_a_crystal_whose_centre_is_held_has_one_volume_less():
    # Springs take V^(n-1) away, and nothing of V is left beside dV.
    springs = Springs(np.zeros((3, 3)), einstein_matrix(np.array([1.0, 1.0, 1.0])))
    particles = Langevin(np.full(3, 30.0), 3.0, HEAT, 0.05)
    piston = Piston(particles, 1.0, 5.0 * HEAT, 400.0, 0.05, ISOTROPIC, centre_held=True)
    found, _ = volumes(Combination((Term(springs), Term(OfVolume(20.0 * HEAT)))), piston, steps=700)
    log, weight, _ = quadrature(20.0, 0.0, 5.0, 0)
    mean = weight @ np.exp(log)
    assert_moments(found, mean, weight @ (np.exp(log) - mean) ** 2)


SMALL, LARGE = (30.0, 0.0, (1.0, 1.0, 1.0)), (80.0, 0.25, (2.5, 2.5, 2.5))
"""Stiffness and rest of the volume in k_B T, and springs of three atoms."""
FIRST_HELD, LAST_HELD = (30.0, 0.0, (1.0, 2.0, 5.0)), (30.0, 0.0, (5.0, 2.0, 1.0))


@pytest.mark.parametrize(
    ("first", "last", "carried"),
    [(SMALL, LARGE, False), (LARGE, SMALL, True), (FIRST_HELD, LAST_HELD, False)],
    ids=["there", "and back, the cell carried along", "to the same, atoms exchanged"],
)
def test_works_in_moving_cells_are_of_the_gibbs_energy_between_wells(first, last, carried):
    # Springs whose stiffness and cells whose rest and stiffness change: closed form and quadrature.
    m = 100
    terms = [
        Term(part, 1.0 - end, 1.0 * end)
        for end, (stiffness, rest, springs) in enumerate((first, last))
        for part in (
            OfVolume(stiffness * HEAT, rest),
            Springs(np.zeros((3, 3)), einstein_matrix(np.array(springs))),
        )
    ]
    hamiltonian, pressure = Combination(terms), 4.0
    particles = Langevin(np.full(3, 30.0), 5.0, HEAT, 0.05)
    piston = Piston(particles, 1.0, pressure * HEAT, 300.0, 0.05, ISOTROPIC, centre_held=True)
    strains = np.expm1(np.array([first[1], last[1]]) / 3.0)[:, None, None] * np.eye(3)
    path = CellPath((0.0, 1.0), strains) if carried else None
    works = {}
    for forward in (True, False):
        lam = np.full(m, 0.0 if forward else 1.0)
        begun = begin(np.zeros((m, 3, 3)), piston.masses, HEAT, 3, range(m), modes=1)
        settled, _ = sample(hamiltonian, begun, piston, lam, 120, np.zeros((3, 3)))
        ended, _ = switch(
            hamiltonian, begin_switch(settled), piston, linear(60), np.full(m, forward), path=path
        )
        works[forward] = ended.work
    found = two_sided(works[True], works[False], HEAT, seed=0)
    of_volumes = [quadrature(*well[:2], pressure, 0)[2] for well in (first, last)]
    # Six directions of three equal springs, half each; springs exchanged are the same crystal.
    expected = HEAT * (3.0 * np.log(sum(last[2]) / sum(first[2])) + of_volumes[0] - of_volumes[1])
    assert abs(expected) > HEAT or first[2] == last[2][::-1]
    assert found.standard_error < 0.15 * HEAT
    assert found.forward_dissipation > 0.1 * HEAT
    assert abs(found.free_energy - expected) < 4.0 * found.standard_error


def test_a_cell_that_nothing_holds_is_told():
    particles = Langevin(MASSES, 2.0, HEAT, 0.05)
    piston = Piston(particles, 1.0, 0.0, 400.0, 0.05, ISOTROPIC, centre_held=True)
    with pytest.raises(TrajectoryFailed, match=r"times the volume of the parent, so that nothing holds it"):
        volumes(OfVolume(), piston, m=4)


def test_without_any_energy_the_volume_of_an_ideal_gas_is_gamma_distributed():
    piston = Piston(Langevin(MASSES, 2.0, HEAT, 0.05), 1.0, 5.0 * HEAT, 400.0, 0.05, ISOTROPIC)
    found, _ = volumes(OfVolume(), piston)
    assert_moments(found, 4.0 / 5.0, 4.0 / 25.0)


def test_springs_that_stretch_with_the_cell_leave_one_volume_of_freedom():
    # Integrating over n - 1 sites at scaled positions takes V^(n-1) away: p(V) ~ V exp(-(P V + U(V)) / k_B T).
    stiffness = 60.0 * HEAT
    springs = Springs(np.zeros((3, 3)), einstein_matrix(np.array([1.0, 1.0, 1.0])))
    same = np.full(3, 30.0)
    piston = Piston(Langevin(same, 3.0, HEAT, 0.05), 1.0, 5.0 * HEAT, 400.0, 0.05, ISOTROPIC)
    found, _ = volumes(Combination((Term(springs), Term(OfVolume(stiffness)))), piston)
    log = np.linspace(-2.0, 2.0, 4001)
    weight = np.exp(2.0 * log - 5.0 * np.exp(log) - 30.0 * log**2)
    weight /= weight.sum()
    mean = weight @ np.exp(log)
    assert_moments(found, mean, weight @ (np.exp(log) - mean) ** 2)


def test_volumes_of_a_crystal_are_those_that_pressures_at_fixed_volumes_foretell():
    # ln p(V) = -(F(V) + P V) / k_B T with -dF/dV the mean pressure, n k_B T/V less the virial, of runs in held cells.
    lattice, sites = fcc(a=3.85)
    replicas = pairs(sites, lattice)
    volume, heat = abs(np.linalg.det(lattice)), KB * 200.0
    particles = Langevin(replicas.masses, 4.0, heat, 0.02)
    grid = np.linspace(-0.04, 0.06, 5)  # linear strains
    m = 6
    strain = np.repeat(grid, m)[:, None, None] * np.eye(3)
    state = begin(
        np.stack([sites] * len(strain)), replicas.masses, heat, 1, range(len(strain)), strain=strain
    )
    held = replace(particles, by_strain=True)
    _, series = sample(replicas, state, held, np.zeros(len(strain)), 200, sites)
    virial = np.trace(series.virial[40:], axis1=2, axis2=3)
    by_stretch = (virial - 3 * len(sites) * heat).mean(axis=0).reshape(len(grid), m)  # 3 V dF/dV
    logs = np.log1p(grid)
    fit = np.polynomial.Polynomial.fit(logs, by_stretch.mean(axis=1), 3).integ()
    fine = np.linspace(logs[0], logs[-1], 2001)
    weight = np.exp(-(fit(fine) - fit(fine).min()) / heat + 3.0 * fine)  # dV = 3 V d ln L
    weight /= weight.sum()
    mean = weight @ np.exp(3 * fine)
    width = np.sqrt(weight @ (np.exp(3 * fine) - mean) ** 2)

    piston = Piston(particles, volume, 0.0, piston_mass(0.3, volume, 300.0), 0.02, ISOTROPIC)
    state = begin(np.stack([sites] * 24), replicas.masses, heat, 2, range(24), modes=1)
    _, series = sample(replicas, state, piston, np.zeros(24), 400, sites)
    found = series.volume[100:]
    value, error = mean_and_error(found)
    of_fixed = width * 0.1  # what the pressures are uncertain by
    assert error < 0.1 * width
    assert abs(value - mean) < 4.0 * error + of_fixed
    assert found.std() == pytest.approx(width, rel=0.15)


def test_a_run_under_pressure_that_is_resumed_equals_one_that_is_not():
    lattice, sites = fcc(a=3.85)
    replicas = pairs(sites, lattice)
    volume = abs(np.linalg.det(lattice))
    piston = Piston(
        Langevin(replicas.masses, 4.0, HEAT, 0.02),
        volume,
        0.01,
        piston_mass(0.3, volume, 300.0),
        0.02,
        ORTHORHOMBIC,
    )
    begun = begin(np.stack([sites] * 2), replicas.masses, HEAT, 2, [0, 1], modes=3)
    lam = np.zeros(2)
    once, _ = sample(replicas, sample(replicas, begun, piston, lam, 10, sites)[0], piston, lam, 10, sites)
    half, _ = sample(replicas, begun, piston, lam, 10, sites)
    twice, _ = sample(pairs(sites, lattice), restored(half.arrays()), piston, lam, 10, sites)
    for name, values in once.arrays().items():
        assert np.array_equal(values, twice.arrays()[name]), name


def test_a_cell_that_is_sheared_is_refused():
    lattice, sites = fcc()
    replicas = pairs(sites, lattice)
    strain = np.zeros((1, 3, 3))
    strain[0, 0, 1] = 0.01
    piston = Piston(Langevin(replicas.masses, 4.0, HEAT, 0.02), 1.0, 0.0, 1.0, 0.02, ISOTROPIC)
    state = begin(sites[None], replicas.masses, HEAT, 0, [0], strain=strain, modes=1)
    with pytest.raises(ValueError, match="stretched along x, y and z"):
        sample(replicas, state, piston, np.zeros(1), 1, sites)


def test_the_volume_swings_with_the_period_of_the_mass():
    # Without noise and friction, in an energy of the volume alone: stiffness/2 (ln V)^2 is B V0 = stiffness.
    stiffness, period = 3.0, 500.0
    piston = Piston(
        Langevin(MASSES, 5.0, 1e-12, 0.0), 1.0, 0.0, piston_mass(stiffness, 1.0, period), 0.0, ISOTROPIC
    )
    found, _ = volumes(OfVolume(stiffness), piston, m=1, steps=101, left_out=0, start=0.001)
    assert found[100, 0] - 1.0 == pytest.approx(found[0, 0] - 1.0, rel=1e-2)
    assert found[50, 0] - 1.0 == pytest.approx(1.0 - found[0, 0], rel=1e-2)
