"""How far targets determine a composition, against closed forms, resampled answers and linear programs by corners."""

from __future__ import annotations

import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from engine.optimize.answer.determination import determination, free_directions
from engine.optimize.answer.kept_targets import kept_ranges, nearest_kept

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import problem, run, told_at


def target(name, value, tolerance):
    return {"property": name, "target": value, "tolerance": tolerance, "weight": 1.0}


def linear(slopes, level=0.0):
    """A property that is linear in the fractions."""
    return lambda x: (level + float(np.dot(slopes, x)), np.asarray(slopes, dtype=float))


def test_two_elements_have_the_deviation_of_the_property_over_its_slope():
    slope = np.array([3.11, 3.57])
    region, loss, best = told_at(
        problem(["Al", "Sc"], [target("lattice_a", 3.2, 0.001)]),
        [1 - 0.09 / 0.46, 0.09 / 0.46],
        {"lattice_a": linear(slope)},
    )
    found = determination(region, loss, best, {"lattice_a": 0.008}, {"lattice_a": 0.003})
    assert found.deviations == pytest.approx(np.full(2, np.sqrt(0.001**2 + 0.008**2 + 0.003**2) / 0.46))
    shares = found.document().uncertainty_shares
    assert shares.tolerance["cation"]["Sc"] == pytest.approx(0.001 / 0.46)
    assert shares.tier["cation"]["Sc"] == pytest.approx(0.008 / 0.46)
    assert shares.surrogate["cation"]["Sc"] == pytest.approx(0.003 / 0.46)
    assert (found.degenerate, found.ranges) == (0, None)


def test_deviations_are_those_of_answers_to_targets_that_are_drawn_anew():
    """Three targets of four elements through bent properties: solved again for each draw, by Newton's method."""
    rng = np.random.default_rng(0)
    linear_part, bent = rng.normal(size=(3, 4)), 0.3 * rng.normal(size=(3, 4, 4))
    bent = bent + bent.transpose(0, 2, 1)
    basis = np.linalg.qr(np.eye(4) - 0.25)[0][:, :3]

    def values(x):
        return 5.0 + linear_part @ x + 0.5 * np.einsum("pij,i,j->p", bent, x, x)

    def slopes(x):
        return linear_part + np.einsum("pij,j->pi", bent, x)

    answer = np.array([0.3, 0.2, 0.1, 0.4])
    names = ("lattice_a", "volume", "mixing_energy")
    functions = {name: (lambda x, k=k: (values(x)[k], slopes(x)[k])) for k, name in enumerate(names)}
    tolerances, tiers = np.array([0.002, 0.004, 0.001]), np.array([0.003, 0.0, 0.005])
    region, loss, best = told_at(
        problem(
            ["Al", "Sc", "Y", "Ga"],
            [target(n, float(v), t) for n, v, t in zip(names, values(answer), tolerances, strict=True)],
        ),
        answer,
        functions,
    )
    found = determination(
        region, loss, best, dict(zip(names, [*tiers[:1], None, tiers[2]], strict=True)), None
    )
    drawn = []
    for noise in rng.normal(size=(4000, 3)) * np.sqrt(tolerances**2 + tiers**2):
        x = answer
        for _ in range(4):
            x = x + basis @ np.linalg.solve(slopes(x) @ basis, values(answer) + noise - values(x))
        drawn.append(x)
    assert found.deviations == pytest.approx(np.std(drawn, axis=0), rel=0.05)
    assert found.document().uncertainty_shares.surrogate is None


def test_more_targets_than_directions_determine_it_as_weighted_least_squares_do():
    slopes = {"lattice_a": [0.0, 0.5], "volume": [1.0, 4.0], "density": [2.0, 1.5]}
    x, level = np.array([0.6, 0.4]), 3.0
    tolerances = {"lattice_a": 0.01, "volume": 0.2, "density": 0.01}
    region, loss, best = told_at(
        problem(
            ["Al", "Sc"], [target(n, level + float(np.dot(s, x)), tolerances[n]) for n, s in slopes.items()]
        ),
        x,
        {name: linear(s, level) for name, s in slopes.items()},
    )
    found = determination(region, loss, best, {}, None)
    information = sum(((s[1] - s[0]) / tolerances[n]) ** 2 for n, s in slopes.items())
    assert found.deviations == pytest.approx(np.full(2, information**-0.5))


def test_fewer_targets_than_free_fractions_leave_ranges_that_corners_tell():
    slopes, x = np.array([5.0, 5.6, 6.2, 5.9]), np.array([0.4, 0.3, 0.2, 0.1])
    upper = [0.7, 0.5, 0.9, 0.25]
    elements = {e: [0, high] for e, high in zip(["Na", "K", "Rb", "Cs"], upper, strict=True)}
    level, tolerance = float(slopes @ x), 0.02
    region, loss, best = told_at(
        problem(elements, [target("lattice_a", level, tolerance)]), x, {"lattice_a": linear(slopes)}
    )
    found = determination(region, loss, best, {"lattice_a": 0.01}, None)
    assert found.degenerate == 2
    assert np.isnan(found.deviations).all()
    assert found.document().uncertainty_of_composition["cation"]["Na"] is None
    rows = np.vstack([-np.eye(4), np.eye(4), slopes, -slopes])
    limits = np.array([*np.zeros(4), *upper, level + tolerance, tolerance - level])
    corners = []
    for chosen in combinations(range(len(rows)), 3):
        system = np.vstack([np.ones(4), rows[list(chosen)]])
        if abs(np.linalg.det(system)) > 1e-9:
            corner = np.linalg.solve(system, [1.0, *limits[list(chosen)]])
            if np.all(rows @ corner <= limits + 1e-9):
                corners.append(corner)
    expected = np.stack([np.min(corners, axis=0), np.max(corners, axis=0)], axis=1)
    assert found.ranges == pytest.approx(expected, abs=1e-7)


def test_a_fraction_that_the_targets_fix_keeps_its_bar_beside_others_that_are_open():
    asked = problem(
        ["Na", "K"],
        [target("lattice_a", 5.9, 0.01)],
        sublattices=[
            {"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]},
            {"name": "anion", "sites": ["Cl"], "elements": ["Cl", "Br"]},
        ],
    )
    region, loss, best = told_at(asked, [0.7, 0.3, 0.5, 0.5], {"lattice_a": linear([5.6, 6.6, 0.0, 0.0])})
    found = determination(region, loss, best, {}, None)
    assert found.degenerate == 1
    assert found.deviations[:2] == pytest.approx([0.01, 0.01])
    assert np.isnan(found.deviations[2:]).all()
    assert found.ranges[2:] == pytest.approx(np.array([[0.0, 1.0], [0.0, 1.0]]))


def test_what_holds_the_answer_back_takes_its_direction_away():
    """The target lies beyond the bound: whatever the property's error, the answer stays at the bound."""
    elements = {"Al": [0, 1], "Sc": [0, 0.3]}
    functions = {"lattice_a": linear([3.1, 3.5])}
    region, loss, best = told_at(problem(elements, [target("lattice_a", 3.4, 0.001)]), [0.7, 0.3], functions)
    assert free_directions(region, loss, best).shape == (2, 0)
    assert determination(region, loss, best, {"lattice_a": 0.008}, None).deviations == pytest.approx(
        [0.0, 0.0]
    )
    met = told_at(problem(elements, [target("lattice_a", 3.22, 0.001)]), [0.7, 0.3], functions)
    found = determination(*met, {}, None)
    assert found.deviations == pytest.approx([0.001 / 0.4, 0.001 / 0.4])


def test_an_equality_takes_its_direction_away():
    asked = problem(
        ["Na", "K", "Rb"],
        [target("lattice_a", 5.9, 0.01)],
        constraints={"linear": [{"terms": {"cation:Rb": 1}, "min": 0.2, "max": 0.2}]},
    )
    region, loss, best = told_at(asked, [0.5, 0.3, 0.2], {"lattice_a": linear([5.5, 6.5, 6.9])})
    found = determination(region, loss, best, {}, None)
    assert found.deviations == pytest.approx([0.01, 0.01, 0.0], abs=1e-12)


def test_a_goal_decides_what_the_targets_leave_open_and_goals_alone_determine_nothing():
    goal = {"property": "mixing_energy", "goal": "minimize", "weight": 1.0}
    functions = {"lattice_a": linear([5.5, 6.5, 6.0]), "mixing_energy": linear([0.0, 0.1, 0.2])}
    x = [0.5, 0.5, 0.0]
    both = determination(
        *told_at(problem(["Na", "K", "Rb"], [target("lattice_a", 6.0, 0.01), goal]), x, functions), {}, None
    )
    assert both.degenerate == 0
    assert both.deviations == pytest.approx([0.01, 0.01, 0.0], abs=1e-12), "no Rb: more would cost"
    alone = told_at(problem(["Na", "K", "Rb"], [goal]), x, functions)
    assert determination(*alone, {}, None) is None


def test_the_nearest_that_keeps_the_target_is_the_projection_onto_its_plane():
    slopes, x = np.array([5.0, 5.6, 6.2]), np.array([0.0, 0.9, 0.1])
    level = float(slopes @ x)
    region, loss, best = told_at(
        problem(["Na", "K", "Rb"], [target("lattice_a", level, 1e-6)]), x, {"lattice_a": linear(slopes)}
    )
    middle = np.full(3, 1 / 3)
    along = slopes - slopes.mean()
    expected = middle - along * (slopes @ middle - level) / (along @ along)
    assert nearest_kept(region, loss, best, middle, 1.0) == pytest.approx(expected, abs=1e-5)


def test_among_sets_of_elements_the_ranges_are_those_of_all():
    """At most two of three: Na-Rb and K-Rb keep the target, Na-K cannot."""
    asked = problem(
        ["Na", "K", "Rb"],
        [target("lattice_a", 6.2, 1e-6)],
        constraints={"max_elements": {"cation": 2}},
    )
    region, loss, best = told_at(asked, [1 / 3, 0.0, 2 / 3], {"lattice_a": linear([5.6, 6.0, 6.5])})
    ranges = kept_ranges(region, loss, best)
    expected = [[0.0, 1 / 3], [0.0, 0.6], [0.4, 2 / 3]]
    assert ranges == pytest.approx(np.array(expected), abs=1e-4)


def test_a_result_says_how_sure_it_is():
    """Vegard's line between two elements: the tier's 0.25 % of 6.1 Å over 1 Å a fraction."""
    asked = problem(["Na", "K"], [target("lattice_a", 6.1, 0.002)])
    result = run(asked, {"lattice_a": linear([5.6, 6.6])}).result()
    expected = np.hypot(0.0025 * 6.1, 0.002)
    assert result.stopped.reason == "target_met"
    assert result.uncertainty_of_composition["cation"]["K"] == pytest.approx(expected, rel=0.01)
    assert result.uncertainty_shares.surrogate["cation"]["K"] < 0.01
