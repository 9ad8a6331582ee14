"""Campaigns on closed-form properties: they converge, stop for the right reason, and replay exactly."""

from __future__ import annotations

import itertools
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_schemas.errors import ProblemInvalid
from engine.campaign.campaign import Campaign

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import problem, record, run


def bowed(x):
    """A lattice constant with bowing over two elements."""
    return 3.1 + 0.6 * x[1] - 0.3 * x[0] * x[1], [-0.3 * x[1], 0.6 - 0.3 * x[0]]


def quadratic(centre, stiffness=1.0):
    """Mixing energy with its only minimum at a composition."""

    def function(x):
        return stiffness * float(((x - centre) ** 2).sum()), 2 * stiffness * (x - centre)

    return function


def two_wells(x):
    """An energy with a shallow minimum near x1 = 0.75 and a deeper one near x1 = 0.2."""
    t = x[1]
    value = -0.05 * np.exp(-(((t - 0.2) / 0.08) ** 2)) - 0.03 * np.exp(-(((t - 0.75) / 0.2) ** 2))
    slope = -0.05 * np.exp(-(((t - 0.2) / 0.08) ** 2)) * (-2 * (t - 0.2) / 0.08**2) - 0.03 * np.exp(
        -(((t - 0.75) / 0.2) ** 2)
    ) * (-2 * (t - 0.75) / 0.2**2)
    return value, [0.0, slope]


TARGET = [{"property": "lattice_a", "target": 3.25, "tolerance": 0.0005}]


def test_a_bowed_property_meets_its_target_in_a_few_evaluations():
    campaign = run(problem(["Na", "K"], TARGET), {"lattice_a": bowed})
    assert campaign.stopped.reason == "target_met"
    assert len(campaign.records) <= 4
    x = campaign.best.composition["cation"]["K"]
    assert 3.1 + 0.6 * x - 0.3 * (1 - x) * x == pytest.approx(3.25, abs=0.0005)
    assert "within 0.0005 Å of 3.25 Å" in campaign.result().stopped.message
    assert campaign.best.targets == campaign.result().targets == [3.25]


def test_a_minimum_inside_a_five_element_simplex_is_found_to_a_thousandth():
    centre = np.array([0.1, 0.15, 0.2, 0.25, 0.3])
    asked = problem(["Na", "K", "Li", "Rb", "Cs"], [{"property": "mixing_energy", "goal": "minimize"}])
    campaign = run(asked, {"mixing_energy": quadratic(centre)})
    assert campaign.stopped.reason == "converged"
    found = np.array(list(campaign.best.composition["cation"].values()))
    np.testing.assert_allclose(found, centre, atol=1e-3)


def test_a_minimum_outside_the_bounds_is_answered_on_the_bound():
    asked = problem({"Na": [0, 1], "K": [0, 0.3]}, [{"property": "mixing_energy", "goal": "minimize"}])
    campaign = run(asked, {"mixing_energy": quadratic(np.array([0.2, 0.8]))})
    assert campaign.best.composition["cation"]["K"] == pytest.approx(0.3, abs=1e-6)
    (potassium,) = campaign.result().active_constraints
    assert potassium.startswith("cation:K at its upper bound 0.3")
    # loss = 2 (K - 0.8)^2 / 0.01 eV along the line
    multiplier = float(re.search(r"multiplier ([\d.e+]+)", potassium).group(1))
    assert multiplier == pytest.approx(4 * 0.5 / 0.01, rel=1e-3)


def test_of_two_wells_the_deeper_is_found_by_another_start():
    asked = problem(["Na", "K"], [{"property": "mixing_energy", "goal": "minimize", "scale": 0.001}])
    campaign = run(asked, {"mixing_energy": two_wells})
    assert campaign.best.composition["cation"]["K"] == pytest.approx(0.2, abs=0.01)


def test_maximize_climbs():
    asked = problem(["Na", "K"], [{"property": "lattice_a", "goal": "maximize"}])
    campaign = run(asked, {"lattice_a": bowed})
    assert campaign.best.composition["cation"]["K"] == pytest.approx(1.0, abs=1e-6)


def test_two_targets_on_three_elements_are_met_together():
    def a(x):
        return 3.0 * x[0] + 3.4 * x[1] + 3.8 * x[2] + 0.1 * x[0] * x[2], [
            3.0 + 0.1 * x[2],
            3.4,
            3.8 + 0.1 * x[0],
        ]

    def c(x):
        return 5.0 * x[0] + 5.6 * x[1] + 5.1 * x[2] - 0.2 * x[1] ** 2, [5.0, 5.6 - 0.4 * x[1], 5.1]

    goal = np.array([0.5, 0.3, 0.2])
    objectives = [
        {"property": "lattice_a", "target": a(goal)[0], "tolerance": 1e-3, "weight": 1.0},
        {"property": "lattice_c", "target": c(goal)[0], "tolerance": 1e-3, "weight": 1.0},
    ]
    campaign = run(problem(["Na", "K", "Li"], objectives), {"lattice_a": a, "lattice_c": c})
    assert campaign.stopped.reason == "target_met"
    assert len(campaign.records) <= 6


def test_a_target_that_no_composition_reaches_ends_with_the_nearest_and_says_so():
    asked = problem(
        {"Na": [0, 1], "K": [0, 0.2]}, [{"property": "lattice_a", "target": 3.6, "tolerance": 0.001}]
    )
    campaign = run(asked, {"lattice_a": bowed})
    stopped = campaign.stopped
    assert stopped.reason == "unreachable_target"
    assert "comes no nearer to 3.6 Å" in stopped.message
    assert "cation:K at its upper bound 0.2" in stopped.message
    assert campaign.best.composition["cation"]["K"] == pytest.approx(0.2, abs=1e-6)
    assert len(campaign.records) <= 10


def test_the_budget_is_kept():
    asked = problem(
        ["Na", "K"],
        [{"property": "mixing_energy", "goal": "minimize", "scale": 1e-6}],
        strategy={"max_evaluations": 3},
    )
    campaign = run(asked, {"mixing_energy": two_wells})
    assert len(campaign.records) == 3
    assert campaign.stopped.reason == "budget_spent"


def test_a_relaxation_that_does_not_converge_does_not_end_the_campaign():
    asked = problem(["Na", "K"], TARGET)
    campaign = Campaign(asked)
    first = campaign.ask()
    campaign.tell([record(campaign, first[0], {"lattice_a": bowed}, converged=False)])
    while batch := campaign.ask():
        campaign.tell([record(campaign, s, {"lattice_a": bowed}) for s in batch])
    assert campaign.stopped.reason == "target_met"
    assert campaign.best.index > 0


@pytest.mark.parametrize("batch", [None, 1, 3])
def test_replaying_the_evaluations_reproduces_the_next_suggestions_exactly(batch):
    asked = problem(["Na", "K", "Li"], [{"property": "mixing_energy", "goal": "minimize", "scale": 1e-4}])
    functions = {"mixing_energy": quadratic(np.array([0.2, 0.5, 0.3]))}
    whole = run(asked, functions, n=batch)
    history = list(whole.records)
    campaign = Campaign(asked)
    told = 0
    while told < len(history):
        again = campaign.ask(batch)
        for suggestion, stored in zip(again, history[told:], strict=False):
            assert suggestion.composition == stored.composition
            assert suggestion.origin == stored.origin
        campaign.tell(history[told : told + len(again)])
        resumed = Campaign(asked)
        resumed.tell(history[: told + len(again)])
        assert resumed.ask(batch) == campaign.ask(batch)
        told += len(again)


def test_suggestions_do_not_depend_on_the_order_in_which_a_batch_comes_back():
    asked = problem(["Na", "K", "Li"], [{"property": "mixing_energy", "goal": "minimize", "scale": 1e-4}])
    functions = {"mixing_energy": quadratic(np.array([0.2, 0.5, 0.3]))}
    campaign = Campaign(asked)
    records = [record(campaign, s, functions) for s in campaign.ask(3)]
    nexts = []
    for order in itertools.permutations(records):
        other = Campaign(asked)
        for one in order:
            other.tell([one])
        nexts.append(other.ask(3))
    assert all(suggestions == nexts[0] for suggestions in nexts)


def test_asking_for_four_gives_four_distinct_compositions():
    campaign = Campaign(problem(["Na", "K"], TARGET))
    batch = campaign.ask(4)
    assert len(batch) == 4
    assert len({tuple(s.composition["cation"].values()) for s in batch}) == 4
    assert [s.index for s in batch] == [0, 1, 2, 3]


def test_the_seed_chooses_the_random_starts():
    asked = problem(["Na", "K", "Li"], TARGET)
    same = [Campaign(asked, seed=1).ask(3), Campaign(asked, seed=1).ask(3)]
    assert same[0] == same[1]
    assert Campaign(asked, seed=2).ask(3) != same[0]


def test_given_starting_compositions_are_tried_first():
    at = [{"cation": {"Na": 0.9, "K": 0.1}}, {"cation": {"Na": 0.1, "K": 0.9}}]
    campaign = Campaign(problem(["Na", "K"], TARGET, at=at))
    assert [s.composition for s in campaign.ask(2)] == at


def test_a_suggestion_carries_the_nearest_relaxed_neighbour_as_its_start():
    asked = problem(["Na", "K"], TARGET)
    campaign = Campaign(asked)
    first = campaign.ask()[0]
    assert first.warm_start is None
    campaign.tell([record(campaign, first, {"lattice_a": bowed})])
    second = campaign.ask()[0]
    assert second.warm_start is not None
    assert second.warm_start_composition == first.composition


def test_a_neighbour_that_was_given_up_is_no_start_of_another():
    campaign = Campaign(problem(["Na", "K"], TARGET))
    told = record(campaign, campaign.ask()[0], {"lattice_a": bowed}, converged=False)
    given_up = told.relaxation.model_copy(update={"dq_dx": []})
    campaign.tell([told.model_copy(update={"relaxation": given_up})])
    assert campaign.ask()[0].warm_start is None


def test_a_scan_visits_every_feasible_point_of_the_lattice_once():
    asked = problem({"Na": [0, 1], "K": [0, 0.5], "Li": [0, 1]}, [], kind="scan", scan={"points_per_edge": 5})
    campaign = run(asked, {"lattice_a": lambda x: (3.0, [0, 0, 0])})
    points = {tuple(r.composition["cation"].values()) for r in campaign.records}
    assert len(points) == len(campaign.records) == campaign.planned == 12
    assert all(k <= 0.5 for _, k, _ in points)
    result = campaign.result()
    assert result.stopped.reason == "completed"
    assert result.best is None


def test_strategy_grid_answers_with_its_best_point():
    asked = problem(
        ["Na", "K"],
        [{"property": "mixing_energy", "goal": "minimize"}],
        strategy={"name": "grid"},
        scan={"points_per_edge": 11},
    )
    campaign = run(asked, {"mixing_energy": quadratic(np.array([0.72, 0.28]))})
    assert campaign.best.composition["cation"]["K"] == pytest.approx(0.3)
    assert campaign.result().kind == "optimize"


def test_kind_evaluate_answers_its_compositions_in_order():
    at = [{"cation": {"Na": 0.9, "K": 0.1}}, {"cation": {"Na": 0.1, "K": 0.9}}]
    campaign = run(problem(["Na", "K"], [], kind="evaluate", at=at), {"lattice_a": bowed})
    assert [r.composition for r in campaign.records] == at
    assert campaign.result().best is None
    assert campaign.stopped.reason == "completed"


def test_sensitivities_exchange_an_element_against_the_others_in_proportion():
    def a(x):
        return 3.0 * x[0] + 3.4 * x[1] + 3.8 * x[2], [3.0, 3.4, 3.8]

    asked = problem(["Na", "K", "Li"], [{"property": "lattice_a", "target": 3.3, "tolerance": 0.01}])
    campaign = run(asked, {"lattice_a": a})
    best = campaign.result().best
    row = next(s for s in campaign.result().sensitivities if s.element == "Li")
    x = best.composition["cation"]
    rest = (3.0 * x["Na"] + 3.4 * x["K"]) / (x["Na"] + x["K"])
    assert row.per_percent == pytest.approx(0.01 * (3.8 - rest))


@settings(max_examples=25, deadline=None)
@given(
    centre=st.lists(st.floats(0.02, 1.0), min_size=2, max_size=4),
    batch=st.sampled_from([None, 2, 5]),
    seed=st.integers(0, 5),
)
def test_every_suggestion_is_feasible_and_the_search_ends(centre, batch, seed):
    centre = np.array(centre) / np.sum(centre)
    elements = ["Na", "K", "Li", "Rb"][: len(centre)]
    bounds = {element: [0.0, 0.8] for element in elements}
    asked = problem(
        bounds,
        [{"property": "mixing_energy", "goal": "minimize"}],
        strategy={"seed": seed, "max_evaluations": 60},
    )
    campaign = Campaign(asked)
    while suggestions := campaign.ask(batch):
        for suggestion in suggestions:
            assert campaign.space.contains(campaign.space.to_vector(suggestion.composition), tolerance=1e-9)
        campaign.tell([record(campaign, s, {"mixing_energy": quadratic(centre)}) for s in suggestions])
    assert campaign.stopped is not None
    least = quadratic(centre)(campaign.space.project(centre))[0]
    assert campaign.best.properties["mixing_energy"] == pytest.approx(least, abs=2e-4)


def test_a_campaign_says_how_far_it_is():
    campaign = Campaign(problem(["Na", "K"], TARGET))
    assert (
        repr(campaign) == "Campaign('unnamed', kind optimize, seed 0, 0 of at most 40 tasks told, going on)"
    )
    done = run(problem(["Na", "K"], TARGET), {"lattice_a": lambda x: (3.0 + 0.7 * x[1], [0.0, 0.7])})
    assert "best loss" in repr(done)
    assert "stopped: target_met" in repr(done)


def test_a_campaign_predicts_what_its_surrogate_maps():
    asked = problem(["Na", "K"], [{"property": "lattice_a", "goal": "maximize"}])
    campaign = run(
        asked, {"lattice_a": lambda x: (5.6 + 0.7 * x[1] - 0.1 * x[1] ** 2, [0.0, 0.7 - 0.2 * x[1]])}
    )
    (found,) = campaign.predict({"cation": {"Na": 0.75, "K": 0.25}})
    assert (found.property, found.unit) == ("lattice_a", "Å")
    assert found.mean == pytest.approx(5.6 + 0.7 * 0.25 - 0.1 * 0.25**2, abs=0.01)
    mapped = campaign.map("lattice_a", "cation:Na,K")
    place = next(k for k, one in enumerate(mapped.compositions) if abs(one["cation"]["K"] - 0.25) < 1e-9)
    assert mapped.mean[place] == pytest.approx(found.mean, abs=1e-9)
    assert mapped.deviation[place] == pytest.approx(found.deviation, rel=1e-2)
    with pytest.raises(ProblemInvalid, match="/property"):
        campaign.predict({"cation": {"Na": 1.0}}, "bulk_modulus")
    with pytest.raises(ProblemInvalid):
        campaign.predict({"cation": {"Na": 0.7}})


def test_a_result_says_what_the_problem_makes_of_each_evaluation():
    asked = problem(
        ["Na", "K"],
        [{"property": "lattice_a", "target": 5.9, "tolerance": 0.01}],
        constraints={"properties": [{"property": "volume", "max": 21.0}]},
        strategy={"name": "random", "max_evaluations": 6},
    )
    functions = {
        "lattice_a": lambda x: (5.6 + 0.7 * x[1], [0.0, 0.7]),
        "volume": lambda x: (18 + 6 * x[1], [0.0, 6.0]),
    }
    result = run(asked, functions).result()
    best = None
    for one in result.evaluations:
        share = one.composition["cation"]["K"]
        off = (5.6 + 0.7 * share - 5.9) / 0.01
        feasible = 18 + 6 * share <= 21.0 + 1e-3 * 0.1
        assert one.assessment.feasible is feasible
        assert one.assessment.loss == (pytest.approx(off**2) if feasible else None)
        assert one.assessment.parts == [pytest.approx(off**2)]
        best = min(off**2, best if best is not None else off**2) if feasible else best
        assert one.assessment.best == (None if best is None else pytest.approx(best))
        # The distance in tolerances falls by its slope, whatever it is.
        downhill = one.assessment.downhill["cation"]
        assert downhill["K"] - downhill["Na"] == pytest.approx(-np.sign(off) * 0.7 / 0.01)
        assert one.assessment.on_front is None
