"""Expected improvement against its closed form for a normal distribution."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from api_schemas.problem import Sublattice
from engine.composition.space import CompositionSpace
from engine.optimize.acquisition import expected_improvement
from engine.optimize.objective import Loss, Point, Term
from engine.optimize.surrogate import surrogates

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
    found = np.array([acquisition.improvement(value) for value in acquisition(at)])
    likely = ahead > -1.0  # farther out 64 samples are few
    assert likely.sum() >= 5
    np.testing.assert_allclose(found[likely], expected[likely], rtol=0.1)
