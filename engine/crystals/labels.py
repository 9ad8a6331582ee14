"""Element symbols from the labels that structure files use: ``Fe3+``, ``Al1``, ``O2-``, ``Fe_pv``, ``D``."""

from __future__ import annotations

import re

from api_schemas.elements import ATOMIC_NUMBERS

_LETTERS = re.compile(r"^\s*(?:[0-9]{1,3}(?=[A-Z]))?([A-Za-z]{1,2})")
_ISOTOPES = {"D": "H", "T": "H"}


def element_of(label: str) -> str | None:
    """Element named by a label, or None.

    Charges, numbers and suffixes are dropped, isotopes count as their element (``D`` and ``2H`` are
    hydrogen), and capitals are mended (``AL1`` is aluminium). Where the first two letters are no element the
    first alone is tried (``OW`` is oxygen).
    """
    match = _LETTERS.match(label[:40])
    if match is None:
        return None
    letters = match.group(1)
    for symbol in (letters.capitalize(), letters[0].upper()):
        if symbol in ATOMIC_NUMBERS:
            return symbol
        if symbol in _ISOTOPES:
            return _ISOTOPES[symbol]
    return None
