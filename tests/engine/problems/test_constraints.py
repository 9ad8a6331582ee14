"""Constraints of a problem: accepted, refused by name, never ignored."""

from __future__ import annotations

import numpy as np
import pytest

SC = {"cation": {"Al": 0.8, "Sc": 0.2}}
ACCEPTED = [
    {"charge_neutrality": {"Al": 3, "Sc": 3, "N": -3}},
    {"linear": [{"terms": {"cation:Sc": 1}, "max": 0.4}]},
    {"min_if_present": {"cation:Sc": 0.05}},
    {"max_elements": {"cation": 2}},
    {"resolution": 0.01},
    {"properties": [{"property": "volume", "max": 12.0}]},
]


@pytest.mark.parametrize("constraints", ACCEPTED)
def test_every_constraint_of_the_composition_is_accepted(accepted, constraints):
    assert accepted(constraints=constraints).problem.constraints.model_fields_set == set(constraints)


def test_sites_and_fixed_atoms_are_counted_in_the_charge(accepted):
    # Two cations and two nitrogen atoms in the cell: as much Al 2+ as Sc 4+, and any amount of Ga 3+.
    region = accepted(
        sublattices=[{"name": "cation", "sites": ["Al"], "elements": ["Al", "Sc", "Ga"]}],
        constraints={"charge_neutrality": {"Al": 2, "Sc": 4, "Ga": 3, "N": -3}},
    ).region
    for al in (0.0, 0.2, 0.5):
        assert region.contains(np.array([al, al, 1 - 2 * al]))
        assert not region.contains(np.array([al + 1e-6, al - 1e-6 if al else 0.0, 1 - 2 * al]))


def test_constraints_in_conflict_are_refused_at_each_of_them(faults):
    found = faults(constraints={"charge_neutrality": {"Al": 3, "Sc": 2, "N": -3}, "min_if_present": {}, "linear": [
        {"terms": {"cation:Sc": 1}, "min": 0.1}]})  # fmt: skip
    assert sorted(found) == [
        ("/constraints/charge_neutrality", "infeasible"),
        ("/constraints/linear/0", "infeasible"),
    ]


def test_constraints_that_leave_one_composition_are_nothing_to_vary(faults):
    found = faults(constraints={"linear": [{"terms": {"cation:Sc": 1}, "min": 0.2, "max": 0.2}]})
    assert found == [("/sublattices", "nothing-to-vary")]


def test_a_start_that_breaks_a_constraint_is_refused(faults):
    constraints = {"linear": [{"terms": {"cation:Sc": 1}, "max": 0.1}]}
    assert faults(constraints=constraints, at=[SC]) == [("/at/0", "bad-composition")]


def test_a_kind_that_would_ignore_a_constraint_refuses_it(faults):
    constraints = {"max_elements": {"cation": 1}, "resolution": 0.1}
    assert faults(kind="evaluate", at=[SC], constraints=constraints) == [
        ("/constraints/max_elements", "unused-field"),
        ("/constraints/resolution", "unused-field"),
    ]
    assert faults(kind="scan", constraints=constraints) == [("/constraints/resolution", "unused-field")]


def test_a_grid_without_a_feasible_point_is_refused(faults):
    constraints = {"linear": [{"terms": {"cation:Sc": 1}, "min": 0.01, "max": 0.02}]}
    found = faults(kind="scan", constraints=constraints)
    assert found == [("/scan/points_per_edge", "empty-grid")]


def test_too_many_sets_of_present_elements_are_refused(faults):
    elements = ["Al", "Sc", "Ga", "In", "Y", "La", "Cr", "Fe", "Mn", "Co", "Ni", "Cu"]
    found = faults(
        sublattices=[{"name": "cation", "sites": ["Al"], "elements": elements}],
        constraints={"max_elements": {"cation": 6}},
    )
    assert found == [("/constraints", "too-many-supports")]
