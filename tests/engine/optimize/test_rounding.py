"""Rounding answers: fronts, and sublattices each in its own steps."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from engine.campaign.campaign import Campaign

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
    members = np.round([e.composition["cation"]["K"] for e in searched(campaign).front], 1)
    assert set(np.round(found, 1)) == {m for m in members if m <= 0.5}
    assert sorted(found) == list(found)


def searched(campaign):
    """The result of the search alone, before anything was rounded."""
    before = Campaign(campaign.resolved)
    before.tell([record for record in campaign.records if record.origin != "rounded"])
    return before.result()


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
    before = [e.composition["cation"]["K"] for e in searched(campaign).front]
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


def length(x):
    """Bent, as lattice constants of mixtures are."""
    pure = np.array([5.69, 6.37, 6.64])
    bent = np.array([0.2 * x[1], 0.2 * x[0] - 0.1 * x[2], -0.1 * x[1]])
    return pure @ x + 0.5 * (bent @ x), pure + bent


def in_steps(sites):
    """Every composition of three elements on so many sites."""
    return np.array([[a, b, sites - a - b] for a in range(sites + 1) for b in range(sites + 1 - a)]) / sites


@pytest.mark.parametrize("strategy", ["gradient", "hybrid"])
@pytest.mark.parametrize("target", [5.8, 5.913, 6.05, 6.2, 6.311, 6.43])
def test_an_answer_in_steps_is_the_best_of_them_all_and_not_the_nearest(strategy, target):
    asked = problem(
        ["Na", "K", "Rb"],
        [{"property": "lattice_a", "target": target, "tolerance": 1e-4}],
        strategy={"name": strategy},
        constraints={"resolution": {"cation": {"sites": 16}}},
    )
    campaign = run(asked, {"lattice_a": length})
    least = min(abs(length(x)[0] - target) for x in in_steps(16))
    assert abs(campaign.best.properties["lattice_a"] - target) == pytest.approx(least, abs=1e-9)
    assert 1 <= sum(r.origin == "rounded" for r in campaign.records) <= 6
    assert campaign.stopped.reason == ("target_met" if least <= 1e-4 else "unreachable_target")


def test_exchanges_on_two_sublattices_at_once_keep_a_rounded_answer_neutral():
    """Mg for Na needs O for Cl: a step on one sublattice alone is never neutral."""
    asked = problem(
        ["Na", "Mg"],
        [{"property": "lattice_a", "target": 3.4, "tolerance": 0.001}],
        sublattices=[
            {"name": "cation", "sites": ["Na"], "elements": ["Na", "Mg", "K"]},
            {"name": "anion", "sites": ["Cl"], "elements": ["Cl", "O"]},
        ],
        constraints={
            "resolution": {"cation": {"sites": 12}, "anion": {"sites": 12}},
            "charge_neutrality": {"Na": 1, "K": 1, "Mg": 2, "Cl": -1, "O": -2},
        },
    )
    slopes = np.array([0.0, 0.31, 0.87, 0.1, -0.23])

    def lattice(x):
        return 3.0 + slopes @ x + 0.1 * x[0] * x[2], slopes + np.array(
            [0.1 * x[2], 0.0, 0.1 * x[0], 0.0, 0.0]
        )

    campaign = run(asked, {"lattice_a": lattice})
    best = campaign.result().best.composition
    assert best["cation"]["Mg"] == pytest.approx(best["anion"]["O"], abs=1e-12)
    neutral = [np.array([12 - k - m, m, k, 12 - m, m]) / 12 for m in range(13) for k in range(13 - m)]
    least = min(abs(lattice(x)[0] - 3.4) for x in neutral)
    assert abs(campaign.best.properties["lattice_a"] - 3.4) == pytest.approx(least, abs=1e-9)


def test_three_steps_of_one_sublattice_make_up_for_one_of_another_with_three_sites():
    """A perovskite: three Na or K for Ca are what one F of three O makes up for."""
    asked = problem(
        ["Ca"],
        [{"property": "lattice_a", "target": 4.02, "tolerance": 1e-5}],
        structure={"prototype": "perovskite", "species": ["Ca", "Ti", "O"]},
        sublattices=[
            {"name": "a", "sites": ["Ca"], "elements": ["Ca", "Na", "K"]},
            {"name": "x", "sites": ["O"], "elements": ["O", "F"]},
        ],
        constraints={
            "resolution": {"a": {"sites": 24}, "x": {"sites": 24}},
            "charge_neutrality": {"Ca": 2, "Na": 1, "K": 1, "Ti": 4, "O": -2, "F": -1},
        },
    )
    slopes = np.array([0.0, 0.11, 0.37, 0.0, -0.29])

    def lattice(x):
        return 3.9 + slopes @ x + 0.2 * x[0] * x[2], slopes + np.array(
            [0.2 * x[2], 0.0, 0.2 * x[0], 0.0, 0.0]
        )

    campaign = run(asked, {"lattice_a": lattice})
    neutral = [
        np.array([24 - 3 * f, 3 * f - k, k, 24 - f, f]) / 24 for f in range(9) for k in range(3 * f + 1)
    ]
    least = min(abs(lattice(x)[0] - 4.02) for x in neutral)
    assert abs(campaign.best.properties["lattice_a"] - 4.02) == pytest.approx(least, abs=1e-9)


def test_a_goal_far_from_zero_is_rounded_as_well_as_one_near_it():
    """What a step is worth does not depend on where the property's zero is."""
    pure = np.array([-340.0, -340.2, -340.1])
    for offset in (0.0, 400.0):
        asked = problem(
            ["Na", "K", "Rb"],
            [{"property": "lattice_a", "goal": "minimize", "scale": 0.1}],
            constraints={"resolution": 0.1},
            strategy={"name": "hybrid"},
        )

        def energy(x, offset=offset):
            away = x - np.array([0.13, 0.46, 0.41])
            twist = np.array([[3.0, 1.2, 0.0], [1.2, 2.0, 0.9], [0.0, 0.9, 4.0]])
            return offset + pure.mean() + away @ twist @ away, 2.0 * twist @ away

        campaign = run(asked, {"lattice_a": energy})
        least = min(energy(x)[0] for x in in_steps(10))
        assert campaign.best.properties["lattice_a"] == pytest.approx(least, abs=1e-9)


def test_a_bound_on_a_property_holds_on_the_rounded_answer_where_something_in_steps_obeys_it():
    asked = problem(
        ["Na", "K"],
        [{"property": "mixing_energy", "goal": "minimize", "scale": 1.0}],
        constraints={"resolution": 0.1, "properties": [{"property": "energy", "max": 0.43}]},
    )
    campaign = run(asked, {**FUNCTIONS, "energy": FUNCTIONS["lattice_a"]})
    # Without steps K = 0.43 is best; 0.4 obeys the bound, 0.5 would be as near to the wish and breaks it.
    assert campaign.result().best.composition["cation"]["K"] == pytest.approx(0.4, abs=1e-12)


def test_a_budget_of_one_is_spent_on_the_search_and_the_answer_says_that_it_is_not_rounded():
    asked = problem(
        ["Na", "K", "Rb"],
        [{"property": "lattice_a", "target": 6.0, "tolerance": 1e-3}],
        strategy={"max_evaluations": 1},
        constraints={"resolution": 0.1},
    )
    campaign = run(asked, {"lattice_a": length})
    assert len(campaign.records) == 1
    assert "not rounded: no evaluation was left" in campaign.stopped.message
