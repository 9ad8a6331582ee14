"""Langevin dynamics: averages in closed form, the limit without friction, and trajectories that are taken up again."""

from __future__ import annotations

from itertools import repeat

import numpy as np
import pytest
from ase.build import bulk

from engine.dynamics.baoab import Langevin, trajectory
from engine.dynamics.replicas import Replicas
from engine.dynamics.sampling import joined, sample
from engine.dynamics.springs import Springs
from engine.dynamics.state import MASS_UNIT, begin, kinetic_energy, restored
from tests.engine.dynamics.toys import KB, fcc, pairs

HEAT = KB * 400.0


def spring_crystal(masses, seed=0):
    """A positive matrix that does not notice translations, [3 n, 3 n] eV/Å^2."""
    n = len(masses)
    random = np.random.default_rng(seed)
    square = random.normal(size=(3 * n, 3 * n))
    still = np.eye(3 * n) - np.kron(np.ones((n, n)) / n, np.eye(3))
    return still @ (square @ square.T / n + np.eye(3 * n)) @ still


def test_averages_over_positions_of_a_harmonic_crystal_are_exact_at_any_stable_step():
    # <u u^T> = k_B T K^+ with the centre of mass at rest, and velocity variances are less by (w dt / 2)^2.
    masses = np.array([20.0, 30.0, 45.0])
    matrix = spring_crystal(masses)
    root = np.repeat(np.sqrt(masses * MASS_UNIT), 3)
    values, modes = np.linalg.eigh(matrix / np.outer(root, root))
    values, modes = values[3:], modes[:, 3:]
    timestep = 1.2 / np.sqrt(values[-1])
    state = begin(np.zeros((256, 3, 3)), masses, HEAT, 1, range(256))
    integrator = Langevin(masses, timestep, HEAT, 0.1 * np.sqrt(values[0]))
    springs = Springs(np.zeros((3, 3)), matrix)
    positions, velocities = [], []
    for number, moment in enumerate(trajectory(springs, state, integrator, repeat(np.zeros(256), 1200))):
        if number >= 300:
            positions.append((moment.state.positions.reshape(256, -1) * root) @ modes)
            velocities.append((moment.state.velocities.reshape(256, -1) * root) @ modes)
    for samples, expected in (
        (positions, HEAT / values),
        (velocities, HEAT * (1.0 - values * timestep**2 / 4.0)),
    ):
        of_replicas = (np.array(samples) ** 2).mean(axis=0)
        error = of_replicas.std(axis=0) / np.sqrt(256)
        assert (error < 0.03 * expected).all()
        assert (np.abs(of_replicas.mean(axis=0) - expected) < 4.5 * error).all()
    assert np.abs(np.einsum("i,mia->ma", masses, moment.state.positions)).max() < 1e-10


def test_without_friction_the_energy_is_kept_to_the_square_of_the_time_step_with_fractional_weights(
    sevennet0,
):
    atoms = bulk("NaCl", "rocksalt", a=5.9, cubic=True)
    copies = [(11, 19) if z == 11 else (17,) for z in atoms.numbers]
    start = np.concatenate([[0.4, 0.6] if len(c) == 2 else [1.0] for c in copies])
    replicas = Replicas(sevennet0, atoms.cell.array, copies, start)
    spread = []
    for timestep, steps in ((4.0, 16), (2.0, 32)):
        state = begin(atoms.positions[None], replicas.masses, 2.0 * HEAT, 0, [0])
        verlet = Langevin(replicas.masses, timestep, HEAT, 0.0)
        moments = list(trajectory(replicas, state, verlet, repeat(np.zeros(1), steps + 1)))
        total = np.concatenate(
            [m.energies.energy + kinetic_energy(m.state, replicas.masses) for m in moments]
        )
        potential = np.concatenate([m.energies.energy for m in moments])
        spread.append(np.ptp(total[:: steps // 16]))
        assert spread[-1] < 0.02 * np.ptp(potential)
    assert spread[0] / spread[1] == pytest.approx(4.0, rel=0.15)


def test_a_run_of_segments_that_is_stopped_and_resumed_equals_one_that_is_not():
    lattice, sites = fcc(a=3.9)
    integrator = Langevin(pairs(sites, lattice).masses, 3.0, HEAT, 0.02)
    lam = np.array([0.2, 0.7])

    def run(stopped):
        replicas = pairs(sites, lattice)
        state, parts = begin(np.stack([sites] * 2), integrator.masses, HEAT, 5, [3, 8]), []
        for _ in range(3):
            if stopped:  # another process
                replicas, state = pairs(sites, lattice), restored(state.arrays())
            state, part = sample(replicas, state, integrator, lam, 15, sites)
            parts.append(part)
        return state, joined(parts)

    (whole, series), (resumed, again) = run(stopped=False), run(stopped=True)
    assert whole.step == 45
    for before, after in ((whole.arrays(), resumed.arrays()), (series.arrays(), again.arrays())):
        for name, values in before.items():
            assert np.array_equal(values, after[name], equal_nan=True), name


def test_a_trajectory_does_not_depend_on_its_batch():
    lattice, sites = fcc(a=3.9)
    replicas = pairs(sites, lattice)
    integrator = Langevin(replicas.masses, 3.0, HEAT, 0.02)

    def ended(streams, lam):
        state = begin(np.stack([sites] * len(streams)), replicas.masses, HEAT, 5, streams)
        return sample(replicas, state, integrator, np.array(lam), 30, sites)[0]

    together, alone = ended([1, 2, 3], [0.1, 0.5, 0.9]), ended([2], [0.5])
    assert np.abs(together.positions[1] - alone.positions[0]).max() < 1e-10
    assert np.abs(together.velocities[1] - alone.velocities[0]).max() < 1e-10


def test_the_centre_of_mass_stays_although_forces_do_not_add_up_to_zero():
    # Einstein's springs hold each atom to its place: noise and forces would move the crystal as a whole.
    masses = np.array([20.0, 30.0, 45.0])
    sites = np.random.default_rng(0).normal(size=(3, 3))
    springs = Springs(sites, np.diag(np.repeat([1.0, 2.0, 3.0], 3)))
    state = begin(sites[None] + 0.1, masses, HEAT, 0, [0])
    ended, _ = sample(springs, state, Langevin(masses, 5.0, HEAT, 0.05), np.zeros(1), 300, sites)
    moved = np.einsum("i,mia->ma", masses / masses.sum(), ended.positions - state.positions)
    assert np.abs(moved).max() < 1e-12


def test_in_a_strained_cell_atoms_move_as_in_one_that_is_so_without_strain():
    strain = np.array([[0.02, 0.01, 0.0], [0.0, -0.01, 0.0], [0.0, 0.0, 0.03]])
    lattice, sites = fcc(a=3.9)
    deform = np.eye(3) + strain
    inside, outside = pairs(sites, lattice), pairs(sites @ deform.T, lattice @ deform.T)
    integrator = Langevin(inside.masses, 3.0, HEAT, 0.02)
    first = begin(sites[None], inside.masses, HEAT, 5, [1], strain=strain[None])
    second = begin((sites @ deform.T)[None], inside.masses, HEAT, 5, [1])
    a, _ = sample(inside, first, integrator, np.zeros(1), 30, sites)
    b, _ = sample(outside, second, integrator, np.zeros(1), 30, sites @ deform.T)
    assert np.abs(a.positions @ deform.T - b.positions).max() < 1e-10
    assert np.abs(a.velocities - b.velocities).max() < 1e-10
