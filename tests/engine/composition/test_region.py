"""Feasible regions against linear programs, quadratic programs and brute force, on random constraints."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize

from api_schemas.constraints import Constraints
from api_schemas.sublattices import Sublattice
from api_schemas.symbols import SYMBOLS
from engine.composition import feasibility
from engine.composition.constraints import build_region
from engine.composition.feasibility import conflicts, feasible_point, rounded
from engine.composition.region import Step
from engine.composition.space import CompositionSpace


def space(**elements):
    return CompositionSpace.of(
        [Sublattice(name=name, sites=["N"], elements=e) for name, e in elements.items()]
    )


def region(over, sites=None, fixed=None, **constraints):
    found, faults = build_region(
        over, Constraints.model_validate(constraints), sites or dict.fromkeys(over.names, 1), fixed or {}
    )
    assert faults == []
    return found


TERNARY = {"A": ["Al", "Sc", "Ga"]}


@st.composite
def regions(draw):
    """Random feasible regions on one or two sublattices: rows through a known point, present minima, counts."""
    sizes = draw(st.lists(st.integers(2, 5), min_size=1, max_size=2))
    symbols = ["Al", "Sc", "Ga", "In", "Y"]
    over = space(**{name: symbols[:k] for name, k in zip("AX", sizes, strict=False)})
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    inside = np.concatenate([rng.dirichlet(np.ones(k)) for k in sizes])
    most = {}
    if draw(st.booleans()):
        most = {"A": draw(st.integers(1, sizes[0]))}
        inside[: sizes[0]] = 0.0
        inside[rng.permutation(sizes[0])[: most["A"]]] = 1.0 / most["A"]
    linear = []
    for kind in draw(st.lists(st.sampled_from(["equal", "below", "between"]), max_size=2)):
        coefficients = np.round(rng.normal(size=over.n_columns), 3)
        level = float(coefficients @ inside)
        terms = dict(zip(over.columns, coefficients.tolist(), strict=True))
        span = {"equal": (level, level), "below": (None, level + 0.1), "between": (level - 0.05, level + 0.2)}
        low, high = span[kind]
        linear.append({"terms": terms, "min": low, "max": high})
    present = {}
    if draw(st.booleans()):
        column = draw(st.integers(0, over.n_columns - 1))
        present = {over.columns[column]: float(min(inside[column], 0.2)) or 0.1}
    asked = {"linear": linear, "max_elements": most, "min_if_present": present}
    return region(over, **asked), inside


@settings(max_examples=40, deadline=None)
@given(regions(), st.integers(0, 1000))
def test_everything_drawn_projected_or_chosen_as_centre_obeys_every_constraint(case, seed):
    x, inside = case
    rng = np.random.default_rng(seed)
    assert x.contains(inside, 1e-9)
    assert conflicts(x) == []
    assert x.contains(x.center(), 1e-9)
    for point in [*x.random(rng, 5), *x.extremes(rng, 4)]:
        assert x.contains(point, 1e-9)
    for point in rng.normal(scale=3.0, size=(3, x.space.n_columns)):
        assert x.contains(x.project(point), 1e-9)


def test_extremes_of_two_free_sublattices_are_pure_with_every_element_in_turn():
    x = region(space(A=["Al", "Sc", "Ga"], X=["N", "P"]))
    found = x.extremes(np.random.default_rng(0), 5)
    np.testing.assert_allclose(np.sort(found, axis=1), [[0, 0, 0, 1, 1]] * 5, atol=1e-9)
    np.testing.assert_allclose(found.diagonal(), 1.0, atol=1e-9)


def test_extremes_have_the_most_of_an_element_that_linear_programs_find():
    row = {"terms": {"A:Al": 1, "A:Sc": -2}, "min": -0.3, "max": 0.25}
    x = region(space(A={"Al": [0, 0.8], "Sc": [0.1, 1], "Ga": [0, 1]}), linear=[row])
    found = x.extremes(np.random.default_rng(0), 3)
    for column in range(3):
        least = linprog(
            -np.eye(3)[column],
            A_ub=[[1, -2, 0], [-1, 2, 0]],
            b_ub=[0.25, 0.3],
            A_eq=[[1, 1, 1]],
            b_eq=[1],
            bounds=[(0, 0.8), (0.1, 1), (0, 1)],
        )
        assert found[column, column] == pytest.approx(-least.fun, abs=0.01)


@settings(max_examples=40, deadline=None)
@given(regions(), st.integers(0, 1000))
def test_no_point_of_a_piece_lies_in_the_direction_of_the_residual_of_a_projection(case, seed):
    x, _ = case
    point = np.random.default_rng(seed).normal(size=x.space.n_columns)
    for piece in x.pieces[:3]:
        nearest = piece.project(point)
        # the farthest that the piece reaches along the residual, by a linear program of its own
        farthest = linprog(
            -(point - nearest),
            A_ub=piece.rows if len(piece.rows) else None,
            b_ub=piece.limits if len(piece.rows) else None,
            A_eq=piece.equalities,
            b_eq=piece.levels,
            bounds=list(zip(piece.lower, piece.upper, strict=True)),
        )
        assert -farthest.fun <= (point - nearest) @ nearest + 1e-6


def test_a_projection_agrees_with_a_quadratic_program():
    x = region(space(**TERNARY), linear=[{"terms": {"A:Al": 1, "A:Sc": -2}, "min": -0.2, "max": 0.1}])
    rng = np.random.default_rng(4)
    for point in rng.normal(size=(10, 3)):
        found = minimize(
            lambda y, point=point: np.sum((y - point) ** 2),
            np.ones(3) / 3,
            bounds=[(0, 1)] * 3,
            constraints=[
                {"type": "eq", "fun": lambda y: y.sum() - 1.0},
                {"type": "ineq", "fun": lambda y: 0.1 - (y[0] - 2 * y[1])},
                {"type": "ineq", "fun": lambda y: (y[0] - 2 * y[1]) + 0.2},
            ],
            options={"ftol": 1e-15},
        )
        np.testing.assert_allclose(x.project(point), found.x, atol=1e-6)


def test_points_are_uniform_between_two_parallel_lines_of_a_ternary():
    # Of the band 0.1 <= Al <= 0.3 a ternary holds (0.9^2 - 0.7^2), of which Al <= 0.2 holds (0.9^2 - 0.8^2).
    x = region(space(**TERNARY), linear=[{"terms": {"A:Al": 1}, "min": 0.1, "max": 0.3}])
    points = x.random(np.random.default_rng(0), 4000)
    expected = (0.9**2 - 0.8**2) / (0.9**2 - 0.7**2)
    assert np.mean(points[:, 0] <= 0.2) == pytest.approx(expected, abs=0.03)
    assert points[:, 1].mean() == pytest.approx(points[:, 2].mean(), abs=0.02)


def test_charge_neutrality_counts_sites_and_the_atoms_that_are_fixed():
    # Ca(1-x)La(x) on one site, O(1-y)F(y) on two of three anion sites, one O fixed: 2 + x = 2 + 2(2 - y) ...
    over = space(A=["Ca", "La"], X=["O", "F"])
    states = {"Ca": 2, "La": 3, "O": -2, "F": -1, "Ti": 2}
    x = region(over, sites={"A": 1, "X": 2}, fixed={"Ti": 1, "O": 0}, charge_neutrality=states)
    assert x.contains(np.array([1.0, 0.0, 1.0, 0.0]))  # Ca Ti O2: 2 + 2 - 4
    assert not x.contains(np.array([0.0, 1.0, 1.0, 0.0]))  # La Ti O2: 3 + 2 - 4
    for point in x.random(np.random.default_rng(1), 10):
        charge = 2 * point[0] + 3 * point[1] + 2 - 2 * (2 * point[2] + point[3])
        assert abs(charge) < 1e-9


def test_a_missing_or_superfluous_oxidation_state_is_named():
    over = space(A=["Ca", "La"])
    asked = Constraints(charge_neutrality={"Ca": 2, "Xe": 0})
    faults = build_region(over, asked, {"A": 1}, {"O": 1})[1]
    messages = " ".join(fault.message for fault in faults)
    assert "La is missing" in messages
    assert "O is missing" in messages
    assert ("/constraints/charge_neutrality/Xe", "bad-constraint") in [(f.pointer, f.type) for f in faults]


def test_supports_are_the_sets_that_the_counts_allow():
    over = space(A=["Al", "Sc", "Ga", "In", "Y"])
    x = region(over, max_elements={"A": 2})
    assert len(x.pieces) == x.supports.count() == 10
    assert {tuple(np.flatnonzero(piece.upper)) for piece in x.pieces} == set(
        itertools.combinations(range(5), 2)
    )
    y = region(over, min_if_present={"A:Al": 0.1, "A:Sc": 0.1})
    assert len(y.pieces) == y.supports.count() == 4
    z = region(over, min_if_present={"A:Al": 0.1}, max_elements={"A": 3})
    assert len(z.pieces) == z.supports.count() == 6 + 4


def test_a_lattice_is_filtered_by_the_constraints():
    over = space(**TERNARY)
    x = region(over, linear=[{"terms": {"A:Al": 1, "A:Sc": 1}, "max": 0.5}], min_if_present={"A:Sc": 0.2})
    expected = {
        (a, s, 10 - a - s) for a in range(11) for s in range(11 - a) if a + s <= 5 and (s == 0 or s >= 2)
    }
    assert {tuple(np.round(10 * p).astype(int)) for p in x.grid(11)} == expected
    assert x.grid_size(11) == len(expected)


def test_counting_the_points_of_a_lattice_ends_beyond_what_is_enough():
    x = region(space(**TERNARY), linear=[{"terms": {"A:Al": 1}, "max": 0.9}])
    exact = sum(1 for a in range(201) for s in range(201 - a) if a <= 180)
    assert x.grid_size(201) == len(x.grid(201)) == exact
    assert 10 < x.grid_size(201, enough=10) < exact


CONFLICTS = [
    (
        {"linear": [{"terms": {"A:Al": 1}, "min": 0.7}, {"terms": {"A:Al": 1, "A:Sc": 1}, "max": 0.5}]},
        {"/constraints/linear/0", "/constraints/linear/1"},
    ),
    (
        {"linear": [{"terms": {"A:Al": 1}, "max": 0.9}, {"terms": {"A:Sc": 1}, "min": 1.5}]},
        {"/constraints/linear/1"},
    ),
    (
        {"max_elements": {"A": 1}, "linear": [{"terms": {"A:Al": 1}, "min": 0.2, "max": 0.8}]},
        {"/constraints/max_elements/A", "/constraints/linear/0"},
    ),
    (
        {"min_if_present": {"A:Al": 0.5}, "linear": [{"terms": {"A:Al": 1}, "min": 0.1, "max": 0.3}]},
        {"/constraints/min_if_present/A:Al", "/constraints/linear/0"},
    ),
    (
        {"linear": [{"terms": {"A:Al": 1}, "min": 0.5000001}, {"terms": {"A:Al": 1, "A:Sc": 1}, "max": 0.5}]},
        {"/constraints/linear/0", "/constraints/linear/1"},
    ),
    (
        {
            "min_if_present": {"A:Al": 0.05, "A:Sc": 0.05},
            "max_elements": {"A": 2},
            "linear": [{"terms": {"A:Al": 1}, "min": 1e-7, "max": 1e-7}, {"terms": {"A:Sc": 1}, "max": 0.9}],
        },
        {"/constraints/min_if_present/A:Al", "/constraints/linear/0"},
    ),
    (
        {"resolution": 0.25, "linear": [{"terms": {"A:Al": 1}, "min": 0.1, "max": 0.2}]},
        {"/constraints/resolution", "/constraints/linear/0"},
    ),
]


@pytest.mark.parametrize(("asked", "expected"), CONFLICTS)
def test_a_conflict_names_every_constraint_that_takes_part_and_no_other(asked, expected):
    found = conflicts(region(space(**TERNARY), **asked))
    assert {fault.pointer for fault in found} == expected
    assert all(fault.type == "infeasible" for fault in found)


def test_a_conflict_with_a_bound_names_the_bound():
    over = space(A={"Al": [0, 0.3], "Sc": [0, 1], "Ga": [0, 1]})
    found = conflicts(region(over, linear=[{"terms": {"A:Al": 1}, "min": 0.5}]))
    assert {fault.pointer for fault in found} == {
        "/constraints/linear/0",
        "/sublattices/0/elements/Al",
    }
    assert "bounds of A:Al [0, 0.3]" in found[0].message


def test_of_a_hundred_constraints_the_few_in_conflict_are_named_by_a_few_programs(monkeypatch):
    solve, solved = feasibility._solve, []
    monkeypatch.setattr(
        feasibility, "_solve", lambda *given, **more: solved.append(1) or solve(*given, **more)
    )
    rng = np.random.default_rng(3)
    over = space(A=[s for s in SYMBOLS[3:23] if s not in {"He", "Ne", "Ar"}])
    loose = [
        {"terms": dict(zip(over.columns, row.tolist(), strict=True)), "max": float(np.sort(row)[-2])}
        for row in rng.uniform(0.1, 1.0, (97, over.n_columns))
    ]
    tight = [{"terms": {"A:Sc": 1}, "max": 0.1}, {"terms": {"A:Ti": 1}, "max": 0.2},
             {"terms": {"A:Sc": 1, "A:Ti": 1}, "min": 0.4}]  # fmt: skip
    x = region(over, linear=[*loose, *tight], max_elements={"A": 2})
    assert {fault.pointer for fault in conflicts(x)} == {f"/constraints/linear/{i}" for i in (97, 98, 99)}
    assert len(solved) < 40  # one for each of the 101 demands would be many more


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([4, 5, 10]))
def test_a_rounded_composition_is_as_near_as_any_of_the_feasible_lattice(seed, divisions):
    x = region(
        space(**TERNARY),
        linear=[{"terms": {"A:Al": 1, "A:Sc": 2}, "max": 0.9}],
        min_if_present={"A:Sc": 0.2},
        resolution=1.0 / divisions,
    )
    point = x.random(np.random.default_rng(seed), 1)[0]
    found = rounded(x, point)
    assert x.contains(found, 1e-9)
    np.testing.assert_allclose(found * divisions, np.round(found * divisions), atol=1e-9)
    least = min(np.abs(y - point).sum() for y in x.grid(divisions + 1))
    assert np.abs(found - point).sum() == pytest.approx(least, abs=1e-6)


def test_a_feasible_point_near_another_is_that_point_where_it_is_feasible():
    x = region(space(**TERNARY), max_elements={"A": 2})
    point = np.array([0.3, 0.7, 0.0])
    np.testing.assert_allclose(feasible_point(x, point), point, atol=1e-6)


FAULTS = [
    ({"linear": [{"terms": {"A:Xe": 1}, "max": 1}]}, "/constraints/linear/0/terms/A:Xe"),
    ({"linear": [{"terms": {"A:Al": 0}, "max": 1}]}, "/constraints/linear/0/terms"),
    ({"min_if_present": {"B:Al": 0.1}}, "/constraints/min_if_present/B:Al"),
    ({"max_elements": {"B": 2}}, "/constraints/max_elements/B"),
    ({"resolution": 0.03}, "/constraints/resolution"),
    ({"resolution": {"A": 0.03}}, "/constraints/resolution/A"),
    ({"resolution": {"B": 0.01}}, "/constraints/resolution/B"),
]


@pytest.mark.parametrize(("asked", "where"), FAULTS)
def test_a_constraint_on_what_is_not_there_is_refused_at_its_field(asked, where):
    faults = build_region(space(**TERNARY), Constraints.model_validate(asked), {"A": 1}, {})[1]
    assert [(fault.pointer, fault.type) for fault in faults] == [(where, "bad-constraint")]


def test_a_resolution_of_a_third_may_be_written_with_six_digits():
    assert region(space(**TERNARY), resolution=0.333333).steps[0].divisions == 3


def test_a_supercell_of_n_sites_holds_whole_numbers_of_atoms():
    over = space(A=["Al", "Sc"], X=["N", "O"], Y=["Ga", "In"])
    x = region(over, resolution={"A": {"sites": 12}, "X": 0.25})
    found = rounded(x, np.array([0.3, 0.7, 0.6, 0.4, 0.123, 0.877]))
    np.testing.assert_allclose(found, [4 / 12, 8 / 12, 0.5, 0.5, 0.123, 0.877], atol=1e-12)
    assert x.is_rounded(found)
    assert not x.is_rounded(found + np.array([1e-6, -1e-6, 0, 0, 0, 0]))
    assert x.is_rounded(found + np.array([0, 0, 0, 0, 1e-6, -1e-6]))
    assert x.step_words() == "steps of 0.0833333 on A and 0.25 on X"


@settings(max_examples=40, deadline=None)
@given(regions(), st.integers(0, 1000), st.sampled_from([3, 8, 32]))
def test_a_composition_rounded_on_one_sublattice_obeys_every_constraint_on_all(case, seed, sites):
    free, _ = case
    x = replace(free, steps={0: Step(sites, "/constraints/resolution/A")})
    point = free.random(np.random.default_rng(seed), 1)[0]
    found = rounded(x, point)
    if found is None:  # no whole number of atoms obeys the constraints: then no other way finds any either
        assert feasible_point(x, point) is None
        return
    assert x.contains(found, 1e-9)
    atoms = found[x.space.slices[0]] * sites
    np.testing.assert_allclose(atoms, np.round(atoms), atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(regions(), st.integers(0, 1000))
def test_projecting_twice_changes_nothing_and_what_is_feasible_stays(case, seed):
    x, _ = case
    rng = np.random.default_rng(seed)
    once = x.project(rng.normal(size=x.space.n_columns))
    np.testing.assert_allclose(x.project(once), once, atol=1e-12)
    inside = x.random(rng, 1)[0]
    np.testing.assert_allclose(x.project(inside), inside, atol=1e-12)


def test_hit_and_run_has_the_moments_of_the_dirichlet_distribution():
    # A row that every composition obeys sends the sampler to the chains, which must then be uniform on the simplex.
    x = region(
        space(A=["Al", "Sc", "Ga", "In"]),
        linear=[{"terms": {"A:Al": 1.0, "A:Sc": 1.0, "A:Ga": 1.0}, "max": 5.0}],
    )
    assert not x.is_plain
    n, k = 4000, 4
    drawn = x.random(np.random.default_rng(1), n)
    assert drawn.mean(axis=0) == pytest.approx(
        np.full(k, 1 / k), abs=4 * np.sqrt((k - 1) / k**2 / (k + 1) / n)
    )
    covariance = np.cov(drawn.T)
    expected = (np.eye(k) / k - 1 / k**2) / (k + 1)
    np.testing.assert_allclose(covariance, expected, atol=0.003)
    # The largest fraction of a flat Dirichlet of four: P(max <= 1/2) = 1 - 4/8.
    assert (drawn.max(axis=1) <= 0.5).mean() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(n))
