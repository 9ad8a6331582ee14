"""Prototypes against measured lattice constants, space groups and ASE's cells."""

from __future__ import annotations

import math

import numpy as np
import pytest
import spglib
from ase.build import bulk

from api_schemas.symbols import ATOMIC_NUMBERS
from engine.crystals.prototypes import PROTOTYPES

# Measured at room temperature (handbook values, Å); hypothetical cells from published calculations are left out.
MEASURED_A = [
    ("rocksalt", ("Na", "Cl"), 5.640),
    ("rocksalt", ("K", "Cl"), 6.293),
    ("rocksalt", ("Li", "F"), 4.027),
    ("rocksalt", ("Rb", "I"), 7.342),
    ("rocksalt", ("Mg", "O"), 4.212),
    ("rocksalt", ("Ba", "O"), 5.539),
    ("rocksalt", ("Mn", "O"), 4.445),
    ("rocksalt", ("Ti", "N"), 4.241),
    ("rocksalt", ("Sc", "N"), 4.505),
    ("rocksalt", ("Zr", "C"), 4.698),
    ("rocksalt", ("Pb", "Te"), 6.462),
    ("zincblende", ("Ga", "As"), 5.653),
    ("zincblende", ("In", "Sb"), 6.479),
    ("zincblende", ("Zn", "S"), 5.409),
    ("zincblende", ("Si", "C"), 4.360),
    ("zincblende", ("B", "N"), 3.615),
    ("wurtzite", ("Al", "N"), 3.112),
    ("wurtzite", ("Ga", "N"), 3.189),
    ("wurtzite", ("In", "N"), 3.545),
    ("wurtzite", ("Zn", "O"), 3.250),
    ("wurtzite", ("Cd", "S"), 4.136),
    ("fluorite", ("Ce", "O"), 5.411),
    ("fluorite", ("Ca", "F"), 5.463),
    ("fluorite", ("U", "O"), 5.470),
    ("antifluorite", ("Li", "O"), 4.619),
    ("antifluorite", ("Mg", "Si"), 6.351),
    ("cscl", ("Cs", "Cl"), 4.123),
    ("cscl", ("Ni", "Al"), 2.887),
    ("perovskite", ("Sr", "Ti", "O"), 3.905),
    ("perovskite", ("K", "Ta", "O"), 3.988),
    ("perovskite", ("La", "Al", "O"), 3.790),
    ("perovskite", ("Cs", "Pb", "I"), 6.290),
    ("spinel", ("Mg", "Al", "O"), 8.083),
    ("spinel", ("Zn", "Fe", "O"), 8.441),
    ("fcc", ("Cu",), 3.615),
    ("fcc", ("Al",), 4.050),
    ("bcc", ("Fe",), 2.867),
    ("bcc", ("W",), 3.165),
    ("hcp", ("Mg",), 3.209),
    ("hcp", ("Zn",), 2.665),
    ("diamond", ("Si",), 5.431),
    ("diamond", ("C",), 3.567),
]


@pytest.mark.parametrize(("name", "species", "measured"), MEASURED_A)
def test_default_lattice_constant_is_within_8_percent_of_the_measured_one(name, species, measured):
    a, _ = PROTOTYPES[name].lattice_constants(species)
    assert abs(a / measured - 1.0) < 0.08


@pytest.mark.parametrize(
    ("species", "measured_c"), [(("Al", "N"), 4.982), (("Ga", "N"), 5.186), (("Zn", "O"), 5.207)]
)
def test_default_c_of_wurtzites_is_within_8_percent_of_the_measured_one(species, measured_c):
    _, c = PROTOTYPES["wurtzite"].lattice_constants(species)
    assert abs(c / measured_c - 1.0) < 0.08


def test_every_pair_of_elements_gives_a_cell_with_bonds_of_sensible_length():
    for prototype in PROTOTYPES.values():
        for first in ATOMIC_NUMBERS:
            for second in ("H", "N", "O", "F", "Ni", "Cs"):
                species = [first, second, "O"][: len(prototype.roles)]
                parent = prototype.build(species)
                assert 1.0 < parent.volume / parent.n_sites < 200.0, (prototype.name, species)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("rocksalt", 225), ("zincblende", 216), ("wurtzite", 186), ("fluorite", 225), ("antifluorite", 225),
        ("cscl", 221), ("perovskite", 221), ("spinel", 227), ("fcc", 225), ("bcc", 229), ("hcp", 194),
        ("diamond", 227),
    ],
)  # fmt: skip
def test_prototype_has_its_space_group(name, number):
    prototype = PROTOTYPES[name]
    parent = prototype.build(prototype.example)
    numbers = [ATOMIC_NUMBERS[symbol] for symbol in parent.symbols]
    dataset = spglib.get_symmetry_dataset((parent.lattice, parent.frac, numbers), symprec=1e-5)
    assert dataset.number == number


@pytest.mark.parametrize(
    ("ours", "theirs", "formula", "species", "a", "c"),
    [
        ("rocksalt", "rocksalt", "NaCl", ("Na", "Cl"), 5.64, None),
        ("zincblende", "zincblende", "GaAs", ("Ga", "As"), 5.65, None),
        ("wurtzite", "wurtzite", "AlN", ("Al", "N"), 3.11, 4.98),
        ("cscl", "cesiumchloride", "CsCl", ("Cs", "Cl"), 4.12, None),
        ("fcc", "fcc", "Cu", ("Cu",), 3.61, None),
        ("bcc", "bcc", "Fe", ("Fe",), 2.87, None),
        ("hcp", "hcp", "Mg", ("Mg",), 3.21, 5.21),
        ("diamond", "diamond", "Si", ("Si",), 5.43, None),
    ],
)
def test_cell_and_site_order_are_those_of_ase(ours, theirs, formula, species, a, c):
    parent = PROTOTYPES[ours].build(species, a, c)
    expected = bulk(formula, theirs, a=a, c=c)
    np.testing.assert_allclose(parent.lattice, expected.cell.array, atol=1e-12)
    assert list(parent.symbols) == expected.get_chemical_symbols()
    difference = parent.frac - expected.get_scaled_positions()
    np.testing.assert_allclose(difference - np.round(difference), 0.0, atol=1e-10)


def test_bonds_of_a_wurtzite_are_equal_at_any_ratio():
    parent = PROTOTYPES["wurtzite"].build(("Al", "N"), 3.11, 4.70)
    positions = parent.frac @ parent.lattice
    images = (
        np.array([[i, j, k] for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1)]) @ parent.lattice
    )
    distances = np.sort(np.linalg.norm(positions[[1, 3]][:, None] + images - positions[0], axis=2).ravel())
    np.testing.assert_allclose(distances[:4], distances[0], atol=1e-9)
    assert distances[4] > distances[0] + 0.5


def test_a_lattice_constant_that_is_given_scales_the_other():
    wurtzite = PROTOTYPES["wurtzite"]
    assert wurtzite.lattice_constants(("Al", "N"), a=3.0)[1] == pytest.approx(3.0 * math.sqrt(8 / 3))
    assert wurtzite.lattice_constants(("Al", "N"), c=5.0)[0] == pytest.approx(5.0 / math.sqrt(8 / 3))
    assert wurtzite.lattice_constants(("Al", "N"), a=3.0, c=5.0) == (3.0, 5.0)


def test_wrong_number_of_species_names_the_roles():
    with pytest.raises(ValueError, match=r"perovskite has 3 species \(A .*B .*X"):
        PROTOTYPES["perovskite"].build(("Sr", "Ti"))
