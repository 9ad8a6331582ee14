"""How fast lam goes."""

from __future__ import annotations

import numpy as np
import pytest

from engine.dynamics.schedules import equal_dissipation, linear, paced, polynomial, work_by_part


@pytest.mark.parametrize("schedule", [linear, polynomial])
def test_lam_rises_from_0_to_1_alike_from_both_ends(schedule):
    lam = schedule(40)
    assert len(lam) == 41
    assert lam[0] == 0.0
    assert lam[-1] == pytest.approx(1.0, abs=1e-12)
    assert (np.diff(lam) > 0.0).all()
    assert lam + lam[::-1] == pytest.approx(np.ones(41), abs=1e-9)


def test_the_polynomial_has_four_derivatives_that_vanish_at_its_ends():
    lam = polynomial(1000)
    assert lam[10] == pytest.approx(126.0 * 0.01**5, rel=0.04)


def slopes(schedule, friction, timestep, noise, n=8, seed=0):
    """dE/dlam of runs in linear response: on average ahead by friction times speed forward, behind backward."""
    random = np.random.default_rng(seed)
    speed = np.gradient(schedule) / timestep
    drawn = [random.normal(scale=noise, size=(len(schedule), n)) for _ in range(2)]
    lag = (friction(schedule) * speed)[:, None]
    return 1.0 + lag + drawn[0], 1.0 - lag + drawn[1]


@pytest.mark.parametrize("first", [linear, polynomial])
def test_where_friction_is_large_lam_goes_slowly_as_its_root(first):
    def friction(lam):
        return 100.0 * (0.4 + lam) ** 2

    forward, backward = slopes(first(400), friction, 2.0, noise=0.0)
    lam = adapted(first(400), forward, backward, 200)
    # dlam/dt ~ 1/(0.4 + lam): (0.4 + lam)^2 grows linearly in time.
    square = 0.16 + np.linspace(0.0, 1.0, 201) * (1.96 - 0.16)
    assert np.abs(lam - (np.sqrt(square) - 0.4)).max() < 0.025
    assert lam[0] == 0.0
    assert lam[-1] == pytest.approx(1.0)


def adapted(schedule, forward, backward, steps):
    """The way at the pace that runs along a schedule show, by their slopes in the order of lam."""
    there = work_by_part(schedule, forward).mean(axis=1)
    back = work_by_part(schedule[::-1], backward[::-1]).mean(axis=1)
    return paced(equal_dissipation(schedule, there, back, 2.0), steps)


def dissipated(lam, friction):
    middle = 0.5 * (lam[1:] + lam[:-1])
    return (friction(middle) * np.diff(lam) ** 2).sum()


@pytest.mark.parametrize("seed", range(4))
def test_with_noise_it_still_dissipates_less_than_at_one_speed(seed):
    def friction(lam):
        return 100.0 * np.exp(3.0 * lam)

    forward, backward = slopes(linear(100), friction, 2.0, noise=4.0, seed=seed)
    lam = adapted(linear(100), forward, backward, 100)
    best = dissipated(np.log1p(linear(100) * (np.e**1.5 - 1.0)) / 1.5, friction)
    assert best < dissipated(lam, friction) < 0.5 * (best + dissipated(linear(100), friction))


def test_where_no_friction_was_seen_lam_goes_at_one_speed():
    same = np.ones((51, 3))
    assert np.allclose(adapted(linear(50), same, same, 20), linear(20), rtol=0.0, atol=1e-12)


def test_work_by_part_is_all_of_the_work_in_any_segments():
    """dE/dlam = 3 lam^2, by its integral over each eighth."""
    lam = polynomial(64)
    slope = np.stack([3.0 * lam**2, np.ones(65)], axis=1)
    found = work_by_part(lam, slope)
    edges = np.linspace(0.0, 1.0, 9)
    assert found[:, 0].sum() == pytest.approx(
        0.5 * ((slope[1:, 0] + slope[:-1, 0]) * np.diff(lam)).sum(), abs=1e-12
    )
    assert found[:, 0] == pytest.approx(np.diff(edges**3), abs=0.06)
    assert found[:, 1].sum() == pytest.approx(1.0, abs=1e-12)
    in_segments = work_by_part(lam[:30], slope[:30]) + work_by_part(lam[29:], slope[29:])
    assert in_segments == pytest.approx(found, abs=1e-12)
    assert work_by_part(lam[::-1], slope[::-1]) == pytest.approx(-found, abs=1e-12)
