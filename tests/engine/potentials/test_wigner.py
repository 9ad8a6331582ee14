"""Real Wigner 3j symbols and spherical harmonics."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from engine.potentials.equivariant.spherical_harmonics import parity_signs, spherical_harmonics
from engine.potentials.equivariant.wigner import wigner_3j
from tests.engine.potentials.explicit_network import harmonics

TRIANGLES = [(a, b, c) for a, b, c in product(range(4), repeat=3) if abs(a - b) <= c <= a + b]


def unit_vectors(n, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(n, 3))
    return torch.tensor(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def rotation_of_degree(degree, rotation):
    """D with Y(R v) = D Y(v), found by least squares over many vectors."""
    v = unit_vectors(60)
    before, after = harmonics(v)[degree], harmonics(v @ torch.tensor(rotation).T)[degree]
    return torch.linalg.lstsq(before, after).solution.T.numpy()


def test_harmonics_equal_the_written_out_polynomials():
    v = unit_vectors(50)
    expected = torch.cat(harmonics(v), dim=1)
    assert torch.allclose(spherical_harmonics(v, 3), expected, atol=1e-13)
    assert torch.allclose(spherical_harmonics(v, 1), expected[:, :4], atol=1e-13)


def test_harmonics_of_a_reversed_vector_change_by_the_parity_signs():
    v = unit_vectors(20)
    signs = torch.tensor(parity_signs(3))
    assert torch.allclose(spherical_harmonics(-v, 3), spherical_harmonics(v, 3) * signs, atol=1e-14)


def test_harmonics_beyond_degree_3_are_refused():
    with pytest.raises(ValueError, match="0 to 3"):
        spherical_harmonics(unit_vectors(1), 4)


@pytest.mark.parametrize(("a", "b", "c"), TRIANGLES)
def test_a_symbol_is_orthogonal(a, b, c):
    symbol = wigner_3j(a, b, c)
    assert np.allclose(np.einsum("abc,abd->cd", symbol, symbol), np.eye(2 * c + 1) / (2 * c + 1), atol=1e-14)


@pytest.mark.parametrize(("a", "b", "c"), TRIANGLES)
def test_a_symbol_is_unchanged_by_a_rotation_of_all_three_degrees(a, b, c):
    rotation = Rotation.from_euler("xyz", [0.4, -1.1, 2.3]).as_matrix()
    turned = np.einsum(
        "abc,ai,bj,ck->ijk", wigner_3j(a, b, c), *(rotation_of_degree(d, rotation) for d in (a, b, c))
    )
    assert np.allclose(turned, wigner_3j(a, b, c), atol=1e-12)


def test_the_symbol_of_three_vectors_is_their_triple_product():
    levi_civita = np.zeros((3, 3, 3))
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        levi_civita[i, j, k], levi_civita[i, k, j] = 1, -1
    assert np.allclose(wigner_3j(1, 1, 1), levi_civita / np.sqrt(6), atol=1e-15)


def test_signs_are_those_of_the_weights():
    # From the symbols that the SevenNet-l3i5 checkpoint carries itself (buffers _w3j_*): the largest entry of each.
    # Six of them have the other sign in later versions of e3nn.
    published = {
        (1, 1, 1): (0, 1, 2, 0.4082483),
        (1, 1, 2): (1, 1, 2, 0.3651484),
        (1, 2, 1): (1, 2, 1, 0.3651484),
        (1, 2, 2): (1, 0, 4, 0.3651484),
        (1, 2, 3): (1, 2, 3, 0.29277),
        (1, 3, 2): (1, 3, 2, 0.29277),
        (1, 3, 3): (1, 0, 6, 0.3273268),
        (2, 1, 1): (2, 1, 1, 0.3651484),
        (2, 1, 2): (0, 1, 4, -0.3651484),
        (2, 1, 3): (2, 1, 3, 0.29277),
        (2, 2, 1): (0, 4, 1, 0.3651484),
        (2, 2, 2): (0, 0, 2, -0.2390457),
        (2, 2, 3): (0, 2, 5, 0.2672612),
        (2, 3, 1): (2, 3, 1, 0.29277),
        (2, 3, 2): (0, 5, 2, -0.2672612),
        (2, 3, 3): (2, 0, 0, -0.243975),
        (3, 1, 2): (3, 1, 2, 0.29277),
        (3, 1, 3): (0, 1, 6, -0.3273268),
        (3, 2, 1): (3, 2, 1, 0.29277),
        (3, 2, 2): (1, 2, 4, 0.2672612),
        (3, 2, 3): (0, 2, 0, -0.243975),
        (3, 3, 1): (0, 6, 1, 0.3273268),
        (3, 3, 2): (0, 0, 2, -0.243975),
        (3, 3, 3): (0, 1, 2, 0.1543034),
    }
    for (a, b, c), (i, j, k, value) in published.items():
        assert wigner_3j(a, b, c)[i, j, k] == pytest.approx(value, abs=1e-6)


def test_degrees_that_make_no_triangle_are_refused():
    with pytest.raises(ValueError, match="no triangle"):
        wigner_3j(1, 1, 3)
