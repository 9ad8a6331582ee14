"""Active constraints and multipliers, against differences of the optimum with the constraint moved a little."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

from api_schemas.problem import Problem
from engine.campaign.campaign import Campaign
from engine.optimize.answer.active import active_constraints
from engine.optimize.objective import build_loss
from engine.optimize.point import Point
from tests.crystals import CUBIC_ROCKSALT

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import problem, run

GOAL = [{"property": "mixing_energy", "goal": "minimize", "scale": 1e-2}]


def multiplier(words):
    """The number in the words of a constraint; 0 where there is none."""
    found = re.search(r"multiplier (-?[\d.e+-]+)", words)
    return float(found.group(1)) if found else 0.0


def by_name(listed):
    return {words.split(" (multiplier")[0]: multiplier(words) for words in listed}


def at(asked, x, slopes, value=0.0):
    """What is active at a composition where the first objective's property has these slopes."""
    campaign = Campaign(asked)
    loss = build_loss(asked, [None] * len(asked.objectives))
    name = asked.objectives[0].property
    slopes = campaign.space.project_gradient(np.array(slopes, dtype=float))
    best = Point(0, None, np.array(x, dtype=float), {name: value}, {name: slopes}, loss({name: value}))
    return by_name(active_constraints(campaign.region, loss, best))


def least(slopes, bounds, rows=(), limits=(), equalities=(), levels=()):
    """The least of a linear loss over one bounded simplex with rows, by a linear program."""
    ones = np.ones((1, len(slopes)))
    found = linprog(
        slopes,
        A_ub=np.array(rows) if len(rows) else None,
        b_ub=np.array(limits) if len(limits) else None,
        A_eq=np.vstack([ones, *equalities]),
        b_eq=np.array([1.0, *levels]),
        bounds=bounds,
    )
    assert found.status == 0
    return found.fun, found.x


def cations(elements, constraints=None):
    return problem(elements, GOAL, constraints=constraints or {})


def test_a_bound_that_follows_from_another_is_not_named_and_takes_no_multiplier():
    def lattice(x):
        return 5.6 + 0.8 * x[1], [0.0, 0.8]

    asked = problem({"Na": [0, 1], "K": [0, 0.3]}, [{"property": "lattice_a", "goal": "maximize"}])
    listed = run(asked, {"lattice_a": lattice}).result().active_constraints
    # 0.8 Å per unit fraction in scales of 0.01 Å
    assert by_name(listed) == {"cation:K at its upper bound 0.3": pytest.approx(80.0, rel=1e-3)}


def test_a_pure_answer_names_the_absent_elements_and_what_they_would_cost():
    found = at(cations(["Na", "K", "Rb"]), [0, 0, 1], [0.05, 0.03, 0.02])
    assert found == {
        "cation:Na absent, at its lower bound 0": pytest.approx(3.0),
        "cation:K absent, at its lower bound 0": pytest.approx(1.0),
    }


def test_a_pure_answer_that_misses_its_target_does_not_ask_to_widen_what_cannot_be_widened():
    def lattice(x):
        return 5.6 + 0.8 * x[1], [0.0, 0.8]

    asked = problem(["Na", "K"], [{"property": "lattice_a", "target": 7.0, "tolerance": 0.01}])
    stopped = run(asked, {"lattice_a": lattice}).stopped
    assert stopped.reason == "unreachable_target"
    assert "widen" not in stopped.message
    assert stopped.message.endswith("; offer other elements")


def test_random_vertices_have_the_multipliers_that_differences_give():
    """Linear losses over bounded simplices, whose optima are vertices, some where more bounds meet than needed."""
    rng = np.random.default_rng(4)
    symbols = ["Na", "K", "Li", "Rb"]
    step, checked = 1e-4, 0
    for _ in range(40):
        k = int(rng.integers(3, 5))
        low = rng.choice([0.0, 0.0, 0.1, 0.2], size=k)
        high = rng.choice([1.0, 0.4, 0.5, 0.6], size=k)
        if low.sum() > 1 or high.sum() < 1 or np.any(high <= low):
            continue
        slopes = 0.01 * rng.permutation(np.arange(1.0, 8.0))[:k]
        value, x = least(slopes, list(zip(low, high, strict=True)))
        listed = at(cations(dict(zip(symbols, np.c_[low, high].tolist(), strict=False))), x, slopes)
        for number, name in enumerate(symbols[:k]):
            bounds = np.c_[low, high]
            if abs(x[number] - low[number]) < 1e-9 and low[number] > 0:
                bounds[number, 0] -= step
                words, gain = f"cation:{name} at its lower bound {low[number]:g}", 1.0
            elif abs(x[number] - low[number]) < 1e-9:
                bounds[number, 0] += step
                words, gain = f"cation:{name} absent, at its lower bound 0", -1.0
            elif abs(x[number] - high[number]) < 1e-9 and high[number] < 1:
                bounds[number, 1] += step
                words, gain = f"cation:{name} at its upper bound {high[number]:g}", 1.0
            else:
                continue
            moved = least(slopes, bounds.tolist())[0]
            assert listed.pop(words) == pytest.approx(gain * (value - moved) / step / 0.01, abs=0.02)
            checked += 1
        assert not listed
    assert checked > 40


@pytest.mark.parametrize("factor", [4.0, 1.0, -0.5])
def test_the_multiplier_of_a_linear_constraint_is_per_unit_of_its_own_limit(factor):
    """A bound K <= 0.125 written with a factor; the loss is 100 (0.1 (K - 0.8)^2) and its slope 20 (K - 0.8)."""
    limit = {"max": 0.125 * factor} if factor > 0 else {"min": 0.125 * factor}
    asked = cations(["Na", "K"], {"linear": [{"terms": {"cation:K": factor}, **limit}]})
    campaign = run(asked, {"mixing_energy": lambda x: (0.1 * (x[1] - 0.8) ** 2, [0.0, 0.2 * (x[1] - 0.8)])})
    step = 1e-5

    def optimum(limit):
        return 10 * (limit / factor - 0.8) ** 2

    own = 0.125 * factor
    towards = step if factor > 0 else -step
    difference = (optimum(own) - optimum(own + towards)) / step
    assert multiplier(campaign.result().active_constraints[0]) == pytest.approx(difference, rel=2e-3)


def test_the_multiplier_of_charge_neutrality_is_per_unit_of_charge():
    asked = Problem.model_validate(
        {
            "structure": {"poscar": CUBIC_ROCKSALT},
            "sublattices": [
                {"name": "cation", "sites": ["Na"], "elements": ["Na", "Mg"]},
                {"name": "anion", "sites": ["Cl"], "elements": ["Cl", "O"]},
            ],
            "objectives": GOAL,
            "constraints": {"charge_neutrality": {"Na": 1, "Mg": 2, "Cl": -1, "O": -2}},
            "potential": {"name": "sevennet-0"},
        }
    )
    sites = 4
    # Loss 10 ((Mg - 0.5)^2 + (O - 0.2)^2), with a charge of 4 (Mg - O): the optimum is where both are
    # 0.35, 5 (0.3 - charge/sites)^2, and falls by 3/sites per unit of charge.
    slopes = [0.0, 0.2 * (0.35 - 0.5), 0.0, 0.2 * (0.35 - 0.2)]
    found = at(asked, [0.65, 0.35, 0.65, 0.35], slopes)
    assert found == {"charge neutrality": pytest.approx(3.0 / sites)}


def test_a_fixed_fraction_carries_its_multiplier_and_leaves_the_others_theirs():
    elements = {"Na": [0.3, 0.3], "K": [0, 1], "Li": [0, 1]}
    slopes = 0.01 * np.array([7.0, 3.0, 1.0])
    found = at(cations(elements), [0.3, 0, 0.7], slopes)
    higher, lower = (
        least(slopes, [(0.301, 0.301), (0, 1), (0, 1)])[0],
        least(slopes, [(0.299, 0.299), (0, 1), (0, 1)])[0],
    )
    assert found == {
        "cation:Na fixed at 0.3": pytest.approx((lower - higher) / 0.002 / 0.01),
        "cation:K absent, at its lower bound 0": pytest.approx(2.0),
    }


def test_a_constraint_written_twice_is_named_once_with_one_multiplier():
    constraints = {"linear": [{"terms": {"cation:K": 2}, "max": 0.6}]}
    found = at(cations({"Na": [0.7, 1], "K": [0, 0.3]}, constraints), [0.7, 0.3], [0.05, 0.02])
    words = (
        "cation:Na at its lower bound 0.7 together with cation:K at its upper bound 0.3 "
        "together with linear constraint 0 (2 cation:K <= 0.6)"
    )
    assert found == {words: pytest.approx(3.0)}


def test_an_element_that_max_elements_keeps_out_leaves_the_others_their_multipliers():
    """K would help most but is the third element: the bound on Li is worth what exchanging Na for Li brings."""
    elements, constraints = {"Na": [0, 1], "Li": [0, 0.4], "K": [0, 1]}, {"max_elements": {"cation": 2}}
    found = at(cations(elements, constraints), [0.6, 0.4, 0.0], [0.05, 0.03, 0.01])
    assert found == {
        "cation:Li at its upper bound 0.4": pytest.approx(2.0),
        "cation:K absent, at its lower bound 0": 0.0,
        "max_elements of cation (2)": 0.0,
    }


def test_a_bound_on_a_property_that_is_broken_says_by_how_much_and_has_no_multiplier():
    def lattice(x):
        return 5.6 + 0.8 * x[1], [0.0, 0.8]

    constraints = {"properties": [{"property": "lattice_a", "max": 5.0}]}
    asked = problem(["Na", "K"], GOAL, constraints=constraints)
    mixing = {"mixing_energy": lambda x: (0.1 * x[0], [0.1, 0.0]), "lattice_a": lattice}
    listed = run(asked, mixing).result().active_constraints
    assert listed == ["cation:K absent, at its lower bound 0", "lattice_a <= 5 Å broken by 0.6 Å"]
