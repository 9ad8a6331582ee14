"""The minimiser on functions of a closed form, interrupted and not."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest

from engine.mechanics.preconditioned import (
    Method,
    begin,
    descent,
    minimise,
    restored,
    told,
    within_limits,
)


def quadratic(n=40, seed=0):
    """A bowl with curvatures over four decades, its minimum, and what evaluates it."""
    rng = np.random.default_rng(seed)
    vectors = np.linalg.qr(rng.normal(size=(n, n)))[0]
    hessian = (vectors * np.logspace(-1, 3, n)) @ vectors.T
    place = rng.normal(size=n)
    return hessian, place, lambda q: (0.5 * (q - place) @ hessian @ (q - place), hessian @ (q - place))


def rosenbrock(q):
    rise = q[1:] - q[:-1] ** 2
    gradient = np.zeros_like(q)
    gradient[:-1] = -400.0 * q[:-1] * rise - 2.0 * (1.0 - q[:-1])
    gradient[1:] += 200.0 * rise
    return float((100.0 * rise**2 + (1.0 - q[:-1]) ** 2).sum()), gradient


def flat(q, gradient):
    return bool(np.abs(gradient).max() < 1e-6)


def method(inverse=lambda v: v, limit=1.0, n=40, **options):
    return Method(inverse=inverse, finished=flat, longest=within_limits(np.full(n, limit)), **options)


def test_the_exact_inverse_needs_one_step_of_a_quadratic_function():
    hessian, place, evaluate = quadratic()
    exact = method(lambda v: np.linalg.solve(hessian, v), limit=100.0)
    ended = minimise(evaluate, begin(np.zeros(40)), exact, 10)
    assert ended.finished
    assert ended.evaluations == 2
    np.testing.assert_allclose(ended.q, place, atol=1e-8)


def test_a_rough_inverse_saves_most_of_the_steps():
    hessian, place, evaluate = quadratic()
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(40, 40))
    root = np.linalg.cholesky(hessian)
    rough = root @ (np.eye(40) + 0.02 * (noise + noise.T)) @ root.T
    helped = minimise(
        evaluate, begin(np.zeros(40)), method(lambda v: np.linalg.solve(rough, v), limit=100.0), 500
    )
    alone = minimise(evaluate, begin(np.zeros(40)), method(limit=100.0), 500)
    assert helped.finished
    np.testing.assert_allclose(helped.q, place, atol=1e-5)
    assert helped.evaluations * 4 < alone.evaluations


def test_an_inverse_that_is_learned_takes_the_place_of_the_first_one():
    hessian, place, evaluate = quadratic()
    seen = []

    def learned(state):
        seen.append(len(state.steps))
        return lambda v: np.linalg.solve(hessian, v)

    ended = minimise(evaluate, begin(np.zeros(40)), method(limit=100.0, learned=learned), 10)
    assert ended.finished
    assert seen[0] == 1
    assert ended.evaluations <= 5
    np.testing.assert_allclose(ended.q, place, atol=1e-6)


def test_the_directions_are_those_of_the_bfgs_matrix():
    hessian, _, evaluate = quadratic(n=6)
    start = method(lambda v: 0.5 * v, n=6, rescaled=False)
    state = begin(np.ones(6))
    for _ in range(5):
        state = told(state, *evaluate(state.q), start)
    inverse = 0.5 * np.eye(6)
    for step, change in zip(state.steps, state.changes, strict=True):
        curvature = step @ change
        left = np.eye(6) - np.outer(step, change) / curvature
        inverse = left @ inverse @ left.T + np.outer(step, step) / curvature
    np.testing.assert_allclose(descent(state, start), -inverse @ state.best_gradient, rtol=1e-9)
    assert (np.linalg.eigvalsh(hessian) > 0).all()


def test_a_curved_valley_is_followed_to_its_end_and_the_value_never_rises():
    values = []
    ended = minimise(
        rosenbrock,
        begin(np.full(10, -1.0) + 0.1 * np.arange(10)),
        method(limit=0.5, n=10),
        500,
        saved=lambda state: values.append(state.best_value),
    )
    assert ended.finished
    np.testing.assert_allclose(ended.q, np.ones(10), atol=1e-5)
    assert (np.diff(values) <= 1e-11).all()


def test_an_interrupted_minimisation_goes_on_bit_for_bit_after_every_evaluation():
    start = np.full(10, -1.0) + 0.1 * np.arange(10)
    how = method(limit=0.5, n=10, memory=4)
    whole = minimise(rosenbrock, begin(start), how, 500)
    state = begin(start)
    while not state.ended:
        state = told(state, *rosenbrock(state.q), how)
        file = io.BytesIO()
        np.savez(file, **state.arrays())
        file.seek(0)
        state = restored(np.load(file))
    for name, array in whole.arrays().items():
        assert array.tobytes() == state.arrays()[name].tobytes(), name


def test_no_step_is_longer_than_the_limits():
    _, _, evaluate = quadratic()
    limits = np.where(np.arange(40) < 6, 0.01, 0.3)
    visited = [np.zeros(40)]
    how = replace(method(lambda v: 10.0 * v), longest=within_limits(limits))
    minimise(evaluate, begin(visited[0]), how, 20, saved=lambda state: visited.append(state.best_q))
    assert (np.abs(np.diff(visited, axis=0)) <= limits * (1 + 1e-12)).all()


def test_what_the_guard_rejects_is_never_evaluated():
    def hole(q):  # a well with a hole behind a low wall, as potentials have at short distances
        assert q[0] > -0.5
        return float(q[0] ** 2), np.array([2.0 * q[0]])

    how = method(lambda v: 5.0 * v, limit=10.0, n=1, guard=lambda q: bool(q[0] > -0.5))
    ended = minimise(hole, begin(np.array([1.0])), how, 50)
    assert ended.finished
    assert abs(ended.q[0]) < 1e-6


def test_a_guard_that_lets_nothing_pass_leaves_the_best_point():
    ended = minimise(rosenbrock, begin(np.zeros(3)), method(n=3, guard=lambda q: not q.any()), 50)
    assert ended.stuck
    assert ended.evaluations == 1
    np.testing.assert_array_equal(ended.q, np.zeros(3))


def test_where_there_is_no_value_the_step_is_shortened():
    def half(q):  # no value beyond 0.2
        value = float((q[0] - 0.1) ** 2) if q[0] < 0.2 else np.nan
        return value, np.array([2.0 * (q[0] - 0.1)])

    ended = minimise(half, begin(np.array([-1.0])), method(lambda v: 2.0 * v, limit=5.0, n=1), 50)
    assert ended.finished
    assert ended.q[0] == pytest.approx(0.1, abs=1e-6)


def test_noise_of_the_values_does_not_stop_the_descent():
    hessian, place, evaluate = quadratic()
    rng = np.random.default_rng(2)

    def noisy(q):
        value, gradient = evaluate(q)
        return value + 1e3 + 1e-4 * rng.uniform(-1, 1), gradient

    ended = minimise(
        noisy, begin(np.zeros(40)), method(lambda v: v / np.diag(hessian), limit=100.0, noise=2e-7), 600
    )
    assert ended.finished
    np.testing.assert_allclose(ended.q, place, atol=1e-5)


def test_a_budget_that_is_spent_leaves_a_state_that_goes_on():
    _, place, evaluate = quadratic()
    how = method(limit=100.0)
    given_up = minimise(evaluate, begin(np.zeros(40)), how, 20)
    assert not given_up.ended
    assert given_up.evaluations == 20
    ended = minimise(evaluate, given_up, how, 500)
    assert ended.finished
    assert ended.evaluations == minimise(evaluate, begin(np.zeros(40)), how, 500).evaluations
    np.testing.assert_allclose(ended.q, place, atol=1e-4)


def test_a_saved_state_of_other_shapes_is_refused():
    arrays = begin(np.zeros(3)).arrays()
    arrays["best_gradient"] = np.zeros(4)
    with pytest.raises(ValueError, match="best_gradient"):
        restored(arrays)
