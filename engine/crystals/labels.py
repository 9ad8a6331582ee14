"""Elements from the words that structure files use for atoms. What is no symbol by the rules of its format is refused.

- A type (CIF `_atom_site_type_symbol`, a species of pymatgen): a symbol, perhaps with a mass number before it and a
  charge behind: ``Fe3+``, ``O-2``, ``2H``, ``D``, ``AL``.
- A label (CIF `_atom_site_label`): a symbol, then what numbers the atom: ``Al1``, ``Fe3+17``, ``O1W``, ``C_a_1``. Two
  capitals may be one symbol or two letters (``CA1``), and a symbol may be followed by the name of a site (``CaM4``):
  then the file's formula decides. A label or type that names a mixture (``Al/Sc``, ``Fe1Mn1``, ``Al0.5Sc0.5``) or a
  share (``Al1-x``) is refused as a site that is not filled by one element.
- A symbol of a POSCAR: as in its POTCAR: ``Al_pv``, ``N_h/1234``.

CIF: S. R. Hall, F. H. Allen, I. D. Brown, Acta Crystallogr. A 47, 655 (1991), doi:10.1107/S010876739101067X.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from api_schemas.symbols import ATOMIC_NUMBERS, VACANCY
from api_schemas.synonyms import ELEMENTS, PLACEHOLDERS, element_hint
from engine.crystals.structure_faults import StructureFault, partial_occupancy

LONGEST = 40
"""Characters of a word that are looked at."""

_CHARGE = r"(?:\d{0,2}(?:\.\d{1,4})?[+\-]|[+\-]\d{1,2}(?:\.\d{1,4})?)?"
_TYPE = re.compile(rf"^(?:\d{{1,3}}(?=[A-Z]))?([A-Za-z]{{1,2}}){_CHARGE}$")
_LABEL = re.compile(r"^(?:\d{1,3}(?=[A-Z]))?([A-Za-z]+)(.*)$", re.DOTALL)
_POTCAR = re.compile(r"^([A-Za-z]{1,2})((?:_[A-Za-z0-9]+)*)(?:/[0-9a-fA-F]*)?$")
_TOKEN = re.compile(r"[A-Z][a-z]*")
_JOINED = re.compile(r"([^A-Za-z])\s*x?(Vac|Va|[A-Z][a-z]?)(?:x|(?![A-Za-z]))(?=(\d*))")
_SURE = frozenset("/,&+|;=\\~<>[]{}")
"""What stands between two elements; other marks and numbers may stand before the name of a site."""
_SHARE = re.compile(r"^(?:0?\.\d+|\d*(?:\.\d+)?-[xyz](?![a-z]))(?![+\-\d.]*[+\-]$)")
"""How much of a site an atom fills; not a charge, as in ``Fe0.5+``."""
_EMPTY = frozenset({"Va", "Vac"})
_ROMAN = re.compile(r"\((?:I{1,3}|IV|VI{0,3}|IX|X)\)")
_OXIDATION = re.compile(r"^([A-Z][a-z]?)((?:II|III|IV|VI|VII|VIII))$")
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


def element_of_label(label: str, formula: Collection[str] = (), *, kind: str = "label") -> str | None:
    """Element named by the label of an atom, or None.

    Args:
        label: The label, or a type that is none by its own rules.
        formula: Elements of the file's formula, where it gives one; it decides where letters alone do not.
        kind: What to call it in a refusal: label or type.

    Raises:
        StructureFault: if the label names several elements, or a share of a site.
    """
    match = _LABEL.match(label[:LONGEST])
    if match is None:
        return None
    letters, rest = match.groups()
    if letters in _WATER:
        return _WATER[letters]
    symbol = _of_letters(letters, formula)
    if symbol is None:
        _check_letters(label, letters, kind)
        return None
    rest = _ROMAN.sub("", rest)
    if "□" in rest:
        raise _mixed(label, symbol, VACANCY, kind)
    others = [word for word in _JOINED.findall(rest) if _is_other(symbol, word, formula)]
    if others:
        raise _mixed(label, symbol, others[0][1], kind)
    if _SHARE.match(rest):
        raise partial_occupancy(f"the {kind} {label[:20]!r} says that {symbol} fills only a part of its site")
    return symbol


def _is_other(symbol: str, found: tuple[str, str, str], formula: Collection[str]) -> bool:
    """Whether what follows a mark in a label is another element on the same site."""
    mark, word, number = found
    other = word if word in _EMPTY else _symbol(word)
    if other in (None, symbol):
        return False
    if mark in _SURE or word in _EMPTY:
        return True
    if symbol == "H" or (symbol, word) == ("O", "W"):
        return False  # H1N: hydrogen is named by the atom that holds it; O1W: that of water
    if formula:
        return other in formula
    return len(word) == 2 or (mark.isdigit() and bool(number))


def _check_letters(label: str, letters: str, kind: str) -> None:
    """Refuse a word that is nothing but symbols, all of two letters or with an x between them, as a mixture."""
    tokens = _TOKEN.findall(letters)
    symbols = [token.removesuffix("x") for token in tokens]
    shares = symbols != tokens
    whole = "".join(tokens) == letters and all(one in ATOMIC_NUMBERS for one in symbols)
    if whole and len(set(symbols)) > 1 and (shares or all(len(one) == 2 for one in symbols)):
        raise _mixed(label, symbols[0], symbols[1], kind)


def _mixed(label: str, symbol: str, other: str, kind: str) -> StructureFault:
    what = "an empty site" if other == VACANCY or other in _EMPTY else other
    alone = f"; if it is {symbol} alone, add the column _atom_site_type_symbol" if kind == "label" else ""
    return partial_occupancy(f"the {kind} {label[:20]!r} names two elements, {symbol} and {what}", alone)


def element_of_potcar(word: str) -> str | None:
    """Element named by a symbol of a POSCAR, perhaps with the suffix of its potential, or None."""
    match = _POTCAR.match(word[:LONGEST])
    return None if match is None else _symbol(match.group(1))


def is_symbol(word: str) -> bool:
    """Whether a word is an element's symbol as it is written, or one with the suffix of a potential."""
    symbol = element_of_potcar(word)
    return symbol is not None and (word.startswith(symbol) or word[:1] == "D")


def unknown_element(word: str, where: str, *, labels: bool = False) -> StructureFault:
    """The refusal of a word that names no element.

    Args:
        word: What was read.
        where: In which field, and of which atom.
        labels: Whether it is a label, beside which a column of types may say more.
    """
    match = _LABEL.match(word[:LONGEST])
    readings = _readings(match.group(1)) if match else []
    hint = element_hint(word)
    if len(readings) > 1 and VACANCY not in hint:
        marked = f" (as in {readings[0]}1), or add the column of types" if labels else ""
        hint = f"it may be {' or '.join(readings)}: write the symbol of the one that is there{marked}"
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
    oxidation = _OXIDATION.match(letters)
    if oxidation and _symbol(letters[:2]) in (None, oxidation.group(1)):  # FeII, OIV; SII may be silicon
        return _symbol(oxidation.group(1))
    readings = _readings(letters)
    if formula:
        return _by_formula(letters, readings, formula)
    # Without a formula two capitals are one symbol where the first letter alone would be none: AL, but not CA.
    return readings[0] if len(readings) == 1 and len(letters) == 2 and letters.isupper() else None


def _by_formula(letters: str, readings: list[str], formula: Collection[str]) -> str | None:
    """The reading that a formula allows: CaM is calcium on a site M, CO1 cobalt in CoO; FeMn may be two elements."""
    allowed = [symbol for symbol in readings if symbol in formula]
    in_capitals = letters.isupper() and allowed[:1] == [letters.capitalize()] and letters[0] not in formula
    return allowed[0] if in_capitals or len(allowed) == 1 else None


def _readings(letters: str) -> list[str]:
    """Symbols that the letters of a label may stand for: two capitals for one, or a symbol and the name of a site."""
    as_one = _symbol(letters) if len(letters) == 2 and letters.isupper() else None
    tokens = _TOKEN.findall(letters)
    several = len(tokens) > 1 and "".join(tokens) == letters
    found = [as_one, *(token for token in tokens if several and token in ATOMIC_NUMBERS)]
    return list(dict.fromkeys(symbol for symbol in found if symbol))
