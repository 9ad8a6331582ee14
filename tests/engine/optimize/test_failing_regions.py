"""Relaxations that fail in a region around the optimum: a search learns where, and says so."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from engine.campaign.campaign import Campaign
from engine.composition.region import Region
from engine.composition.space import CompositionSpace
from engine.optimize.answer.failures import failure_words
from engine.optimize.point import Point
from engine.optimize.surrogates.convergence import convergence

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import problem, record

SPACE = CompositionSpace(("cation",), (("Na", "K", "Li"),), np.zeros(3), np.ones(3))
GOAL = [{"property": "mixing_energy", "goal": "minimize", "scale": 1e-3}]
CENTRE = np.array([0.2, 0.3, 0.5])


def bowl(x):
    return float((x - CENTRE) @ (x - CENTRE)), 2 * (x - CENTRE)


def searched(name, fails, most=30, **more):
    campaign = Campaign(
        problem(["Na", "K", "Li"], GOAL, strategy={"name": name, "max_evaluations": most}, **more)
    )
    while batch := campaign.ask():
        campaign.tell(
            [
                record(
                    campaign,
                    s,
                    {"mixing_energy": bowl},
                    converged=not fails(campaign.space.to_vector(s.composition)),
                )
                for s in batch
            ]
        )
    return campaign


def points(outcomes):
    return [
        Point(i, None, np.array(x), {"mixing_energy": 0.0} if worked else {}, {}, 0.0 if worked else np.inf)
        for i, (x, worked) in enumerate(outcomes)
    ]


@pytest.mark.parametrize("name", ["hybrid", "bayesian", "gradient"])
def test_the_best_that_converges_is_found_and_most_relaxations_do(name):
    campaign = searched(name, lambda x: x[2] > 0.45)
    # (Li - 0.5)^2 + half of that twice: the nearest point of the line Li = 0.45
    least = 1.5 * 0.05**2 / 1e-3
    assert campaign.best.loss == pytest.approx(least, rel=0.05)
    failed = sum(not one.converged for one in campaign.records)
    assert failed <= 0.4 * len(campaign.records)
    message = campaign.result().stopped.message
    assert f"{failed} of {len(campaign.records)} relaxations failed, all where cation:Li is 0.45" in message
    assert "max_evaluations" not in message


def test_where_relaxations_fail_a_larger_budget_is_not_advised():
    campaign = searched("bayesian", lambda x: x[2] > 0.45, most=6)
    stopped = campaign.stopped
    assert stopped.reason == "budget_spent"
    assert "relaxations failed" in stopped.message
    assert "max_evaluations" not in stopped.message


def test_nothing_is_said_of_failures_where_all_converged():
    assert failure_words(SPACE, points([([0.2, 0.3, 0.5], True), ([0.5, 0.3, 0.2], True)])) is None
    assert convergence(points([([0.2, 0.3, 0.5], True)]), SPACE.tangent_basis) is None
    assert convergence(points([([0.2, 0.3, 0.5], False)]), SPACE.tangent_basis) is None


def test_failures_without_a_side_are_only_counted():
    outcomes = [
        ([0.6, 0.2, 0.2], True),
        ([0.2, 0.6, 0.2], True),
        ([0.2, 0.2, 0.6], True),
        ([1 / 3] * 3, False),
    ]
    assert (
        failure_words(SPACE, points(outcomes))
        == "1 of 4 relaxations failed, with no fraction that tells where"
    )


def test_the_border_lies_anywhere_between_success_and_failure_as_likely():
    """With two compositions the probability falls evenly from one to the other: that of a uniform place."""
    learned = convergence(points([([0.4, 0.4, 0.2], True), ([0.2, 0.2, 0.6], False)]), SPACE.tangent_basis)
    between = np.array([[0.4 - 0.2 * t, 0.4 - 0.2 * t, 0.2 + 0.4 * t] for t in (0.25, 0.5, 0.75)])
    np.testing.assert_allclose(learned.probability(between), [0.75, 0.5, 0.25], atol=0.03)


def test_a_limit_of_one_fraction_is_learned_from_a_few_outcomes_as_finely_as_it_is_closed_in_on():
    rng = np.random.default_rng(3)
    drawn = rng.dirichlet(np.ones(3), 12)
    near = [[0.3, 0.25, 0.45], [0.2, 0.3501, 0.4499], [0.35, 0.1999, 0.4501], [0.2, 0.3495, 0.4505]]
    outcomes = [(x, x[2] <= 0.45) for x in [*drawn.tolist(), *near]]
    learned = convergence(points(outcomes), SPACE.tangent_basis)
    others = rng.dirichlet(np.ones(3), 200)
    far = others[np.abs(others[:, 2] - 0.45) > 0.01]
    right = (learned.probability(far) > 0.5) == (far[:, 2] < 0.45)
    assert right.mean() > 0.97


def test_what_a_sure_step_keeps_has_the_slope_of_its_differences():
    outcomes = [
        ([0.4, 0.4, 0.2], True),
        ([0.2, 0.2, 0.6], False),
        ([0.1, 0.5, 0.4], True),
        ([0.5, 0.0, 0.5], False),
    ]
    learned = convergence(points(outcomes), SPACE.tangent_basis)
    x = np.array([0.31, 0.27, 0.42])
    _, slope = learned.room(x)
    for direction in SPACE.tangent_basis.T:
        ahead, behind = (learned.room(x + side * 1e-6 * direction)[0][0] for side in (1, -1))
        assert slope[0] @ direction == pytest.approx((ahead - behind) / 2e-6, rel=1e-5, abs=1e-8)


def test_starts_of_local_searches_keep_from_where_relaxations_fail():
    campaign = searched("gradient", lambda x: x[2] > 0.3)
    late = [one for one in campaign.records if str(one.origin).startswith("start")][2:]
    assert late
    assert sum(one.converged for one in late) >= len(late) - 1
    assert Region(SPACE).contains(campaign.space.to_vector(campaign.best.composition))


@pytest.mark.parametrize("name", ["hybrid", "bayesian"])
@pytest.mark.parametrize("elements", [{"Na": [0.5, 0.5005], "K": [0, 1]}, {"Na": [0.5, 0.51], "K": [0, 1]}])
def test_a_search_in_which_everything_failed_and_nothing_else_is_left_ends_and_says_so(name, elements):
    strategy = {"name": name, "max_evaluations": 20}
    campaign = Campaign(problem(elements, GOAL, strategy=strategy))
    while batch := campaign.ask():
        none = {"mixing_energy": lambda x: (0.0, 0.0 * x)}
        campaign.tell([record(campaign, one, none, converged=False) for one in batch])
    assert campaign.best is None
    count = len(campaign.records)
    assert f"{count} of {count} relaxations failed" in campaign.result().stopped.message


@pytest.mark.parametrize("apart", [0.0, 1e-9, 1e-7])
def test_a_composition_that_failed_once_and_converged_once_says_nothing_sure(apart):
    outcomes = [([0.2, 0.3, 0.5], True), ([0.2 + apart, 0.3 - apart, 0.5], False), ([0.6, 0.2, 0.2], True)]
    basis = np.linalg.svd(np.ones((1, 3)))[2][1:].T
    middle = np.array([[0.2, 0.3, 0.5]])
    found = convergence(points(outcomes), basis)
    assert 0.2 < float(found.probability(middle)[0]) < 0.9


def test_evaluations_without_what_is_sought_are_no_failed_relaxations():
    """Vibrations of an unstable crystal are left out of an evaluation that converged."""
    campaign = Campaign(problem(["Na", "K", "Li"], GOAL, strategy={"name": "random", "max_evaluations": 3}))
    while batch := campaign.ask():
        campaign.tell([record(campaign, one, {}) for one in batch])
    message = campaign.result().stopped.message
    assert "3 of 3 evaluations have none of what is sought: see their messages" in message
    assert "relaxations failed" not in message
