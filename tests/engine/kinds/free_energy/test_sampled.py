"""How often the free energy is within its error, where samples themselves say when there are enough."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from engine.kinds.free_energy.sampled import sampled

HEAT = 8.617333262e-5 * 300


def normal(width):
    """Energies of normal distribution, and the free energy, in kT."""
    return lambda random, shape: width * random.standard_normal(shape), -(width**2) / 2


def skewed(scale):
    """A tail of low energies: minus a gamma distribution of shape 4, whose width is twice the scale."""
    return lambda random, shape: -random.gamma(4.0, scale, shape), 4 * np.log(1.0 - scale)


def found(seed, first, left, accuracy):
    (draw, truth), (draw_left, of_left) = first, left
    random = np.random.default_rng(seed)
    pairs, single = HEAT * draw(random, (128, 2)), HEAT * draw_left(random, (512, 1))
    between = SimpleNamespace(difference=HEAT * (truth - of_left), error=1e-9, forgotten=True)

    def batch(of, size, number):
        rows = of[size * number : size * (number + 1)].tolist()
        return SimpleNamespace(unstable=[], differences=rows, temperature=300.0, atoms=64.0, between=between)

    said = sampled(
        lambda number: batch(pairs, 8, number),
        lambda number: batch(single, 32, number),
        lambda _: accuracy,
        seed,
    )
    return said.found, HEAT * truth


@pytest.mark.parametrize(
    ("first", "left"),
    [
        (normal(0.5), normal(0.2)),
        (normal(1.0), normal(0.4)),
        (normal(1.5), normal(0.6)),
        (skewed(0.4), skewed(0.16)),
        (skewed(0.6), skewed(0.24)),
    ],
)
def test_errors_are_honest_although_samples_decide_when_they_are_enough(first, left):
    """One in two would do for the first round alone of the widest: the samples that look the best missed the tail."""
    within = []
    for seed in range(200):
        said, truth = found(seed, first, left, 2 * HEAT)
        assert said.enough
        within.append(abs(said.difference - truth) / said.error)
    assert np.mean(np.array(within) < 1.0) > 0.55
    assert np.mean(np.array(within) < 2.0) > 0.85
