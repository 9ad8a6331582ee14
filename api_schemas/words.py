"""Numbers and compositions in words, as results and every surface write them."""

from __future__ import annotations

from api_schemas.base import Composition
from api_schemas.units import unit_facts

CAREFUL = "; careful: "
"""Between why a job ended and what to be careful about in its answer, in one sentence."""


def number(value: float, unit: str) -> str:
    """A value with as many digits as its unit deserves."""
    decimals = unit_facts(unit).decimals
    # Adding zero turns the -0.0 of a rounded tiny number into 0.0.
    return f"{round(value, decimals) + 0.0:.{decimals}f}"


def quantity(value: float, unit: str) -> str:
    """A value with its unit; a pure number has none."""
    return number(value, unit) if unit == "1" else f"{number(value, unit)} {unit}"


def change(value: float, unit: str) -> str:
    """A signed change with three significant digits and its unit."""
    text = "±0" if abs(value) < 1e-12 else f"{value:+.3g}"
    return text if unit in {"", "1"} else f"{text} {unit}"


def composition(value: Composition, *, digits: int = 4) -> str:
    """A composition on one line: ``cation: Al 0.8170 Sc 0.1830``."""
    if not value:
        return "as given (no sublattices)"
    parts = (
        f"{name}: " + " ".join(f"{element} {fraction:.{digits}f}" for element, fraction in fractions.items())
        for name, fractions in value.items()
    )
    return "; ".join(parts)


def counted(number_of: int, what: str) -> str:
    """``1 evaluation``, ``2 evaluations``."""
    return f"{number_of} {what}" if number_of == 1 else f"{number_of} {what}s"
