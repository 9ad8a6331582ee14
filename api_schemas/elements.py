"""Elements as fields of schemas: known symbols, and for an unknown one the right word as the mend."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from api_schemas.symbols import ATOMIC_NUMBERS, VACANCY
from api_schemas.synonyms import element_hint


def check_element(symbol: str, *, vacancy_allowed: bool = False) -> str:
    """Return ``symbol`` if it is a chemical element (or ``Vac`` where allowed).

    Raises:
        PydanticCustomError: of type ``unknown-element``, with the symbol that is meant as the mend.
    """
    if symbol in ATOMIC_NUMBERS or (vacancy_allowed and symbol == VACANCY):
        return symbol
    shown = symbol if len(symbol) <= 20 else symbol[:17] + "..."
    hint = element_hint(symbol, vacancy_allowed=vacancy_allowed)
    raise PydanticCustomError(
        "unknown-element", "{text}", {"text": f"'{shown}' is not a chemical element; {hint}"}
    )


Element = Annotated[str, AfterValidator(check_element)]
"""Symbol of a chemical element."""

ElementOrVacancy = Annotated[str, AfterValidator(lambda symbol: check_element(symbol, vacancy_allowed=True))]
"""Symbol of a chemical element, or ``Vac``."""
