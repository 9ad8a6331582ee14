"""The one data block of a CIF that holds a structure, by the names of its data items.

The grammar is gemmi's (M. Wojdyr, J. Open Source Softw. 7, 4200 (2022), doi:10.21105/joss.04200). Names in the style of
CIF 2 and mmCIF, with a dot between category and item, count as those of CIF 1: `_atom_site.fract_x` is
`_atom_site_fract_x` (S. R. Hall, B. McMahon (eds), International Tables for Crystallography G (2005),
doi:10.1107/97809553602060000107).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

import gemmi

from engine.crystals.cif_2 import as_cif_1
from engine.crystals.cif_faults import no_cif
from engine.crystals.structure_faults import bad_structure

UNKNOWN = frozenset({"", "?", "."})
"""Values that say nothing."""

_SHOWN = 30


@dataclass(frozen=True)
class CifBlock:
    """Values by tag; a tag is in lower case, with underscores for dots.

    Attributes:
        columns: Every value of each tag, as strings without quotation marks.
        spelt: Each tag as the file writes it.
    """

    columns: Mapping[str, list[str]]
    spelt: Mapping[str, str]

    def column(self, tag: str) -> list[str]:
        """Every value of a tag; none where the file lacks it."""
        return self.columns.get(_plain(tag), [])

    def value(self, tag: str) -> str | None:
        """The first value of a tag, None where there is none or it says nothing."""
        values = self.column(tag)
        return values[0].strip() if values and values[0].strip() not in UNKNOWN else None

    def name(self, tag: str) -> str:
        """The tag as the file writes it."""
        return self.spelt.get(_plain(tag), tag)

    def number(self, tag: str) -> float | None:
        """The first value of a tag as a number, without its standard uncertainty; None where it says nothing.

        Raises:
            StructureFault: if it is no number.
        """
        text = self.value(tag)
        if text is None:
            return None
        value = as_number(text)
        if not math.isfinite(value):
            raise bad_structure(f"{self.name(tag)} is {text[:_SHOWN]!r}, not a number; write it like 5.64")
        return value

    def known(self, prefixes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Tags, as the file writes them, that begin like one of the prefixes and have a value, with their first one."""
        for tag, values in self.columns.items():
            if tag.startswith(prefixes) and values and values[0].strip() not in UNKNOWN:
                yield self.spelt[tag], values[0].strip()


def as_number(text: str) -> float:
    """A number of a CIF without its standard uncertainty; NaN where it is none."""
    return float(gemmi.cif.as_number(text.strip()))


def read_block(text: str) -> CifBlock:
    """The block of a CIF that has atoms.

    Raises:
        StructureFault: if the text is no CIF, or not one structure.
    """
    try:
        document = gemmi.cif.read_string(plain := as_cif_1(text))
    except (ValueError, RuntimeError, TypeError) as error:
        raise no_cif(error, plain) from None
    named = [(block.name, _named(block)) for block in document]
    blocks = {name: block for name, block in named if block.column("_atom_site_fract_x")}
    if len(blocks) > 1:
        names = ", ".join(name[:40] for name in list(blocks)[:4])
        raise bad_structure(f"the CIF holds {len(blocks)} structures ({names}); keep one data block")
    if not blocks:
        cartesian = any(block.column("_atom_site_Cartn_x") for _, block in named)
        found = "; those of _atom_site_Cartn_x are not read: convert them" if cartesian else ""
        raise bad_structure(
            f"the CIF has no atoms with fractional coordinates (_atom_site_fract_x, _y, _z){found}"
        )
    return next(iter(blocks.values()))


def _plain(tag: str) -> str:
    return tag.lower().replace(".", "_")


def _named(block: gemmi.cif.Block) -> CifBlock:
    columns: dict[str, list[str]] = {}
    spelt: dict[str, str] = {}
    for tag, values in _items(block):
        entries = [value if value in UNKNOWN else gemmi.cif.as_string(value) for value in values]
        plain = _plain(tag)
        if plain in columns and columns[plain] != entries:
            raise bad_structure(
                f"the CIF gives {tag} and {spelt[plain]} with different values; keep one of them"
            )
        columns.setdefault(plain, entries)
        spelt.setdefault(plain, tag)
    return CifBlock(columns, spelt)


def _items(block: gemmi.cif.Block) -> Iterator[tuple[str, list[str]]]:
    """Tags with their values, of pairs and of loops."""
    for item in block:
        if item.pair is not None:
            tag, value = cast("tuple[str, str]", item.pair)
            yield tag, [value]
        elif item.loop is not None:
            values, width = list(item.loop.values), len(item.loop.tags)
            for place, tag in enumerate(item.loop.tags):
                yield tag, values[place::width]
