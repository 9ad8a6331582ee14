"""The map of a surrogate: a slice of the composition space with mean and uncertainty."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from api_schemas.errors import ProblemInvalid
from engine.campaign.campaign import Campaign

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import problem, record, run


def mapped(campaign, name, over, at="incumbent"):
    return campaign.map(name, over, at)


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
    found = mapped(campaign, "lattice_a", "cation:Na,K", "cation:Na=0.5,K=0.3,Li=0.2")
    assert (found.property, found.unit) == ("lattice_a", "Å")
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
    found = mapped(campaign, "lattice_a", " cation: Na, K ,Li")
    assert len(found.compositions) == 41 * 42 // 2
    assert found.at == campaign.best.composition


def test_uncertainty_falls_to_nothing_at_an_evaluation():
    one = Campaign(problem(["Na", "K"], [{"property": "lattice_a", "goal": "maximize"}]))
    functions = {"lattice_a": lambda x: (3.0 + 0.5 * x[1], [0.0, 0.5])}
    one.tell([record(one, s, functions) for s in one.ask(1)])
    found = mapped(one, "lattice_a", "cation:Na,K")
    deviation = np.array(found.deviation)
    assert deviation[50] == deviation.min() < 1e-3
    assert deviation[0] > 10 * deviation[50]


def test_a_slice_through_the_centre_does_not_follow_the_best_composition(campaign):
    found = mapped(campaign, "lattice_a", "cation:Na,K", "centre")
    assert campaign.space.to_vector(found.at) == pytest.approx(campaign.region.center())
    assert found.at != campaign.best.composition


def test_by_default_the_first_objective_is_mapped_over_the_first_mixed_sublattice(campaign):
    found = mapped(campaign, None, None)
    assert (found.property, found.over) == ("lattice_a", ["cation:Na", "cation:K", "cation:Li"])


@pytest.mark.parametrize(
    ("name", "over", "at", "where", "mend"),
    [
        ("lattice_a", "cation:Na", "incumbent", "/over", "cation:Na,K,Li"),
        ("lattice_a", "cation:Na,Na", "incumbent", "/over", "once each"),
        ("lattice_a", "cation:Na,Xe", "incumbent", "/over", "cation:K"),
        ("lattice_a", "cations:Na,K", "incumbent", "/over", "did you mean cation:Na"),
        ("lattice_a", "rubbish", "incumbent", "/over", "two to four elements"),
        ("lattice_a", "cation:Na,K", "cation:Li=1", "/over", "none of cation:Na, cation:K is present"),
        ("lattice_a", "cation:Na,K", "center", "/at", "did you mean centre"),
        ("lattice_a", "cation:Na,K", "incumbant", "/at", "did you mean incumbent"),
        ("lattice_a", "cation:Na,K", "cation:Na=0.5", "/at/cation", "add up to 0.5"),
        ("lattice_a", "cation:Na,K", "x" * 3000, "/at", "longer than"),
        ("latice_a", "cation:Na,K", "incumbent", "/property", "lattice_a"),
        ("bulk_modulus", "cation:Na,K", "incumbent", "/property", "name it in the problem's properties"),
        ("density", "cation:Na,K", "incumbent", "/property", "no evaluation has converged"),
    ],
)
def test_what_cannot_be_mapped_is_refused_by_its_parameter_with_the_mend(
    campaign, name, over, at, where, mend
):
    with pytest.raises(ProblemInvalid) as caught:
        mapped(campaign, name, over, at)
    assert caught.value.errors[0].pointer == where
    assert mend in caught.value.errors[0].message


def test_a_price_is_mapped_exactly_after_one_evaluation():
    asked = problem(["Na", "K"], [{"property": "price_per_kg", "goal": "minimize"}])
    one = Campaign(asked)
    mass = np.array([22.98976928, 39.0983])
    chlorine = 35.45

    def price(x):
        return float(x @ (mass * [3.43, 13.6]) + chlorine * 0.082) / float(x @ mass + chlorine), [0.0, 0.0]

    one.tell([record(one, s, {"price_per_kg": price}) for s in one.ask(1)])
    found = mapped(one, "price_per_kg", "cation:Na,K")
    x = np.array([list(c["cation"].values()) for c in found.compositions])
    np.testing.assert_allclose(found.mean, [price(row)[0] for row in x], rtol=1e-4)
    assert max(found.deviation) < 1e-6
