"""The sums over all decorations of a cell, against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.kinds.order.thermodynamics import Ensemble

K_B = 8.617333262e-5


def ensemble_of(energies: np.ndarray, degeneracies: np.ndarray) -> Ensemble:
    """Where every set is an ordering of its own."""
    return Ensemble(energies, degeneracies, np.arange(len(energies)))


def test_decorations_of_equal_energy_are_ideally_random() -> None:
    ensemble = ensemble_of(np.full(6, -3.2), np.array([2, 6, 12, 8, 24, 18]))
    for temperature in (1.0, 300.0, 5000.0):
        assert ensemble.probabilities(temperature) == pytest.approx(
            np.array([2, 6, 12, 8, 24, 18]) / 70, abs=1e-15
        )
        assert ensemble.entropy(temperature) == pytest.approx(math.log(70), abs=1e-12)
    assert ensemble.ideal_entropy == pytest.approx(math.log(math.comb(8, 4)), abs=1e-12)
    assert ensemble.ordered.tolist() == [True] + 5 * [False]
    assert ensemble.probability(300.0) == pytest.approx(2 / 70)


@pytest.mark.parametrize("gap", [0.01, 0.4])
@pytest.mark.parametrize("temperature", [50.0, 300.0, 2000.0])
def test_two_levels(gap: float, temperature: float) -> None:
    ensemble = ensemble_of(np.array([1.0 + gap, 1.0]), np.array([68, 2]))
    weight = 34.0 * math.exp(-gap / (8.617333262e-5 * temperature))
    ordered = 1.0 / (1.0 + weight)
    assert ensemble.ordered.tolist() == [False, True]
    assert ensemble.probability(temperature) == pytest.approx(ordered, rel=1e-9)
    assert ensemble.probabilities(temperature)[1] == pytest.approx(ordered, rel=1e-9)
    expected = -ordered * math.log(ordered / 2.0)
    if ordered < 1.0:
        expected -= (1.0 - ordered) * math.log((1.0 - ordered) / 68.0)
    assert ensemble.entropy(temperature) == pytest.approx(expected, rel=1e-7, abs=1e-12)


def test_entropy_is_the_slope_of_the_free_energy() -> None:
    rng = np.random.default_rng(3)
    ensemble = ensemble_of(rng.normal(size=9) * 0.1, rng.integers(1, 50, 9))

    def free_energy(t: float) -> float:
        return (
            -K_B * t * math.log(float((ensemble.degeneracies * np.exp(-ensemble.energies / (K_B * t))).sum()))
        )

    for t in (150.0, 700.0):
        slope = -(free_energy(t + 0.01) - free_energy(t - 0.01)) / 0.02
        assert K_B * ensemble.entropy(t) == pytest.approx(slope, rel=1e-6)


def test_at_zero_temperature_only_the_lowest_are_there() -> None:
    ensemble = ensemble_of(np.array([0.0, 0.3, 0.0]), np.array([6, 4, 2]))
    assert ensemble.probabilities(0.0).tolist() == [0.75, 0.0, 0.25]
    assert ensemble.entropy(0.0) == pytest.approx(math.log(8))
    assert ensemble.ordered.tolist() == [False, False, True]
    assert ensemble.probability(0.0) == 0.25


def test_orientations_of_one_ordering_count_together() -> None:
    """In a cell of less symmetry than the parent, L1_0 along one axis and along the two others are two sets."""
    energies = np.array([2e-6, 0.0, 0.01])
    ensemble = Ensemble(energies, np.array([2, 4, 64]), np.array([0, 0, 1]))
    assert ensemble.ordered.tolist() == [True, True, False]
    weight = 64 * math.exp(-0.01 / (K_B * 100.0)) / (4 + 2 * math.exp(-2e-6 / (K_B * 100.0)))
    assert ensemble.probability(100.0) == pytest.approx(1.0 / (1.0 + weight), rel=1e-9)
