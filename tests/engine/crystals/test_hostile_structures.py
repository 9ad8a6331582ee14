"""Bad and hostile structures: each is refused at its field, with a type, in little time, and without a traceback."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from api_schemas.errors import ProblemInvalid, field_errors, parse
from api_schemas.structures import Structure
from engine.crystals.structure_input import read_structure


def cif(
    *,
    cell="4 4 4 90 90 90",
    atoms="Na 0 0 0\nCl 0.5 0.5 0.5",
    extra="",
    columns="type_symbol fract_x fract_y fract_z",
):
    a, b, c, alpha, beta, gamma = cell.split()
    names = "\n".join(f"_atom_site_{name}" for name in columns.split())
    return (
        f"data_x\n_cell_length_a {a}\n_cell_length_b {b}\n_cell_length_c {c}\n_cell_angle_alpha {alpha}\n"
        f"_cell_angle_beta {beta}\n_cell_angle_gamma {gamma}\n{extra}\nloop_\n{names}\n{atoms}\n"
    )


def poscar(*, scale="1.0", vectors="4 0 0\n0 4 0\n0 0 4", symbols="Na Cl", counts="1 1", mode="Direct",
           atoms="0 0 0\n0.5 0.5 0.5"):  # fmt: skip
    return f"title\n{scale}\n{vectors}\n{symbols}\n{counts}\n{mode}\n{atoms}\n"


GOOD = {
    "@module": "pymatgen.core.structure",
    "@class": "Structure",
    "lattice": {"matrix": [[4.0, 0, 0], [0, 4.0, 0], [0, 0, 4.0]], "pbc": [True, True, True]},
    "sites": [
        {"species": [{"element": "Na", "occu": 1}], "abc": [0, 0, 0]},
        {"species": [{"element": "Cl", "occu": 1}], "abc": [0.5, 0.5, 0.5]},
    ],
}


def changed(path, value):
    data = copy.deepcopy(GOOD)
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return data


OPERATIONS = "loop_\n_symmetry_equiv_pos_as_xyz\n"
P = "/structure/"

CIFS = [
    ("", "bad-structure"),
    ("\x00\x01\x02", "bad-structure"),
    ("not a cif at all", "bad-structure"),
    ("data_x\n", "bad-structure"),
    ("data_x\nloop_\n_atom_site_fract_x\n_atom_site_fract_y\n0 1 2\n", "bad-structure"),
    (cif().replace("_cell_length_a 4", ""), "bad-structure"),
    (cif(cell="0 4 4 90 90 90"), "bad-structure"),
    (cif(cell="-4 4 4 90 90 90"), "bad-structure"),
    (cif(cell="nan 4 4 90 90 90"), "bad-structure"),
    (cif(cell="1e300 4 4 90 90 90"), "bad-structure"),
    (cif(cell="4 4 4 60 60 179"), "bad-structure"),
    (cif(cell="4 4 4 0 90 90"), "bad-structure"),
    (cif(cell="4 4 4 90 90 1e-90"), "bad-structure"),
    (cif(cell="4 4 4 90 90 0.01"), "bad-structure"),
    (cif(cell="? 4 4 90 90 90"), "bad-structure"),
    (cif(cell="400 400 400 90 90 90"), "bad-structure"),
    (cif(atoms="Na 0 0 0\nCl 0.5 0.5 abc"), "bad-structure"),
    (cif(atoms="Na 0 0 0\nCl 0.5 0.5 nan"), "bad-structure"),
    (cif(atoms="Na 0 0 0\nCl 0.5 0.5 1e30"), "bad-structure"),
    (cif(atoms="Na 0 0 0\nCl 0.5 0.5 ?"), "bad-structure"),
    (cif(atoms="Na 0 0 0\nXx 0.5 0.5 0.5"), "unknown-element"),
    (cif(atoms="Na 0 0 0\n. 0.5 0.5 0.5"), "unknown-element"),
    (cif(atoms="Na 0 0 0\nCl 0.05 0.05 0.05"), "overlapping-atoms"),
    (cif(atoms="Na 0 0 0\nCl 1 1 1"), "overlapping-atoms"),
    (cif(cell="4 4 4 90 90 5", atoms="Na 0 0 0"), "overlapping-atoms"),
    (cif(atoms="Na 0 0 0 1\nCl 0.5 0.5 0.5 0.9", columns="type_symbol fract_x fract_y fract_z occupancy"),
     "partial-occupancy"),
    (cif(atoms="Na 0 0 0 1\nCl 0.5 0.5 0.5 0", columns="type_symbol fract_x fract_y fract_z occupancy"),
     "partial-occupancy"),
    (cif(atoms="Na 0 0 0 1\nCl .5 .5 .5 x", columns="type_symbol fract_x fract_y fract_z occupancy"), "bad-structure"),
    (cif(atoms="0 0 0\n0.5 0.5 0.5", columns="fract_x fract_y fract_z"), "bad-structure"),
    (cif(columns="type_symbol Cartn_x Cartn_y Cartn_z"), "bad-structure"),
    (cif() + cif().replace("data_x", "data_y"), "bad-structure"),
    (cif(extra="_space_group_IT_number 999"), "bad-structure"),
    (cif(extra="_symmetry_space_group_name_H-M 'Q 17'"), "bad-structure"),
    (cif(cell="4 5 4 90 90 90", extra="_symmetry_space_group_name_H-M 'P m -3 m'"), "bad-structure"),
    (cif(extra=OPERATIONS + "'x,y,z'\n'rm -rf,y,z'"), "bad-structure"),
    (cif(extra=OPERATIONS + "'x,y,z'\n'2x,y,z'"), "bad-structure"),
    (cif(extra=OPERATIONS + "'x,y,z'\n'x,x,z'"), "bad-structure"),
    (cif(extra=OPERATIONS + "'a,b,c'"), "bad-structure"),
    (cif(extra=OPERATIONS + "'h,k,l'\n'-h,-k,l'"), "bad-structure"),
    (cif(extra=OPERATIONS + "'x,y,z'\n" * 5000), "bad-structure"),
    (cif(atoms="\n".join(f"Na 0 0 {i / 300}" for i in range(201))), "too-many-atoms"),
    (cif(atoms="Na 0 0 0\n" * 30000), "too-many-atoms"),
    (cif(cell="30 30 30 90 90 90", atoms="\n".join(f"Na 0.1{i} 0.23 0.37" for i in range(1, 9)),
         extra="_symmetry_space_group_name_H-M 'F m -3 m'"), "too-many-atoms"),
    ("data_x\nloop_\n" * 20000, "bad-structure"),
    ("data_x\n_a " + "'" * 500_000, "bad-structure"),
]  # fmt: skip

POSCARS = [
    ("", "bad-structure"),
    ("\n" * 50, "bad-structure"),
    (poscar(scale="0"), "bad-structure"),
    (poscar(scale="one"), "bad-structure"),
    (poscar(scale="nan"), "bad-structure"),
    (poscar(scale="1 -1 1"), "bad-structure"),
    (poscar(scale="1e200"), "bad-structure"),
    (poscar(vectors="4 0 0\n0 4 0\n4 4 0"), "bad-structure"),
    (poscar(vectors="4 0 0\n0 4 0\n4 4 0", scale="-64"), "bad-structure"),
    (poscar(vectors="4 0\n0 4 0\n0 0 4"), "bad-structure"),
    (poscar(symbols="Na Xx"), "unknown-element"),
    (poscar(symbols="Na"), "bad-structure"),
    (poscar(symbols="1 1", counts="Direct"), "bad-structure"),
    (poscar(counts="1 x"), "bad-structure"),
    (poscar(counts="0 0"), "bad-structure"),
    (poscar(counts="1 1000000000000000000000"), "bad-structure"),
    (poscar(counts="1 999999999"), "too-many-atoms"),
    (poscar(counts="1 2"), "bad-structure"),
    (poscar(mode="Fractional?"), "bad-structure"),
    (poscar(atoms="0 0 0\n0.5 0.5 inf"), "bad-structure"),
    (poscar(atoms="0 0 0\n0 0 0.1"), "overlapping-atoms"),
    (poscar(atoms="0 0 0\n0.5 0.5 99999"), "bad-structure"),
    ("1 " * 400_000, "bad-structure"),
]

DICTIONARIES = [
    ({}, "bad-structure"),
    ({"@module": "os", "@class": "system", "sites": []}, "bad-structure"),
    (changed(["lattice"], None), "bad-structure"),
    (changed(["lattice", "matrix"], [[4, 0, 0], [0, 4, 0]]), "bad-structure"),
    (changed(["lattice", "matrix"], [[4, 0, 0], [0, 4, 0], [0, 0, "4"]]), "bad-structure"),
    (changed(["lattice", "matrix"], [[4, 0, 0], [0, 4, 0], [0, 0, 10**400]]), "bad-structure"),
    (changed(["lattice", "matrix"], [[4, 0, 0], [0, 4, 0], [4, 4, 0]]), "bad-structure"),
    (changed(["lattice"], {"a": 4, "b": 4, "c": 4}), "bad-structure"),
    (changed(["lattice", "pbc"], [True, True, False]), "bad-structure"),
    (changed(["sites"], {}), "bad-structure"),
    (changed(["sites"], []), "bad-structure"),
    (changed(["sites", 0], "Na"), "bad-structure"),
    (changed(["sites", 0, "species"], []), "bad-structure"),
    (changed(["sites", 0, "species"], [{"element": "Na", "occu": 0.5}]), "partial-occupancy"),
    (changed(["sites", 0, "species"], [{"element": "Na", "occu": 0.5}, {"element": "K", "occu": 0.5}]),
     "partial-occupancy"),
    (changed(["sites", 0, "species"], [{"element": "Q", "occu": 1}]), "unknown-element"),
    (changed(["sites", 0, "species"], [{"element": 11, "occu": 1}]), "bad-structure"),
    (changed(["sites", 0, "abc"], [0, 0]), "bad-structure"),
    (changed(["sites", 0, "abc"], [0, 0, True]), "bad-structure"),
    (changed(["sites", 0, "abc"], [0.5, 0.5, 0.49]), "overlapping-atoms"),
    (changed(["sites"], GOOD["sites"] * 150), "too-many-atoms"),
]  # fmt: skip

PROTOTYPES = [
    ({"prototype": "wurzite", "species": ["Al", "N"]}, "prototype", "unknown-prototype"),
    ({"prototype": "../../etc/passwd", "species": ["Al", "N"]}, "prototype", "unknown-prototype"),
    ({"prototype": "wurtzite", "species": ["Al"]}, "species", "bad-structure"),
    ({"prototype": "wurtzite", "species": ["Al", "N"], "b": 3.1}, "b", "bad-structure"),
    ({"prototype": "rocksalt", "species": ["Na", "Cl"], "c": 5.6}, "c", "bad-structure"),
    ({"prototype": "rocksalt", "species": ["Na", "Cl"], "a": 1e-6}, "a", "bad-structure"),
    ({"prototype": "rocksalt", "species": ["Na", "Cl"], "a": 900.0}, "a", "bad-structure"),
    ({"prototype": "wurtzite", "species": ["Al", "N"], "a": 0.311, "c": 0.498}, "a", "bad-structure"),
    ({"prototype": "wurtzite", "species": ["Al", "N"], "a": 3.1, "c": 400.0}, "c", "bad-structure"),
]


def refusal(form, value):
    with pytest.raises(ProblemInvalid) as caught:
        read_structure(parse(Structure, {form: value}, ("structure",)))
    for error in caught.value.errors:
        assert error.message
        assert "Traceback" not in error.message
        assert ".py" not in error.message
    return caught.value.errors


@pytest.mark.parametrize(("text", "kind"), CIFS)
def test_a_bad_cif_is_refused(text, kind):
    assert {(error.pointer, error.type) for error in refusal("cif", text)} == {("/structure/cif", kind)}


@pytest.mark.parametrize(("text", "kind"), POSCARS)
def test_a_bad_poscar_is_refused(text, kind):
    assert {(error.pointer, error.type) for error in refusal("poscar", text)} == {("/structure/poscar", kind)}


@pytest.mark.parametrize(("data", "kind"), DICTIONARIES)
def test_a_bad_dictionary_is_refused(data, kind):
    assert {(error.pointer, error.type) for error in refusal("pymatgen", data)} == {
        ("/structure/pymatgen", kind)
    }


@pytest.mark.parametrize(("data", "field", "kind"), PROTOTYPES)
def test_a_bad_prototype_is_refused(data, field, kind):
    with pytest.raises(ProblemInvalid) as caught:
        read_structure(Structure(**data))
    assert {(error.pointer, error.type) for error in caught.value.errors} == {(f"/structure/{field}", kind)}


def test_the_good_text_of_each_form_is_accepted():
    for form, value in (("cif", cif()), ("poscar", poscar()), ("pymatgen", GOOD)):
        assert read_structure(Structure(**{form: value})).symbols == ("Na", "Cl")


def test_the_nearest_prototype_is_suggested():
    with pytest.raises(ProblemInvalid, match="did you mean wurtzite"):
        read_structure(Structure(prototype="wurzite", species=["Al", "N"]))


@pytest.mark.parametrize(
    ("word", "name"),
    [("NaCl", "rocksalt"), ("B4", "wurtzite"), ("ZnS", "zincblende"), ("rock salt", "rocksalt")],
)
def test_a_compound_or_strukturbericht_symbol_is_answered_with_its_prototype(word, name):
    with pytest.raises(ProblemInvalid, match=rf"did you mean {name}\?$"):
        read_structure(Structure(prototype=word, species=["Al", "N"]))


def test_overlapping_sites_are_named_with_their_distance():
    with pytest.raises(ProblemInvalid, match=r"site 0 \(Na\) and site 1 \(Cl\) are 0.200 Å apart"):
        read_structure(Structure(cif=cif(atoms="Na 0 0 0\nCl 0 0 0.95")))


def test_the_pointer_of_a_target_is_that_of_the_target():
    with pytest.raises(ProblemInvalid) as caught:
        read_structure(Structure(cif="x"), ("objectives", 0, "target", "same_as"))
    assert caught.value.errors[0].pointer == "/objectives/0/target/same_as/cif"


def test_a_text_that_looks_like_a_path_opens_no_file(tmp_path):
    path = tmp_path / "good.cif"
    path.write_text(cif())
    for form in ("cif", "poscar"):
        refusal(form, str(path))


def test_a_text_that_is_no_unicode_is_refused():
    assert refusal("cif", "\ud800")[0].pointer == "/structure/cif"


def test_a_text_that_is_too_long_is_refused_before_it_is_read():
    assert refusal("cif", "x" * 1_000_001)[0].pointer == "/structure/cif"


def test_a_dictionary_that_is_nested_too_deeply_is_refused():
    nested = {}
    for _ in range(5000):
        nested = {"a": nested}
    with pytest.raises(ProblemInvalid):
        parse(Structure, {"pymatgen": nested}, ("structure",))


def test_the_number_of_atoms_is_checked_before_anything_dear():
    axis = np.linspace(0, 1, 6, endpoint=False)
    atoms = "\n".join(f"Na {x:.4f} {y:.4f} {z:.4f}" for x in axis for y in axis for z in axis)
    text = cif(cell="24 24 24 90 90 90", atoms=atoms)
    assert refusal("cif", text)[0].type == "too-many-atoms"
    assert read_structure(Structure(cif=text), max_atoms=216).n_sites == 216


def test_field_errors_is_what_parse_uses():
    with pytest.raises(ValueError, match="exactly one") as caught:
        Structure.model_validate({})
    assert field_errors(caught.value)[0].type == "bad-structure"
