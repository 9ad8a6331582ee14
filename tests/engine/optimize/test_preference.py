"""Many compositions meet a target: which one is the answer, and that it is the one that its rule names."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import problem, run

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
