"""Campaigns under constraints of the composition: feasible suggestions, known optima, rounded answers."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from engine.campaign.campaign import Campaign

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import problem, record, run

GOAL = [{"property": "mixing_energy", "goal": "minimize", "scale": 1e-3}]
FIVE = ["Na", "K", "Li", "Rb", "Cs"]


def bowl(centre):
    centre = np.asarray(centre)
    return {"mixing_energy": lambda x: (float(((x - centre) ** 2).sum()), 2 * (x - centre))}


def line(x):
    return 3.0 + 0.5 * x[1], [0.0, 0.5]


def found(campaign):
    return np.array(list(campaign.best.composition["cation"].values()))


def test_the_least_energy_under_an_equality_is_the_projection_of_the_free_minimum():
    constraints = {"linear": [{"terms": {"cation:Na": 1, "cation:K": -1}, "min": 0.2, "max": 0.2}]}
    campaign = run(problem(["Na", "K", "Li"], GOAL, constraints=constraints), bowl([0.2, 0.3, 0.5]))
    # nearest point to (0.2, 0.3, 0.5) with Na - K = 0.2 and sum 1: move 0.15 from K to Na
    np.testing.assert_allclose(found(campaign), [0.35, 0.15, 0.5], atol=1e-3)
    for one in campaign.records:
        x = one.composition["cation"]
        assert abs(x["Na"] - x["K"] - 0.2) <= 1e-9


@pytest.mark.parametrize("batch", [None, 3])
def test_at_most_two_of_five_elements_are_ever_suggested(batch):
    asked = problem(FIVE, GOAL, constraints={"max_elements": {"cation": 2}})
    centre = np.array([0.05, 0.1, 0.45, 0.35, 0.05])
    campaign = run(asked, bowl(centre), n=batch)
    for one in campaign.records:
        assert sum(value > 1e-9 for value in one.composition["cation"].values()) <= 2
    np.testing.assert_allclose(found(campaign), [0.0, 0.0, 0.55, 0.45, 0.0], atol=2e-3)


def test_an_element_is_absent_or_has_its_least_amount():
    constraints = {"min_if_present": {"cation:K": 0.3}}
    near_none = run(problem(["Na", "K", "Li"], GOAL, constraints=constraints), bowl([0.5, 0.1, 0.4]))
    assert found(near_none)[1] == pytest.approx(0.0, abs=1e-9)
    near_least = run(problem(["Na", "K", "Li"], GOAL, constraints=constraints), bowl([0.5, 0.25, 0.25]))
    assert found(near_least)[1] == pytest.approx(0.3, abs=1e-9)


def test_the_answer_is_rounded_and_evaluated_again():
    asked = problem(
        ["Na", "K"],
        [{"property": "lattice_a", "target": 3.163, "tolerance": 1e-4}],
        constraints={"resolution": 0.01},
    )
    campaign = run(asked, {"lattice_a": line})
    last = campaign.records[-1]
    assert last.origin == "rounded"
    assert last.composition["cation"]["K"] == pytest.approx(0.33, abs=1e-12)
    assert campaign.best.composition == last.composition
    stopped = campaign.result().stopped
    assert stopped.reason == "unreachable_target"
    assert "in steps of 0.01" in stopped.message
    assert "before rounding" in stopped.message


def test_a_rounded_answer_that_meets_its_target_says_so():
    asked = problem(
        ["Na", "K"],
        [{"property": "lattice_a", "target": 3.163, "tolerance": 0.003}],
        constraints={"resolution": 0.01},
        at=[{"cation": {"Na": 0.672, "K": 0.328}}],
    )
    campaign = run(asked, {"lattice_a": line})
    assert [one.origin for one in campaign.records] == ["start 0", "rounded"]
    assert campaign.stopped.reason == "target_met"


def test_an_answer_in_whole_steps_is_not_evaluated_twice():
    asked = problem(
        ["Na", "K"],
        [{"property": "lattice_a", "target": 3.25, "tolerance": 0.003}],
        constraints={"resolution": 0.1},
    )
    campaign = run(asked, {"lattice_a": line})
    assert len(campaign.records) == 1
    assert campaign.stopped.reason == "target_met"


def test_the_rounded_evaluation_is_within_the_budget():
    asked = problem(
        FIVE,
        GOAL,
        constraints={"resolution": 0.01},
        strategy={"max_evaluations": 4, "batch_size": 3},
        at=[{"cation": dict(zip(FIVE, [0.111, 0.223, 0.333, 0.122, 0.211], strict=True))}],
    )
    campaign = run(asked, bowl([0.111, 0.222, 0.333, 0.123, 0.211]))
    assert len(campaign.records) <= 4
    assert campaign.records[-1].origin == "rounded"
    assert campaign.stopped.reason == "budget_spent"


def test_a_replay_with_a_rounded_answer_stops_as_before():
    asked = problem(["Na", "K", "Li"], GOAL, constraints={"resolution": 0.05})
    whole = run(asked, bowl([0.52, 0.27, 0.21]))
    again = Campaign(asked)
    told = 0
    while batch := again.ask():
        stored = whole.records[told : told + len(batch)]
        assert [s.composition for s in batch] == [r.composition for r in stored]
        again.tell(stored)
        told += len(batch)
    assert again.stopped == whole.stopped
    assert told == len(whole.records)


def test_a_rounded_relaxation_that_fails_leaves_the_unrounded_answer_and_says_so():
    asked = problem(["Na", "K", "Li"], GOAL, constraints={"resolution": 0.05})
    functions = bowl([0.52, 0.27, 0.21])
    campaign = Campaign(asked)
    while batch := campaign.ask():
        campaign.tell([record(campaign, s, functions, converged=s.origin != "rounded") for s in batch])
    assert "not rounded" in campaign.stopped.message
    assert campaign.best is not None


def test_a_scan_visits_only_what_the_constraints_allow():
    constraints = {"linear": [{"terms": {"cation:Na": 1}, "max": 0.5}], "max_elements": {"cation": 2}}
    asked = problem(["Na", "K", "Li"], [], kind="scan", scan={"points_per_edge": 5}, constraints=constraints)
    campaign = run(asked, {"lattice_a": lambda x: (3.0, [0, 0, 0])})
    points = {tuple(np.round(4 * np.array(list(r.composition["cation"].values())))) for r in campaign.records}
    expected = {
        (a, b, 4 - a - b)
        for a in range(3)
        for b in range(5 - a)
        if sum(v > 0 for v in (a, b, 4 - a - b)) <= 2
    }
    assert points == expected
    assert campaign.planned == len(expected)


def test_strategy_grid_rounds_its_answer_too():
    asked = problem(
        ["Na", "K"],
        GOAL,
        strategy={"name": "grid"},
        scan={"points_per_edge": 4},
        constraints={"resolution": 0.1},
    )
    campaign = run(asked, bowl([0.66, 0.34]))
    assert campaign.records[-1].origin == "rounded"
    assert found(campaign)[0] == pytest.approx(0.7)
    assert len(campaign.records) == campaign.planned == 5
