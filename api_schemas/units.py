"""Facts about the units of properties: how they are shown, and which change in them matters. The only table of these.

It lies with the schemas because everybody needs it: the engine for the scale of a goal, the command line for digits,
the dashboard by way of ``GET /v1/properties``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    """A unit of properties.

    Attributes:
        name: Name as the API spells it; "1" for a plain number.
        symbol: Symbol as people read it; empty for a plain number.
        decimals: Digits after the point that mean something.
        scale: The change that counts as one unit of loss, for a goal that names none.
        tolerance: The half width of a target's band to begin with.
    """

    name: str
    symbol: str
    decimals: int
    scale: float
    tolerance: float


_ROWS = (
    Unit("Å", "Å", decimals=4, scale=0.01, tolerance=0.002),
    Unit("degree", "°", decimals=3, scale=1.0, tolerance=0.1),
    Unit("1", "", decimals=4, scale=0.01, tolerance=0.002),
    Unit("Å^3/atom", "Å³/atom", decimals=4, scale=0.1, tolerance=0.02),
    Unit("g/cm^3", "g/cm³", decimals=4, scale=0.05, tolerance=0.02),
    Unit("eV/atom", "eV/atom", decimals=5, scale=0.01, tolerance=0.005),
    Unit("k_B/atom", "k_B/atom", decimals=4, scale=0.1, tolerance=0.02),
    Unit("THz^2", "THz²", decimals=3, scale=1.0, tolerance=0.1),
    Unit("GPa", "GPa", decimals=4, scale=1.0, tolerance=1.0),
    Unit("USD/kg", "USD/kg", decimals=4, scale=1.0, tolerance=0.01),
)

UNITS: dict[str, Unit] = {row.name: row for row in _ROWS}
"""Every unit that a property has, by the name that the API gives it."""


def unit_facts(name: str) -> Unit:
    """The facts about a unit; of one that a newer service names, what is true of most."""
    return UNITS.get(name) or Unit(name, name, decimals=4, scale=1.0, tolerance=0.01)
