"""Strategies bayesian, hybrid, random and auto: known optima, fronts, feasibility, replay."""

from __future__ import annotations

import dataclasses
import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

from api_schemas.evaluations import Suggestion
from engine.campaign.campaign import Campaign
from engine.optimize.history import History
from engine.optimize.objective import build_loss
from engine.optimize.point import Point
from engine.optimize.proposals import bayesian
from engine.optimize.proposals.claim import PROBE
from engine.optimize.proposals.strategies import propose
from tests.soak import later

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import problem, record, run

GOAL = [{"property": "mixing_energy", "goal": "minimize", "scale": 1e-3}]


def two_bowls(x):
    """A shallow minimum near (0.7, 0.2, 0.1) and the deepest near (0.2, 0.2, 0.6)."""
    value, slope = 0.0, np.zeros(3)
    for centre, depth in (([0.7, 0.2, 0.1], 0.03), ([0.2, 0.2, 0.6], 0.05)):
        away = x - np.array(centre)
        part = depth * np.exp(-float(away @ away) / 0.08)
        value -= part
        slope += part * 2 * away / 0.08
    return value, slope


def lattice(x):
    return 3.0 + 0.5 * x[1] + 0.2 * x[2], [0.0, 0.5, 0.2]


@pytest.mark.parametrize("name", ["bayesian", "hybrid"])
def test_the_deepest_of_two_minima_is_found(name):
    asked = problem(["Na", "K", "Li"], GOAL, strategy={"name": name, "max_evaluations": 30})
    campaign = run(asked, {"mixing_energy": two_bowls})
    assert campaign.stopped.reason == "converged"
    least = min(
        two_bowls(np.array([a, b, 1 - a - b]))[0]
        for a in np.linspace(0, 1, 201)
        for b in np.linspace(0, 1 - a, 201)
    )
    assert campaign.best.properties["mixing_energy"] == pytest.approx(least, abs=5e-5)


def repelling(x):
    """Every pair repels, so that every pure element is a local minimum: the last is the deepest, by 0.05 eV/atom."""
    pairs = np.array(
        [
            [0.0, 1.9, 0.8, 2.4, 1.2, 2.9],
            [1.9, 0.0, 2.2, 0.9, 2.7, 1.4],
            [0.8, 2.2, 0.0, 1.6, 2.0, 2.5],
            [2.4, 0.9, 1.6, 0.0, 1.1, 1.8],
            [1.2, 2.7, 2.0, 1.1, 0.0, 0.7],
            [2.9, 1.4, 2.5, 1.8, 0.7, 0.0],
        ]
    )
    pure = np.array([0.2, 0.35, 0.5, 0.1, 0.3, 0.05])
    return float(0.5 * x @ pairs @ x + pure @ x), pairs @ x + pure


@pytest.mark.parametrize("name", ["bayesian", "hybrid"])
@pytest.mark.parametrize("seed", [0, *map(later, range(1, 10))])
def test_the_best_of_six_pure_elements_is_found_from_any_start(name, seed):
    elements = ["Na", "K", "Li", "Rb", "Cs", "Ag"]
    start = np.random.default_rng(seed).dirichlet(np.ones(6))
    at = [{"cation": dict(zip(elements, start.tolist(), strict=True))}]
    asked = problem(elements, GOAL, at=at, strategy={"name": name, "max_evaluations": 20, "seed": seed})
    campaign = run(asked, {"mixing_energy": repelling})
    assert campaign.best.composition["cation"]["Ag"] == pytest.approx(1.0, abs=1e-4)
    assert campaign.stopped.reason == "converged"
    assert len(campaign.records) <= 12


def test_where_two_compositions_leave_nothing_to_expect_the_third_is_not_next_to_the_best():
    pairs = np.random.default_rng(75).uniform(0.5, 3.0, (5, 5))
    pairs = np.triu(pairs, 1) + np.triu(pairs, 1).T
    pure = np.array([0.11, 0.6, 0.54, 0.15, 0.05])
    elements = ["Na", "K", "Li", "Rb", "Cs"]
    start = np.random.default_rng(1).dirichlet(np.ones(5))
    at = [{"cation": dict(zip(elements, start.tolist(), strict=True))}]
    goal = [{"property": "mixing_energy", "goal": "minimize", "scale": 0.01}]
    campaign = Campaign(problem(elements, goal, at=at, strategy={"name": "hybrid", "seed": 1}))
    function = {"mixing_energy": lambda x: (float(0.5 * x @ pairs @ x + pure @ x), pairs @ x + pure)}
    for _ in range(2):
        campaign.tell([record(campaign, s, function) for s in campaign.ask(1)])
    told = [campaign.space.to_vector(r.composition) for r in campaign.records]
    (third,) = campaign.ask(1)
    x = campaign.space.to_vector(third.composition)
    assert min(np.abs(x - other).max() for other in told) > 0.3


def three_wells(x):
    """Of five elements: near the middle, near the first, and the deepest near the last."""
    rng = np.random.default_rng(5)
    centres = [np.full(5, 0.2), *(0.75 * np.eye(5)[i] + 0.05 for i in (0, 4))]
    value, slope = 0.0, np.zeros(5)
    for centre, depth, width in zip(centres, (0.5, 0.7, 1.0), (0.5, 0.4, 0.4), strict=True):
        away = x - centre - 0.02 * (rng.random(5) - 0.5)
        part = depth * np.exp(-float(away @ away) / width**2)
        value -= part
        slope += 2 * part * away / width**2
    return value, slope


def test_a_search_does_not_end_in_a_shallow_well_where_an_element_was_not_tried():
    elements = ["Na", "K", "Li", "Rb", "Cs"]
    start = np.random.default_rng(9).dirichlet(np.ones(5))
    at = [{"cation": dict(zip(elements, start.tolist(), strict=True))}]
    asked = problem(elements, GOAL, at=at, strategy={"name": "hybrid", "max_evaluations": 30, "seed": 9})
    campaign = run(asked, {"mixing_energy": three_wells})
    assert campaign.stopped.reason == "converged"
    assert campaign.best.properties["mixing_energy"] <= -0.99  # the other wells are 0.5 and 0.7 deep


@pytest.mark.parametrize(
    ("sure", "doubted", "goes_on"), [(2.0, 4.0, True), (0.5, 1.5, True), (0.5, 0.9, False)]
)
def test_a_search_ends_only_where_doubt_expects_little_too(monkeypatch, sure, doubted, goes_on):
    campaign = Campaign(problem(["Na", "K", "Li"], GOAL, strategy={"name": "bayesian"}))
    space = campaign.space
    points = []
    for number, x in enumerate(np.random.default_rng(2).dirichlet(np.ones(3), 6)):
        value, raw = two_bowls(x)
        gradients = {"mixing_energy": space.project_gradient(raw)}
        origin = PROBE if number == 5 else None
        points.append(Point(number, origin, x, {"mixing_energy": value}, gradients, value / 1e-3))
    real = bayesian.best_choice

    def expecting(*args, doubt, **options):
        choice = real(*args, doubt=doubt, **options)
        return dataclasses.replace(choice, improvement=sure if doubt == 1.0 else doubted, negligible=1.0)

    monkeypatch.setattr(bayesian, "best_choice", expecting)
    history = History(campaign.region, build_loss(campaign.problem, [None]), points, [], seed=0)
    assert bool(propose("bayesian", history, 1)) == goes_on


@pytest.mark.parametrize("bound", [later({"min": 3.25}), {"min": 3.1, "max": 3.11}])
def test_hybrid_finds_the_deepest_minimum_under_a_bound_on_a_property_by_sure_steps(bound):
    constraints = {"properties": [{"property": "lattice_a", **bound}]}
    strategy = {"name": "hybrid", "max_evaluations": 25}
    asked = problem(["Na", "K", "Li"], GOAL, constraints=constraints, strategy=strategy)
    campaign = run(asked, {"mixing_energy": two_bowls, "lattice_a": lattice})
    low, high = bound["min"], bound.get("max", 9.0)
    inside = [
        two_bowls(x)[0]
        for a in np.linspace(0, 1, 201)
        for b in np.linspace(0, 1 - a, 201)
        if low <= lattice(x := np.array([a, b, 1 - a - b]))[0] <= high
    ]
    assert campaign.best.properties["mixing_energy"] <= min(inside) + 5e-5
    assert low - 2e-5 <= campaign.best.properties["lattice_a"] <= high + 2e-5
    assert "step" in {r.origin for r in campaign.records}


def test_bayesian_meets_a_target_under_a_bound_on_a_property():
    constraints = {"properties": [{"property": "mixing_energy", "max": -0.02}]}
    target = [{"property": "lattice_a", "target": 3.2, "tolerance": 0.001}]
    strategy = {"name": "bayesian", "max_evaluations": 15}
    asked = problem(["Na", "K", "Li"], target, constraints=constraints, strategy=strategy)
    campaign = run(asked, {"mixing_energy": two_bowls, "lattice_a": lattice})
    assert campaign.stopped.reason == "target_met"
    assert campaign.best.properties["mixing_energy"] <= -0.02 + 1e-5


@pytest.mark.parametrize(("name", "batch"), [("bayesian", 1), ("bayesian", 3), ("hybrid", 2), ("random", 2)])
def test_a_resumed_campaign_suggests_the_same_bit_for_bit_whatever_the_order_of_the_batch(name, batch):
    asked = problem(["Na", "K", "Li"], GOAL, strategy={"name": name, "max_evaluations": 6})
    functions = {"mixing_energy": two_bowls}
    whole = Campaign(asked)
    while suggestions := whole.ask(batch):
        told = list(whole.records)
        again = Campaign(asked)
        again.tell(told[::-1])
        assert again.ask(batch) == suggestions
        whole.tell([record(whole, s, functions) for s in suggestions])
    assert len(whole.records) <= 6


@pytest.mark.parametrize("name", ["gradient", "bayesian", "hybrid", "random"])
def test_every_suggestion_obeys_linear_constraints_and_counts_to_1e_9(name):
    constraints = {
        "linear": [{"terms": {"cation:Na": 1, "cation:K": -2}, "min": 0.1, "max": 0.1}],
        "max_elements": {"cation": 3},
        "min_if_present": {"cation:Li": 0.1},
    }
    strategy = {"name": name, "max_evaluations": 6}
    asked = problem(["Na", "K", "Li", "Rb"], GOAL, constraints=constraints, strategy=strategy)

    def bowl(x):
        away = x - np.array([0.3, 0.1, 0.5, 0.1])
        return float(away @ away), 2 * away

    campaign = Campaign(asked)
    while suggestions := campaign.ask(2):
        for one in suggestions:
            x = one.composition["cation"]
            assert abs(x["Na"] - 2 * x["K"] - 0.1) <= 1e-9
            assert abs(sum(x.values()) - 1.0) <= 1e-9
            assert sum(v > 1e-9 for v in x.values()) <= 3
            assert x["Li"] <= 1e-9 or x["Li"] >= 0.1 - 1e-9
        points = [tuple(s.composition["cation"].values()) for s in suggestions]
        assert len(set(points)) == len(points)
        campaign.tell([record(campaign, s, {"mixing_energy": bowl}) for s in suggestions])
    assert len(campaign.records) >= 4


def test_random_spends_its_budget_and_depends_on_the_seed():
    asked = problem(["Na", "K", "Li"], GOAL, strategy={"name": "random", "max_evaluations": 12})
    campaign = run(asked, {"mixing_energy": two_bowls}, n=5)
    assert len(campaign.records) == 12
    assert campaign.stopped.reason == "budget_spent"
    others = [Campaign(asked, seed=seed).ask(2) for seed in (0, 0, 1)]
    assert others[0] == others[1] != others[2]


def test_auto_says_what_it_chose_and_why():
    target = [{"property": "lattice_a", "target": 3.2, "tolerance": 0.01}]
    functions = {"lattice_a": lattice, "mixing_energy": two_bowls}
    to_target = run(problem(["Na", "K", "Li"], target, strategy={"name": "auto"}), functions)
    assert to_target.result().notes == ["auto chose gradient: targets are reached along exact gradients"]
    to_goal = Campaign(problem(["Na", "K", "Li"], GOAL, strategy={"name": "auto"}))
    to_goal.tell([record(to_goal, s, functions) for s in to_goal.ask(1)])
    assert to_goal.result().notes[0].startswith("auto chose hybrid")


def test_gradients_of_the_wrong_sign_are_set_aside_and_it_is_said():
    def wrong(x):
        value, slope = two_bowls(x)
        return value, -slope

    asked = problem(["Na", "K", "Li"], GOAL, strategy={"name": "bayesian"})
    campaign = Campaign(asked)
    drawn = campaign.region.random(np.random.default_rng(2), 12)
    suggestions = [
        Suggestion(index=i, composition=campaign.space.to_composition(x)) for i, x in enumerate(drawn)
    ]
    campaign.tell([record(campaign, s, {"mixing_energy": wrong}) for s in suggestions])
    campaign.ask(1)
    notes = campaign.result().notes
    assert len(notes) == 1
    assert "the gradients of mixing_energy are inconsistent" in notes[0]


def test_failed_relaxations_do_not_end_a_bayesian_search():
    asked = problem(["Na", "K"], [{"property": "lattice_a", "target": 3.33, "tolerance": 0.001}],
                    strategy={"name": "bayesian", "max_evaluations": 12})  # fmt: skip
    campaign = Campaign(asked)
    functions = {"lattice_a": lambda x: (3.0 + 0.5 * x[1], [0.0, 0.5])}
    while suggestions := campaign.ask(1):
        campaign.tell([record(campaign, s, functions, converged=s.index > 3) for s in suggestions])
    assert campaign.stopped.reason == "target_met"


@pytest.mark.parametrize("name", ["gradient", "bayesian", "hybrid"])
def test_a_tight_tolerance_is_met_by_small_steps_and_not_given_up(name):
    """Steps near the end are far below what compositions need to be told apart."""
    functions = {"lattice_a": lambda x: (5.7 + 0.6 * x[1] - 0.2 * x[1] ** 3, [0.0, 0.6 - 0.6 * x[1] ** 2])}
    for target in (5.72, 5.85, 5.87, 6.04):
        objectives = [{"property": "lattice_a", "target": target, "tolerance": 1e-6}]
        campaign = run(problem(["Na", "K"], objectives, strategy={"name": name}), functions)
        assert campaign.stopped.reason == "target_met", target
        assert len(campaign.records) <= 8


@pytest.mark.parametrize("name", ["gradient", "hybrid"])
@pytest.mark.parametrize("zero", [later(0.0), -340.0, later(400.0)])
def test_a_goal_is_followed_to_its_end_wherever_the_zero_of_the_property_is(name, zero):
    middle = np.array([0.13, 0.46, 0.41])
    bent = np.array([[3.0, 1.2, 0.0], [1.2, 2.0, 0.9], [0.0, 0.9, 4.0]])

    def function(x):
        away = x - middle
        slope = 2.0 * bent @ away + 18.0 * np.array([away[0] ** 2, -(away[1] ** 2), 0.0])
        slope += 8.0 * np.array([away[1] * away[2], away[0] * away[2], away[0] * away[1]])
        return zero + away @ bent @ away + 6.0 * (away[0] ** 3 - away[1] ** 3) + 8.0 * np.prod(away), slope

    objectives = [{"property": "lattice_a", "goal": "minimize", "scale": 0.01}]
    campaign = run(problem(["Na", "K", "Rb"], objectives, strategy={"name": name}), {"lattice_a": function})
    assert campaign.best.properties["lattice_a"] == pytest.approx(zero, abs=1e-4)


def hypervolume(points, reference):
    """Of two objectives to be minimised, by counting a fine grid."""
    a, b = np.meshgrid(np.linspace(-4.0, reference[0], 801), np.linspace(-6.0, reference[1], 801))
    covered = np.zeros(a.shape, dtype=bool)
    for x, y in points:
        covered |= (a >= x) & (b >= y)
    return covered.mean()


def test_a_front_dominates_nearly_what_the_front_of_a_fine_grid_dominates():
    objectives = [
        {"property": "lattice_a", "goal": "minimize", "scale": 0.1},
        {"property": "mixing_energy", "goal": "minimize", "scale": 0.01},
    ]
    functions = {"lattice_a": lambda x: (0.5 * x[1] + 0.3 * x[2] ** 2, [0, 0.5, 0.6 * x[2]]),
                 "mixing_energy": two_bowls}  # fmt: skip
    strategy = {"name": "auto", "max_evaluations": 13}
    campaign = run(problem(["Na", "K", "Li"], objectives, strategy=strategy), functions)
    result = campaign.result()
    assert result.best is None
    front = [
        (e.properties["lattice_a"].value / 0.1, e.properties["mixing_energy"].value / 0.01)
        for e in result.front
    ]
    assert front == sorted(front)
    for one, other in itertools.permutations(front, 2):
        assert not (other[0] <= one[0] and other[1] <= one[1])
    grid = [
        (functions["lattice_a"](x)[0] / 0.1, two_bowls(x)[0] / 0.01)
        for a in np.linspace(0, 1, 41)
        for b in np.linspace(0, 1 - a, 41)
        for x in [np.array([a, b, 1 - a - b])]
    ]
    reference = (3.5, 0.5)
    assert hypervolume(front, reference) >= 0.95 * hypervolume(grid, reference)
    assert "front" in campaign.stopped.message or campaign.stopped.reason == "budget_spent"


def test_a_front_reaches_its_ends_however_far_they_are_from_where_the_search_began():
    """Two slopes that pull apart: every composition of an edge is on the front, and its ends are pure elements."""
    objectives = [
        {"property": "lattice_a", "goal": "minimize", "scale": 0.1},
        {"property": "density", "goal": "minimize", "scale": 0.1},
    ]
    lengths, densities = np.array([5.7, 6.2, 6.4]), np.array([3.0, 0.1, 1.0])
    functions = {
        "lattice_a": lambda x: (lengths @ x, lengths - lengths.mean()),
        "density": lambda x: (densities @ x, densities - densities.mean()),
    }
    strategy = {"name": "auto", "max_evaluations": 12}
    front = run(problem(["Na", "K", "Rb"], objectives, strategy=strategy), functions).result().front
    first, last = front[0].properties, front[-1].properties
    assert first["lattice_a"].value == pytest.approx(5.7, abs=0.03)
    assert last["density"].value == pytest.approx(0.1, abs=0.01)


def test_a_front_of_a_grid_holds_its_nondominated_points():
    objectives = [
        {"property": "lattice_a", "goal": "minimize"},
        {"property": "mixing_energy", "goal": "minimize"},
    ]
    asked = problem(["Na", "K"], objectives, strategy={"name": "grid"}, scan={"points_per_edge": 11})
    functions = {
        "lattice_a": lambda x: (x[1], [0, 1]),
        "mixing_energy": lambda x: ((x[1] - 0.45) ** 2, [0, 2 * (x[1] - 0.45)]),
    }
    front = run(asked, functions).result().front
    assert [round(e.composition["cation"]["K"], 6) for e in front] == [0.0, 0.1, 0.2, 0.3, 0.4]
