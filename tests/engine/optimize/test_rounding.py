"""Rounding answers: fronts, and sublattices each in its own steps."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from engine.optimize.campaign import Campaign

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import problem, record, run

WISHES = [
    {"property": "lattice_a", "goal": "minimize", "scale": 1.0},
    {"property": "mixing_energy", "goal": "minimize", "scale": 1.0},
]
FUNCTIONS = {
    "lattice_a": lambda x: (x[1], [0.0, 1.0]),
    "mixing_energy": lambda x: ((x[1] - 0.47) ** 2, [0.0, 2 * (x[1] - 0.47)]),
}


def front_of(result):
    return [e.composition["cation"]["K"] for e in result.front]


def front_problem(**more):
    strategy = {"name": "random", "max_evaluations": 24, **more.pop("strategy", {})}
    return problem(["Na", "K"], WISHES, strategy=strategy, constraints={"resolution": 0.1}, **more)


@pytest.fixture(scope="module")
def campaign():
    return run(front_problem(), FUNCTIONS)


def test_each_member_of_a_front_is_rounded_and_the_front_of_the_rounded_ones_is_reported(campaign):
    found = np.array(front_of(campaign.result()))
    np.testing.assert_allclose(found * 10, np.round(found * 10), atol=1e-9)
    # Of the multiples of 0.1 these, and no others, are not bettered: larger K makes both worse beyond 0.47.
    members = np.round([e.composition["cation"]["K"] for e in campaign._search.result().front], 1)
    assert set(np.round(found, 1)) == {m for m in members if m <= 0.5}
    assert sorted(found) == list(found)


def test_rounded_members_are_evaluated_once_each_and_within_the_budget(campaign):
    rounded = [r for r in campaign.records if r.origin == "rounded"]
    compositions = {round(r.composition["cation"]["K"], 6) for r in rounded}
    assert len(compositions) == len(rounded) > 1
    assert len(campaign.records) <= campaign.planned == 24


def test_the_message_says_how_many_were_rounded_and_why_the_search_stopped(campaign):
    message = campaign.stopped.message
    assert "16 evaluations are spent" in message
    assert f"leave a front of {len(campaign.result().front)}" in message


def test_a_front_larger_than_what_is_left_is_rounded_at_members_spread_over_it():
    asked = problem(
        ["Na", "K"],
        WISHES,
        strategy={"name": "random", "max_evaluations": 40},
        constraints={"resolution": 0.001},
    )
    campaign = run(asked, {**FUNCTIONS, "mixing_energy": lambda x: (-x[1], [0.0, -1.0])})
    before = [e.composition["cation"]["K"] for e in campaign._search.result().front]
    rounded = sorted(r.composition["cation"]["K"] for r in campaign.records if r.origin == "rounded")
    assert len(before) == 27
    assert len(rounded) == 13
    assert (rounded[0], rounded[-1]) == (round(min(before), 3), round(max(before), 3))


def test_a_replay_of_a_rounded_front_asks_for_the_same_whatever_the_order_of_the_batch(campaign):
    again = Campaign(front_problem())
    told = 0
    while batch := again.ask():
        stored = campaign.records[told : told + len(batch)]
        assert [s.composition for s in batch] == [r.composition for r in stored]
        again.tell(stored[::-1])
        told += len(batch)
    assert told == len(campaign.records)
    assert again.stopped == campaign.stopped


def test_a_front_of_which_no_rounded_composition_converges_stays_as_it_was():
    campaign = Campaign(front_problem())
    while batch := campaign.ask():
        campaign.tell([record(campaign, s, FUNCTIONS, converged=s.origin != "rounded") for s in batch])
    assert "not rounded" in campaign.stopped.message
    assert campaign.result().front


def test_a_grid_of_a_front_keeps_evaluations_for_rounding():
    asked = problem(
        ["Na", "K"],
        WISHES,
        strategy={"name": "grid", "max_evaluations": 18},
        constraints={"resolution": 0.25},
    )
    campaign = run(asked, FUNCTIONS)
    assert campaign.planned <= 18
    assert set(front_of(campaign.result())) <= {0.0, 0.25, 0.5}


def test_an_answer_is_rounded_on_the_sublattice_that_has_steps_and_says_so():
    asked = problem(
        ["Na", "K"],
        [{"property": "mixing_energy", "goal": "minimize", "scale": 1.0}],
        constraints={"resolution": {"cation": {"sites": 32}}},
    )
    campaign = run(asked, {"mixing_energy": FUNCTIONS["mixing_energy"]})
    assert campaign.records[-1].origin == "rounded"
    assert campaign.result().best.composition["cation"]["K"] == pytest.approx(15 / 32, abs=1e-12)
    assert "steps of 0.03125" in campaign.stopped.message
