"""Symbols of the chemical elements, by atomic number, and the pseudo-element for a vacancy."""

from __future__ import annotations

import difflib
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

_TABLE = """
X H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr
Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb
Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf
Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og
"""

SYMBOLS: tuple[str, ...] = tuple(_TABLE.split())
"""``SYMBOLS[z]`` is the symbol of atomic number ``z``; entry 0 is a placeholder."""

ATOMIC_NUMBERS: dict[str, int] = {symbol: z for z, symbol in enumerate(SYMBOLS) if z > 0}
VACANCY = "Vac"
"""The pseudo-element: an empty site."""


def check_element(symbol: str, *, vacancy_allowed: bool = False) -> str:
    """Return ``symbol`` if it is a chemical element (or ``Vac`` where allowed).

    Raises:
        PydanticCustomError: of type ``unknown-element``, with the nearest symbols as the mend.
    """
    if symbol in ATOMIC_NUMBERS or (vacancy_allowed and symbol == VACANCY):
        return symbol
    shown = symbol if len(symbol) <= 20 else symbol[:17] + "..."
    near = [s for s in ATOMIC_NUMBERS if s.lower() == symbol.strip().lower()]
    near = near or difflib.get_close_matches(symbol[:20].capitalize(), list(ATOMIC_NUMBERS), n=3, cutoff=0.5)
    hint = f"; did you mean {', '.join(near)}?" if near else "; give a symbol such as Al or Sc"
    raise PydanticCustomError(
        "unknown-element", "{text}", {"text": f"'{shown}' is not a chemical element{hint}"}
    )


Element = Annotated[str, AfterValidator(check_element)]
"""Symbol of a chemical element."""

ElementOrVacancy = Annotated[str, AfterValidator(lambda symbol: check_element(symbol, vacancy_allowed=True))]
"""Symbol of a chemical element, or ``Vac``."""
