"""The state of trajectories, and the noise that is no part of it."""

from __future__ import annotations

import numpy as np
import pytest

from engine.dynamics.state import CELL, MASS_UNIT, PARTICLES, begin, measured_thermal_energy, noise, restored
from tests.engine.dynamics.toys import KB

MASSES = np.array([23.0, 35.5, 39.1, 12.0])


def states(streams, seed=3):
    return begin(np.zeros((len(streams), 4, 3)), MASSES, KB * 300.0, seed, streams)


def test_the_unit_of_mass_is_that_of_ase():
    from ase import units

    assert pytest.approx(1.0 / units.fs**2, rel=1e-6) == MASS_UNIT


def test_the_noise_of_a_replica_does_not_depend_on_the_batch_that_it_is_in():
    together, alone = states([5, 9, 2]), states([9])
    assert np.array_equal(noise(together, PARTICLES, (4, 3))[1], noise(alone, PARTICLES, (4, 3))[0])
    assert np.array_equal(together.velocities[1], alone.velocities[0])


def test_the_noise_is_that_of_philox_with_the_seed_stream_step_and_purpose():
    started = restored(states([9]).arrays() | {"step": np.array(7)})
    philox = np.random.Philox(
        key=np.array([3, 9], np.uint64), counter=np.array([0, 0, 7, PARTICLES], np.uint64)
    )
    expected = np.random.Generator(philox).standard_normal((4, 3))
    assert np.array_equal(noise(started, PARTICLES, (4, 3))[0], expected)


def test_streams_steps_seeds_and_purposes_draw_different_noise():
    first = noise(states([1]), PARTICLES, (4, 3))
    later = restored(states([1]).arrays() | {"step": np.array(1)})
    for other in (
        noise(states([2]), PARTICLES, (4, 3)),
        noise(states([1], seed=4), PARTICLES, (4, 3)),
        noise(states([1]), CELL, (4, 3)),
        noise(later, PARTICLES, (4, 3)),
    ):
        assert np.abs(first - other).min() > 0.0


def test_velocities_have_the_temperature_on_the_degrees_of_freedom_that_are_left():
    started = states(range(4000))
    assert np.abs(np.einsum("i,mia->ma", MASSES, started.velocities)).max() < 1e-12
    found = measured_thermal_energy(started, MASSES) / (KB * 300.0)
    error = found.std() / np.sqrt(len(found))
    assert error == pytest.approx(np.sqrt(2.0 / 9.0 / 4000), rel=0.1)  # chi-squared of 9 degrees of freedom
    assert abs(found.mean() - 1.0) < 4.0 * error


def test_a_light_atom_moves_faster_by_the_root_of_the_masses():
    # Without the centre of mass the variance is k_B T (1/m - 1/M).
    started = states(range(4000))
    expected = KB * 300.0 / MASS_UNIT * (1.0 / MASSES - 1.0 / MASSES.sum())
    assert started.velocities.var(axis=(0, 2)) == pytest.approx(expected, rel=0.06)


def test_a_saved_state_is_restored_bit_for_bit():
    started = states([4, 7])
    again = restored(started.arrays())
    for name, values in started.arrays().items():
        assert np.array_equal(values, again.arrays()[name]), name


def test_arrays_that_do_not_belong_together_are_refused():
    with pytest.raises(ValueError, match="streams and masses"):
        begin(np.zeros((2, 4, 3)), MASSES, 0.02, 0, [1])
