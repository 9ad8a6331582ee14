"""The alchemical crystal: copies, columns, weights, and the faults of sublattices."""

from __future__ import annotations

import numpy as np
import pytest

from api_schemas.errors import ProblemInvalid
from api_schemas.sublattices import Sublattice
from engine.crystals.crystal import build_crystal
from engine.crystals.prototypes import PROTOTYPES


def wurtzite():
    return PROTOTYPES["wurtzite"].build(("Al", "N"), 3.11, 4.98)


def sublattice(name, sites, elements):
    return Sublattice(name=name, sites=sites, elements=elements)


def faults(parent, *sublattices):
    with pytest.raises(ProblemInvalid) as caught:
        build_crystal(parent, sublattices)
    return {(error.pointer, error.type) for error in caught.value.errors}


@pytest.fixture
def alscn():
    return build_crystal(wurtzite(), [sublattice("cation", ["Al"], ["Al", "Sc"])])


def test_every_site_of_a_sublattice_has_a_copy_of_each_element(alscn):
    assert alscn.copy_site.tolist() == [0, 0, 1, 2, 2, 3]
    assert alscn.copy_species.tolist() == [13, 21, 7, 13, 21, 7]
    assert alscn.columns == ("cation:Al", "cation:Sc")
    assert alscn.copy_column.tolist() == [0, 1, -1, 0, 1, -1]


def test_weights_are_the_composition_on_sublattices_and_one_elsewhere(alscn):
    np.testing.assert_array_equal(alscn.weights(np.array([0.8, 0.2])), [0.8, 0.2, 1.0, 0.8, 0.2, 1.0])


def test_weights_are_linear_in_the_composition(alscn):
    x, y = np.array([0.3, 0.7]), np.array([0.9, 0.1])
    np.testing.assert_allclose(
        alscn.weights(x) - alscn.weights(y), alscn.weights_matrix @ (x - y), atol=1e-15
    )


def test_labels_tell_sublattices_from_fixed_sites(alscn):
    assert alscn.labels.tolist() == [200, 7, 200, 7]


def test_masses_are_standard_atomic_weights(alscn):
    np.testing.assert_allclose(alscn.masses, [26.982, 44.956, 14.007, 26.982, 44.956, 14.007], atol=1e-3)


def test_end_members_have_one_element_a_sublattice():
    crystal = build_crystal(
        wurtzite(), [sublattice("cation", ["Al"], ["Al", "Sc", "Ga"]), sublattice("anion", ["N"], ["N", "P"])]
    )
    members = dict(crystal.end_members())
    assert len(members) == 6
    np.testing.assert_array_equal(members["Ga", "P"], [0, 0, 1, 0, 1])


def test_a_crystal_without_sublattices_has_itself_as_end_member():
    crystal = build_crystal(wurtzite())
    assert [elements for elements, _ in crystal.end_members()] == [()]
    np.testing.assert_array_equal(crystal.weights(np.zeros(0)), np.ones(4))


def test_sites_can_be_chosen_by_index_whether_or_not_they_are_equivalent():
    crystal = build_crystal(wurtzite(), [sublattice("mixed", [3, 0], ["Al", "N"])])
    assert crystal.sublattices[0].sites == (0, 3)
    assert crystal.site_sublattice.tolist() == [0, -1, -1, 0]


def test_a_new_geometry_keeps_the_labels_and_the_conventional_cell(alscn):
    moved = alscn.with_geometry(alscn.lattice * 1.1, alscn.frac + 0.01)
    np.testing.assert_array_equal(moved.conventional, alscn.conventional)
    assert moved.volume == pytest.approx(alscn.volume * 1.331)
    assert moved.columns == alscn.columns


def test_arrays_cannot_be_changed(alscn):
    with pytest.raises(ValueError, match="read-only"):
        alscn.lattice[0, 0] = 1.0


def test_sublattices_split_the_symmetry_of_the_parent():
    parent = PROTOTYPES["fcc"].build(("Cu",), 3.6)
    assert np.linalg.det(build_crystal(parent).conventional) == pytest.approx(4)


def test_faults_of_sublattices_are_all_reported():
    found = faults(
        wurtzite(),
        sublattice("a", ["Ga"], ["Al"]),
        sublattice("b", [4], ["Al"]),
        sublattice("c", [0, 0], ["Al"]),
        sublattice("d", [0, 1], ["Al"]),
    )
    assert found == {
        ("/sublattices/0/sites/0", "unknown-site"),
        ("/sublattices/1/sites/0", "unknown-site"),
        ("/sublattices/2/sites/1", "duplicate-site"),
        ("/sublattices/3/sites", "overlapping-sublattices"),
    }


def test_two_sublattices_on_one_site_are_named():
    with pytest.raises(ProblemInvalid, match=r"already in sublattice 'cation'.*'metal'"):
        build_crystal(wurtzite(), [sublattice("cation", ["Al"], ["Al"]), sublattice("metal", [2], ["Sc"])])
