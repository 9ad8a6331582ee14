"""The orderings of a result as files and tables that other programs read."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from api_schemas.base import Composition
from api_schemas.evaluations import CrystalState
from api_schemas.orderings import Ordering
from api_schemas.results import Result
from orichalcum.answers import orderings
from orichalcum.exceptions import BadRequest

LONGEST_NAME = 100
"""Characters of a file's name, without its ending."""

StructureText = Callable[[CrystalState, str], str]
"""Writes a crystal with a title as the text of a structure file."""

_PLAIN = (
    "name",
    "energy_per_atom",
    "mixing_energy",
    "above_lowest",
    "above_hull",
    "unrelaxed_energy",
    "space_group",
    "ideal_space_group",
    "degeneracy",
    "sites",
    "converged",
    "left_parent",
    "largest_displacement",
    "potential_calls",
    "message",
)
_UNITS = {
    "energy_per_atom": "eV/atom",
    "mixing_energy": "eV/atom",
    "above_lowest": "eV/atom",
    "above_hull": "eV/atom",
    "unrelaxed_energy": "eV/atom",
    "largest_displacement": "Å",
}


def found_orderings(result: Result) -> list[Ordering]:
    """The orderings of a result, of which there is at least one.

    Raises:
        NotAnswered: if the result is of a kind that answers none.
        BadRequest: if none was relaxed.
    """
    found = orderings(result).orderings
    if not found:
        raise BadRequest("this result has no ordering: none was relaxed before the job ended")
    return found


def as_csv(items: Sequence[Ordering]) -> str:
    """A row an ordering, without its structure; numbers in full, units in the head."""
    columns = list(
        dict.fromkeys((name, element) for item in items for name, element, _ in _fractions(item.composition))
    )
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    heads = [f"{name} ({_UNITS[name]})" if name in _UNITS else name for name in _PLAIN]
    rows.writerow(
        ["ordering", *(f"{name}:{element}" for name, element in columns), *heads, "supercell", "found_by"]
    )
    for number, item in enumerate(items, 1):
        shares = {(name, element): share for name, element, share in _fractions(item.composition)}
        values = [_cell(getattr(item, name)) for name in _PLAIN]
        supercell = " ; ".join(" ".join(map(str, row)) for row in item.supercell)
        fractions = [repr(shares.get(column, 0.0)) for column in columns]
        rows.writerow([number, *fractions, *values, supercell, " ".join(item.found_by)])
    return text.getvalue()


def as_json(items: Sequence[Ordering], result: Result) -> str:
    """One document: the orderings with their structures, and where they come from."""
    document = {
        "orderings": [item.model_dump(mode="json") for item in items],
        "provenance": result.provenance.model_dump(mode="json"),
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def structure_files(
    items: Sequence[Ordering], ending: str, write: StructureText
) -> Iterator[tuple[str, str]]:
    """Name and text of a file for every ordering that has a structure."""
    for number, item in enumerate(items, 1):
        if item.structure is not None:
            yield f"{file_stem(number, item)}.{ending}", write(item.structure, _title(number, item))


def file_stem(number: int, item: Ordering) -> str:
    """A name that every file system takes: number, composition, name or else space group of the ordering."""
    several = len(item.composition) > 1
    shares = "_".join(
        (f"{name}-" if several else "")
        + "".join(f"{element}{share:.4g}" for element, share in elements.items() if share > 0.0)
        for name, elements in item.composition.items()
    )
    known = item.name or item.ideal_space_group
    words = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{shares}_{known}").strip("-._")
    return f"{number:03d}_{words[:LONGEST_NAME]}".rstrip("-._")


def write_files(files: Sequence[tuple[str, str]], to: Path) -> None:
    """Write files into a folder, or into one archive where the path ends in .zip; nothing is overwritten.

    Raises:
        BadRequest: if something of these names is there.
        OSError: if it cannot be written.
    """
    if to.suffix.lower() == ".zip":
        refuse_to_overwrite(to)
        with zipfile.ZipFile(to, "x", zipfile.ZIP_DEFLATED) as archive:
            for name, text in files:
                archive.writestr(name, text)
        return
    for name, _ in files:
        refuse_to_overwrite(to / name)
    to.mkdir(parents=True, exist_ok=True)
    for name, text in files:
        (to / name).write_text(text, encoding="utf-8")


def refuse_to_overwrite(path: Path) -> None:
    """Keep what is there.

    Raises:
        BadRequest: if there is something at the path.
    """
    if path.exists():
        raise BadRequest(f"{path} is there already; name another place with -o")


def _title(number: int, item: Ordering) -> str:
    shares = "; ".join(
        f"{name}:{element} {share:.4g}" for name, element, share in _fractions(item.composition)
    )
    name = item.name or "ordering"
    return f"Orichalcum, {name} {number}: {shares}; {item.energy_per_atom!r} eV/atom"


def _fractions(composition: Composition) -> Iterator[tuple[str, str, float]]:
    for name, elements in composition.items():
        for element, share in elements.items():
            yield name, element, share


def _cell(value: object) -> str:
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else str(value)
