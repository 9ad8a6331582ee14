"""The atoms that a CIF lists: their elements, coordinates, multiplicities, and whether their sites are full."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from engine.crystals.cif_block import UNKNOWN, CifBlock, as_number
from engine.crystals.labels import element_of_label, element_of_type, unknown_element
from engine.crystals.parent import FloatArray
from engine.crystals.structure_faults import bad_structure, check_count, partial_occupancy

_OCCUPANCY_TOLERANCE = 1e-3
_TYPE, _LABEL = "_atom_site_type_symbol", "_atom_site_label"
_FLAG, _NO_ATOM = "_atom_site_calc_flag", "dum"
"""How a CIF marks what it lists beside atoms: centroids and the like, with coordinates that mean no atom."""
_MULTIPLICITIES = ("_atom_site_site_symmetry_multiplicity", "_atom_site_symmetry_multiplicity")


@dataclass(frozen=True)
class ListedAtoms:
    """What a CIF lists, atom by atom.

    Attributes:
        names: How the file calls each, for messages.
        symbols: Elements.
        frac: Fractional coordinates, [n, 3].
        multiplicities: Images by symmetry that the file says each has, None where it does not.
        heavy: How many of them are deuterium.
    """

    names: tuple[str, ...]
    symbols: tuple[str, ...]
    frac: FloatArray
    multiplicities: tuple[int | None, ...]
    heavy: int


def listed_atoms(block: CifBlock, formula: Collection[str], max_atoms: int) -> ListedAtoms:
    """The atoms of a CIF.

    Args:
        block: The block.
        formula: Elements of the file's formula, where it gives one.
        max_atoms: Most atoms allowed.

    Raises:
        StructureFault: naming the atom and the column.
    """
    columns = {f"_atom_site_fract_{axis}": block.column(f"_atom_site_fract_{axis}") for axis in "xyz"}
    count = len(columns["_atom_site_fract_x"])
    check_count(count, max_atoms)
    flags = [flag.strip().lower() for flag in block.column(_FLAG)]
    if len(flags) == count and _NO_ATOM in flags:
        rows = [row for row, flag in enumerate(flags) if flag != _NO_ATOM]
        return listed_atoms(_only(block, rows, count), formula, max_atoms)
    types, labels = block.column(_TYPE), block.column(_LABEL)
    if not types and not labels:
        raise bad_structure(f"the CIF names no elements ({_TYPE} or {_LABEL}); add one of these columns")
    for tag, column in {**columns, _TYPE: types, _LABEL: labels}.items():
        if len(column) != count and (column or tag in columns):
            raise bad_structure(
                f"the CIF has {len(column)} values of {tag} for {count} atoms; give one for each"
            )
    names = tuple(label[:20] for label in labels or types)
    _check_full(block, names)
    symbols = tuple(
        _element(block, types[row] if types else None, labels[row] if labels else None, formula)
        for row in range(count)
    )
    values = np.empty((count, 3))
    for axis, (tag, column) in enumerate(columns.items()):
        for row, text in enumerate(column):
            values[row, axis] = as_number(text)
            if not math.isfinite(values[row, axis]):
                raise bad_structure(
                    f"atom {names[row]!r} of the CIF has {block.name(tag)} {text[:20]!r}, which is not a number; give "
                    "its place, or remove the atom"
                )
    heavy = sum(word.strip("0123456789+-") == "D" for word in types or labels)
    return ListedAtoms(names, symbols, values, _multiplicities(block, names), heavy)


def _only(block: CifBlock, rows: list[int], count: int) -> CifBlock:
    """The block with these rows only of the columns of its atoms, which have so many values."""
    columns = {
        tag: [values[row] for row in rows]
        if tag.startswith("_atom_site_") and len(values) == count
        else values
        for tag, values in block.columns.items()
    }
    return CifBlock(columns, block.spelt)


def _element(block: CifBlock, kind: str | None, label: str | None, formula: Collection[str]) -> str:
    """The element of an atom: by its type where that says something, else by its label."""
    if kind is not None and kind.strip() not in UNKNOWN:
        word = kind.strip()
        symbol = element_of_type(word) or element_of_label(word, formula, kind="type")
        if symbol is None:
            shown = f"atom {label[:20]!r}" if label else "an atom"
            raise unknown_element(kind, f"{block.name(_TYPE)} of {shown} of the CIF")
        return symbol
    if label is None:
        raise unknown_element(kind or "", f"{block.name(_TYPE)} of an atom of the CIF")
    symbol = element_of_label(label.strip(), formula)
    if symbol is None:
        where = f"{block.name(_LABEL)} of the CIF (it has no {_TYPE} of this atom)"
        raise unknown_element(label, where, labels=True)
    return symbol


def _check_full(block: CifBlock, names: tuple[str, ...]) -> None:
    """Refuse sites that are not filled by one atom, and atoms that stand for more than they list."""
    for name, text in zip(names, block.column("_atom_site_occupancy"), strict=False):
        if text.strip() in UNKNOWN:
            continue
        occupancy = as_number(text)
        if not math.isfinite(occupancy):
            raise bad_structure(
                f"atom {name!r} of the CIF has _atom_site_occupancy {text[:20]!r}, which is not a number; write 1"
            )
        if abs(occupancy - 1.0) > _OCCUPANCY_TOLERANCE:
            otherwise = "; remove an atom that is not there" if occupancy == 0.0 else ""
            otherwise = "; if it is in percent, write 1" if occupancy == 100.0 else otherwise
            what = f"atom {name!r} of the CIF has _atom_site_occupancy {occupancy:g}"
            raise partial_occupancy(what, otherwise)
    for name, text in zip(names, block.column("_atom_site_attached_hydrogens"), strict=False):
        if text.strip() not in UNKNOWN and as_number(text) != 0.0:
            raise bad_structure(
                f"atom {name!r} of the CIF has _atom_site_attached_hydrogens {text[:20]!r}: hydrogen that is not "
                "listed; add the hydrogen atoms with their coordinates"
            )
    groups = {text.strip() for text in block.column("_atom_site_disorder_group")} - UNKNOWN
    if len(groups) > 1 and not block.column("_atom_site_occupancy"):
        raise partial_occupancy(
            f"the CIF has {len(groups)} groups of disorder (_atom_site_disorder_group) that exclude each other"
        )


def _multiplicities(block: CifBlock, names: tuple[str, ...]) -> tuple[int | None, ...]:
    for tag in _MULTIPLICITIES:
        column = block.column(tag)
        if len(column) == len(names):
            values = [None if text.strip() in UNKNOWN else as_number(text) for text in column]
            return tuple(
                round(value) if value is not None and math.isfinite(value) else None for value in values
            )
    return (None,) * len(names)
