"""Element symbols from the labels that structure files use: ``Fe3+``, ``Al1``, ``O2-``, ``Fe_pv``, ``D``."""

from __future__ import annotations

import re

from api_schemas.symbols import ATOMIC_NUMBERS

_LETTERS = re.compile(r"^\s*(?:[0-9]{1,3}(?=[A-Z]))?([A-Za-z]{1,2})")
_DEUTERIUM = "D"
_LABELLED_BY_SITE = frozenset("HCNOFPS")
"""Elements whose atoms are often labelled by their place: ``OW`` in water, ``CX``, ``HB``."""


def element_of(label: str) -> str | None:
    """Element named by a label, or None.

    Charges, numbers and suffixes are dropped, deuterium (``D``, ``2H``) is hydrogen, and capitals are mended
    (``AL1`` is aluminium). Where the first two letters are no element, the first alone counts for the light
    nonmetals (``OW`` is oxygen); not for others, so that ``Vac`` or ``Wat`` is no metal.
    """
    match = _LETTERS.match(label[:40])
    if match is None:
        return None
    letters = match.group(1)
    if letters.capitalize() in ATOMIC_NUMBERS:
        return letters.capitalize()
    if letters == _DEUTERIUM:
        return "H"
    first = letters[0].upper()
    return first if first in _LABELLED_BY_SITE else None
