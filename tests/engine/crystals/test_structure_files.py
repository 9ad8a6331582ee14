"""CIF, POSCAR and pymatgen dictionaries against ASE's and pymatgen's own readings."""

from __future__ import annotations

import io
import json
import warnings

import numpy as np
import pytest
from ase.io import read as ase_read
from ase.spacegroup import crystal as ase_crystal

from api_schemas.errors import ProblemInvalid
from api_schemas.structures import Structure
from engine.crystals.structure_input import read_structure

WURTZITE = """
data_AlN
_cell_length_a 3.111(2)
_cell_length_b 3.111(2)
_cell_length_c 4.980
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 120
_symmetry_space_group_name_H-M 'P 63 m c'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
N1 N3- 0.3333 0.6667 0.382 1.0
Al1 Al3+ 0.3333 0.6667 0 1
"""

SPINEL = """
data_spinel
_cell_length_a 8.083
_cell_length_b 8.083
_cell_length_c 8.083
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_space_group_IT_number 227
_space_group_name_H-M_alt 'F d -3 m:2'
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Mg1 0.125 0.125 0.125
Al1 0.5 0.5 0.5
O1 0.2624 0.2624 0.2624
"""

ROCKSALT_BY_OPERATIONS = """
data_x
_cell_length_a 5.64
_cell_length_b 5.64
_cell_length_c 5.64
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
loop_
_symmetry_equiv_pos_as_xyz
'x, y, z'
'x, y+1/2, z+1/2'
'x+1/2, y, z+1/2'
'x+1/2, y+1/2, z'
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Na1 0 0 0
Cl1 0.5 0.5 0.5
"""

POSCAR = """wurtzite
1.0
 3.11 0.0 0.0
-1.555 2.6933390057696 0.0
 0.0 0.0 4.98
Al N
2 2
Direct
 0.3333333333 0.6666666667 0.0
 0.6666666667 0.3333333333 0.5
 0.3333333333 0.6666666667 0.382
 0.6666666667 0.3333333333 0.882
"""


def read(**form):
    return read_structure(Structure(**form))


def sorted_sites(symbols, frac):
    wrapped = np.mod(np.round(np.mod(frac, 1.0), 4), 1.0)
    return sorted((symbol, *row) for symbol, row in zip(symbols, wrapped.tolist(), strict=True))


@pytest.mark.parametrize("text", [WURTZITE, ROCKSALT_BY_OPERATIONS])
def test_a_cif_gives_the_sites_that_pymatgen_finds(text):
    from pymatgen.io.cif import CifParser

    parent = read(cif=text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = CifParser.from_str(text).parse_structures(primitive=False)[0]
    np.testing.assert_allclose(parent.lattice, expected.lattice.matrix, atol=1e-9)
    ours = sorted_sites(parent.symbols, parent.frac)
    theirs = sorted_sites([site.specie.symbol for site in expected], expected.frac_coords)
    assert [site[0] for site in ours] == [site[0] for site in theirs]
    np.testing.assert_allclose([s[1:] for s in ours], [s[1:] for s in theirs], atol=2e-3)


def test_sites_of_a_cif_follow_the_file():
    assert read(cif=WURTZITE).symbols == ("N", "N", "Al", "Al")
    symbols = read(cif=SPINEL).symbols
    assert symbols == ("Mg",) * 8 + ("Al",) * 16 + ("O",) * 32


def test_rounded_special_positions_become_exact():
    parent = read(cif=WURTZITE)
    np.testing.assert_allclose(parent.frac[2], [1 / 3, 2 / 3, 0.0], atol=1e-12)


def test_expansion_agrees_with_an_independent_space_group_table():
    expected = ase_crystal(
        ("Mg", "Al", "O"),
        [(0.125, 0.125, 0.125), (0.5, 0.5, 0.5), (0.2624, 0.2624, 0.2624)],
        spacegroup=227,
        setting=2,
        cellpar=[8.083, 8.083, 8.083, 90, 90, 90],
    )
    ours = read(cif=SPINEL)
    assert sorted_sites(ours.symbols, ours.frac) == sorted_sites(
        expected.get_chemical_symbols(), expected.get_scaled_positions()
    )


def test_a_space_group_with_two_origins_must_say_which():
    with pytest.raises(ProblemInvalid, match="two choices of origin"):
        read(cif=SPINEL.replace(":2", ""))


def test_a_rhombohedral_group_follows_the_axes_of_the_cell():
    text = (
        "data_x\n_cell_length_a {a}\n_cell_length_b {a}\n_cell_length_c {c}\n_cell_angle_alpha {angle}\n"
        "_cell_angle_beta {angle}\n_cell_angle_gamma {gamma}\n_symmetry_space_group_name_H-M 'R -3 m'\nloop_\n"
        "_atom_site_label\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\nAs1 {x} {y} 0.227\n"
    )
    hexagonal = read(cif=text.format(a=3.76, c=10.55, angle=90, gamma=120, x=0, y=0))
    rhombohedral = read(cif=text.format(a=4.13, c=4.13, angle=54.1, gamma=54.1, x=0.227, y=0.227))
    assert (hexagonal.n_sites, rhombohedral.n_sites) == (6, 2)


def test_a_poscar_keeps_order_and_frame():
    parent = read(poscar=POSCAR)
    atoms = ase_read(io.StringIO(POSCAR), format="vasp")
    np.testing.assert_allclose(parent.lattice, atoms.cell.array, atol=1e-12)
    np.testing.assert_allclose(parent.frac, atoms.get_scaled_positions(), atol=1e-9)
    assert list(parent.symbols) == atoms.get_chemical_symbols()


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\n".join(
            line + " T T F" if line.startswith((" 0.33", " 0.66")) else line
            for line in text.replace("Direct", "Selective dynamics\nDirect").splitlines()
        ),
        lambda text: text.replace("\n1.0\n", "\n-41.7130\n"),
        lambda text: text.replace("\n1.0\n", "\n2.0 2.0 3.0\n"),
        lambda text: text.replace("Al N\n", "").replace("wurtzite", "Al N"),
    ],
)
def test_the_variants_of_a_poscar_are_read_as_ase_reads_them(change):
    text = change(POSCAR)
    parent, atoms = read(poscar=text), ase_read(io.StringIO(text), format="vasp")
    np.testing.assert_allclose(parent.lattice, atoms.cell.array, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(parent.frac, atoms.get_scaled_positions(wrap=False), atol=1e-9)
    assert list(parent.symbols) == atoms.get_chemical_symbols()


def test_a_cartesian_poscar_is_scaled_with_its_cell():
    text = "x\n2.0\n2 0 0\n0 2 0\n0 0 2\nCs Cl\n1 1\nCartesian\n0 0 0\n1 1 1\n"
    np.testing.assert_allclose(read(poscar=text).frac, [[0, 0, 0], [0.5, 0.5, 0.5]], atol=1e-12)


def test_potential_labels_in_a_poscar_name_their_element():
    assert read(poscar=POSCAR.replace("Al N", "Al_GW N_h/1234")).symbols == ("Al", "Al", "N", "N")


def test_a_pymatgen_structure_is_read_as_pymatgen_writes_it():
    from pymatgen.core import Lattice
    from pymatgen.core import Structure as PymatgenStructure

    original = PymatgenStructure(
        Lattice.hexagonal(3.11, 4.98), ["N3-", "Al3+"], [[1 / 3, 2 / 3, 0.382], [1 / 3, 2 / 3, 0]]
    )
    for data in (original.as_dict(), json.loads(original.to_json())):
        parent = read(pymatgen=data)
        np.testing.assert_allclose(parent.lattice, original.lattice.matrix, atol=1e-12)
        np.testing.assert_allclose(parent.frac, original.frac_coords, atol=1e-12)
        assert parent.symbols == ("N", "Al")


@pytest.mark.parametrize(
    ("label", "element"),
    [("Fe3+", "Fe"), ("Al1", "Al"), ("O2-", "O"), ("AL1", "Al"), ("OW", "O"), ("D", "H"), ("2H", "H"), ("Sc0+", "Sc"),
     ("cl", "Cl"), ("N3", "N"), ("Si1A", "Si")],
)  # fmt: skip
def test_labels_name_their_element(label, element):
    text = WURTZITE.replace("Al3+", label)
    assert read(cif=text).symbols[2] == element


@pytest.mark.parametrize("label", ["Vac", "VA1", "Wat", "Du", "T1", "X", "Q1", "1", "+"])
def test_labels_that_name_no_element_are_not_guessed(label):
    with pytest.raises(ProblemInvalid, match="not a chemical element"):
        read(cif=WURTZITE.replace("Al3+", label))
