"""Switching: works in closed form, and what must not be work."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from engine.dynamics.baoab import Langevin, trajectory
from engine.dynamics.cell_path import CellPath
from engine.dynamics.hamiltonian import Combination, Term, between
from engine.dynamics.sampling import sample
from engine.dynamics.schedules import linear, polynomial
from engine.dynamics.springs import Springs, einstein_matrix, tether_matrix
from engine.dynamics.state import MASS_UNIT, State, begin
from engine.dynamics.switching import begin_switch, restored_switch, switch
from tests.engine.dynamics.toys import KB, OfVolume, fcc, pairs

HEAT = KB * 400.0
HEAVY = 1e15
"""u; atoms that do not move."""


def switched(hamiltonian, positions, integrator, schedule, forward=True, path=None, seed=0):
    """Works of replicas that start from given positions."""
    m = len(positions)
    state = begin(positions, integrator.masses, integrator.thermal_energy, seed, range(m))
    ways = np.full(m, forward)
    return switch(hamiltonian, begin_switch(state), integrator, schedule, ways, path=path)


def from_springs(sites, springs, masses, m, seed=0):
    """Positions of equal springs at equilibrium, the centre of mass at its place, [m, n, 3]."""
    drawn = np.random.default_rng(seed).normal(scale=np.sqrt(HEAT / springs), size=(m, *sites.shape))
    return sites + drawn - np.einsum("i,mia->ma", masses / masses.sum(), drawn)[:, None]


def jarzynski(work):
    """-k_B T ln <exp(-W / k_B T)> and its standard error."""
    factors = np.exp(-(work - work.mean()) / HEAT)
    return work.mean() - HEAT * np.log(factors.mean()), HEAT * factors.std() / np.sqrt(
        len(work)
    ) / factors.mean()


def test_a_dragged_well_does_the_work_of_the_langevin_equation():
    # Springs whose places move by d: W is Gaussian, its mean is that of the equation for <x>, its variance 2 k_B T <W>.
    mass, spring, friction, steps, timestep, m = 40.0, 1.5, 0.02, 60, 4.0, 600
    masses, sites = np.full(2, mass), np.zeros((2, 3))
    shift = np.array([[0.15, 0.0, 0.0], [-0.15, 0.0, 0.0]])
    ends = [Springs(sites + by, einstein_matrix(np.full(2, spring))) for by in (0.0, shift)]
    integrator = Langevin(masses, timestep, HEAT, friction)
    begun = from_springs(sites, spring, masses, m)
    ended, _ = switched(between(*ends), begun, integrator, linear(steps))

    total, inertia, distance = steps * timestep, mass * MASS_UNIT, 0.15

    def equation(t, y):
        x, v, _ = y
        pull = spring * (distance * t / total - x)
        return [
            v,
            pull / inertia - friction * v,
            2.0 * pull * distance / total,
        ]  # two atoms; the rest adds up to zero

    expected = solve_ivp(equation, (0.0, total), [0.0, 0.0, 0.0], rtol=1e-9, atol=1e-12).y[2, -1]
    spread = ended.work.std(ddof=1)
    assert expected > 0.3 * HEAT
    assert ended.work.mean() == pytest.approx(expected, abs=4.0 * spread / np.sqrt(m))
    assert spread**2 == pytest.approx(2.0 * HEAT * expected, rel=4.0 * np.sqrt(2.0 / m))
    free_energy, error = jarzynski(ended.work)
    assert abs(free_energy) < 4.0 * error


@pytest.mark.parametrize("forward", [True, False])
def test_the_exponential_average_of_works_is_the_free_energy_between_springs(forward):
    masses, sites, m = np.array([20.0, 30.0, 50.0]), np.zeros((3, 3)), 600
    springs = (1.0, 2.5)
    ends = [Springs(sites, einstein_matrix(np.full(3, k))) for k in springs]
    integrator = Langevin(masses, 5.0, HEAT, 0.02)
    begun = from_springs(sites, springs[0 if forward else 1], masses, m)
    ended, _ = switched(between(*ends), begun, integrator, polynomial(40), forward=forward)
    expected = (
        3.0 * HEAT * np.log(springs[1] / springs[0]) * (1.0 if forward else -1.0)
    )  # 6 directions, half each
    free_energy, error = jarzynski(ended.work)
    assert error < 0.15 * HEAT
    assert ended.work.mean() > expected + 0.05 * HEAT
    assert free_energy == pytest.approx(expected, abs=4.0 * error)


def test_work_is_the_sum_of_the_differences_of_energy_where_lam_changes():
    # lam changes at x_k from halfway since the step before to halfway to the next. Exact: the energy is linear in lam.
    lattice, sites = fcc(a=3.9)
    springs = Springs(sites, einstein_matrix(np.full(4, 2.0)), energy=-2.0)
    hamiltonian = between(springs, pairs(sites, lattice, (11, 19), (0.6, 0.4), (0.6, 0.4)))
    integrator, schedule = Langevin(np.full(4, 23.0), 3.0, HEAT, 0.02), polynomial(12)
    state = begin(sites[None], integrator.masses, HEAT, 0, [0])
    ended, record = switch(hamiltonian, begin_switch(state), integrator, schedule, np.array([True]))
    halves = np.concatenate([[0.0], 0.5 * (schedule[1:] + schedule[:-1]), [1.0]])
    work = 0.0
    lams = [np.array([lam]) for lam in schedule]
    for number, moment in enumerate(trajectory(hamiltonian, state, integrator, lams)):
        before, after = (
            hamiltonian.evaluate(moment.state.positions, moment.state.strain, halves[[number + side]]).energy[
                0
            ]
            for side in (0, 1)
        )
        work += after - before
    assert np.abs(moment.state.positions - ended.state.positions).max() == 0.0
    assert ended.work[0] == pytest.approx(work, abs=1e-10)
    assert record.work[-1] == pytest.approx(ended.work)


def test_for_atoms_at_rest_work_is_the_difference_of_the_ends_to_second_order():
    lattice, sites = fcc(a=3.9)
    positions = sites + np.random.default_rng(0).normal(scale=0.1, size=(1, 4, 3))
    model = pairs(sites, lattice)
    cubic = Combination((Term(model, 0.0, 1.0),))  # the pairs are quadratic in the weights
    still = Langevin(np.full(4, HEAVY), 1.0, HEAT, 0.0)
    for hamiltonian, exact in ((model, True), (cubic, False)):
        first, last = (
            hamiltonian.evaluate(positions, np.zeros((1, 3, 3)), np.array([lam])).energy[0]
            for lam in (0.0, 1.0)
        )
        errors = [
            switched(hamiltonian, positions, still, linear(n))[0].work[0] - (last - first) for n in (4, 8)
        ]
        if exact:
            assert np.abs(errors).max() < 1e-6
        else:
            assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.01)


def test_switching_to_the_same_crystal_takes_no_work():
    lattice, sites = fcc(a=3.9)
    integrator = Langevin(np.full(4, 23.0), 3.0, HEAT, 0.02)
    positions = np.stack([sites] * 2)
    same = pairs(sites, lattice, (11, 19), (0.3, 0.7), (0.3, 0.7))
    assert np.array_equal(switched(same, positions, integrator, linear(10))[0].work, np.zeros(2))
    copied = pairs(sites, lattice, (11, 11), (1.0, 0.0), (0.0, 1.0))
    assert np.abs(switched(copied, positions, integrator, linear(10))[0].work).max() < 1e-10


def test_a_change_of_mass_is_no_work():
    # Rubidium of these pairs is sodium with another mass.
    lattice, sites = fcc(a=3.9)
    heavier = pairs(sites, lattice, (11, 37))
    assert heavier.masses[0] == pytest.approx((22.98976928 + 85.4678) / 2)
    ended, _ = switched(heavier, np.stack([sites] * 2), Langevin(heavier.masses, 3.0, HEAT, 0.02), linear(10))
    assert np.abs(ended.work).max() < 1e-10


def reversed_in_time(state):
    return State(**(state.__dict__ | {"velocities": -state.velocities}))


def test_the_way_back_in_time_takes_the_work_back_and_leads_to_the_start():
    # Without friction, along a path of weights and of cells that shear, stretch and bend.
    lattice, sites = fcc(a=3.9)
    model = pairs(sites, lattice)
    strains = np.zeros((3, 3, 3))
    strains[1] = np.diag([0.01, 0.03, 0.0])
    strains[2] = np.array([[0.04, 0.02, 0.0], [0.0, 0.05, 0.0], [0.0, -0.01, 0.03]])
    path = CellPath([0.0, 0.4, 1.0], strains)
    verlet = Langevin(model.masses, 3.0, HEAT, 0.0)
    there, _ = switched(model, np.stack([sites] * 2), verlet, polynomial(20), path=path, seed=3)
    back, _ = switch(
        model,
        begin_switch(reversed_in_time(there.state)),
        verlet,
        polynomial(20),
        np.zeros(2, bool),
        path=path,
    )
    assert np.abs(there.work).min() > 0.1
    assert back.work == pytest.approx(-there.work, abs=1e-9)
    assert np.abs(back.state.positions - sites).max() < 1e-9


def test_a_cell_that_changes_does_the_work_of_an_ideal_gas_and_of_the_energy_along_it():
    lattice, sites = fcc(a=3.9)
    positions = sites + np.random.default_rng(0).normal(scale=0.1, size=(1, 4, 3))
    strain = np.array([[0.04, 0.02, 0.0], [0.0, 0.05, 0.0], [0.0, -0.01, 0.03]])
    path = CellPath([0.0, 1.0], np.stack([np.zeros((3, 3)), strain]))
    still = Langevin(np.full(4, HEAVY), 1.0, HEAT, 0.0)
    gas = -3.0 * HEAT * np.log(np.linalg.det(np.eye(3) + strain))
    assert switched(OfVolume(), positions, still, linear(40), path=path)[0].work[0] == pytest.approx(
        gas, rel=1e-4
    )
    model = pairs(sites, lattice)
    first = model.evaluate(positions, np.zeros((1, 3, 3)), np.zeros(1)).energy[0]
    last = model.evaluate(positions, strain[None], np.ones(1)).energy[0]
    ended, _ = switched(model, positions, still, linear(40), path=path)
    assert ended.work[0] == pytest.approx(last - first + gas, abs=2e-4 * abs(last - first))


def test_there_and_back_tell_the_same_free_energy_of_another_crystal_in_another_cell():
    # Weights, cell, friction and noise at once: exponential averages of either way.
    lattice, sites = fcc(a=3.8)
    model, m = pairs(sites, lattice), 64
    path = CellPath([0.0, 0.5, 1.0], np.array([0.0, 0.045, 0.075])[:, None, None] * np.eye(3))
    forward = np.arange(2 * m) < m
    lam = np.where(forward, 0.0, 1.0)
    integrator = Langevin(model.masses, 4.0, HEAT, 0.02)
    begun = begin(
        np.stack([sites] * 2 * m), model.masses, 2.0 * HEAT, 0, range(2 * m), strain=path.strain(lam)
    )
    settled, _ = sample(model, begun, integrator, lam, 100, sites)
    ended, _ = switch(model, begin_switch(settled), integrator, linear(6), forward, path=path)
    (there, error), (back, error_back) = jarzynski(ended.work[forward]), jarzynski(ended.work[~forward])
    assert ended.work.mean() > 0.1 * HEAT  # dissipated, half of what there and back take
    assert max(error, error_back) < 0.2 * HEAT
    assert there == pytest.approx(-back, abs=4.0 * np.hypot(error, error_back))


def test_springs_in_a_cell_that_changes_have_the_same_free_energy():
    # What the ideal gas gains in a larger cell, springs that are stretched with it take: exp(-W) is 1 on average.
    masses, sites, m = np.array([20.0, 30.0, 50.0]), np.random.default_rng(0).normal(size=(3, 3)), 500
    springs = Springs(sites, einstein_matrix(np.full(3, 1.5)))
    path = CellPath([0.0, 1.0], np.stack([np.zeros((3, 3)), 0.12 * np.eye(3)]))
    begun = from_springs(sites, 1.5, masses, m)
    ended, _ = switched(springs, begun, Langevin(masses, 5.0, HEAT, 0.02), linear(40), path=path)
    free_energy, error = jarzynski(ended.work)
    assert ended.work.std() > 0.1 * HEAT
    assert error < 0.03 * HEAT
    assert abs(free_energy) < 4.0 * error


def test_a_tether_takes_the_place_of_an_atom_that_is_switched_off():
    # The springs of the others stay; the atom's own go as its tether comes. Closed forms of both ends.
    masses, sites, m = np.array([20.0, 30.0, 50.0]), np.zeros((3, 3)), 500
    crystal, tether = 2.0 * np.eye(3) - 2.0 / 3.0, tether_matrix(2, 1.2, masses)
    others = np.zeros((3, 3))
    others[:2, :2] = [[1.0, -1.0], [-1.0, 1.0]]
    ends = [Springs(sites, np.kron(crystal, np.eye(3))), Springs(sites, np.kron(others, np.eye(3)) + tether)]
    values, modes = np.linalg.eigh(crystal)
    drawn = np.random.default_rng(0).normal(size=(m, 2, 3)) * np.sqrt(HEAT / values[1:])[None, :, None]
    begun = np.einsum("in,mna->mia", modes[:, 1:], drawn)
    begun -= np.einsum("i,mia->ma", masses / masses.sum(), begun)[:, None]
    ended, _ = switched(between(*ends), begun, Langevin(masses, 4.0, HEAT, 0.02), linear(50))
    centre = masses / masses.sum()
    lots = [
        np.linalg.slogdet(matrix + np.outer(centre, centre))[1]
        for matrix in (crystal, others + tether[::3, ::3])
    ]
    expected = 1.5 * HEAT * (lots[1] - lots[0])
    free_energy, error = jarzynski(ended.work)
    assert error < 0.1 * HEAT
    assert free_energy == pytest.approx(expected, abs=4.0 * error)


def test_a_switch_that_is_stopped_and_resumed_equals_one_that_is_not():
    lattice, sites = fcc(a=3.9)
    path = CellPath([0.0, 1.0], np.stack([np.zeros((3, 3)), 0.03 * np.eye(3)]))
    schedule, ways = polynomial(30), np.array([True, False])
    integrator = Langevin(pairs(sites, lattice).masses, 3.0, HEAT, 0.02)

    def run(stopped):
        model = pairs(sites, lattice)
        strain = path.strain(np.array([0.0, 1.0]))
        begun = begin(np.stack([sites] * 2), integrator.masses, HEAT, 5, [3, 8], strain=strain)
        now, records = begin_switch(begun), []
        for steps in (12, 12, None):
            if stopped:  # another process
                model, now = pairs(sites, lattice), restored_switch(now.arrays())
            now, record = switch(model, now, integrator, schedule, ways, steps=steps, path=path)
            records.append(record)
        return now, records

    (whole, records), (resumed, _) = run(stopped=False), run(stopped=True)
    assert whole.done == 30
    for name, values in whole.arrays().items():
        assert np.array_equal(values, resumed.arrays()[name]), name
    lam = np.concatenate([record.lam[1:] for record in records])
    assert np.array_equal(lam[:, 0], schedule[1:])
    assert np.array_equal(lam[:, 1], schedule[::-1][1:])
    with pytest.raises(ValueError, match="1 steps of switching were asked for, and 0 are left"):
        switch(pairs(sites, lattice), whole, integrator, schedule, ways, steps=1, path=path)


def test_float32_does_the_work_of_float64_within_a_tenth_of_a_millielectronvolt(load):
    from ase.build import bulk

    from engine.dynamics.replicas import Replicas

    atoms = bulk("NaCl", "rocksalt", a=5.9, cubic=True)
    copies = [(11, 19) if z == 11 else (17,) for z in atoms.numbers]
    start = np.concatenate([[1.0, 0.0] if len(c) == 2 else [1.0] for c in copies])
    end = np.concatenate([[0.0, 1.0] if len(c) == 2 else [1.0] for c in copies])
    works = []
    for dtype in ("float32", "float64"):
        replicas = Replicas(load("sevennet-0", dtype), atoms.cell.array, copies, start, end)
        integrator = Langevin(replicas.masses, 4.0, HEAT, 0.01)
        works.append(switched(replicas, atoms.positions[None], integrator, linear(12))[0].work[0])
    assert abs(works[1]) > 0.5
    assert works[0] == pytest.approx(works[1], abs=1e-4)


def test_a_switch_that_starts_in_another_cell_than_its_path_is_refused():
    lattice, sites = fcc(a=3.9)
    path = CellPath([0.0, 1.0], np.stack([np.zeros((3, 3)), 0.03 * np.eye(3)]))
    integrator = Langevin(np.full(4, 23.0), 3.0, HEAT, 0.02)
    with pytest.raises(ValueError, match="start in the cell that the path has"):
        switched(pairs(sites, lattice), sites[None], integrator, linear(4), forward=False, path=path)


@pytest.mark.parametrize(
    ("knots", "strains", "said"),
    [
        ([0.0, 0.5], np.zeros((2, 3, 3)), "rise from 0 to 1"),
        ([0.0, 0.7, 0.3, 1.0], np.zeros((4, 3, 3)), "rise from 0 to 1"),
        ([0.0, 1.0], np.zeros((3, 3, 3)), "as many strains"),
        ([0.0, 1.0], np.stack([np.zeros((3, 3)), -2.0 * np.eye(3)]), "inside out"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused(knots, strains, said):
    with pytest.raises(ValueError, match=said):
        CellPath(knots, strains)
