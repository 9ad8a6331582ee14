"""People's own points: in the surrogates with their noise and an offset, and nowhere counted as evaluations."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from api_schemas.errors import ProblemInvalid
from api_schemas.measured import Measured
from api_schemas.problem import Problem
from engine.campaign.campaign import Campaign
from engine.composition.space import CompositionSpace
from engine.optimize.point import Point
from engine.optimize.surrogates.gaussian_process import OFFSET, GaussianProcess
from engine.optimize.surrogates.hyperparameters import default_hyperparameters
from engine.optimize.surrogates.measured import measured_at
from engine.optimize.surrogates.surrogate import observations, surrogates

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import problem, record, run

SPACE = CompositionSpace(("cation",), (("Na", "K"),), np.zeros(2), np.ones(2))
TARGET = [{"property": "lattice_a", "target": 3.25, "tolerance": 0.001}]


def bowed(x):
    return 3.1 + 0.6 * x[1] - 0.3 * x[0] * x[1], [-0.3 * x[1], 0.6 - 0.3 * x[0]]


FUNCTIONS = {"lattice_a": bowed}


def at(k, value, deviation=0.003, **more):
    return {
        "composition": {"cation": {"Na": 1.0 - k, "K": k}},
        "properties": {"lattice_a": value},
        "deviation": {"lattice_a": deviation},
        "source": "a paper",
        **more,
    }


def shifted(k, by):
    return at(k, bowed(np.array([1.0 - k, k]))[0] + by)


MEASURED = [shifted(k, 0.04) for k in (0.1, 0.5, 0.9)]


def test_measured_points_are_no_evaluations_and_are_shown_as_measured():
    campaign = run(problem(["Na", "K"], TARGET, measured=MEASURED, strategy={"name": "auto"}), FUNCTIONS)
    result = campaign.result()
    assert campaign.stopped.reason == "target_met"
    assert result.cost.evaluations == len(result.evaluations) == len(campaign.records) <= 5
    assert [one.properties["lattice_a"].value for one in result.measured] == [
        one["properties"]["lattice_a"] for one in MEASURED
    ]
    assert result.measured[0].properties["lattice_a"].unit == "Å"
    assert {one.source for one in result.measured} == {"a paper"}
    assert "hybrid: its surrogates learn from the measured points" in result.notes[0]
    assert campaign.best.composition["cation"]["K"] == pytest.approx(
        (3**0.5 - 1) / 2, abs=0.005
    )  # of the potential, not shifted


def test_the_offset_between_potential_and_measurement_is_learned_with_its_deviation():
    result = run(
        problem(["Na", "K"], TARGET, measured=MEASURED, strategy={"name": "hybrid"}), FUNCTIONS
    ).result()
    (offset,) = result.offsets
    assert (offset.property, offset.points, offset.unit) == ("lattice_a", 3, "Å")
    assert offset.value == pytest.approx(0.04, abs=0.006)
    # the mean of three values is as sure as a value over the root of three, where the potential's are known
    assert 0.0015 < offset.deviation < 0.01
    assert any(
        "measured lattice_a lies 0.0" in note and "above the potential's" in note for note in result.notes
    )


def test_what_was_measured_bends_a_surrogate_where_nothing_was_evaluated():
    """Three values of a parabola tell its bending whatever their offset; two evaluations alone do not."""
    told = [
        Point(i, None, np.array([1.0 - k, k]), {"lattice_a": bowed(np.array([1.0 - k, k]))[0]}, {}, 0.0)
        for i, k in enumerate((0.0, 1.0))
    ]
    three = measured_at(SPACE, [Measured(**shifted(k, 0.2)) for k in (0.02, 0.5, 0.98)])
    middle, true = np.array([[0.5, 0.5]]), bowed(np.array([0.5, 0.5]))[0]
    plain = surrogates(SPACE, ["lattice_a"], told, {}, {})["lattice_a"]
    with_them = surrogates(SPACE, ["lattice_a"], told, {}, {}, three)["lattice_a"]
    assert abs(with_them.mean(middle)[0] - true) < 0.01
    assert abs(plain.mean(middle)[0] - true) > 0.03
    assert with_them.mean_and_deviation(middle)[1][0] < plain.mean_and_deviation(middle)[1][0]


def test_the_posterior_with_an_offset_is_that_of_the_dense_formula():
    """Against the closed form with the offset as one more unknown, solved as one linear system."""
    told = [
        Point(i, None, np.array([1.0 - k, k]), {"lattice_a": 3.1 + 0.5 * k}, {}, 0.0)
        for i, k in enumerate((0.1, 0.8))
    ]
    measured = measured_at(SPACE, [Measured(**at(0.3, 3.40, 0.01)), Measured(**at(0.6, 3.52, 0.02))])
    known = observations("lattice_a", told, measured)
    h = default_hyperparameters(known, SPACE.tangent_basis)
    model = GaussianProcess(known, h)
    z = known.x @ h.prior.basis
    new = np.array([[0.45, 0.55]]) @ h.prior.basis
    covariance = h.prior.pairs(z, z).values() + np.diag(
        h.prior.value_noise**2 + np.array([0.0, 0.0, 0.01, 0.02]) ** 2 / h.spread**2
    )
    shift = np.array([0.0, 0.0, 1.0, 1.0])
    y = (known.values - h.mean) / h.spread
    whole = np.linalg.inv(covariance + OFFSET**2 * np.outer(shift, shift))
    cross = h.prior.pairs(new, z).values()[0]
    assert model.mean(np.array([[0.45, 0.55]]))[0] == pytest.approx(
        h.mean + h.spread * cross @ whole @ y, rel=1e-9
    )
    # generalised least squares with a prior on the one unknown gives the offset
    inverse = np.linalg.inv(covariance)
    precision = shift @ inverse @ shift + OFFSET**-2
    value, deviation = model.offset()
    assert value == pytest.approx(h.spread * (shift @ inverse @ y) / precision, rel=1e-6)
    assert deviation == pytest.approx(h.spread * precision**-0.5, rel=1e-6)


def test_told_later_they_count_as_if_the_problem_had_held_them():
    asked = problem(["Na", "K"], TARGET, strategy={"name": "hybrid"})
    told_later = Campaign(asked)
    told_later.tell([record(told_later, s, FUNCTIONS) for s in told_later.ask(1)])
    told_later.tell_measured(MEASURED)
    assert len(told_later.records) == 1
    with_them = Campaign(
        Problem.model_validate({**asked.model_dump(exclude_unset=True), "measured": MEASURED})
    )
    with_them.tell(told_later.records)
    assert [s.composition for s in told_later.ask(1)] == [s.composition for s in with_them.ask(1)]
    assert told_later.predict({"cation": {"Na": 0.5, "K": 0.5}})[0].deviation < 0.02
    assert len(told_later.result().measured) == 3


def test_measured_gradients_teach_too():
    slopes = {"lattice_a": {"cation": {"Na": 0.0, "K": 0.6}}}
    told = [Point(0, None, np.array([1.0, 0.0]), {"lattice_a": 3.1}, {}, 0.0)]
    one = measured_at(SPACE, [Measured(**at(0.5, 3.9, 0.001, gradients=slopes))])
    model = surrogates(SPACE, ["lattice_a"], told, {}, {}, one)["lattice_a"]
    ahead, behind = (model.mean(np.array([[0.5 - s, 0.5 + s]]))[0] for s in (0.01, -0.01))
    assert (ahead - behind) / 0.02 == pytest.approx(0.6, abs=0.02)


REFUSED = {
    "sum": ({"composition": {"cation": {"Na": 0.5, "K": 0.4}}}, "/measured/0/composition/cation"),
    "element": ({"composition": {"cation": {"Na": 0.5, "Rb": 0.5}}}, "/measured/0/composition/cation/Rb"),
    "property": ({"properties": {"lattice_q": 1.0}, "deviation": {}}, "/measured/0/properties/lattice_q"),
    "gradient": ({"gradients": {"lattice_a": {"cation": {"Na": 0.1}}}}, "/measured/0/gradients/lattice_a"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_measured_point_that_is_none_is_refused_at_its_field_in_the_problem_and_told(name):
    changed, where = REFUSED[name]
    bad = {**at(0.5, 3.3), **changed}
    with pytest.raises(ProblemInvalid) as refused:
        Campaign(problem(["Na", "K"], TARGET, measured=[bad]))
    assert where in {fault.pointer for fault in refused.value.errors}
    campaign = Campaign(problem(["Na", "K"], TARGET))
    with pytest.raises(ProblemInvalid) as refused:
        campaign.tell_measured([bad])
    assert where in {fault.pointer for fault in refused.value.errors}
    assert campaign.result().measured == []


def test_a_deviation_without_a_value_and_a_number_that_is_none_are_refused_when_read():
    with pytest.raises(ValueError, match="has no value here"):
        Measured(**at(0.5, 3.3, gradients={"volume": {"cation": {"Na": 0, "K": 0}}}))
    with pytest.raises(ValueError, match="finite"):
        Measured(**at(0.5, float("nan")))


def test_kinds_without_surrogates_refuse_measured_points():
    asked = {
        "kind": "order",
        "structure": {"prototype": "fcc", "species": ["Cu"], "a": 3.75},
        "sublattices": [{"name": "cation", "sites": ["Cu"], "elements": ["Na", "K"]}],
        "measured": [at(0.5, 3.3)],
    }
    with pytest.raises(ProblemInvalid) as refused:
        Campaign(Problem.model_validate(asked))
    assert "/measured" in {fault.pointer for fault in refused.value.errors}
