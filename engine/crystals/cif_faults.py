"""Why a text is no CIF: the place that the grammar names, with what stands there and what would be right."""

from __future__ import annotations

import re
import unicodedata

from engine.crystals.structure_faults import StructureFault, bad_structure

_SAID = re.compile(r"^string:(\d+)?(?::(\d+)\(\d+\))?(?: in \S*)?:? *(.*)$")
_SHOWN = 30
_CLOSE = "close it in its line, or put a text of several lines between two lines that begin with ;"
_MENDS = {
    "unterminated text field": "a text field is not closed; end it with a line that begins with ;",
    "unterminated": f"a quotation mark is not closed; {_CLOSE}",
    "Wrong number": "a loop has values that do not fill its rows; give as many in each row as it has tags",
    "duplicate save_": "two frames have one name; keep one of them",
}
"""What to say instead of the beginning of a message of the grammar."""


def no_cif(error: Exception, text: str) -> StructureFault:
    """The refusal of a text that is no CIF.

    Args:
        error: What gemmi says: line, column in bytes and reason.
        text: What was read.
    """
    said = _SAID.match(str(error).partition("\n")[0])
    number, column, reason = said.groups() if said else (None, None, "")
    line = _line(text, int(number)) if number else ""
    where = f" in line {number}" if number else ""
    what = _known(reason, line, text) or _what_stands_there(line, int(column or 0))
    return bad_structure(f"the CIF cannot be read{where}: {what}")


def _known(reason: str, line: str, text: str) -> str | None:
    """What a reason of the grammar means; None of one that says nothing but the place."""
    name = reason.rpartition(" ")[2][:_SHOWN]
    if reason.startswith("expected block header"):
        shown = line.strip()[:_SHOWN]
        return f"{shown!r} stands before the first data block; a CIF begins with data_NAME{_looks_like(text)}"
    if "duplicate block name:" in reason:
        return f"two data blocks have the name {name!r}; keep one of them"
    if reason.startswith("duplicate tag"):
        return f"{name} is given twice; keep one of them"
    return next((what for beginning, what in _MENDS.items() if reason.startswith(beginning)), None)


def _line(text: str, number: int) -> str:
    """A line of a text by its number from 1."""
    lines = text.split("\n", number)
    return lines[number - 1] if number <= len(lines) else ""


def _what_stands_there(line: str, column: int) -> str:
    """What is wrong at a column, in bytes, of a line."""
    rest = line.encode("utf-8", "replace")[column:].decode("utf-8", "replace")
    strange = next(
        (letter for letter in rest.split(" ")[0] if not (" " < letter <= "~" or letter == "\t")), ""
    )
    if strange:
        name = unicodedata.name(strange, f"U+{ord(strange):04X}")
        return f"the character {strange!r} ({name}) may stand in quotation marks only; replace it"
    if not rest.strip():
        return f"a value is missing behind {line.strip()[-_SHOWN:]!r}; give it, or ? if it is unknown"
    if rest.lstrip().startswith("_"):
        return f"{rest.split()[0][:_SHOWN]} has no value; give it, or ? if it is unknown"
    return (
        f"{rest.strip()[:_SHOWN]!r} is not expected there; each tag has one value, and a value with spaces stands in "
        "quotation marks"
    )


def _looks_like(text: str) -> str:
    """What else the text may be."""
    first = text.lstrip()[:1]
    if first in ("{", "<"):
        kind = (
            "JSON: give a pymatgen dictionary as pymatgen"
            if first == "{"
            else "a web page: save the file itself"
        )
        return f"; this looks like {kind}"
    lines = text[:2000].splitlines()
    return (
        "; if this is a POSCAR, give it as poscar" if len(lines) > 6 and "data_" not in text[:20_000] else ""
    )
