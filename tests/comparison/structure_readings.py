"""How small structure files are read here, by pymatgen and by ASE: the table in tests/data/structure_files/readings.md.

`python tests/comparison/structure_readings.py > tests/data/structure_files/readings.md` writes it.
"""

from __future__ import annotations

import io
import json
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "data" / "structure_files"
EXPECTED: dict[str, dict[str, object]] = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
"""By file: the formula that the file means, or what its refusal has to name."""


def text_of(name: str) -> str:
    """The text of a file, as a client reads it."""
    return (FOLDER / name).read_bytes().decode("utf-8-sig")


def form_of(name: str) -> str:
    """Cif or poscar."""
    return "cif" if name.endswith(".cif") else "poscar"


def words(symbols: list[str]) -> str:
    """Numbers of atoms by element, in alphabetical order: ``Cl4 Na4``."""
    return " ".join(f"{symbol}{count}" for symbol, count in sorted(Counter(symbols).items()))


def ours(name: str) -> str:
    """What is read here, or the refusal."""
    from api_schemas.errors import ProblemInvalid
    from api_schemas.structures import Structure
    from engine.crystals.structure_input import read_structure

    try:
        parent = read_structure(Structure.model_validate({form_of(name): text_of(name)}))
    except ProblemInvalid as refusal:
        return f"refused: {refusal.errors[0].message}"
    return words(list(parent.symbols))


def by_pymatgen(name: str) -> str:
    """What pymatgen reads."""
    from pymatgen.io.cif import CifParser
    from pymatgen.io.vasp import Poscar

    def read() -> list[str]:
        if form_of(name) == "poscar":
            structure = Poscar.from_str(text_of(name)).structure
        else:
            structure = CifParser.from_str(text_of(name)).parse_structures(primitive=False)[0]
        return ["H" if site.specie.symbol == "D" else site.specie.symbol for site in structure]

    return _tried(read)


def by_ase(name: str) -> str:
    """What ASE reads."""
    from ase.io import read as ase_read

    format_name = "cif" if form_of(name) == "cif" else "vasp"

    def read() -> list[str]:
        text = text_of(name)
        stream = io.BytesIO(text.encode()) if form_of(name) == "cif" else io.StringIO(text)
        return list(ase_read(stream, format=format_name).get_chemical_symbols())

    return _tried(read)


def _tried(read: Callable[[], list[str]]) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return words(read())
        except Exception as error:  # noqa: BLE001  (whatever another program raises is its answer)
            return f"fails ({type(error).__name__})"


def table() -> str:
    """The readings of every file as a table in Markdown."""
    rows = [
        "# Structure files, and how they are read",
        "",
        "Small files of our own making, after the habits of databases and programs. Written by",
        "`tests/comparison/structure_readings.py`; checked by `tests/engine/crystals/test_structure_readings.py`.",
        "",
        "| file | here | pymatgen | ASE |",
        "|---|---|---|---|",
    ]
    for name in sorted(EXPECTED):
        cells = [name, ours(name), by_pymatgen(name), by_ase(name)]
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table())
