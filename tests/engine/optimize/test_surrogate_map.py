"""The map of a surrogate: a slice of the composition space with mean and uncertainty."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from api_schemas.errors import ProblemInvalid
from engine.optimize.campaign import Campaign
from engine.optimize.surrogate_map import surrogate_map

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import problem, record, run


def lattice(x):
    return 3.0 + 0.5 * x[1] + 0.2 * x[2] - 0.3 * x[1] * x[2], [0.0, 0.5 - 0.3 * x[2], 0.2 - 0.3 * x[1]]


@pytest.fixture(scope="module")
def campaign():
    asked = problem(
        ["Na", "K", "Li"],
        [{"property": "lattice_a", "goal": "maximize"}],
        constraints={"linear": [{"terms": {"cation:K": 1}, "max": 0.7}]},
        strategy={"name": "random", "max_evaluations": 9},
    )
    return run(asked, {"lattice_a": lattice})


def test_the_mean_follows_the_property_along_a_line_and_knows_where_it_is_sure(campaign):
    at = {"cation": {"Na": 0.5, "K": 0.3, "Li": 0.2}}
    found = surrogate_map(campaign, "lattice_a", "cation:Na,K", at)
    assert found.over == ["cation:Na", "cation:K"]
    assert found.evaluations == 9
    x = np.array([list(c["cation"].values()) for c in found.compositions])
    assert len(x) == 101
    np.testing.assert_allclose(x[:, 2], 0.2)
    np.testing.assert_allclose(x.sum(axis=1), 1.0)
    np.testing.assert_allclose(found.mean, [lattice(row)[0] for row in x], atol=2e-3)
    assert max(found.deviation) < 0.02
    assert found.feasible == [bool(row[1] <= 0.7 + 1e-9) for row in x]


def test_a_triangle_through_the_best_composition(campaign):
    found = surrogate_map(campaign, "lattice_a", "cation:Na,K,Li")
    assert len(found.compositions) == 41 * 42 // 2
    assert found.at == campaign.best.composition


def test_uncertainty_falls_to_nothing_at_an_evaluation():
    one = Campaign(problem(["Na", "K"], [{"property": "lattice_a", "goal": "maximize"}]))
    functions = {"lattice_a": lambda x: (3.0 + 0.5 * x[1], [0.0, 0.5])}
    one.tell([record(one, s, functions) for s in one.ask(1)])
    found = surrogate_map(one, "lattice_a", "cation:Na,K")
    deviation = np.array(found.deviation)
    assert deviation[50] == deviation.min() < 1e-3
    assert deviation[0] > 10 * deviation[50]


@pytest.mark.parametrize(
    ("name", "over", "where"),
    [
        ("lattice_a", "cation:Na", "/over"),
        ("lattice_a", "cation:Na,Na", "/over"),
        ("lattice_a", "cation:Na,Xe", "/over"),
        ("lattice_a", "rubbish", "/over"),
        ("density", "cation:Na,K", "/property"),
    ],
)
def test_what_cannot_be_mapped_is_refused_by_its_parameter(campaign, name, over, where):
    with pytest.raises(ProblemInvalid) as caught:
        surrogate_map(campaign, name, over)
    assert caught.value.errors[0].pointer == where
