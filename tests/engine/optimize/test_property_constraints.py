"""Bounds on properties: the search obeys them, and says what they cost."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import problem, run

GOAL = [{"property": "mixing_energy", "goal": "minimize", "scale": 1e-3}]


def bowl(x):
    """Least at (0.6, 0.2, 0.2)."""
    away = x - np.array([0.6, 0.2, 0.2])
    return 0.1 * float(away @ away), 0.2 * away


def lattice(x):
    """3.0 + 0.5 K + 0.2 Li + 0.1 K Li, in Å."""
    return 3.0 + 0.5 * x[1] + 0.2 * x[2] + 0.1 * x[1] * x[2], [0.0, 0.5 + 0.1 * x[2], 0.2 + 0.1 * x[1]]


def bounded(**bound):
    constraints = {"properties": [{"property": "lattice_a", **bound}]}
    asked = problem(["Na", "K", "Li"], GOAL, constraints=constraints)
    return run(asked, {"mixing_energy": bowl, "lattice_a": lattice})


def least_energy(low, high):
    """By a quadratic program in (K, Li) with the closed forms."""

    def whole(y):
        return np.array([1.0 - y.sum(), *y])

    limits = [
        lambda y: lattice(whole(y))[0] - low,
        lambda y: high - lattice(whole(y))[0],
        lambda y: 1 - y.sum(),
    ]
    found = minimize(
        lambda y: 100 * bowl(whole(y))[0],
        np.array([0.2, 0.2]),
        bounds=[(0, 1)] * 2,
        constraints=[{"type": "ineq", "fun": limit} for limit in limits],
        options={"ftol": 1e-14},
    )
    return found.fun / 100


@pytest.mark.parametrize("bound", [{"min": 3.25}, {"max": 3.1}])
def test_the_least_energy_under_a_bound_on_a_property_is_that_of_a_program(bound):
    best = bounded(**bound).best
    low, high = bound.get("min", 0.0), bound.get("max", 9.0)
    assert best.properties["mixing_energy"] == pytest.approx(least_energy(low, high), abs=3e-6)
    assert low - 1e-5 <= best.properties["lattice_a"] <= high + 1e-5


def test_the_multiplier_is_what_relaxing_the_bound_brings():
    tight, loose = bounded(min=3.25), bounded(min=3.24)
    gain = (tight.best.loss - loose.best.loss) / 0.01
    active = tight.result().active_constraints
    assert len(active) == 1
    multiplier = float(re.search(r"multiplier ([\d.e+]+)", active[0]).group(1))
    assert active[0].startswith("3.25 <= lattice_a Å")
    assert multiplier == pytest.approx(gain, rel=0.08)


def test_a_bound_that_does_not_bind_changes_nothing():
    free = run(problem(["Na", "K", "Li"], GOAL), {"mixing_energy": bowl, "lattice_a": lattice})
    assert bounded(max=3.5).best.composition == free.best.composition
    assert bounded(max=3.5).result().active_constraints == []


def test_a_bound_that_nothing_obeys_is_answered_with_the_nearest_and_said():
    campaign = bounded(min=3.7)
    assert campaign.stopped.reason == "converged"
    assert "3.7 <= lattice_a Å is not obeyed: 3.5 Å is the nearest" in campaign.stopped.message
    assert campaign.best.composition["cation"]["K"] == pytest.approx(1.0, abs=1e-6)


def test_a_target_under_a_bound_is_met_only_where_the_bound_is_obeyed():
    constraints = {"properties": [{"property": "mixing_energy", "max": 0.012}]}
    target = [{"property": "lattice_a", "target": 3.26, "tolerance": 0.001}]
    asked = problem(["Na", "K", "Li"], target, constraints=constraints)
    campaign = run(asked, {"mixing_energy": bowl, "lattice_a": lattice})
    assert campaign.stopped.reason == "target_met"
    assert campaign.best.properties["mixing_energy"] <= 0.012 + 1e-5
    assert campaign.best.properties["lattice_a"] == pytest.approx(3.26, abs=0.001)
