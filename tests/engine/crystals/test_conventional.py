"""The conventional cell: chosen from the labelled parent, axes never permuted."""

from __future__ import annotations

import numpy as np
import pytest

from engine.crystals.conventional import SymmetryNotFound, cell_parameters, conventional_transformation
from engine.crystals.prototypes import PROTOTYPES

ONE = np.zeros((1, 3))


def parameters(lattice, frac, labels):
    lattice = np.array(lattice, dtype=float)
    transformation = conventional_transformation(lattice, np.array(frac, dtype=float), np.array(labels))
    return transformation, cell_parameters(transformation @ lattice)


@pytest.mark.parametrize("name", ["fcc", "rocksalt", "zincblende", "fluorite", "bcc", "diamond", "spinel"])
def test_a_primitive_cubic_cell_gives_the_cube_with_the_prototypes_a(name):
    prototype = PROTOTYPES[name]
    parent = prototype.build(prototype.example, a=4.321)
    labels = [hash(symbol) % 1000 for symbol in parent.symbols]
    transformation, found = parameters(parent.lattice, parent.frac, labels)
    np.testing.assert_allclose(found, (4.321, 4.321, 4.321, 90, 90, 90), atol=1e-6)
    np.testing.assert_array_equal(transformation, np.round(transformation))
    assert np.linalg.det(transformation) == pytest.approx(2 if name == "bcc" else 4)


@pytest.mark.parametrize("name", ["wurtzite", "hcp", "perovskite", "cscl"])
def test_a_cell_that_is_conventional_already_keeps_its_axes(name):
    prototype = PROTOTYPES[name]
    parent = prototype.build(prototype.example)
    labels = [hash(symbol) % 1000 for symbol in parent.symbols]
    transformation, _ = parameters(parent.lattice, parent.frac, labels)
    np.testing.assert_array_equal(transformation, np.eye(3))


def test_an_orthorhombic_cell_with_falling_lengths_keeps_its_order():
    transformation, found = parameters(np.diag([6.0, 5.0, 4.0]), [[0, 0, 0], [0.5, 0.5, 0.5]], [1, 2])
    np.testing.assert_array_equal(transformation, np.eye(3))
    assert found[:3] == (6.0, 5.0, 4.0)


def test_a_tetragonal_cell_keeps_the_users_unique_axis():
    transformation, found = parameters(np.diag([6.0, 4.0, 4.0]), ONE, [1])
    np.testing.assert_array_equal(transformation, np.eye(3))
    assert found[:3] == (6.0, 4.0, 4.0)


def test_a_sheared_setting_of_a_cube_gives_the_cube():
    _, found = parameters([[4, 0, 0], [4, 4, 0], [0, 0, 4]], ONE, [1])
    np.testing.assert_allclose(found, (4, 4, 4, 90, 90, 90), atol=1e-9)


def test_a_hexagonal_cell_with_60_degrees_gives_the_setting_with_120():
    lattice = [[3.0, 0, 0], [1.5, 1.5 * 3**0.5, 0], [0, 0, 5.0]]
    _, found = parameters(lattice, [[0, 0, 0], [1 / 3, 1 / 3, 0.5]], [1, 1])
    np.testing.assert_allclose(found, (3, 3, 5, 90, 90, 120), atol=1e-6)


def test_a_hexagonal_cell_with_its_unique_axis_first_gives_it_last():
    lattice = [[0, 0, 5.0], [3.0, 0, 0], [-1.5, 1.5 * 3**0.5, 0]]
    _, found = parameters(lattice, [[0, 0, 0], [0.5, 1 / 3, 2 / 3]], [1, 1])
    np.testing.assert_allclose(found, (3, 3, 5, 90, 90, 120), atol=1e-6)


def test_a_rhombohedral_cell_gives_hexagonal_axes():
    # alpha-arsenic-like rhombohedron of edge 4.1 Å and angle 54 degrees.
    cosine = np.cos(np.radians(54.0))
    metric = 4.1**2 * (np.full((3, 3), cosine) + (1 - cosine) * np.eye(3))
    lattice = np.linalg.cholesky(metric)
    transformation, found = parameters(lattice, [[0.227] * 3, [-0.227] * 3], [1, 1])
    a = 2 * 4.1 * np.sin(np.radians(27.0))
    c = 4.1 * np.sqrt(3 + 6 * cosine)
    np.testing.assert_allclose(found, (a, a, c, 90, 90, 120), atol=1e-6)
    assert np.linalg.det(transformation) == pytest.approx(3)


def test_labels_not_elements_decide():
    # An AuCu-like ordering on a cube with one atom at each corner and face: labels make it tetragonal.
    frac = [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
    cubic, _ = parameters(np.eye(3) * 4.0, frac, [1, 1, 1, 1])
    tetragonal, found = parameters(np.eye(3) * 4.0, frac, [1, 1, 2, 2])
    np.testing.assert_array_equal(cubic, np.eye(3))
    np.testing.assert_allclose(found, (4 / 2**0.5, 4 / 2**0.5, 4, 90, 90, 90), atol=1e-6)
    assert np.linalg.det(tetragonal) == pytest.approx(0.5)


def test_a_left_handed_cell_is_handled():
    lattice = np.array([[0, 2.0, 2.0], [2.0, 2.0, 0], [2.0, 0, 2.0]])
    assert np.linalg.det(lattice) < 0 or np.linalg.det(lattice[[1, 0, 2]]) < 0
    for rows in (lattice, lattice[[1, 0, 2]]):
        _, found = parameters(rows, ONE, [1])
        np.testing.assert_allclose(found, (4, 4, 4, 90, 90, 90), atol=1e-6)


def test_coinciding_sites_are_refused():
    with pytest.raises(SymmetryNotFound):
        parameters(np.eye(3) * 4.0, [[0, 0, 0], [0, 0, 0]], [1, 1])
