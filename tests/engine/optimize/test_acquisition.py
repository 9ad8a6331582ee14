"""Expected improvement against its closed form for a normal distribution, and what it is made of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from botorch.sampling.normal import SobolQMCNormalSampler
from scipy.stats import norm

from api_schemas.sublattices import Sublattice
from engine.composition.space import CompositionSpace
from engine.optimize.objective import Loss, Term
from engine.optimize.point import Point
from engine.optimize.proposals.acquisition import expected_improvement
from engine.optimize.surrogates.property_model import PropertyModel
from engine.optimize.surrogates.surrogate import surrogates

SPACE = CompositionSpace.of([Sublattice(name="A", sites=["N"], elements=["Na", "K", "Li"])])


def told():
    """Four compositions with a property's values and gradients."""
    x = np.random.default_rng(3).dirichlet(np.ones(3), 4)
    raw = [np.array([3.0 * np.cos(3 * a), 2 * b, 0.5]) for a, b, _ in x]
    values = [np.sin(3 * a) + b**2 + 0.5 * c for a, b, c in x]
    return [
        Point(i, None, row, {"mixing_energy": value}, {"mixing_energy": SPACE.project_gradient(slope)}, value)
        for i, (row, value, slope) in enumerate(zip(x, values, raw, strict=True))
    ]


@pytest.mark.parametrize("doubt", [1.0, 1.5, 3.0])
def test_the_improvement_expected_of_a_goal_is_that_of_a_normal_distribution(doubt):
    points = told()
    loss = Loss((Term("mixing_energy", "eV/atom", 1.0, None, 1.0, 1.0, 1.0),))
    models = surrogates(SPACE, ["mixing_energy"], points, {}, {})
    acquisition = expected_improvement(loss, models, points, [], 5, doubt)
    at = np.random.default_rng(8).dirichlet(np.ones(3), 400)
    mean, deviation = models["mixing_energy"].mean_and_deviation(at)
    deviation = doubt * deviation
    ahead = (min(point.loss for point in points) - mean) / deviation
    expected = deviation * (ahead * norm.cdf(ahead) + norm.pdf(ahead))
    found = np.array([acquisition.improvement(x) for x in at])
    likely = ahead > -1.0  # farther out 64 samples are few
    assert likely.sum() >= 5
    np.testing.assert_allclose(found[likely], expected[likely], rtol=0.1)


def goal_and_target():
    return Loss(
        (
            Term("mixing_energy", "eV/atom", 1.0, None, 1.0, 1.0, 0.3),
            Term("mixing_energy", "eV/atom", 1.0, 0.4, 0.5, 1.0, 1.0),
        )
    )


@pytest.mark.parametrize("pending", [0, 2])
def test_gradients_of_the_acquisition_are_those_of_central_differences(pending):
    points = told()
    models = surrogates(SPACE, ["mixing_energy"], points, {}, {})
    waiting = list(np.random.default_rng(1).dirichlet(np.ones(3), pending))
    acquisition = expected_improvement(goal_and_target(), models, points, waiting, 5)
    for x in np.random.default_rng(9).dirichlet(np.full(3, 3.0), 4):
        value, slope = acquisition.with_gradient(x)
        assert value == pytest.approx(acquisition(x[None])[0], rel=1e-9)
        for tangent in SPACE.tangent_basis.T:
            up, down = acquisition(np.array([x + 1e-6 * tangent, x - 1e-6 * tangent]))
            assert slope @ tangent == pytest.approx((up - down) / 2e-6, rel=1e-4, abs=1e-5)


def test_samples_of_a_batch_have_the_means_and_covariances_of_the_surrogates():
    points = told()
    models = [
        surrogates(SPACE, ["mixing_energy"], told, {}, {})["mixing_energy"] for told in (points, points[:2])
    ]
    x = np.random.default_rng(4).dirichlet(np.ones(3), (2, 3))
    samples = SobolQMCNormalSampler(torch.Size([4096]), seed=0)(
        PropertyModel(models).posterior(torch.tensor(x))
    )
    assert samples.shape == (4096, 2, 3, 2)
    for place, model in enumerate(models):
        expected = model.moments(x)
        own = samples[..., place].numpy()
        scale = np.sqrt(np.einsum("bqq->bq", expected.covariance))
        np.testing.assert_allclose(own.mean(0), expected.mean, atol=5e-3 * scale.max())
        for batch in range(2):
            found = np.cov(own[:, batch].T)
            np.testing.assert_allclose(found, expected.covariance[batch], atol=3e-2 * scale[batch].max() ** 2)
    across = np.corrcoef(samples[:, 0, 0, 0], samples[:, 0, 0, 1])[0, 1]
    assert abs(across) < 0.05


def test_a_composition_twice_in_a_batch_is_sampled_alike_in_any_unit():
    points = [
        replace(
            point,
            values={"mixing_energy": 1e-7 * point.values["mixing_energy"]},
            gradients={"mixing_energy": 1e-7 * point.gradients["mixing_energy"]},
        )
        for point in told()
    ]
    model = surrogates(SPACE, ["mixing_energy"], points, {}, {})["mixing_energy"]
    x = torch.full((1, 2, 3), 1.0 / 3.0, dtype=torch.float64)
    samples = SobolQMCNormalSampler(torch.Size([64]), seed=0)(PropertyModel([model]).posterior(x))[:, 0, :, 0]
    scale = float(model.mean_and_deviation(x[0].numpy())[1][0])
    np.testing.assert_allclose(samples[:, 0], samples[:, 1], atol=1e-2 * scale)
    assert samples[:, 0].std() == pytest.approx(scale, rel=0.1)
