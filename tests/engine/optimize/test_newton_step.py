"""What a potential would choose by one Newton step: against closed forms, and against another minimiser."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from api_schemas.problem import Problem
from engine.campaign.campaign import Campaign
from engine.optimize.answer.newton_step import newton_step
from engine.optimize.objective import build_loss
from engine.optimize.point import Point

NAMES = ("lattice_a", "density")


def asked(elements, targets=(3.0,), **more):
    objectives = [
        {"property": name, "target": target, "tolerance": 0.01, "weight": 1.0 + place}
        for place, (name, target) in enumerate(zip(NAMES, targets, strict=False))
    ]
    return Problem.model_validate(
        {
            "structure": {"prototype": "fcc", "species": ["Cu"]},
            "sublattices": [{"name": "mix", "sites": ["Cu"], "elements": elements}],
            "objectives": objectives,
            "potential": {"name": "sevennet-0"},
            **more,
        }
    )


def stepped(problem, x, values, slopes):
    """The step where each property has a value and raw slopes by column."""
    campaign = Campaign(problem)
    loss = build_loss(problem, [one.target for one in problem.objectives])
    names = loss.properties
    gradients = {
        name: campaign.space.project_gradient(np.array(slope, dtype=float))
        for name, slope in zip(names, slopes, strict=True)
    }
    values = dict(zip(names, values, strict=True))
    point = Point(0, None, np.array(x, dtype=float), values, gradients, loss(values), loss.violation(values))
    return newton_step(campaign.region, loss, point), loss, point, campaign


def test_of_two_elements_it_is_the_root_of_the_line():
    chosen, *_ = stepped(asked(["Cu", "Au"]), [0.6, 0.4], [3.02], [[-0.1, 0.3]])
    # dP/dt = 0.4 along Cu -> Au, so that t = -0.02/0.4.
    assert chosen.x == pytest.approx([0.65, 0.35], abs=1e-12)
    assert chosen.move == pytest.approx([0.05, -0.05], abs=1e-12)
    assert chosen.expected == {"lattice_a": pytest.approx(3.0, abs=1e-12)}


def test_of_more_elements_than_targets_it_is_the_shortest_that_meets_them():
    chosen, *_ = stepped(asked(["Cu", "Au", "Ag"]), [0.4, 0.3, 0.3], [3.02], [[-0.1, 0.3, 0.1]])
    slope = np.array([-0.2, 0.2, 0.0])  # in the tangent space
    assert chosen.move == pytest.approx(-0.02 * slope / (slope @ slope), abs=1e-9)


def test_two_targets_of_three_elements_have_one_solution():
    slopes = [[-0.1, 0.3, 0.1], [5.0, 1.0, 9.0]]
    chosen, *_ = stepped(asked(["Cu", "Au", "Ag"], (3.0, 9.0)), [0.4, 0.3, 0.3], [3.02, 9.2], slopes)
    rows = np.vstack([np.ones(3), slopes[0], slopes[1]])
    assert chosen.move == pytest.approx(np.linalg.solve(rows, [0.0, -0.02, -0.2]), abs=1e-9)


CONSTRAINED = [
    ({}, {"Cu": [0, 1], "Au": [0, 1], "Ag": [0, 0.35], "Pd": [0.1, 1]}),
    ({"constraints": {"linear": [{"terms": {"mix:Cu": 1, "mix:Ag": 1}, "max": 0.62}]}}, ["Cu", "Au", "Ag", "Pd"]),
    ({"constraints": {"linear": [{"terms": {"mix:Cu": 2, "mix:Pd": -1}, "min": 0.5, "max": 0.5}]}},
     ["Cu", "Au", "Ag", "Pd"]),
    ({"constraints": {"properties": [{"property": "volume", "max": 15.02}]}}, ["Cu", "Au", "Ag", "Pd"]),
]  # fmt: skip


@pytest.mark.parametrize(("more", "elements"), CONSTRAINED)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_within_constraints_it_is_what_sequential_quadratic_programming_finds(more, elements, seed):
    rng = np.random.default_rng(seed)
    problem = asked(elements, (3.0, 9.0), **more)
    x = Campaign(problem).region.random(rng, 1)[0]
    bounded = "properties" in more.get("constraints", {})
    slopes = rng.normal(size=(2 + bounded, 4)) * np.array([[0.3], [3.0], [1.0]])[: 2 + bounded]
    chosen, loss, point, campaign = stepped(problem, x, [3.1, 9.6, 15.0][: 2 + bounded], slopes)

    def predicted(y):
        return {name: point.values[name] + point.gradients[name] @ (y - x) for name in loss.properties}

    rows = [{"type": "eq", "fun": lambda y: y.sum() - 1.0}]
    for row in campaign.region.rows:
        rows.append({"type": "ineq", "fun": lambda y, row=row: row.high - row.coefficients @ y})
        if row.is_equality:
            rows.append({"type": "ineq", "fun": lambda y, row=row: row.coefficients @ y - row.low})
    if bounded:
        rows.append({"type": "ineq", "fun": lambda y: 15.02 - predicted(y)["volume"]})
    bounds = list(zip(campaign.space.lower, campaign.space.upper, strict=True))
    found = minimize(
        lambda y: loss(predicted(y)) / 100.0, x, bounds=bounds, constraints=rows, method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )  # fmt: skip
    assert campaign.region.contains(chosen.x, 1e-8)
    assert loss(predicted(chosen.x)) == pytest.approx(100.0 * found.fun, rel=1e-4, abs=1e-4)
    assert loss(predicted(chosen.x)) < point.loss
    if found.fun > 1e-3:  # else several compositions meet the targets, and it is the nearest
        assert chosen.x == pytest.approx(found.x, abs=2e-4)


def test_an_element_that_may_not_join_stays_away():
    problem = asked(["Cu", "Au", "Ag"], constraints={"max_elements": {"mix": 2}})
    chosen, *_ = stepped(problem, [0.6, 0.4, 0.0], [3.02], [[0.0, 0.1, -5.0]])
    assert chosen.x[2] == 0.0
    assert chosen.x == pytest.approx([0.8, 0.2, 0.0], abs=1e-9)


def test_without_a_slope_it_stays_and_with_bounds_that_nothing_keeps_there_is_none():
    chosen, *_ = stepped(asked(["Cu", "Au"]), [0.6, 0.4], [3.02], [[0.2, 0.2]])
    assert chosen.x == pytest.approx([0.6, 0.4], abs=1e-12)
    bound = {"properties": [{"property": "volume", "max": 10.0}]}
    chosen, *_ = stepped(
        asked(["Cu", "Au"], constraints=bound), [0.6, 0.4], [3.02, 15.0], [[-0.1, 0.3], [-1.0, 1.0]]
    )
    assert chosen is None
