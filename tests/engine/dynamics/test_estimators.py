"""Free energies from runs in both directions: against pymbar, closed forms, and the spread over hundreds of seeds."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from engine.dynamics.estimators import FEWEST_RUNS, bennett, is_met, pairs_wanted, two_sided
from tests.engine.dynamics.works import gaussian, oscillator, skewed
from tests.soak import amount, later, longer

HEAT = 0.02585
"""k_B T at 300 K, eV."""


@pytest.fixture(scope="module")
def pymbar():
    logging.getLogger("pymbar").setLevel(logging.ERROR)  # it misses JAX aloud
    from pymbar import other_estimators

    return other_estimators


@pytest.mark.parametrize(
    ("draw", "shape"),
    [(gaussian, (0.2,)), (gaussian, (1.0,)), (gaussian, (3.0,)), (skewed, (0.5, 5.0)), (skewed, (3.0, 3.0))],
)
@pytest.mark.parametrize(("n_forward", "n_backward"), [(2, 2), (16, 16), (3, 40), (500, 20)])
def test_the_estimate_is_that_of_pymbar(pymbar, draw, shape, n_forward, n_backward):
    forward, backward = draw(np.random.default_rng(7), n_forward, n_backward, *shape)
    forward, backward = forward + 4.0, backward - 4.0
    found = two_sided(HEAT * forward, HEAT * backward, HEAT, seed=0)
    theirs = pymbar.bar(forward, backward, relative_tolerance=1e-13)
    assert found.free_energy / HEAT == pytest.approx(theirs["Delta_f"], abs=1e-9)


@pytest.mark.filterwarnings("ignore:Unknown solver options")  # pymbar gives those of all its solvers to each
@pytest.mark.parametrize(("n_forward", "n_backward"), [(2, 2), (16, 16), (3, 40)])
@pytest.mark.parametrize("deviation", [0.2, 1.0, 3.0])
def test_the_overlap_is_that_of_pymbar(pymbar, n_forward, n_backward, deviation):
    forward, backward = gaussian(np.random.default_rng(7), n_forward, n_backward, deviation)
    found = two_sided(forward, backward, 1.0, seed=0)
    assert found.overlap == pytest.approx(pymbar.bar_overlap(forward, backward), abs=1e-6)


@pytest.mark.parametrize("n", [2, 5, 16, 400])
def test_the_asymptotic_error_is_that_of_pymbar_with_one_run_less(pymbar, n):
    forward, backward = gaussian(np.random.default_rng(3), n, n, 1.3)
    found = two_sided(forward, backward, 1.0, seed=0)
    theirs = pymbar.bar(forward, backward, relative_tolerance=1e-13)
    assert found.asymptotic_error == pytest.approx(theirs["dDelta_f"] * np.sqrt(n / (n - 1)), rel=1e-6)


@pytest.mark.parametrize(
    ("draw", "shape"),
    [(gaussian, (1.5,)), (skewed, (3.0, 3.0)), (oscillator, (4.0, 3)), (oscillator, (0.2, 1))],
)
def test_many_runs_give_the_known_free_energy_within_a_small_error(draw, shape):
    forward, backward = draw(np.random.default_rng(11), 2000, 1200, *shape)
    found = two_sided(forward, backward, 1.0, seed=0)
    assert found.standard_error < 0.08
    assert abs(found.free_energy) < 3.0 * found.standard_error
    assert found.bootstrap_error == pytest.approx(found.asymptotic_error, rel=0.12)


def test_runs_that_dissipate_nothing_say_so_exactly():
    """From A to A without a change nothing is done on the crystal."""
    nothing = two_sided(np.zeros(4), np.zeros(4), HEAT, seed=0)
    assert nothing.free_energy == nothing.standard_error == nothing.dissipation == 0.0
    assert nothing.overlap == 1.0
    slow = two_sided(np.full(3, 0.7), np.full(5, -0.7), HEAT, seed=0)
    assert slow.free_energy == pytest.approx(0.7, abs=1e-12)
    assert slow.standard_error == pytest.approx(0.0, abs=1e-12)


def test_the_way_back_has_the_opposite_free_energy():
    forward, backward = skewed(np.random.default_rng(5), 6, 9, 3.0, 3.0)
    there = two_sided(forward, backward, 1.0, seed=0)
    back = two_sided(backward, forward, 1.0, seed=0)
    assert back.free_energy == pytest.approx(-there.free_energy, abs=1e-10)
    assert back.asymptotic_error == pytest.approx(there.asymptotic_error, rel=1e-9)
    assert back.forward_dissipation == pytest.approx(there.backward_dissipation, abs=1e-10)


def test_a_free_energy_added_to_every_work_is_added_to_the_answer():
    forward, backward = gaussian(np.random.default_rng(5), 6, 6, 1.0)
    plain = two_sided(forward, backward, 1.0, seed=2)
    moved = two_sided(forward + 300.0, backward - 300.0, 1.0, seed=2)
    assert moved.free_energy == pytest.approx(plain.free_energy + 300.0, abs=1e-9)
    assert moved.standard_error == pytest.approx(plain.standard_error, rel=1e-9)
    assert moved.dissipation == pytest.approx(plain.dissipation, abs=1e-9)


def test_a_single_pair_has_a_value_and_no_error():
    found = two_sided([1.0], [-0.4], HEAT, seed=0)
    assert found.free_energy == pytest.approx(0.7)
    assert found.standard_error is found.confidence is found.bootstrap_error is None
    assert found.dissipation == pytest.approx(0.3)
    assert pairs_wanted(found, 1.0) == FEWEST_RUNS - 1


def test_works_without_any_overlap_give_a_number_with_a_large_error():
    random = np.random.default_rng(1)
    forward, backward = random.normal(4e5, 1e3, 5), random.normal(2e5, 1e3, 4)
    found = two_sided(forward, backward, 1.0, seed=0)
    assert found.free_energy == pytest.approx(1e5, rel=0.02)
    assert np.isfinite([found.standard_error, found.confidence, found.forward_dissipation]).all()
    assert found.overlap == 0.0
    assert found.decided_by_few
    assert found.standard_error > 100.0


@pytest.mark.parametrize("works", [[], [1.0, float("nan")], [float("inf")]])
def test_works_that_are_none_are_refused(works):
    with pytest.raises(ValueError, match="forward run"):
        two_sided(works, [1.0], HEAT, seed=0)
    with pytest.raises(ValueError, match="backward run"):
        two_sided([1.0], works, HEAT, seed=0)


@pytest.mark.parametrize("heat", [0.0, -1.0, float("nan"), float("inf")])
def test_a_temperature_that_is_none_is_refused(heat):
    with pytest.raises(ValueError, match="k_B T"):
        two_sided([1.0], [1.0], heat, seed=0)


def test_the_same_runs_and_seed_give_the_same_bits():
    forward, backward = skewed(np.random.default_rng(5), 6, 9, 3.0, 3.0)
    assert two_sided(forward, backward, HEAT, seed=3) == two_sided(
        forward.tolist(), backward.tolist(), HEAT, seed=3
    )
    other = two_sided(forward, backward, HEAT, seed=4)
    assert other.bootstrap_error != two_sided(forward, backward, HEAT, seed=3).bootstrap_error


def test_many_samples_at_once_are_as_one_by_one():
    random = np.random.default_rng(0)
    forward, backward = gaussian(random, (50, 7), (50, 4), 2.0)
    alone = [float(bennett(f, b)) for f, b in zip(forward, backward, strict=True)]
    assert bennett(forward, backward) == pytest.approx(np.array(alone), abs=1e-10)


COVERED = [
    # draw, its shape, pairs, shares of the truth within the standard error and within `confidence`, ratio to the spread
    (gaussian, (0.3,), 2, (0.62, 0.78), 0.92, (1.0, 1.6)),
    (gaussian, (0.3,), 4, (0.62, 0.78), 0.92, (0.95, 1.3)),
    (gaussian, (0.3,), 16, (0.62, 0.76), 0.92, (0.9, 1.2)),
    (gaussian, (1.0,), 3, (0.62, 0.82), 0.93, (1.0, 1.5)),
    (gaussian, (2.0,), 4, (0.62, 0.82), 0.94, (1.0, 1.5)),
    (gaussian, (3.0,), 8, (0.58, 0.80), 0.92, (0.9, 1.4)),
    (gaussian, (4.5,), 4, (0.60, 0.82), 0.92, (0.9, 1.5)),
    (gaussian, (6.0,), 16, (0.58, 0.80), 0.89, (0.85, 1.4)),
    (oscillator, (4.0, 4), 4, (0.60, 0.80), 0.88, (0.9, 1.5)),
    (oscillator, (4.0, 4), 12, (0.60, 0.80), 0.91, (0.9, 1.3)),
    (skewed, (5.0, 1.0), 4, (0.62, 0.82), 0.92, (0.95, 1.5)),
    (skewed, (3.0, 3.0), 4, (0.60, 0.84), 0.91, (0.9, 1.7)),
    # One mode switched at once: its works are chi squared, and two runs cannot tell how far they reach.
    (skewed, (0.5, 5.0), 2, (0.58, 0.82), 0.84, (0.9, 3.5)),
    (skewed, (0.5, 5.0), 8, (0.62, 0.84), 0.91, (0.95, 1.6)),
]  # fmt: skip


@longer
@pytest.mark.parametrize(("draw", "shape", "pairs", "within", "within_more", "ratio"), COVERED)
def test_the_truth_is_within_the_standard_error_as_often_as_it_says(
    draw, shape, pairs, within, within_more, ratio
):
    random = np.random.default_rng(2024)
    found = [
        two_sided(*draw(random, pairs, pairs, *shape), 1.0, seed=seed) for seed in range(amount(200, 2000))
    ]
    value = np.array([one.free_energy for one in found])
    error = np.array([one.standard_error for one in found])
    confidence = np.array([one.confidence for one in found])
    low, high = within
    assert low <= np.mean(np.abs(value) <= error) <= high
    assert np.mean(np.abs(value) <= confidence) >= within_more
    low, high = ratio
    assert low <= np.sqrt(np.mean(error**2) / np.mean(value**2)) <= high


@pytest.mark.parametrize(
    ("draw", "shape", "n_forward", "n_backward"),
    [
        (gaussian, (1.0,), 2, 8),
        (gaussian, (2.0,), 16, 4),
        (skewed, (5.0, 1.0), 12, 4),
        later(oscillator, (4.0, 4), 4, 12),
    ],
)
def test_the_error_holds_for_unequal_numbers_of_runs(draw, shape, n_forward, n_backward):
    random = np.random.default_rng(1)
    found = [
        two_sided(*draw(random, n_forward, n_backward, *shape), 1.0, seed=seed)
        for seed in range(amount(200, 2000))
    ]
    value, error = (
        np.array([getattr(one, name) for one in found]) for name in ("free_energy", "standard_error")
    )
    assert 0.60 <= np.mean(np.abs(value) <= error) <= 0.82
    assert 0.9 <= np.sqrt(np.mean(error**2) / np.mean(value**2)) <= 1.5


@longer
@pytest.mark.parametrize(("deviation", "accuracy"), [(1.0, 0.3), (0.3, 0.08)])
def test_an_error_that_ended_the_runs_is_honest(deviation, accuracy):
    """Whoever stops when the error is small stops when it is too small: a few runs at least prevent that."""
    random = np.random.default_rng(8)
    ended = []
    for seed in range(amount(100, 1000)):
        forward, backward = gaussian(random, 64, 64, deviation)
        pairs, found = 2, None
        while found is None or not is_met(found, accuracy):
            pairs += min(pairs, pairs_wanted(found, accuracy)) if found is not None else 0
            assert pairs <= 64
            found = two_sided(forward[:pairs], backward[:pairs], 1.0, seed=seed)
        ended.append((found.free_energy, found.standard_error, pairs))
    value, error, pairs = np.array(ended).T
    assert 0.60 <= np.mean(np.abs(value) <= error) <= 0.80
    assert 0.85 <= np.sqrt(np.mean(error**2) / np.mean(value**2)) <= 1.2
    # As many pairs as the spread of a pair asks for: the error of Gaussian works is s/sqrt(2 n) where s is small.
    assert 1.0 <= np.mean(pairs) / (0.5 * (deviation / accuracy) ** 2) <= 1.5


def test_the_runs_that_are_wanted_follow_the_square_root_and_students_t():
    """One standard error of 16 pairs is 1.01695 of their raw errors, of 140 pairs 1.0018."""
    forward, backward = gaussian(np.random.default_rng(4), 16, 16, 0.2)
    found = two_sided(forward, backward, HEAT, seed=0)
    more = pairs_wanted(found, found.standard_error / 3.0)
    assert 16 + more == pytest.approx(9 * 16 * (1.0018 / 1.01695) ** 2, abs=1)
    assert pairs_wanted(found, found.standard_error) == 0
    assert 999_000 <= pairs_wanted(found, 1e-30) <= 1_000_000
    with pytest.raises(ValueError, match="accuracy"):
        pairs_wanted(found, 0.0)


def test_an_error_that_is_small_by_chance_is_not_believed_with_few_runs():
    found = two_sided([1.0, 1.0 + 1e-9], [-1.0, -1.0], 1.0, seed=0)
    assert found.standard_error < 1e-6
    assert not is_met(found, 0.01)
    assert pairs_wanted(found, 0.01) == FEWEST_RUNS - 2
