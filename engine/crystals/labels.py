"""Elements from the words that structure files use for atoms. What is no symbol by the rules of its format is refused.

- A type (CIF `_atom_site_type_symbol`, a species of pymatgen): a symbol, perhaps with a mass number before it and a
  charge behind: ``Fe3+``, ``O-2``, ``2H``, ``D``, ``AL``.
- A label (CIF `_atom_site_label`): a symbol, then what numbers the atom: ``Al1``, ``Fe3+17``, ``O1W``, ``C_a_1``. Two
  capitals may be one symbol or two letters (``CA1``), and a symbol may be followed by the name of a site (``CaM4``):
  then the file's formula decides.
- A symbol of a POSCAR: as in its POTCAR: ``Al_pv``, ``N_h/1234``.

CIF: S. R. Hall, F. H. Allen, I. D. Brown, Acta Crystallogr. A 47, 655 (1991), doi:10.1107/S010876739101067X.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from api_schemas.symbols import ATOMIC_NUMBERS
from api_schemas.synonyms import ELEMENTS, PLACEHOLDERS, element_hint
from engine.crystals.structure_faults import StructureFault

LONGEST = 40
"""Characters of a word that are looked at."""

_CHARGE = r"(?:\d{0,2}(?:\.\d{1,4})?[+\-]|[+\-]\d{1,2}(?:\.\d{1,4})?)?"
_TYPE = re.compile(rf"^(?:\d{{1,3}}(?=[A-Z]))?([A-Za-z]{{1,2}}){_CHARGE}$")
_LABEL = re.compile(r"^(?:\d{1,3}(?=[A-Z]))?([A-Za-z]+)(.*)$", re.DOTALL)
_POTCAR = re.compile(r"^([A-Za-z]{1,2})((?:_[A-Za-z0-9]+)*)(?:/[0-9a-fA-F]*)?$")
_TOKEN = re.compile(r"[A-Z][a-z]*")
_JOINED = re.compile(r"([/,&+|;:()\-_\s])\s*([A-Z][a-z]?)(?![A-Za-z])")
_SURE = "/,&+|;"
"""What stands between two elements; other marks may stand before the name of a site."""
_ROMAN = re.compile(r"\((?:I{1,3}|IV|VI{0,3}|IX|X)\)")
_WATER = {"OW": "O", "Ow": "O", "HW": "H", "Hw": "H"}
"""Labels of the atoms of water, which no symbols contradict."""
_SCATTERERS = {"Cval": "C", "Siva": "Si", "Sival": "Si"}
"""Names in the tables of scattering factors."""


def element_of_type(word: str) -> str | None:
    """Element named by the word for a type of atoms, or None."""
    if word in _SCATTERERS:
        return _SCATTERERS[word]
    match = _TYPE.match(word[:LONGEST])
    return None if match is None else _symbol(match.group(1))


def element_of_label(label: str, formula: Collection[str] = ()) -> str | None:
    """Element named by the label of an atom, or None.

    Args:
        label: The label.
        formula: Elements of the file's formula, where it gives one; it decides where letters alone do not.

    Raises:
        StructureFault: if the label names several elements.
    """
    match = _LABEL.match(label[:LONGEST])
    if match is None:
        return None
    letters, rest = match.groups()
    if letters in _WATER:
        return _WATER[letters]
    symbol = _of_letters(letters, formula)
    if symbol is None:
        return None
    mixed = [
        other
        for mark, word in _JOINED.findall(_ROMAN.sub("", rest))
        if (other := _symbol(word)) not in (None, symbol)
        and (mark in _SURE or (other in formula if formula else len(word) == 2))
    ]
    if mixed:
        text = (
            f"the label {label[:20]!r} names two elements, {symbol} and {mixed[0]}; give a parent with one element on "
            "each site, and put the mixture into sublattices"
        )
        raise StructureFault("partial-occupancy", text)
    return symbol


def element_of_potcar(word: str) -> str | None:
    """Element named by a symbol of a POSCAR, perhaps with the suffix of its potential, or None."""
    match = _POTCAR.match(word[:LONGEST])
    return None if match is None else _symbol(match.group(1))


def is_symbol(word: str) -> bool:
    """Whether a word is an element's symbol as it is written, or one with the suffix of a potential."""
    symbol = element_of_potcar(word)
    return symbol is not None and (word.startswith(symbol) or word[:1] == "D")


def unknown_element(word: str, where: str) -> StructureFault:
    """The refusal of a word that names no element.

    Args:
        word: What was read.
        where: In which field, and of which atom.
    """
    match = _LABEL.match(word[:LONGEST])
    readings = sorted(_readings(match.group(1))) if match else []
    hint = element_hint(word)
    if len(readings) > 1:
        hint = f"it may be {' or '.join(readings)}: write the symbol as in {readings[-1]}1, or add the column of types"
    return StructureFault("unknown-element", f"{where}: {word[:20]!r} is not a chemical element; {hint}")


def _symbol(letters: str) -> str | None:
    """The symbol that one or two letters are, in whatever capitals; deuterium is hydrogen."""
    if letters == "D":
        return "H"
    symbol = letters.capitalize()
    stands_for_many = letters != symbol and letters.lower() in PLACEHOLDERS
    return symbol if symbol in ATOMIC_NUMBERS and not stands_for_many else None


def _of_letters(letters: str, formula: Collection[str]) -> str | None:
    """The element that the letters at the beginning of a label name."""
    if letters in ATOMIC_NUMBERS:
        return letters
    if letters == "D" or (len(letters) <= 2 and letters.islower()):
        return _symbol(letters)
    if ELEMENTS.get(letters.lower()) is not None:
        return None
    readings = _readings(letters)
    if formula:  # CaM: calcium on a site M; FeMn: two elements
        readings &= set(formula)
        return readings.pop() if len(readings) == 1 else None
    # Without a formula two capitals are one symbol where the first letter alone would be none: AL, but not CA.
    return readings.pop() if len(readings) == 1 and len(letters) == 2 and letters.isupper() else None


def _readings(letters: str) -> set[str]:
    """Symbols that the letters of a label may stand for: two capitals for one, or a symbol and the name of a site."""
    as_one = _symbol(letters) if len(letters) == 2 and letters.isupper() else None
    tokens = _TOKEN.findall(letters)
    several = len(tokens) > 1 and "".join(tokens) == letters
    return {as_one, *(token for token in tokens if several and token in ATOMIC_NUMBERS)} - {None}
