"""Texts of structures as files hold them: ends of lines, marks, what is no text; and why a text is no CIF."""

from __future__ import annotations

import pytest

from api_schemas.errors import ProblemInvalid, parse
from api_schemas.structures import Structure
from engine.crystals.structure_input import read_structure

CELL = (
    "_cell_length_a 4.17\n_cell_length_b 4.17\n_cell_length_c 4.17\n_cell_angle_alpha 90\n_cell_angle_beta 90\n"
    "_cell_angle_gamma 90\n_space_group_name_H-M_alt 'F m -3 m'\n"
)
POSCAR = "title\n1.0\n4 0 0\n0 4 0\n0 0 4\nCs Cl\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n"


def cif(rows="Ni1 Ni 0 0 0\nO1 O .5 .5 .5", columns="label type_symbol fract_x fract_y fract_z", extra=""):
    names = "\n".join(f"_atom_site_{name}" for name in columns.split())
    return f"data_x\n{CELL}{extra}\nloop_\n{names}\n{rows}\n"


def symbols(**form):
    return "".join(read_structure(Structure(**form)).symbols)


def refused(**form):
    with pytest.raises(ProblemInvalid) as refusal:
        read_structure(parse(Structure, form))
    return refusal.value.errors[0].message


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_lines_end_as_on_any_system(end, mark):
    assert symbols(cif=mark + cif().replace("\n", end)) == "NiNiNiNiOOOO"
    assert symbols(poscar=mark + POSCAR.replace("\n", end)) == "CsCl"
    without_symbols = POSCAR.replace("Cs Cl\n", "").replace("title", "Cs Cl")
    assert symbols(poscar=mark + without_symbols.replace("\n", end)) == "CsCl"


@pytest.mark.parametrize(
    "text",
    [
        "\n" + POSCAR, "\n \n" + POSCAR, POSCAR.replace("title", ""), "\n\n" + POSCAR.replace("title\n", "\n"),
        POSCAR.replace("title", "a\u2028b"), POSCAR.replace("title", "a\x0cb\x85c"),
        POSCAR.replace("Direct", "Fractional"),
        POSCAR.replace("1.0", "1.0 scale factor"),
        POSCAR.replace("1.0", "1.0D0 and words"), POSCAR.rstrip("\n"),
    ],
)  # fmt: skip
def test_a_poscar_is_read_as_lines_that_end_where_the_file_says(text):
    assert symbols(poscar=text) == "CsCl"


def test_the_lines_of_a_poscar_keep_their_numbers_behind_empty_ones():
    assert "line 8 of the POSCAR: 'Q'" in refused(poscar="\n\n" + POSCAR.replace("Cs", "Q"))
    assert "line 4 of the POSCAR: the scale is zero" in refused(poscar="\n\n" + POSCAR.replace("1.0", "0.0"))


@pytest.mark.parametrize(
    ("change", "mend"),
    [
        (("4 0 0", "3_1.1 0 0"), "line 3 of the POSCAR should hold 3 numbers"),
        (("0.5 0.5 0.5", "٠.5 0.5 0.5"), "line 10 of the POSCAR should hold 3 numbers"),
        (("1 1", "١ ١"), "line 7 of the POSCAR should hold the number of atoms"),
        (("1 1", "1 1_0"), "line 7 of the POSCAR should hold the number of atoms"),
        (
            ("Cs Cl", "Cs,Cl"),
            "line 6 of the POSCAR has 1 symbols for 2 counts; give one symbol per count, with spaces",
        ),
        (("Cs Cl", "Cs Vac"), "put the element of the full site here"),
    ],
)
def test_what_is_no_plain_number_or_symbol_in_a_poscar_is_refused_by_its_line(change, mend):
    assert mend in refused(poscar=POSCAR.replace(*change))


@pytest.mark.parametrize("form", ["cif", "poscar"])
def test_what_is_no_text_is_refused_by_the_character(form):
    text = cif() if form == "cif" else POSCAR
    utf_16 = text.encode("utf-16").decode("latin-1")
    for strange, code in (("\x00", "U+0000"), ("\x1b", "U+001B")):
        assert f"line 2 holds {code}; save the file as UTF-8 text" in refused(
            **{form: text.replace("\n", "\n" + strange, 1)}
        )
    assert "it may be UTF-16" in refused(**{form: utf_16})
    assert "half a character" in refused(**{form: text + "\ud800"})
    for empty in ("", "\n\n", "\ufeff", " \r\n"):
        assert f"this text is empty; give that of a file, or write {form}_file: path" in refused(
            **{form: empty}
        )


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        (
            "made by me\n" + cif(),
            "in line 1: 'made by me' stands before the first data block; a CIF begins",
        ),
        ("<html>\n<body>404</body>\n", "this looks like a web page: save the file itself"),
        ('{"lattice":\n1}', "this looks like JSON: give a pymatgen dictionary as pymatgen"),
        (POSCAR, "if this is a POSCAR, give it as poscar"),
        (cif() + cif(), "two data blocks have the name 'x'; keep one of them"),
        (cif(extra="_cell_length_a 4.17"), "in line 9: _cell_length_a is given twice; keep one of them"),
        (cif(extra="_name"), "in line 9: _name has no value; give it, or ? if it is unknown"),
        ("data_a\n_name", "in line 2: a value is missing behind '_name'; give it, or ? if it is unknown"),
        (
            cif(extra="_name a b"),
            "in line 9: 'b' is not expected there; each tag has one value, and a value",
        ),
        (cif(extra="_name P6₃mc"), "the character '₃' (SUBSCRIPT THREE) may stand in quotation marks only"),
        (
            cif(extra="_name\u00a05"),
            "the character '\\xa0' (NO-BREAK SPACE) may stand in quotation marks only",
        ),
        (cif(extra="_name 'abc"), "in line 9: a quotation mark is not closed; close it in its line"),
        (cif(extra="_name\n;\nabc"), "a text field is not closed; end it with a line that begins with ;"),
        (
            cif(rows="Ni1 Ni 0 0"),
            "a loop has values that do not fill its rows; give as many in each row as it has tags",
        ),
    ],
)
def test_why_a_text_is_no_cif_is_told_with_the_line_and_the_mend(text, mend):
    told = refused(cif=text)
    assert mend in told
    assert "parse error" not in told
    assert "line:column" not in told


def test_lines_of_a_cif_2_keep_their_numbers():
    text = "#\\#CIF_2.0\n" + cif(extra="_list [\n1\n2\n]\n_name 'abc")
    assert "in line 14: a quotation mark is not closed" in refused(cif=text)


@pytest.mark.parametrize(
    ("formula", "labels", "read"),
    [
        ("'NI1 O1'", "NI1 O1", "NiNiNiNiOOOO"), ("'CO O'", "CO1 O1", "CoCoCoCoOOOO"),
        ("'CA1 O1'", "CA1 O1", "CaCaCaCaOOOO"),
        ("'Ca O'", "CA1 O1", "CaCaCaCaOOOO"), ("'C O'", "C1 O1", "CCCCOOOO"),
    ],
)  # fmt: skip
def test_the_words_of_a_formula_in_capitals_are_an_element_each(formula, labels, read):
    first, second = labels.split()
    text = cif(
        rows=f"{first} 0 0 0\n{second} .5 .5 .5", columns="label fract_x fract_y fract_z",
        extra=f"_chemical_formula_sum {formula}\n_cell_formula_units_Z 4",
    )  # fmt: skip
    assert symbols(cif=text) == read


def test_a_formula_in_capitals_that_contradicts_the_atoms_is_told():
    text = cif(extra="_chemical_formula_sum 'NI2 O1'\n_cell_formula_units_Z 4")
    assert "Ni8 O4 (12 atoms)" in refused(cif=text)


def test_a_formula_of_one_word_in_capitals_decides_nothing():
    for formula in ("NIO", "CO", "SIO2"):
        assert symbols(cif=cif(extra=f"_chemical_formula_sum {formula}")) == "NiNiNiNiOOOO"


def test_dummies_are_no_atoms():
    columns = "label type_symbol fract_x fract_y fract_z occupancy calc_flag"
    rows = "Ni1 Ni 0 0 0 1 d\nCg C .1 .2 .3 0.5 dum\nO1 O .5 .5 .5 1 d"
    assert symbols(cif=cif(rows, columns)) == "NiNiNiNiOOOO"
    assert "no atoms" in refused(cif=cif("Ni1 Ni 0 0 0 1 dum", columns))


@pytest.mark.parametrize(
    ("value", "mend"),
    [
        ("0", "remove an atom that is not there"),
        ("100", "if it is in percent, write 1"),
        ("0.5", "into sublattices"),
    ],
)
def test_an_occupancy_other_than_one_is_told_with_its_mend(value, mend):
    columns = "label type_symbol fract_x fract_y fract_z occupancy"
    told = refused(cif=cif(f"Ni1 Ni 0 0 0 1\nO1 O .5 .5 .5 {value}", columns))
    assert f"_atom_site_occupancy {value}" in told
    assert told.endswith(mend)


def test_no_attached_hydrogen_may_be_written_with_decimals():
    columns = "label type_symbol fract_x fract_y fract_z attached_hydrogens"
    assert symbols(cif=cif("Ni1 Ni 0 0 0 .\nO1 O .5 .5 .5 0.0", columns)) == "NiNiNiNiOOOO"
    assert "'O1'" in refused(cif=cif("Ni1 Ni 0 0 0 .\nO1 O .5 .5 .5 x", columns))
