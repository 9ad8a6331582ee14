"""Batches waste nothing, and fractions that are fixed cost nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from engine.composition import simplex
from engine.composition.space import CompositionSpace
from engine.optimize.point import Point
from engine.optimize.surrogates.surrogate import surrogates

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import problem, run

GOAL = [{"property": "energy", "goal": "minimize", "scale": 0.001}]
CENTRE = np.array([0.2, 0.3, 0.5])


def bowl(x):
    return float((x - CENTRE) @ (x - CENTRE)), 2 * (x - CENTRE)


@pytest.mark.parametrize("name", ["bayesian", "hybrid", "gradient"])
def test_no_two_compositions_of_a_batch_are_within_a_thousandth(name):
    strategy = {"name": name, "max_evaluations": 24, "batch_size": 8}
    campaign = run(problem(["Na", "K", "Li"], GOAL, strategy=strategy), {"energy": bowl})
    x = np.array([campaign.space.to_vector(r.composition) for r in campaign.records])
    apart = np.abs(x[:, None] - x[None]).max(-1) + np.eye(len(x))
    assert apart[:8, :8].min() >= 1e-3
    assert apart[8:16, 8:16].min(initial=1.0) >= 1e-3
    assert campaign.best.loss < 0.01


@pytest.mark.parametrize("name", ["hybrid", "bayesian", "gradient", "random"])
def test_of_three_compositions_each_is_evaluated_once_and_the_end_says_so(name):
    strategy = {"name": name, "max_evaluations": 10, "batch_size": 5}
    asked = problem(["Na", "K", "Li"], GOAL, strategy=strategy, constraints={"max_elements": {"cation": 1}})
    campaign = run(asked, {"energy": lambda x: (float(x[1] - x[2]), [0.0, 1.0, -1.0])})
    found = {tuple(campaign.space.to_vector(r.composition).round(9)) for r in campaign.records}
    assert len(campaign.records) == len(found) <= 3
    assert campaign.best.composition["cation"]["Li"] == 1.0
    if len(found) == 3:
        assert campaign.stopped.reason == "converged"
        assert "the 3 compositions that the constraints allow are all there are" in campaign.stopped.message


def test_fractions_that_bounds_fix_are_not_drawn():
    lower, upper = np.array([0.25, 0.0, 0.0, 0.0]), np.array([0.25, 1.0, 0.5, 0.0])
    drawn = simplex.sample(np.random.default_rng(0), 2000, lower, upper)
    assert drawn[:, 0] == pytest.approx(0.25)
    assert np.all(drawn[:, 3] == 0.0)
    np.testing.assert_allclose(drawn.sum(axis=1), 1.0, atol=1e-12)
    # uniform on the line: the third entry from 0 to 0.5
    assert drawn[:, 2].mean() == pytest.approx(0.25, abs=0.01)
    assert drawn[:, 2].std() == pytest.approx(0.5 / np.sqrt(12), abs=0.01)


def test_chains_in_a_thin_simplex_are_uniform_in_it():
    """Six entries of at most a fifth: rejection seldom hits. By symmetry each has the same mean."""
    lower, upper = np.zeros(6), np.full(6, 0.2)
    drawn = simplex.sample(np.random.default_rng(1), 600, lower, upper)
    assert drawn.max() <= 0.2 + 1e-12
    np.testing.assert_allclose(drawn.sum(axis=1), 1.0, atol=1e-12)
    # 0.2 - x is uniform in a simplex of sum 0.2: its entries have the deviation of a Dirichlet distribution
    np.testing.assert_allclose(drawn.mean(axis=0), 1 / 6, atol=0.005)
    np.testing.assert_allclose(drawn.std(axis=0), 0.2 * np.sqrt(5 / 36 / 7), rtol=0.1)


def test_what_bounds_fix_is_not_modelled_unless_something_off_it_was_told():
    space = CompositionSpace(
        ("c",), (("Na", "K", "Li", "Cs"),), np.array([0.25, 0, 0, 0]), np.array([0.25, 1, 1, 0])
    )
    assert space.free_basis.shape == (4, 1)
    np.testing.assert_allclose(np.abs(space.free_basis[:, 0]), [0, 0.5**0.5, 0.5**0.5, 0])

    def point(number, *x):
        x = np.array(x)
        return Point(number, None, x, {"energy": float(x @ x)}, {"energy": 2 * x}, 0.0)

    inside = [point(0, 0.25, 0.5, 0.25, 0.0), point(1, 0.25, 0.1, 0.65, 0.0)]
    model = surrogates(space, ["energy"], inside, {}, {})["energy"]
    assert model.hyperparameters.prior.basis.shape == (4, 1)
    beyond = [*inside, point(2, 0.4, 0.3, 0.2, 0.1)]
    model = surrogates(space, ["energy"], beyond, {}, {})["energy"]
    assert model.hyperparameters.prior.basis.shape == (4, 3)
    assert model.mean(beyond[2].x[None])[0] == pytest.approx(beyond[2].values["energy"], abs=1e-3)
