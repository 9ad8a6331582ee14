"""The composition space against brute force and closed forms, on random bounded simplices."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize

from api_schemas.sublattices import Sublattice
from engine.composition.space import GRID_LIMIT, CompositionSpace

SYMBOLS = ("Al", "Sc", "Ga", "In", "Y")


@st.composite
def spaces(draw, most=2):
    """Feasible products of bounded simplices, with tight, loose and pinned bounds."""
    sublattices = []
    for name in ("one", "two")[: draw(st.integers(1, most))]:
        k = draw(st.integers(1, 4))
        raw = [draw(st.floats(0.01, 1.0)) for _ in range(k)]
        inside = [value / sum(raw) for value in raw]
        down = [draw(st.sampled_from([0.0, 0.5, 1.0])) for _ in range(k)]
        up = [draw(st.sampled_from([0.0, 0.3, 1.0])) for _ in range(k)]
        bounds = {
            symbol: [x * d, min(1.0, x + (1.0 - x) * u + 1e-12)]
            for symbol, x, d, u in zip(SYMBOLS, inside, down, up, strict=False)
        }
        sublattices.append(Sublattice(name=name, sites=["N"], elements=bounds))
    return CompositionSpace.of(sublattices)


def space(**elements):
    return CompositionSpace.of(
        [Sublattice(name=name, sites=["N"], elements=e) for name, e in elements.items()]
    )


vectors = st.lists(st.floats(-2, 2), min_size=8, max_size=8)


@settings(max_examples=60, deadline=None)
@given(spaces(), vectors)
def test_the_projection_satisfies_the_conditions_of_the_nearest_point(x, values):
    point = np.array(values[: x.n_columns])
    nearest = x.project(point)
    assert x.contains(nearest, 1e-9)
    # First-order condition: no point of the space lies in the direction of the residual.
    for corner in x.vertices():
        assert (point - nearest) @ (corner - nearest) <= 1e-8


def test_the_projection_agrees_with_a_quadratic_program():
    rng = np.random.default_rng(3)
    lower, upper = np.array([0.1, 0.0, 0.2]), np.array([0.5, 0.4, 1.0])
    x = space(one={"Al": [0.1, 0.5], "Sc": [0.0, 0.4], "Ga": [0.2, 1.0]})
    for _ in range(10):
        point = rng.normal(size=3)
        found = minimize(
            lambda y, point=point: np.sum((y - point) ** 2),
            x.center(),
            bounds=list(zip(lower, upper, strict=True)),
            constraints={"type": "eq", "fun": lambda y: y.sum() - 1.0},
            options={"ftol": 1e-14},
        )
        np.testing.assert_allclose(x.project(point), found.x, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(spaces())
def test_a_point_of_the_space_projects_onto_itself(x):
    center = x.center()
    assert x.contains(center)
    np.testing.assert_allclose(x.project(center), center, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(spaces())
def test_the_centre_is_off_every_bound_that_can_be_avoided(x):
    center = x.center()
    lower, upper = x.tight_bounds
    wide = upper - lower > 1e-6
    assert np.all(center[wide] > lower[wide])
    assert np.all(center[wide] < upper[wide])


@settings(max_examples=40, deadline=None)
@given(spaces())
def test_tight_bounds_are_those_of_linear_programs(x):
    lower, upper = x.tight_bounds
    for part in x.slices:
        k = part.stop - part.start
        bounds = list(zip(x.lower[part], x.upper[part], strict=True))
        for i in range(k):
            c = np.eye(k)[i]
            least = linprog(c, A_eq=np.ones((1, k)), b_eq=[1.0], bounds=bounds)
            most = linprog(-c, A_eq=np.ones((1, k)), b_eq=[1.0], bounds=bounds)
            assert lower[part][i] == pytest.approx(least.fun, abs=1e-7)
            assert upper[part][i] == pytest.approx(-most.fun, abs=1e-7)


@settings(max_examples=60, deadline=None)
@given(spaces(most=1), vectors)
def test_some_corner_maximizes_every_linear_function(x, values):
    c = np.array(values[: x.n_columns])
    corners = x.vertices()
    assert all(x.contains(corner, 1e-8) for corner in corners)
    bounds = list(zip(x.lower, x.upper, strict=True))
    best = linprog(-c, A_eq=np.ones((1, x.n_columns)), b_eq=[1.0], bounds=bounds)
    assert np.max(corners @ c) == pytest.approx(-best.fun, abs=1e-7)


def test_corners_are_listed_once():
    corners = space(one=["Al", "Sc", "Ga"], two=["N", "P"]).vertices()
    assert len(corners) == 6
    assert len({tuple(corner) for corner in corners}) == 6


@settings(max_examples=40, deadline=None)
@given(spaces())
def test_the_tangent_basis_is_orthonormal_and_keeps_every_sum(x):
    basis = x.tangent_basis
    assert basis.shape == (x.n_columns, x.n_columns - len(x.names))
    np.testing.assert_allclose(basis.T @ basis, np.eye(x.n_free), atol=1e-12)
    for part in x.slices:
        np.testing.assert_allclose(basis[part].sum(axis=0), 0.0, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(spaces(), vectors)
def test_a_projected_gradient_keeps_differences_and_sums_to_zero(x, values):
    raw = np.array(values[: x.n_columns])
    projected = x.project_gradient(raw)
    np.testing.assert_allclose(projected, x.tangent_basis @ (x.tangent_basis.T @ raw), atol=1e-12)
    for part in x.slices:
        np.testing.assert_allclose(np.diff(projected[part]), np.diff(raw[part]), atol=1e-12)


def test_gradients_of_many_properties_are_projected_row_by_row():
    x = space(one=["Al", "Sc"], two=["N", "P"])
    raw = np.array([[1.0, 3.0, 5.0, 5.0], [0.0, 0.0, 2.0, 4.0]])
    np.testing.assert_allclose(x.project_gradient(raw), [[-1, 1, 0, 0], [0, 0, -1, 1]])


@settings(max_examples=40, deadline=None)
@given(spaces(), st.integers(0, 2**32 - 1))
def test_random_points_lie_in_the_space_and_repeat_with_the_seed(x, seed):
    drawn = x.random(np.random.default_rng(seed), 5)
    assert all(x.contains(point) for point in drawn)
    np.testing.assert_array_equal(drawn, x.random(np.random.default_rng(seed), 5))


def test_random_points_are_uniform():
    # On the triangle with Al <= 1/2 the cut-off corner holds 1/4 of the area; the mean follows from the trapezium.
    x = space(one={"Al": [0, 0.5], "Sc": [0, 1], "Ga": [0, 1]})
    drawn = x.random(np.random.default_rng(0), 4000)
    mean_al = (1 / 3 - 0.25 * (0.5 + 1 / 6)) / 0.75
    np.testing.assert_allclose(drawn.mean(axis=0), [mean_al, (1 - mean_al) / 2, (1 - mean_al) / 2], atol=0.01)


def test_a_sliver_of_the_simplex_is_sampled_too():
    x = space(one={"Al": [0, 1], "Sc": [0.5, 0.5001], "Ga": [0.2, 0.2001], "In": [0, 0.0001]})
    drawn = x.random(np.random.default_rng(0), 20)
    assert all(x.contains(point) for point in drawn)
    assert np.std(drawn[:, 1]) > 1e-6


@settings(max_examples=60, deadline=None)
@given(spaces(), st.integers(2, 7))
def test_the_grid_holds_every_lattice_point_within_the_bounds_once(x, points):
    m = points - 1
    expected = {
        steps
        for steps in itertools.product(range(m + 1), repeat=x.n_columns)
        if all(sum(steps[part]) == m for part in x.slices)
        and all(
            low * m - 1e-8 <= n <= high * m + 1e-8 for n, low, high in zip(steps, x.lower, x.upper, strict=True)
        )
    } if x.n_columns <= 5 else None  # fmt: skip
    grid = x.grid(points)
    assert len(grid) == x.grid_size(points)
    if expected is not None:
        found = [tuple(int(n) for n in np.round(row * m)) for row in grid]
        assert len(found) == len(set(found))
        assert set(found) == expected


@pytest.mark.parametrize(("k", "points"), [(2, 11), (3, 11), (4, 21), (6, 101)])
def test_the_size_of_a_full_grid_is_the_binomial_coefficient(k, points):
    symbols = ["Al", "Sc", "Ga", "In", "Y", "La"][:k]
    assert space(one=symbols).grid_size(points) == math.comb(points - 1 + k - 1, k - 1)


def test_grid_fractions_are_the_decimal_numbers_that_users_expect():
    fractions = space(one=["Al", "Sc"]).grid(11)[:, 0].tolist()
    assert fractions == [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0]


def test_bounds_on_grid_points_belong_to_the_grid():
    grid = space(one={"Al": [0.7, 1], "Sc": [0, 0.3]}).grid(11)
    np.testing.assert_allclose(grid[:, 1], [0.0, 0.1, 0.2, 0.3], atol=1e-12)


def test_a_grid_that_is_too_large_is_refused_without_listing_it():
    x = space(one=["Al", "Sc", "Ga", "In", "Y"])
    assert x.grid_size(1001) == math.comb(1004, 4)
    with pytest.raises(ValueError, match=str(GRID_LIMIT)):
        x.grid(1001)


@settings(max_examples=40, deadline=None)
@given(spaces())
def test_vectors_and_compositions_are_the_same_thing(x):
    center = x.center()
    np.testing.assert_array_equal(x.to_vector(x.to_composition(center)), center)


def test_contains_tells_bounds_and_sums():
    x = space(one={"Al": [0, 1], "Sc": [0, 0.5]})
    assert x.contains([0.5, 0.5])
    assert not x.contains([0.4, 0.6])
    assert not x.contains([0.5, 0.4])
    assert not x.contains([np.nan, 0.5])
    assert not x.contains([1.0])


def test_a_space_of_pinned_fractions_cannot_vary():
    assert not space(one={"Al": [0.8, 0.8], "Sc": [0, 1], "Ga": [0.2, 0.2]}).can_vary
    assert not space(one=["Al"], two=["N"]).can_vary
    assert space(one=["Al"], two=["N", "P"]).can_vary


def test_a_space_without_sublattices_holds_one_point():
    x = CompositionSpace.of([])
    assert x.n_columns == 0
    assert x.grid(11).shape == (1, 0)
    assert x.center().shape == (0,)
    assert x.to_composition(x.center()) == {}
    assert x.tangent_basis.shape == (0, 0)
