"""What surrogates say of one composition, against a dense posterior, closed forms and differences."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from api_schemas.errors import ProblemInvalid
from engine.campaign.campaign import Campaign

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import problem, record, run

from tests.posterior import DensePosterior

AT = "cation:Na=0.5,K=0.3,Li=0.2"


def wavy(x):
    return np.sin(3.0 * x[0]) + 2.0 * x[1] * x[2], [3.0 * np.cos(3.0 * x[0]), 2.0 * x[2], 2.0 * x[1]]


def dense(x):
    return 2.0 + x[1], [0.0, 1.0, 0.0]


@pytest.fixture(scope="module")
def campaign():
    asked = problem(
        ["Na", "K", "Li"],
        [{"property": "lattice_a", "goal": "maximize"}],
        constraints={"linear": [{"terms": {"cation:K": 1}, "max": 0.4}], "max_elements": {"cation": 2}},
        strategy={"name": "random", "max_evaluations": 6},
    )
    return run(asked, {"lattice_a": wavy, "density": dense})


def posterior_of(campaign, name):
    """The dense posterior of everything told, with the hyperparameters that the campaign has fitted."""
    x = np.array([campaign.space.to_vector(one.composition) for one in campaign.records])
    found = [one.properties[name] for one in campaign.records]
    gradients = [campaign.space.to_vector(one.gradient) for one in found]
    h = campaign.plan._learned(name).model.hyperparameters
    return DensePosterior(h, x, [one.value for one in found], gradients)


@pytest.mark.parametrize("at", [AT, "cation:Na=0.1,K=0.1,Li=0.8"])
@pytest.mark.parametrize("name", ["lattice_a", "density"])
def test_mean_deviation_and_gradient_are_those_of_a_dense_posterior(campaign, name, at):
    found = campaign.point(at)
    one = next(one for one in found.expected if one.property == name)
    posterior, x = posterior_of(campaign, name), campaign.space.to_vector(found.at)
    mean, deviation = posterior.mean_and_deviation(x)
    assert one.mean == pytest.approx(mean, abs=1e-6)
    left_out = posterior.leave_one_out()
    material = np.abs(left_out[:, 0]) > 1e-3 * np.ptp(posterior.values)
    wider = max(1.0, np.max(np.abs(left_out[:, 0]) / left_out[:, 1], where=material, initial=0.0) / 2.0)
    h = posterior.h
    rounding = 1e-12 * (1.0 + h.prior.scale**2) * h.spread**2  # below this a variance is not known
    assert one.deviation == pytest.approx(wider * np.sqrt(deviation**2 + rounding), rel=1e-2)
    gradient = np.array(list(one.gradient["cation"].values()))
    np.testing.assert_allclose(gradient, posterior.gradient(x), atol=1e-5)


def test_one_per_cent_more_changes_the_mean_as_differences_say(campaign):
    found = campaign.point(AT).expected[0]
    x, posterior = np.array([0.5, 0.3, 0.2]), posterior_of(campaign, "lattice_a")
    step = 1e-5  # K for the others in proportion
    moved = np.array([0.5 / 0.7, -1.0, 0.2 / 0.7]) * -step
    up, down = (posterior.mean_and_deviation(x + sign * moved)[0] for sign in (1.0, -1.0))
    assert found.per_percent["cation"]["K"] == pytest.approx(0.01 * (up - down) / (2 * step), rel=1e-4)


def test_objectives_come_first_and_everything_that_an_evaluation_holds_is_told(campaign):
    found = campaign.point(AT)
    assert [one.property for one in found.expected] == ["lattice_a", "density"]
    assert [one.unit for one in found.expected] == ["Å", "g/cm^3"]
    assert found.evaluations == 6


def test_what_is_broken_is_said_in_words(campaign):
    assert campaign.point("cation:Na=0.6,K=0.4").broken == []
    found = campaign.point("cation:Na=0.2,K=0.6,Li=0.2")
    assert not found.feasible
    assert len(found.broken) == 2
    assert "broken by 0.2" in found.broken[0]
    assert found.broken[1] == "3 elements are present on cation; at most 2 may be"
    bounded = Campaign(
        problem({"Na": [0.5, 1], "K": [0, 0.5]}, [{"property": "lattice_a", "goal": "maximize"}])
    )
    bounded.tell([record(bounded, s, {"lattice_a": lambda x: (x[1], [0.0, 1.0])}) for s in bounded.ask(1)])
    outside = bounded.point("cation:Na=0.25,K=0.75")
    assert outside.broken == [
        "cation:Na = 0.25 is not from 0.5 to 1",
        "cation:K = 0.75 is not from 0 to 0.5",
    ]


def test_beyond_the_data_it_says_so():
    one = Campaign(
        problem(
            ["Na", "K"],
            [{"property": "lattice_a", "goal": "maximize"}],
            at=[{"cation": {"Na": 0.6, "K": 0.4}}],
        )
    )
    one.tell([record(one, s, {"lattice_a": lambda x: (3.0 + x[1], [0.0, 1.0])}) for s in one.ask(1)])
    assert one.point("cation:Na=0.1,K=0.9").expected[0].beyond
    assert not one.point("cation:Na=0.6,K=0.4").expected[0].beyond


def test_slopes_are_of_elements_that_the_bounds_leave_free():
    asked = problem(
        {"Na": [0, 0.8], "K": [0, 0.8], "Li": [0.2, 0.2]}, [{"property": "lattice_a", "goal": "maximize"}],
        strategy={"name": "random", "max_evaluations": 4},
    )  # fmt: skip
    found = run(asked, {"lattice_a": lambda x: (x[1] + 5.0 * x[2], [0.0, 1.0, 5.0])}).point("centre")
    assert set(found.expected[0].gradient["cation"]) == {"Na", "K"}
    assert found.expected[0].gradient["cation"]["K"] == pytest.approx(0.5, abs=1e-3)
    # Among Na and K: one per cent more K is one less Na.
    assert found.expected[0].per_percent["cation"]["K"] == pytest.approx(0.01, abs=1e-5)


@pytest.mark.parametrize(("at", "mend"), [("incumbant", "did you mean incumbent"), ("cation:Xe=1", "Xe")])
def test_a_composition_that_is_none_is_refused(campaign, at, mend):
    with pytest.raises(ProblemInvalid, match=mend) as caught:
        campaign.point(at)
    assert caught.value.errors[0].pointer.startswith("/at")


def test_before_anything_converged_there_is_nothing_to_tell():
    one = Campaign(problem(["Na", "K"], [{"property": "lattice_a", "goal": "maximize"}]))
    functions = {"lattice_a": lambda x: (x[1], [0.0, 1.0])}
    one.tell([record(one, s, functions, converged=False) for s in one.ask(1)])
    with pytest.raises(ProblemInvalid, match="no evaluation has converged"):
        one.point("centre")
    assert one.ask()
