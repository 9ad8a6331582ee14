"""Small structure files after the habits of databases and programs: each is understood as its crystal, or refused."""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from api_schemas.structures import Structure
from engine.crystals.structure_input import read_structure

sys.path.insert(0, str(Path(__file__).parents[2] / "comparison"))
from structure_readings import EXPECTED, FOLDER, form_of, ours, text_of

MEANT = {name: str(entry["formula"]) for name, entry in EXPECTED.items() if "formula" in entry}
ROWS = (FOLDER / "readings.md").read_text(encoding="utf-8")
SORTED = {name: " ".join(sorted(formula.split())) for name, formula in MEANT.items()}
AGREEING = [name for name, formula in SORTED.items() if f"| {name} | {formula} | {formula} |" in ROWS]
"""Files that pymatgen reads as the same crystal."""
REFUSED = {name: entry["refused"] for name, entry in EXPECTED.items() if "refused" in entry}


@pytest.mark.parametrize("name", MEANT)
def test_a_file_is_read_as_the_crystal_that_it_means(name):
    assert ours(name) == SORTED[name]


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_not_understood_is_refused_by_what_is_wrong(name):
    refusal = ours(name)
    assert refusal.startswith("refused: ")
    assert [word for word in REFUSED[name] if word not in refusal] == []


@pytest.mark.parametrize("name", AGREEING)
def test_sites_lie_where_pymatgen_finds_them(name):
    from pymatgen.io.cif import CifParser
    from pymatgen.io.vasp import Poscar

    parent = read_structure(Structure.model_validate({form_of(name): text_of(name)}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if form_of(name) == "poscar":
            other = Poscar.from_str(text_of(name)).structure
        else:
            other = CifParser.from_str(text_of(name)).parse_structures(primitive=False)[0]
    # Of monoclinic cells pymatgen puts c, not a, along an axis.
    metric, other_metric = parent.lattice @ parent.lattice.T, other.lattice.matrix @ other.lattice.matrix.T
    np.testing.assert_allclose(metric, other_metric, rtol=1e-6, atol=1e-6)
    symbols = np.array(["H" if site.specie.symbol == "D" else site.specie.symbol for site in other])
    for symbol, place in zip(parent.symbols, parent.frac, strict=True):
        away = other.frac_coords[symbols == symbol] - place
        assert np.linalg.norm((away - np.round(away)) @ parent.lattice, axis=1).min() < 0.05


def test_there_are_files_of_every_habit():
    assert len(AGREEING) >= 30
    kinds = Counter(form_of(name) for name in EXPECTED)
    assert kinds["cif"] >= 60
    assert kinds["poscar"] >= 20
    assert {path.name for path in FOLDER.iterdir()} == {*EXPECTED, "expected.json", "readings.md"}


def test_the_table_of_readings_is_current():
    assert [name for name in EXPECTED if f"| {name} | {ours(name)} |" not in ROWS] == []
