"""Numbers as people write them: which text is a plain number, and what to write instead of one with a unit or a comma.

A text is never taken for the number that it may mean: it is refused, and the refusal gives the number to write. Values
of units: E. Tiesinga, P. J. Mohr, D. B. Newell, B. N. Taylor, Rev. Mod. Phys. 93, 025010 (2021),
doi:10.1103/RevModPhys.93.025010.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

LONGEST = 60
"""Characters; longer texts are no quantities."""

FRACTION = "a fraction"
UNITS: dict[str, tuple[str, float]] = {
    **dict.fromkeys(("å", "a", "ang", "angs", "angstrom", "angstroms", "ångström", "ångstrom"), ("Å", 1.0)),
    "nm": ("Å", 10.0),
    "pm": ("Å", 0.01),
    **dict.fromkeys(("bohr", "a0"), ("Å", 0.529177210903)),
    **dict.fromkeys(("ev/å^3", "ev/a^3", "ev/ang^3", "ev/angstrom^3"), ("GPa", 160.2176634)),
    "gpa": ("GPa", 1.0),
    "kbar": ("GPa", 0.1),
    "bar": ("GPa", 1e-4),
    "atm": ("GPa", 1.01325e-4),
    "mpa": ("GPa", 1e-3),
    "kpa": ("GPa", 1e-6),
    "pa": ("GPa", 1e-9),
    **dict.fromkeys(("torr", "mmhg"), ("GPa", 101325.0 / 760.0 * 1e-9)),
    "ev": ("eV", 1.0),
    "mev": ("eV", 1e-3),
    "kj/mol": ("eV", 0.010364269656),
    "kcal/mol": ("eV", 0.043364104242),
    **dict.fromkeys(("ry", "rydberg"), ("eV", 13.605693122994)),
    **dict.fromkeys(("ha", "hartree"), ("eV", 27.211386245988)),
    "ev/atom": ("eV/atom", 1.0),
    "mev/atom": ("eV/atom", 1e-3),
    **dict.fromkeys(("å^3/atom", "a^3/atom"), ("Å^3/atom", 1.0)),
    "nm^3/atom": ("Å^3/atom", 1000.0),
    **dict.fromkeys(("g/cm^3", "g/cm3", "g/cc"), ("g/cm^3", 1.0)),
    **dict.fromkeys(("kg/m^3", "kg/m3"), ("g/cm^3", 1e-3)),
    **dict.fromkeys(("usd/kg", "$/kg"), ("USD/kg", 1.0)),
    **dict.fromkeys(("k", "kelvin"), ("K", 1.0)),
    **dict.fromkeys(("%", "percent", "at%", "at.%", "at. %", "mol%", "mol.%"), (FRACTION, 0.01)),
    **dict.fromkeys(("°", "deg", "degree", "degrees"), ("degree", 1.0)),
    **dict.fromkeys(("rad", "radian", "radians"), ("degree", 180.0 / math.pi)),
}
"""The unit that is wanted and how many of it one is, by other units' names in lower case."""

_CELSIUS = frozenset({"c", "°c", "celsius", "deg c", "degc"})
_ICE = 273.15
"""K at 0 °C."""

_OF_FIELDS: dict[str, str] = {
    "temperature": "K",
    "pressure": "GPa",
    **dict.fromkeys(("a", "b", "c", "substrate"), "Å"),
    "chemical_potentials": "eV/atom",
    "element_prices": "USD/kg",
    **dict.fromkeys(("at", "elements"), FRACTION),
}
"""The unit of a problem's numbers, by the name of the field or of the mapping around it."""

_PLAIN = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_QUANTITY = re.compile(rf"^({_PLAIN.pattern})(?![0-9])\s*(.*)$", re.DOTALL)
_RATIO = re.compile(r"^([0-9]{1,9})\s*/\s*([0-9]{1,9})$")
_COMMA = re.compile(r"^([-+]?[0-9]+),([0-9]+)$")
_UNCERTAINTY = re.compile(r"^(?:\([0-9]{1,9}\)|(?:±|\+/-|\+-)\s*[0-9.]{1,12})\s*")
_SPELT = (("\N{ANGSTROM SIGN}".lower(), "å"), ("℃", "°c"), ("³", "^3"), ("**3", "^3"), ("º", "°"))


def plain_float(text: str) -> float | None:
    """The finite number that a text of ASCII digits writes; None for all else that Python takes too: 1_0, ٣, inf."""
    word = text.strip()
    value = float(word) if _PLAIN.fullmatch(word) else math.nan
    return value if math.isfinite(value) else None


def unit_of_field(location: Sequence[str | int]) -> str | None:
    """The unit of the number at a location of a problem; None where it depends on a property, or there is none."""
    names = [part for part in location if isinstance(part, str)]
    if names[-1:] and names[-1] in _OF_FIELDS:
        return _OF_FIELDS[names[-1]]
    return next((_OF_FIELDS[name] for name in names[:-1] if name in _OF_FIELDS), None)


def quantity_hint(text: str, unit: str | None = None) -> str | None:
    """What to write instead of a text such as ``0.311 nm`` where a number is wanted; None where it is no quantity.

    Args:
        text: What was given.
        unit: The unit of the field, `FRACTION` for a fraction; None where it is not known.
    """
    bare = text[:LONGEST].strip().strip("'\"").strip()
    alone = "write the number alone" if unit in (None, FRACTION) else f"write the number alone, in {unit}"
    found = _QUANTITY.match(bare)
    hint = _of_number(bare)
    if hint is not None or found is None or plain_float(found.group(1)) is None:
        return hint
    number, rest = found.groups()
    name = _UNCERTAINTY.sub("", rest, count=1)
    if not name:
        return f"{alone}: {number}"
    return _converted(float(number), name, unit, alone) if name[0].isalpha() or name[0] in "%°º$" else None


def _of_number(text: str) -> str | None:
    """What to write instead of a number that is only written in another way; None where it is none."""
    if plain_float(text) is not None:
        return f"write it without quotation marks: {text}"
    ratio, comma = _RATIO.match(text), _COMMA.match(text)
    if ratio and int(ratio.group(2)):
        return f"write it as a decimal number: {int(ratio.group(1)) / int(ratio.group(2)):.10g}"
    if comma:
        whole, decimals = comma.groups()
        thousands = f"; if the comma separates thousands, {whole}{decimals}" if len(decimals) == 3 else ""
        return f"write decimals after a point, not a comma: {whole}.{decimals}{thousands}"
    return None


def _converted(number: float, name: str, unit: str | None, alone: str) -> str:
    """What to write instead of a number with the name of a unit."""
    plain = name.lower().strip()
    for other, usual in _SPELT:
        plain = plain.replace(other, usual)
    if plain in _CELSIUS and unit in (None, "K"):
        return f"write the number alone, in K: {number + _ICE:.10g}"
    wanted, factor = UNITS.get(plain, ("", 0.0))
    value = f"{number * factor:.10g}"
    if wanted == FRACTION and unit is None:
        return f"of a property that is a fraction write {value}; of others the number alone, in the property's unit"
    if wanted == FRACTION == unit:
        return f"write it as {FRACTION}: {value}"
    if wanted and (unit in (None, wanted) or (wanted, unit) == ("eV", "eV/atom")):
        return f"write the number alone, in {unit or wanted}: {value}"
    if unit == FRACTION:
        return f"a fraction between 0 and 1 is wanted, which {name[:20]!r} does not give"
    return (
        f"{alone}; {name[:20]!r} is no unit of this field"
        if wanted
        else f"{alone}; {name[:20]!r} is not converted"
    )
