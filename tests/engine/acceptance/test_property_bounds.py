"""Bounds on properties: refused at submission where nothing can obey them, accepted where something may."""

from __future__ import annotations

import pytest

from api_schemas.errors import ProblemInvalid, parse
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve


def bounded(*properties):
    return {"constraints": {"properties": [dict(one) for one in properties]}}


def at(number, field):
    return (f"/constraints/properties/{number}/{field}", "infeasible")


IMPOSSIBLE = [
    ({"property": "mass_fraction:Sc", "min": 1.2}, "min"),
    ({"property": "mass_fraction:Sc", "max": -0.1}, "max"),
    ({"property": "mass_fraction:Sc", "min": 1.2, "max": 1.5}, "min"),
    ({"property": "lattice_a", "max": 0.0}, "max"),
    ({"property": "density", "min": -2.0, "max": -1.0}, "max"),
    ({"property": "gamma", "min": 180.0}, "min"),
    ({"property": "gamma", "max": 0.0}, "max"),
    ({"property": "supply_risk", "max": -0.01}, "max"),
]


@pytest.mark.parametrize(("bound", "field"), IMPOSSIBLE)
def test_a_bound_beyond_every_value_of_a_property_is_refused_at_its_field(faults, bound, field):
    assert faults(**bounded(bound)) == [at(0, field)]


POSSIBLE = [
    [{"property": "mass_fraction:Sc", "min": -0.5, "max": 1.0}],
    [{"property": "mass_fraction:Sc", "max": 0.0}],
    [{"property": "energy", "max": -1e3}],
    [{"property": "lattice_a", "min": -1.0}],
    [{"property": "lattice_a", "min": 3.1}, {"property": "lattice_a", "max": 3.3}],
    [{"property": "lattice_a", "min": 3.1, "max": 3.3}, {"property": "lattice_a", "min": 3.3}],
    [{"property": "lattice_a", "min": 6.3}, {"property": "lattice_c", "max": 6.0}],
]


@pytest.mark.parametrize("bounds", POSSIBLE)
def test_bounds_that_something_may_obey_are_accepted(accepted, bounds):
    assert len(accepted(**bounded(*bounds)).problem.constraints.properties) == len(bounds)


def test_two_bounds_on_a_property_that_exclude_each_other_are_both_named(document):
    bounds = [
        {"property": "lattice_a", "max": 7.0},
        {"property": "lattice_a", "min": 6.3},
        {"property": "lattice_a", "max": 6.0},
    ]
    with pytest.raises(ProblemInvalid) as caught:
        resolve(parse(Problem, document(**bounded(*bounds))))
    assert [(fault.pointer, fault.type) for fault in caught.value.errors] == [at(1, "min"), at(2, "max")]
    assert caught.value.errors[0].message == (
        "no composition obeys lattice_a >= 6.3 Å together with lattice_a <= 6 Å; lower the min or raise the max"
    )


def test_a_target_beyond_every_value_of_a_property_is_refused(faults):
    target = {"property": "mass_fraction:Sc", "target": 1.2, "tolerance": 0.1}
    assert faults(objectives=[target]) == [("/objectives/0/target", "bad-objective")]
