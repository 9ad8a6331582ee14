"""The pessimistic step of strategy hybrid: it stays near and feasible, and gains most of what it promises."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import problem, record, run

from engine.campaign.campaign import Campaign
from engine.optimize.objective import Loss, Term, Threshold, build_loss, point_of
from engine.optimize.point import Point
from engine.optimize.proposals.sure_step import FEWEST, FIRST_RADIUS, Pessimist, sure_step
from engine.optimize.surrogates.surrogate import surrogates

GOAL = [{"property": "mixing_energy", "goal": "minimize", "scale": 1e-3}]


def bowl(x):
    away = x - np.array([0.2, 0.3, 0.4, 0.1])
    stiffness = np.array([1.0, 2.0, 3.0, 4.0])
    return float(stiffness @ away**2), 2.0 * stiffness * away


def points_told(campaign, loss):
    space = campaign.space
    return [point_of(r, space.to_vector(r.composition), space.columns, loss) for r in campaign.records]


def drawn(campaign):
    return campaign.region.random(np.random.default_rng(1), 64)


def test_a_sure_step_is_short_until_lengths_are_fitted():
    campaign = Campaign(problem(["Na", "K", "Li", "Rb"], GOAL, strategy={"name": "random"}))
    loss = build_loss(campaign.problem, [None])
    for converged in (True, False):  # of the second nothing is known
        (suggestion,) = campaign.ask(1)
        campaign.tell([record(campaign, suggestion, {"mixing_energy": bowl}, converged=converged)])
    points = points_told(campaign, loss)
    assert [bool(point.values) for point in points] == [True, False]
    step = sure_step(campaign.region, loss, points, {}, drawn(campaign))
    assert step is not None
    assert np.abs(step.x - points[0].x).max() <= FIRST_RADIUS + 1e-9


def test_a_sure_step_gains_what_it_promises_from_four_compositions_on():
    campaign = Campaign(problem(["Na", "K", "Li", "Rb"], GOAL, strategy={"name": "random"}))
    loss = build_loss(campaign.problem, [None])
    while len(campaign.records) < 6:
        campaign.tell([record(campaign, s, {"mixing_energy": bowl}) for s in campaign.ask(1)])
        points = points_told(campaign, loss)
        if len(points) < FEWEST:
            continue
        best = min(points, key=lambda point: point.rank)
        step = sure_step(campaign.region, loss, points, {}, drawn(campaign))
        assert step is not None
        assert campaign.region.contains(step.x)
        if len(points) >= 4:
            gained = best.loss - bowl(step.x)[0] / 1e-3
            assert gained >= 0.99 * step.improvement > 0.0


def test_hybrid_ends_at_the_optimum_of_a_bowl_by_sure_steps_and_not_by_its_corners():
    asked = problem(["Na", "K", "Li", "Rb"], GOAL, strategy={"name": "hybrid", "max_evaluations": 20})
    campaign = run(asked, {"mixing_energy": bowl})
    assert campaign.stopped.reason == "converged"
    assert campaign.best.properties["mixing_energy"] <= 1e-4  # of a range of 1.5
    assert {r.origin for r in campaign.records} >= {"first", "step"}
    assert len(campaign.records) <= 12


def test_where_the_best_point_is_the_optimum_there_is_no_sure_step():
    at = [{"cation": {"Na": 0.2, "K": 0.3, "Li": 0.4, "Rb": 0.1}}]
    campaign = Campaign(problem(["Na", "K", "Li", "Rb"], GOAL, at=at, strategy={"name": "random"}))
    while len(campaign.records) < 5:
        campaign.tell([record(campaign, s, {"mixing_energy": bowl}) for s in campaign.ask(1)])
    loss = build_loss(campaign.problem, [None])
    step = sure_step(campaign.region, loss, points_told(campaign, loss), {}, drawn(campaign))
    assert step is None or step.improvement < 1e-3


@pytest.mark.parametrize("violation", [0.0, 1.0])
def test_slopes_of_what_is_sure_are_those_of_differences_and_one_composition_is_as_many(violation):
    space = Campaign(problem(["Na", "K", "Li", "Rb"], GOAL)).space
    points = []
    for number, x in enumerate(np.random.default_rng(6).dirichlet(np.ones(4), 4)):
        value, raw = bowl(x)
        other, slope = float(np.sin(3 * x[0])), np.array([3 * np.cos(3 * x[0]), 0.0, 0.0, 0.0])
        gradients = {"mixing_energy": space.project_gradient(raw), "lattice_a": space.project_gradient(slope)}
        points.append(Point(number, None, x, {"mixing_energy": value, "lattice_a": other}, gradients, value))
    goal = Term("mixing_energy", "eV/atom", 1.0, None, 1.0, 1.0, 0.1)
    target = Term("lattice_a", "Å", 0.5, 0.3, 0.2, 1.0, 1.0)
    bound = Threshold("lattice_a", "Å", 0.5, 0.9, 0.05)
    loss = Loss((goal, target), (bound,))
    models = surrogates(space, loss.properties, points, {}, {})
    view = Pessimist(loss, models, Point(0, None, points[0].x, {}, {}, 0.0, violation), 1.7)
    for x in np.random.default_rng(7).dirichlet(np.full(4, 3.0), 6):
        value, slope = view.downhill(x)
        rooms, turned = view.room(x)
        assert rooms.shape == (2,)
        assert value == pytest.approx(view.losses(x[None])[0], rel=1e-6, abs=1e-9)
        for tangent in space.tangent_basis.T:
            ends = [x + sign * 1e-5 * tangent for sign in (1, -1)]
            (up, high), (down, low) = [(view.downhill(end)[0], view.room(end)[0]) for end in ends]
            assert slope @ tangent == pytest.approx((up - down) / 2e-5, rel=1e-4, abs=1e-5)
            np.testing.assert_allclose(turned @ tangent, (high - low) / 2e-5, rtol=1e-4, atol=1e-4)
