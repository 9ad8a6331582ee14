"""Constraints of a problem: accepted, refused by name, never ignored."""

from __future__ import annotations

import time

import numpy as np
import pytest

from api_schemas.errors import ProblemInvalid, parse
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve

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


BINARY_ON_TERNARY = {
    "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
    "sublattices": [
        {"name": "cation", "sites": ["Na"], "elements": ["Na", "K", "Rb"]},
        {"name": "anion", "sites": ["Cl"], "elements": ["Cl", "Br"]},
    ],
    "objectives": [{"property": "lattice_a", "goal": "maximize"}],
}


def fixed_sum(level, budget=12):
    """The potassium content less half the bromine content is fixed, for a search on a grid."""
    row = {"terms": {"cation:K": 1, "anion:Br": -0.5}, "min": level, "max": level}
    return {
        **BINARY_ON_TERNARY,
        "constraints": {"linear": [row]},
        "strategy": {"name": "grid", "max_evaluations": budget},
    }


@pytest.mark.parametrize(
    ("budget", "points_per_edge", "size"), [(12, 6, 12), (45, 11, 45), (100_000, 56, 1022)]
)
def test_a_grid_of_a_fixed_sum_is_the_finest_within_the_budget(accepted, budget, points_per_edge, size):
    # Steps that divide 0.1 + Br/2, counted by hand; lattices of up to 100 000 points are searched.
    resolved = accepted(**fixed_sum(0.1, budget))
    assert (resolved.points_per_edge, resolved.planned) == (points_per_edge, size)


def test_choosing_a_grid_among_thousands_of_points_costs_little_more_with_a_hundred_constraints(faults):
    rng = np.random.default_rng(0)
    elements = ["Al", "Sc", "Ga", "In"]
    weights = rng.uniform(0.5, 1.0, (99, 4)).tolist()
    loose = [
        {"terms": {f"cation:{e}": w for e, w in zip(elements, row, strict=True)}, "max": 0.999 * max(row)}
        for row in weights
    ]
    off_grid = {"terms": {"cation:Sc": 1}, "min": 0.123456789, "max": 0.123456789}

    def seconds(linear: list) -> float:
        start = time.thread_time()
        found = faults(
            sublattices=[{"name": "cation", "sites": ["Al"], "elements": elements}],
            constraints={"linear": linear},
            strategy={"name": "grid"},
        )
        assert found == [("/strategy/name", "empty-grid")]
        return time.thread_time() - start

    alone = min(seconds([off_grid]) for _ in range(2))
    assert min(seconds([*loose, off_grid]) for _ in range(2)) < 40 * alone  # it takes about twice as long


def test_a_grid_search_without_a_feasible_point_names_what_was_asked_and_the_mend(document):
    with pytest.raises(ProblemInvalid) as caught:
        resolve(parse(Problem, document(**fixed_sum(0.123456789))))
    (fault,) = caught.value.errors
    assert (fault.pointer, fault.type) == ("/strategy/name", "empty-grid")
    assert "linear constraint 0 (cation:K - 0.5 anion:Br = 0.123456789)" in fault.message
    assert "another strategy" in fault.message


def test_a_budget_below_every_grid_is_told_how_many_the_coarsest_needs(document):
    with pytest.raises(ProblemInvalid) as caught:
        resolve(parse(Problem, document(**fixed_sum(0.1, budget=3))))
    (fault,) = caught.value.errors
    assert (fault.pointer, fault.type) == ("/strategy/max_evaluations", "budget-too-small")
    assert "raise it to 12" in fault.message


def test_bounds_that_miss_each_other_by_a_hair_are_named(document):
    linear = [{"terms": {"cation:Sc": 1}, "min": 0.3000001}, {"terms": {"cation:Sc": 1}, "max": 0.3}]
    with pytest.raises(ProblemInvalid) as caught:
        resolve(parse(Problem, document(constraints={"linear": linear})))
    assert [fault.pointer for fault in caught.value.errors] == [
        "/constraints/linear/0",
        "/constraints/linear/1",
    ]
    assert "0.3000001 <= cation:Sc" in caught.value.errors[0].message


def test_too_many_sets_of_present_elements_are_refused(faults):
    elements = ["Al", "Sc", "Ga", "In", "Y", "La", "Cr", "Fe", "Mn", "Co", "Ni", "Cu"]
    found = faults(
        sublattices=[{"name": "cation", "sites": ["Al"], "elements": elements}],
        constraints={"max_elements": {"cation": 6}},
    )
    assert found == [("/constraints/max_elements", "too-many-supports")]
