"""The gradient-observing Gaussian process against automatic differentiation, dense closed forms and brute force."""

from __future__ import annotations

import numpy as np
import pytest

from api_schemas.sublattices import Sublattice
from engine.composition.space import CompositionSpace
from engine.optimize.point import Point
from engine.optimize.surrogates.gaussian_process import GaussianProcess, Hyperparameters, Observations
from engine.optimize.surrogates.hyperparameters import default_hyperparameters, fit
from engine.optimize.surrogates.ideal_entropy import IdealEntropy
from engine.optimize.surrogates.kernel import COMMON, CONSTANT, LINEAR, Prior
from engine.optimize.surrogates.surrogate import observations, refit_count, surrogates

SPACE = CompositionSpace.of([Sublattice(name="A", sites=["N"], elements=["Na", "K", "Li", "Rb"])])
BASIS = SPACE.tangent_basis


def wavy(x):
    """A property and its raw gradient."""
    value = np.sin(4 * x[0]) + 3 * x[1] * x[2] + x[3]
    return value, np.array([4 * np.cos(4 * x[0]), 3 * x[2], 3 * x[1], 1.0])


def observed(n, seed=0, sign=1.0):
    x = np.random.default_rng(seed).dirichlet(np.ones(4), n)
    both = [wavy(row) for row in x]
    gradients = np.array([SPACE.project_gradient(raw) for _, raw in both])
    return Observations(x, np.array([value for value, _ in both]), sign * gradients)


def prior():
    return Prior(0.8, 1.3, np.array([0.3, 0.7, 1.1, 0.5]), 0.02, 0.05, BASIS)


def dense_posterior(known, p, at):
    """By differences of the value kernel written out in numpy, and one dense solve."""
    step = 1e-4

    def k(u, v):
        delta = (u - v) / p.lengths
        product = float(u @ v)
        return (
            CONSTANT
            + LINEAR * product
            + 0.8**2 * (product**2 + COMMON * float(u @ u) * float(v @ v))
            + 1.3**2 * np.exp(-0.5 * float(delta @ delta))
        )

    # a row is a linear combination of values: the value itself, or a central difference along a tangent direction
    rows = [[(1.0, x)] for x in known.x]
    rows += [
        [(0.5 / step, x + step * d), (-0.5 / step, x - step * d)]
        for x in known.x[: len(known.gradients)]
        for d in BASIS.T
    ]

    def covariance(one, other):
        return sum(c1 * c2 * k(x1, x2) for c1, x1 in one for c2, x2 in other)

    y = np.concatenate([known.values, (known.gradients @ BASIS).ravel()])
    noise = np.array([0.02] * len(known.values) + [0.05] * (len(y) - len(known.values)))
    gram = np.array([[covariance(r, s) for s in rows] for r in rows]) + np.diag(noise**2)
    cross = np.array([covariance([(1.0, at)], r) for r in rows])
    return cross @ np.linalg.solve(gram, y), k(at, at) - cross @ np.linalg.solve(gram, cross)


def test_the_posterior_is_that_of_a_dense_closed_form():
    known = observed(3)
    # Tangent coordinates drop the sum of the fractions, which is 1 for all: u.v differs from z.z' by a constant
    # 1/4, so the closed form takes compositions with their mean removed.
    centred = Observations(known.x - 0.25, known.values, known.gradients)
    at = np.array([0.4, 0.3, 0.2, 0.1])
    expected, variance = dense_posterior(centred, prior(), at - 0.25)
    gp = GaussianProcess(known, Hyperparameters(prior(), mean=0.0, spread=1.0))
    mean, deviation = gp.mean_and_deviation(at[None])
    assert mean[0] == pytest.approx(expected, abs=1e-5)
    assert deviation[0] ** 2 == pytest.approx(variance, abs=1e-5)


def test_slopes_of_the_posterior_are_those_of_central_differences():
    entropy = IdealEntropy(np.ones(4), np.ones(4), 1.0, 1000.0)
    gp = GaussianProcess(observed(4), Hyperparameters(prior(), mean=0.2, spread=1.7), entropy)
    x = np.random.default_rng(2).dirichlet(np.full(4, 4.0), (3, 2))
    found, step = gp.sloped_moments(x), 1e-5
    for i in range(2):
        for tangent in BASIS.T:
            moved = np.zeros((2, 4))
            moved[i] = step * tangent
            up, down = gp.moments(x + moved), gp.moments(x - moved)
            mean = (up.mean - down.mean)[:, i] / (2 * step)
            np.testing.assert_allclose(found.mean_slope[:, i] @ tangent, mean, atol=1e-7)
            covariance = (up.covariance - down.covariance)[:, i] / (2 * step)
            expected = found.covariance_slope[:, i] @ tangent
            expected[:, i] *= 2.0
            np.testing.assert_allclose(expected, covariance, atol=1e-7)


def test_leave_one_out_is_what_refitting_without_each_composition_gives():
    known = observed(6)
    hyper = Hyperparameters(prior(), mean=0.3, spread=2.0)
    errors, deviations = GaussianProcess(known, hyper).leave_one_out()
    for i in range(6):
        rest = [j for j in range(6) if j != i]
        without = Observations(known.x[rest], known.values[rest], known.gradients[rest])
        mean, deviation = GaussianProcess(without, hyper).mean_and_deviation(known.x[i : i + 1])
        assert errors[i] == pytest.approx(known.values[i] - mean[0], abs=1e-8)
        # of the value as it is observed, with its noise
        noise = 2.0 * hyper.prior.value_noise
        assert deviations[i] == pytest.approx(np.hypot(deviation[0], noise), rel=1e-4)


def test_gradients_make_a_fit_of_few_compositions_far_better():
    known, test = observed(10), observed(100, seed=5)
    errors = []
    for one in (known, known.without_gradients()):
        mean, _ = GaussianProcess(one, fit(one, BASIS)).mean_and_deviation(test.x)
        errors.append(np.sqrt(np.mean((mean - test.values) ** 2)))
    assert errors[0] < 0.03
    assert errors[0] < 0.3 * errors[1]


def test_an_element_that_was_never_tried_is_expected_to_be_as_the_others_are():
    x = np.hstack([np.random.default_rng(4).dirichlet(np.ones(3), 14), np.zeros((14, 1))])
    values = np.cos(14 * x[:, 0]) + np.cos(12 * x[:, 1]) + np.cos(16 * x[:, 2])
    prior = fit(Observations(x, values, np.zeros((0, 4))), BASIS).prior
    logs = np.log(prior.lengths / 0.7)
    # What the likelihood says nothing of has its conditional mean: a common part of variance 0.8^2, others of 0.3^2.
    assert logs[3] == pytest.approx(0.8**2 / (3 * 0.8**2 + 0.3**2) * logs[:3].sum(), abs=2e-3)
    assert logs[3] < -0.5


def points_of(known):
    return [
        Point(i, None, x, {"a": value}, {"a": gradient}, value)
        for i, (x, value, gradient) in enumerate(zip(known.x, known.values, known.gradients, strict=True))
    ]


def test_gradients_of_the_wrong_sign_are_set_aside():
    right, wrong = {}, {}
    surrogates(SPACE, ["a"], points_of(observed(12)), right, {})
    models = surrogates(SPACE, ["a"], points_of(observed(12, sign=-1.0)), wrong, {})
    assert right[12, "a"].gradients
    assert not wrong[12, "a"].gradients
    assert len(models["a"].observations.gradients) == 0


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_right_gradients_are_kept_where_leaving_out_pure_elements_misses_them_by_far(seed):
    k, rng = 8, np.random.default_rng(seed)
    space = CompositionSpace.of(
        [Sublattice(name="A", sites=["N"], elements=["Na", "K", "Li", "Rb", "Cs", "Ag", "Cu", "Tl"])]
    )
    pairs = np.triu(rng.uniform(-1.5, 3.0, (k, k)), 1)
    pairs = pairs + pairs.T
    start, end = rng.dirichlet(np.full(k, 3.0), 2)
    x = np.array([start, 0.7 * start + 0.3 * end, end, np.eye(k)[5], np.eye(k)[6]])
    points = [
        Point(i, None, row, {"a": 0.5 * row @ pairs @ row}, {"a": space.project_gradient(pairs @ row)}, 0.0)
        for i, row in enumerate(x)
    ]
    cache = {}
    surrogates(space, ["a"], points, cache, {})
    assert cache[5, "a"].gradients


@pytest.mark.parametrize("case", ["repeated", "tiny", "equal", "single", "huge"])
def test_hard_data_survive(case):
    known = observed(6)
    if case == "repeated":
        known = Observations(known.x[[0] * 6], known.values[[0] * 6], known.gradients[[0] * 6])
    elif case == "tiny":
        known = Observations(known.x, 5.0 + 1e-9 * known.values, 1e-9 * known.gradients)
    elif case == "equal":
        known = Observations(known.x, np.ones(6), np.zeros((6, 4)))
    elif case == "single":
        known = Observations(known.x[:1], known.values[:1], known.gradients[:1])
    elif case == "huge":
        known = Observations(known.x, 1e9 * known.values, 1e9 * known.gradients)
    for hyper in (default_hyperparameters(known, BASIS), fit(known, BASIS)):
        mean, deviation = GaussianProcess(known, hyper).mean_and_deviation(known.x)
        assert np.all(np.isfinite(deviation))
        np.testing.assert_allclose(mean, known.values, rtol=1e-2, atol=1e-2 * np.ptp(known.values) + 1e-9)


def test_hyperparameters_are_fitted_at_counts_fixed_in_advance():
    assert sorted({refit_count(n) for n in range(1, 30)}) == [*range(1, 9), 10, 12, 15, 18, 22, 27]
    points = points_of(observed(11))
    cache = {}
    surrogates(SPACE, ["a"], points[:10], cache, {})
    surrogates(SPACE, ["a"], points, cache, {})
    assert set(cache) == {(10, "a")}


def test_beyond_a_thousand_rows_gradients_of_far_compositions_are_dropped():
    known = observed(300)
    near = np.array([1.0, 0.0, 0.0, 0.0])
    kept = known.trimmed(near)
    assert len(kept.values) + 3 * len(kept.gradients) <= 1000
    assert len(kept.values) == 300
    distance = np.linalg.norm(known.x - near, axis=1)
    np.testing.assert_allclose(
        np.sort(np.linalg.norm(kept.x[: len(kept.gradients)] - near, axis=1)),
        np.sort(distance)[: len(kept.gradients)],
    )
    # values still belong to their compositions
    for x, value in zip(kept.x[:5], kept.values[:5], strict=True):
        assert wavy(x)[0] == pytest.approx(value)


def test_many_measured_points_push_no_evaluation_out():
    known, near = observed(4), np.array([1.0, 0.0, 0.0, 0.0])
    random = np.random.default_rng(0).dirichlet(np.ones(4), 900)
    more = Observations(
        np.concatenate([known.x, random]),
        np.concatenate([known.values, np.zeros(900)]),
        known.gradients,
        np.concatenate([known.noise, np.full(900, 0.1)]),
        np.concatenate([known.measured, np.ones(900, dtype=bool)]),
    )
    kept = more.trimmed(near)
    np.testing.assert_array_equal(kept.gradients, known.gradients)
    np.testing.assert_array_equal(kept.x[:4], known.x)
    assert kept.measured.sum() == 300
    nearest = np.sort(np.linalg.norm(random - near, axis=1))[:300]
    np.testing.assert_allclose(np.sort(np.linalg.norm(kept.x[kept.measured] - near, axis=1)), nearest)


def test_points_without_gradients_are_observed_by_their_values():
    points = points_of(observed(4))
    bare = Point(4, None, points[0].x[::-1].copy(), {"a": 1.0}, {}, 1.0)
    known = observations("a", [bare, *points])
    assert len(known.values) == 5
    assert len(known.gradients) == 4
    assert known.values[-1] == 1.0
