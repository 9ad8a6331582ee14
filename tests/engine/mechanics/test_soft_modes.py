"""Negative directions of a Hessian from a few products, against the whole matrix diagonalised."""

from __future__ import annotations

import numpy as np
import pytest

from engine.mechanics.soft_modes import MOST_PRODUCTS, soft_modes

SIZE = 60


def crystal(lowest, seed):
    """A Hessian whose theta in the metric P are the lowest given and others about 1, P^-1, and all theta by LAPACK."""
    draw = np.random.default_rng(seed)
    root = np.linalg.qr(draw.standard_normal((SIZE, SIZE)))[0] * np.sqrt(draw.uniform(0.5, 20.0, SIZE))
    turned = np.linalg.qr(draw.standard_normal((SIZE, SIZE)))[0]
    values = np.concatenate([lowest, draw.uniform(0.6, 2.0, SIZE - len(lowest))])
    hessian = root @ (turned * values) @ turned.T @ root.T
    inverse = np.linalg.inv(root @ root.T)
    return (hessian + hessian.T) / 2, (inverse + inverse.T) / 2, draw.standard_normal(SIZE)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("lowest", [[-1.0], [-3.0, -0.8], [-0.3]])
def test_negative_directions_are_found_with_few_products(lowest, seed):
    hessian, inverse, start = crystal(np.array(lowest), seed)
    found = soft_modes(lambda v: hessian @ v, lambda f: inverse @ f, start)
    assert found.products <= MOST_PRODUCTS
    assert found.values[0] == pytest.approx(min(lowest), rel=0.1)
    for mode in found.modes:
        assert mode @ hessian @ mode < 0.0
    np.testing.assert_allclose(
        found.modes @ np.linalg.inv(inverse) @ found.modes.T, np.eye(len(found.modes)), atol=1e-8
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_stable_hessian_has_none_and_takes_no_more_products_than_it_needs(seed):
    hessian, inverse, start = crystal(np.array([0.7]), seed)
    assert np.linalg.eigvalsh(hessian)[0] > 0.0
    found = soft_modes(lambda v: hessian @ v, lambda f: inverse @ f, start)
    assert not len(found.values)
    assert found.products < MOST_PRODUCTS


def test_flat_directions_are_not_soft_and_what_the_metric_leaves_out_is_not_looked_at():
    hessian, inverse, start = np.diag([0.0, 1.0, 2.0, -5.0]), np.diag([1.0, 1.0, 1.0, 0.0]), np.ones(4)
    found = soft_modes(lambda v: hessian @ v, lambda f: inverse @ f, start)
    assert not len(found.values)
    assert not soft_modes(lambda v: hessian @ v, lambda f: 0.0 * f, start).products
