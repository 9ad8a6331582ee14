"""What goes wrong with trajectories is found, and said in words."""

from __future__ import annotations

import numpy as np
import pytest

from engine.dynamics.baoab import Langevin
from engine.dynamics.explosion import TrajectoryFailed
from engine.dynamics.hamiltonian import Energies
from engine.dynamics.sampling import Series, joined, restored_series, sample
from engine.dynamics.state import begin
from engine.dynamics.watch import overlapping, shortest_distances, watched
from tests.engine.dynamics.toys import KB, OfVolume, fcc, pairs

HEAT = KB * 300.0
NEIGHBOURS = 3.9 / np.sqrt(2.0)


def series(temperature, steps=150, m=2, timestep=4.0, friction=0.02, started=None, cells=2):
    lattice, sites = fcc(cells=cells, a=3.9)
    model = pairs(sites, lattice, start=(1.0, 0.0), end=(1.0, 0.0))
    integrator = Langevin(model.masses, timestep, KB * temperature, friction)
    state = begin(np.stack([sites] * m), model.masses, KB * (started or temperature), 0, range(m))
    rest = model.evaluate(sites[None], np.zeros((1, 3, 3)), np.zeros(1)).energy[0] / len(sites)
    return sample(model, state, integrator, np.zeros(m), steps, sites)[1], rest


def about(found):
    return {warning.about for warning in found}


def test_a_crystal_at_equilibrium_gives_no_warning():
    at_start, rest = series(150.0, steps=300)
    half = Series(**{k: v[100:] if k != "n_sites" else int(v) for k, v in at_start.arrays().items()})
    assert watched(half, NEIGHBOURS, KB * 150.0, rest) == []


def test_a_crystal_far_above_its_melting_point_is_said_to_melt():
    # 9000 K where an atom is bound by 0.7 eV.
    found, rest = series(9000.0)
    warnings = watched(found, NEIGHBOURS, KB * 9000.0, rest)
    assert "melted" in about(warnings)
    (melted,) = (warning for warning in warnings if warning.about == "melted")
    assert melted.replicas == (0, 1)
    assert "the crystal melts or leaves its lattice" in melted.message


def test_a_run_that_starts_cold_is_said_to_drift():
    found, rest = series(300.0, steps=120, friction=0.002, started=1.0)
    assert "drifting" in about(watched(found, NEIGHBOURS, HEAT, rest))


def quiet(steps=100, m=2, n=8):
    """A record with nothing wrong."""
    random = np.random.default_rng(0)
    scatter = random.normal(size=(steps, m))
    return {
        "energy": n * (1.5 * HEAT + 0.1 * HEAT * scatter),
        "thermal_energy": HEAT * (1.0 + 0.1 * scatter),
        "displacement": 0.2 + 0.01 * scatter,
        "farthest": 0.5 + 0.01 * scatter,
        "volume": np.ones((steps, m)),
        "virial": np.full((steps, m, 3, 3), np.nan),
        "n_sites": n,
    }


@pytest.mark.parametrize(
    ("changed", "what", "said"),
    [
        ({}, None, ""),
        ({"farthest": 2.0}, "left_site", "may have changed places"),
        ({"thermal_energy": 1.3 * HEAT}, "temperature", "+30% off the temperature"),
        ({"energy": -30.0}, "energy", "fell into a hole of the potential"),
        ({"displacement": 1.0}, "melted", "0.36 of the distance of neighbours"),
        ({"volume": 1.0 + np.linspace(0.0, 0.1, 100)}, "drifting", "the volume still drifts"),
    ],
)
def test_each_fault_is_found_in_the_replica_that_has_it(changed, what, said):
    record = quiet()
    for name, values in changed.items():
        record[name] = record[name].copy()
        record[name][:, 1] = values + 0.01 * HEAT * np.random.default_rng(1).normal(size=100)
    found = watched(Series(**record), NEIGHBOURS, HEAT, 0.0)
    assert about(found) == ({what} if what else set())
    for warning in found:
        assert warning.replicas == (1,)
        assert said in warning.message


def test_a_series_is_saved_and_joined():
    whole = Series(**quiet())
    parts = [
        Series(**{k: v[part] if k != "n_sites" else v for k, v in quiet().items()})
        for part in (slice(0, 40), slice(40, None))
    ]
    again = joined([restored_series(part.arrays()) for part in parts])
    for name, values in whole.arrays().items():
        assert np.array_equal(values, again.arrays()[name], equal_nan=True), name


def test_a_time_step_that_throws_atoms_ends_the_trajectory_by_name():
    lattice, sites = fcc(a=3.9)
    model = pairs(sites, lattice)
    state = begin(np.stack([sites] * 2), model.masses, HEAT, 0, range(2))
    with pytest.raises(
        TrajectoryFailed, match=r"replica \d exploded at step \d+: an atom moves .* in one step"
    ):
        sample(model, state, Langevin(model.masses, 120.0, HEAT, 0.0), np.zeros(2), 100, sites)


class Broken(OfVolume):
    """No number for the second replica."""

    def evaluate(self, positions, strain, lam, *, by_lam=False, by_strain=False):
        found = super().evaluate(positions, strain, lam, by_lam=by_lam, by_strain=by_strain)
        return Energies(found.energy + np.array([0.0, np.nan]), found.by_position)


def test_a_potential_that_gives_no_number_ends_the_trajectory_by_name():
    masses = np.full(4, 20.0)
    state = begin(np.zeros((2, 4, 3)), masses, HEAT, 0, range(2))
    with pytest.raises(
        TrajectoryFailed, match="replica 1 exploded at step 0: the potential gave no finite energy"
    ):
        sample(Broken(), state, Langevin(masses, 1.0, HEAT, 0.0), np.zeros(2), 3, np.zeros((4, 3)))


def test_atoms_that_overlap_are_found_unless_one_is_not_there():
    lattice, sites = fcc(a=4.0)
    positions = np.stack([sites] * 2)
    positions[1, 2] = sites[0] + np.array([0.9, 0.0, 0.0]) - lattice[0]  # across the boundary
    strain = np.stack([np.zeros((3, 3)), 0.1 * np.eye(3)])
    shortest = shortest_distances(lattice, positions, strain, np.ones(4, dtype=bool))
    assert shortest == pytest.approx([4.0 / np.sqrt(2.0), 0.99])
    (warning,) = overlapping(shortest, 4.0 / np.sqrt(2.0))
    assert warning.replicas == (1,)
    assert "within 0.99 Å of one another" in warning.message
    without = shortest_distances(lattice, positions, strain, np.arange(4) != 2)
    assert overlapping(without, 4.0 / np.sqrt(2.0)) == []


def test_what_was_recorded_while_trajectories_settled_is_left_out():
    rows = np.arange(6.0)[:, None]
    series = Series(rows, rows, rows, rows, rows, np.zeros((6, 1, 3, 3)), 4)
    later = series.after(4)
    assert later.energy.tolist() == [[4.0], [5.0]]
    assert later.virial.shape == (2, 1, 3, 3)
    assert later.n_sites == 4
