"""Elements as fields of schemas: known symbols, and for an unknown one the nearest as the mend."""

from __future__ import annotations

import difflib
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from api_schemas.symbols import ATOMIC_NUMBERS, VACANCY


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
