"""How sure the compositions of a front are, against compositions that are solved again for values drawn anew."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from engine.optimize.answer.front_uncertainty import member_determination

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import problem, run, told_at


def goal(name, which="minimize"):
    return {"property": name, "goal": which}


def target(name, value, tolerance):
    return {"property": name, "target": value, "tolerance": tolerance}


def front(elements, objectives, **strategy):
    return problem(elements, objectives, strategy={"name": "random", **strategy})


def test_of_two_elements_it_is_what_both_objectives_say_together():
    """Each objective alone gives its error over its slope; independent, their informations add up."""
    pure, bowing = {"lattice_a": [3.1, 3.6], "volume": [200.0, 120.0]}, -0.1

    def lattice(x):
        a = np.array(pure["lattice_a"])
        return float(a @ x + bowing * x[0] * x[1]), a + bowing * x[::-1]

    def modulus(x):
        b = np.array(pure["volume"])
        return float(b @ x), b

    functions = {"lattice_a": lattice, "volume": modulus}
    asked = front(["Al", "Sc"], [goal("lattice_a", "maximize"), goal("volume", "maximize")])
    region, loss, point = told_at(asked, [0.7, 0.3], functions)
    found = member_determination(region, loss, point, {"lattice_a": 0.01, "volume": 6.0})

    def along(name):  # the slope per fraction of the second element, by differences
        ahead, behind = (functions[name](np.array([0.7 - step, 0.3 + step]))[0] for step in (1e-5, -1e-5))
        return (ahead - behind) / 2e-5

    information = (along("lattice_a") / 0.01) ** 2 + (along("volume") / 6.0) ** 2
    assert found.deviations == pytest.approx(np.full(2, information**-0.5), rel=1e-6)
    told = found.of_member()
    assert told.uncertainty_shares.tier["cation"]["Sc"] == pytest.approx(information**-0.5, rel=1e-6)
    assert told.uncertainty_shares.tolerance["cation"]["Sc"] == 0.0
    assert told.uncertainty_shares.surrogate is None


def test_deviations_are_those_of_compositions_with_values_drawn_anew():
    """A goal and a target of three elements: the composition with both values, by Newton's method for each draw."""
    rng = np.random.default_rng(4)
    linear, bent = rng.normal(size=(2, 3)), 0.2 * rng.normal(size=(2, 3, 3))
    bent = bent + bent.transpose(0, 2, 1)
    basis = np.linalg.qr(np.eye(3) - 1 / 3)[0][:, :2]

    def values(x):
        return 5.0 + linear @ x + 0.5 * np.einsum("pij,i,j->p", bent, x, x)

    def slopes(x):
        return linear + np.einsum("pij,j->pi", bent, x)

    names = ("volume", "lattice_a")
    functions = {name: (lambda x, k=k: (values(x)[k], slopes(x)[k])) for k, name in enumerate(names)}
    x = np.array([0.4, 0.25, 0.35])
    tier, tolerance = np.array([0.004, 0.003]), np.array([0.0, 0.002])
    asked = front(["Al", "Sc", "Y"], [goal("volume"), target("lattice_a", float(values(x)[1]), 0.002)])
    region, loss, point = told_at(asked, x, functions)
    found = member_determination(region, loss, point, dict(zip(names, tier, strict=True)))
    drawn = []
    for noise in rng.normal(size=(4000, 2)) * np.hypot(tier, tolerance):
        moved = x
        for _ in range(4):
            moved = moved + basis @ np.linalg.solve(slopes(moved) @ basis, values(x) + noise - values(moved))
        drawn.append(moved)
    assert found.deviations == pytest.approx(np.std(drawn, axis=0), rel=0.05)


def test_a_member_on_a_face_moves_along_it_where_the_face_holds_it_and_off_it_where_it_does_not():
    """Two bowls around compositions beyond a face and one inside: the third element is absent, or merely not there."""

    def bowl(centre):
        return lambda x: (float((x - centre) @ (x - centre)), 2.0 * (x - np.asarray(centre)))

    x = np.array([0.5, 0.5, 0.0])
    beyond = {"volume": bowl([0.9, 0.4, -0.3]), "lattice_a": bowl([0.3, 0.8, -0.1])}
    tiers = {"volume": 0.01, "lattice_a": 0.01}
    asked = front(["Al", "Sc", "Y"], [goal("volume"), goal("lattice_a")])
    held = member_determination(*told_at(asked, x, beyond), tiers)
    along = np.array([1.0, -1.0, 0.0]) / np.sqrt(2.0)
    slopes = [2.0 * (x - c) @ along for c in ([0.9, 0.4, -0.3], [0.3, 0.8, -0.1])]
    expected = 0.01 / np.hypot(*slopes) / np.sqrt(2.0)
    assert held.deviations == pytest.approx([expected, expected, 0.0], rel=1e-9)
    within = {"volume": bowl([0.7, 0.3, 0.0]), "lattice_a": bowl([0.3, 0.7, 0.0])}
    free = member_determination(*told_at(asked, x, within), tiers)
    assert free.open.shape[1] == 1
    assert np.isnan(free.deviations[2])


def test_goals_of_which_no_error_is_known_say_nothing():
    functions = {name: lambda x: (float(x @ x), 2.0 * x) for name in ("volume", "lattice_a")}
    asked = front(["Al", "Sc"], [goal("volume"), goal("lattice_a")])
    arguments = told_at(asked, [0.4, 0.6], functions)
    assert member_determination(*arguments, {"volume": None, "lattice_a": None}) is None
    one = member_determination(*arguments, {"volume": 0.01, "lattice_a": None})
    assert one.deviations == pytest.approx(np.full(2, 0.01 / abs(2 * 0.6 - 2 * 0.4)))


def test_a_result_has_the_bars_of_each_member_of_its_front():
    def lattice(x):
        return float(3.0 + 0.5 * x[1]), np.array([0.0, 0.5])

    def mixing(x):
        return float(x[0] * x[1]), x[::-1].copy()

    asked = front(["Al", "Sc"], [goal("lattice_a", "maximize"), goal("mixing_energy")], max_evaluations=6)
    result = run(asked, {"lattice_a": lattice, "mixing_energy": mixing}).result()
    assert result.front
    for item, sure in zip(result.front, result.front_uncertainties, strict=True):
        errors = {name: value.uncertainty for name, value in item.properties.items()}
        x = item.composition["cation"]["Sc"]
        slopes = {"lattice_a": 0.5, "mixing_energy": 1.0 - 2.0 * x}
        information = sum((slopes[n] / error) ** 2 for n, error in errors.items() if error)
        told = sure.uncertainty_of_composition["cation"]["Sc"]
        assert told == pytest.approx(information**-0.5, rel=1e-6)
