"""Many compositions meet a target: which one is the answer, and that it is the one that its rule names."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import problem, record, run

from engine.acceptance.resolve import resolve
from engine.campaign.campaign import Campaign
from engine.optimize.answer.preference import PREFERRED, Nearest
from engine.optimize.objective import Loss, Term
from engine.optimize.point import Point

LENGTHS = np.array([5.6, 6.3, 6.6, 6.0])
BOWING = 0.25


def length(x):
    """Vegard's line with a bowing between the first two."""
    value = float(LENGTHS @ x) - BOWING * x[0] * x[1]
    return value, LENGTHS - BOWING * np.array([x[1], x[0], 0.0, 0.0])


def mixing(x):
    """Repulsion between the first and the third, and the second and the fourth."""
    value = 0.2 * x[0] * x[2] + 0.05 * x[1] * x[3]
    return value, np.array([0.2 * x[2], 0.05 * x[3], 0.2 * x[0], 0.05 * x[1]])


def answer(prefer, at=()):
    asked = problem(
        ["Na", "K", "Rb", "Li"],
        [{"property": "lattice_a", "target": 6.05, "tolerance": 0.002}],
        strategy={"prefer": prefer, "max_evaluations": 30},
        at=[{"cation": dict(zip(["Na", "K", "Rb", "Li"], x, strict=True))} for x in at],
    )
    result = run(asked, {"lattice_a": length, "mixing_energy": mixing}).result()
    assert result.stopped.reason == "target_met"
    return np.array(list(result.best.composition["cation"].values())), result


def meeting(n=400_000):
    """Compositions drawn evenly that meet the target nearly, [n, 4]."""
    drawn = np.random.default_rng(1).dirichlet(np.ones(4), n)
    values = drawn @ LENGTHS - BOWING * drawn[:, 0] * drawn[:, 1]
    return drawn[np.abs(values - 6.05) < 0.002]


START = [0.05, 0.05, 0.15, 0.75]


def test_the_nearest_to_the_centre_is_nearer_than_all_that_meet_it_but_what_an_evaluation_is_worth():
    found, result = answer("centre")
    nearest = np.linalg.norm(meeting() - 0.25, axis=1).min()
    assert np.linalg.norm(found - 0.25) < nearest + 0.02
    assert result.degenerate_directions == 2
    assert "nearest to the centre" in result.stopped.message


def test_a_start_of_ones_own_is_what_the_answer_is_nearest_to():
    found, result = answer("centre", at=[START])
    nearest = np.linalg.norm(meeting() - START, axis=1).min()
    assert np.linalg.norm(found - START) < nearest + 0.02
    assert "nearest to the first of at" in result.stopped.message


def test_the_least_mixing_energy_is_less_than_that_of_the_first_found_and_near_the_least_of_all():
    found, result = answer("mixing_energy")
    first, _ = answer("first")
    drawn = meeting()
    least = (0.2 * drawn[:, 0] * drawn[:, 2] + 0.05 * drawn[:, 1] * drawn[:, 3]).min()
    assert mixing(found)[0] < least + 0.1 * (mixing(first)[0] - least)
    assert "of least mixing energy" in result.stopped.message


def test_where_targets_fix_the_answer_nothing_is_preferred():
    asked = problem(["Na", "K"], [{"property": "lattice_a", "target": 6.05, "tolerance": 0.002}])
    line = np.array([5.6, 6.6])
    campaign = run(asked, {"lattice_a": lambda x: (float(line @ x), line)})
    assert {record.origin for record in campaign.records} <= {"start 0", "step 0"}
    assert campaign.result().best.composition["cation"]["K"] == pytest.approx(0.45, abs=0.002)


BOTH = {"lattice_a": length, "mixing_energy": mixing}


def asked_for(prefer, most):
    goal = [{"property": "lattice_a", "target": 6.05, "tolerance": 0.002}]
    return problem(["Na", "K", "Rb", "Li"], goal, strategy={"prefer": prefer, "max_evaluations": most})


@pytest.mark.parametrize("prefer", ["centre", "mixing_energy"])
def test_a_relaxation_that_failed_is_neither_the_start_nor_the_answer(prefer):
    campaign = Campaign(asked_for(prefer, 30))
    while tasks := campaign.ask(1):
        campaign.tell([record(campaign, one, BOTH, converged=one.index != 1) for one in tasks])
    assert campaign.stopped.reason == "target_met"
    assert campaign.best.index != 1
    assert "of the compositions that meet the targets" in campaign.stopped.message


def test_an_answer_that_was_not_sought_further_says_among_how_many_it_is_the_preferred_one():
    whole = run(asked_for("mixing_energy", 30), BOTH)
    assert whole.stopped.message.endswith("the answer is the one of least mixing energy")
    first = next(one.index for one in whole.records if one.origin == PREFERRED)
    for most in (first, first + 1):
        cut = run(asked_for("mixing_energy", most), BOTH)
        target = [abs(one.properties["lattice_a"].value - 6.05) <= 0.002 for one in cut.records]
        words = f"the one of least mixing energy of the {sum(target)} that were tried"
        assert len(cut.records) == most
        assert cut.stopped.message.endswith(words)


def test_what_nothing_tells_of_is_not_claimed():
    campaign = run(asked_for("mixing_energy", 30), {"lattice_a": length})
    assert campaign.stopped.reason == "target_met"
    assert "mixing" not in campaign.stopped.message


def test_a_target_without_a_gradient_where_it_was_tried_last_is_kept_by_those_of_the_best():
    region = resolve(asked_for("centre", 30)).region
    slopes = {"lattice_a": np.array([1.0, 0, 0, -1]), "density": np.array([0, 1.0, -1, 0])}
    loss = Loss(tuple(Term(name, "1", 1.0, 0.3, 0.01, 1.0, 1.0) for name in slopes))
    x = np.array([0.6, 0.3, 0.0, 0.1])

    def point(index, x, origin, names):
        values = {name: 0.3 + float(slope @ (x - [0.6, 0.3, 0, 0.1])) for name, slope in slopes.items()}
        return Point(index, origin, x, values, {name: slopes[name] for name in names}, 0.0)

    best = point(0, x, "start 0", slopes)
    latest = point(1, np.array([0.55, 0.35, 0.05, 0.05]), PREFERRED, ["lattice_a"])
    found = Nearest(region, loss, region.center(), "").proposed([], [best, latest], best)
    for name, slope in slopes.items():
        assert abs(best.values[name] + slope @ (found - x) - 0.3) <= 0.0051
    assert Nearest(region, loss, region.center(), "").proposed([], [latest], latest) is None
