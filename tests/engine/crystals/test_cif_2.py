"""Lists, tables and triple quotes of CIF 2.0: what they hold is passed over, and what stands behind them is read."""

from __future__ import annotations

import pytest

from api_schemas.structures import Structure
from engine.crystals import cif_2
from engine.crystals.cif_2 import MAGIC, as_cif_1
from engine.crystals.structure_input import read_structure


@pytest.mark.parametrize(
    "value",
    [
        "['a]b' c]", '["]"]', "{'k':'v}' \"l\":\"}\"}", "{'k':[1 2] 'm':'''a ] b'''}", "[[1 2] ['] ' '[']]",
        "{'''k''':\"\"\"}\"\"\"}", "[ # ]\n]", "[a'b ']']", "[\n;\n ] \n; ]",
    ],
)  # fmt: skip
def test_a_list_or_table_ends_where_its_own_bracket_closes(value):
    assert as_cif_1(f"{MAGIC}\ndata_a\n_x {value}\n_y 'z'").split() == [
        MAGIC,
        "data_a",
        "_x",
        "?",
        "_y",
        "'z'",
    ]


def test_quotation_marks_within_a_value_are_letters():
    text = f"{MAGIC}\ndata_a\n_x []\n_y O5'\n_z a:'b\n_w 5#6"
    assert as_cif_1(text) == text.replace("[]", "?")


def test_a_crystal_behind_lists_with_brackets_in_strings_is_read():
    atoms = "\n".join(
        f"_cell_{name} {value}" for name, value in zip(
            ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma"), (4, 4, 4, 90, 90, 90),
            strict=True,
        )
    )  # fmt: skip
    text = (
        f"{MAGIC}\ndata_a\n_author {{'name':'X [Y' \"note\":['a]' ']b']}}\n{atoms}\nloop_\n_atom_site_label\n"
        "_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\nCs1 0 0 0\nCl1 .5 .5 .5\n"
    )
    assert read_structure(Structure(cif=text)).symbols == ("Cs", "Cl")


@pytest.mark.parametrize(
    ("unit", "most"),
    [('"', 1), ("'", 1), ("\"'", 1), ("a'", 1), ("#", 1), ("'''", 2), ("a ", 1), ("\n", 1), ("[", 1)],
)
def test_a_long_row_of_marks_is_few_words(unit, most):
    text = "[]" + unit * 30_000
    assert sum(1 for _ in cif_2._TOKEN.finditer(text)) <= most + 2
