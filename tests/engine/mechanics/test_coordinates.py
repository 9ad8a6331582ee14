"""Symmetry-adapted coordinates of labelled parents."""

from __future__ import annotations

import numpy as np
import pytest

from api_schemas.sublattices import Sublattice
from engine.crystals.crystal import build_crystal
from engine.crystals.prototypes import PROTOTYPES
from engine.mechanics.coordinates import symmetry_coordinates


def crystal(prototype, species, *sublattices):
    return build_crystal(
        PROTOTYPES[prototype].build(species),
        [
            Sublattice(name=f"s{i}", sites=sites, elements=elements)
            for i, (sites, elements) in enumerate(sublattices)
        ],
    )


@pytest.mark.parametrize(
    ("prototype", "species", "strains", "displacements"),
    [
        ("rocksalt", ["Na", "Cl"], 1, 0),
        ("fluorite", ["Ce", "O"], 1, 0),
        ("perovskite", ["Sr", "Ti", "O"], 1, 0),
        ("fcc", ["Cu"], 1, 0),
        ("hcp", ["Mg"], 2, 0),
        ("wurtzite", ["Al", "N"], 2, 1),  # a, c and u: the rigid shift along the polar axis is projected out
    ],
)
def test_free_coordinates_are_those_of_the_space_group(prototype, species, strains, displacements):
    found = symmetry_coordinates(crystal(prototype, species))
    assert found.n_strain == strains
    assert len(found.displacement_modes) == displacements


def test_labels_lower_the_symmetry_although_the_parent_is_one_element():
    whole = symmetry_coordinates(crystal("hcp", ["Mg"]))
    split = symmetry_coordinates(crystal("hcp", ["Mg"], ([0], ["Mg", "Zn"]), ([1], ["Mg", "Cd"])))
    assert whole.n_q == 2
    assert split.n_q == 2  # the site symmetry -6m2 of either site still forbids displacements
    halves = symmetry_coordinates(crystal("fcc", ["Cu"]))
    assert halves.n_q == 1


def test_modes_are_orthonormal_and_hold_no_rigid_translation():
    found = symmetry_coordinates(crystal("wurtzite", ["Al", "N"], (["Al"], ["Al", "Sc"])))
    strains = found.strain_modes.reshape(found.n_strain, 9)
    np.testing.assert_allclose(strains @ strains.T, np.eye(found.n_strain), atol=1e-12)
    flat = found.displacement_modes.reshape(len(found.displacement_modes), -1)
    np.testing.assert_allclose(flat @ flat.T, np.eye(len(flat)), atol=1e-12)
    np.testing.assert_allclose(found.displacement_modes.sum(axis=1), 0.0, atol=1e-12)


def test_a_crystal_without_symmetry_keeps_six_strains_and_all_but_three_displacements():
    parent = PROTOTYPES["wurtzite"].build(["Al", "N"])
    rng = np.random.default_rng(1)
    bent = build_crystal(parent).with_geometry(
        parent.lattice + 0.1 * rng.normal(size=(3, 3)), parent.frac + 0.03 * rng.normal(size=(4, 3))
    )
    found = symmetry_coordinates(bent)
    assert found.n_strain == 6
    assert len(found.displacement_modes) == 3 * 4 - 3


def test_a_left_handed_cell_has_the_same_coordinates_as_its_mirror_image():
    parent = PROTOTYPES["wurtzite"].build(["Al", "N"])
    mirrored = build_crystal(parent).with_geometry(parent.lattice[[1, 0, 2]], parent.frac[:, [1, 0, 2]])
    assert np.linalg.det(mirrored.lattice) < 0
    found = symmetry_coordinates(mirrored)
    assert (found.n_strain, len(found.displacement_modes)) == (2, 1)


def test_geometry_of_coordinates_moves_cell_and_sites_as_documented():
    found = symmetry_coordinates(crystal("wurtzite", ["Al", "N"]))
    q = np.array([0.03, -0.02, 0.1])
    lattice, frac = found.geometry(q)
    deformation = np.eye(3) + found.strain(q)
    np.testing.assert_allclose(lattice, found.lattice @ deformation.T)
    np.testing.assert_allclose(frac @ lattice, found.displaced(q) @ deformation.T, atol=1e-12)


def test_coordinates_given_to_three_digits_are_made_exactly_symmetric():
    exact = build_crystal(PROTOTYPES["wurtzite"].build(["Al", "N"]))
    rounded = exact.with_geometry(np.round(exact.lattice, 3), np.round(exact.frac, 3))
    found, wanted = symmetry_coordinates(rounded), symmetry_coordinates(exact)
    assert (found.n_strain, len(found.displacement_modes)) == (2, 1)
    lengths = np.linalg.norm(found.lattice, axis=1)
    assert lengths[0] == pytest.approx(lengths[1], abs=1e-12)
    cosine = found.lattice[0] @ found.lattice[1] / (lengths[0] * lengths[1])
    assert cosine == pytest.approx(-0.5, abs=1e-12)
    frac = found.positions @ np.linalg.inv(found.lattice)
    ours = frac - frac[0]
    theirs = exact.frac - exact.frac[0]
    np.testing.assert_allclose(ours[:, :2], theirs[:, :2], atol=1e-12)
    np.testing.assert_allclose(found.lattice, wanted.lattice, atol=1e-3)
