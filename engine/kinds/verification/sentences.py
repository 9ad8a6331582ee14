"""The sentence that says whether a property holds in explicit supercells."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log10
from typing import TYPE_CHECKING

from api_schemas.units import unit_facts

if TYPE_CHECKING:
    from api_schemas.base import Gradient
    from api_schemas.verification import ExplicitValue

MOST_MOVED = 4
"""Elements whose changes are told."""


@dataclass(frozen=True)
class Finding:
    """What was found of one property.

    Attributes:
        name: Of the property.
        unit: Its unit, as the API spells it.
        alchemical: What the evaluation says.
        at_answer: The explicit mean at the composition of the evaluation, where it could be worked out.
        explicit: The explicit mean as it is.
        tolerance: Difference up to which it holds, where it is known.
        holds: Whether it does, where that is known.
        move: What change of the composition would make up the difference, for a target.
        asked: How many supercells were relaxed.
        left: How many of them left the parent lattice.
        sites: Mixed sites of a supercell.
    """

    name: str
    unit: str
    alchemical: float
    at_answer: float | None
    explicit: ExplicitValue
    tolerance: float | None
    holds: bool | None
    move: Gradient | None
    asked: int
    left: int
    sites: int


def sentence(found: Finding) -> str:
    """``lattice_a holds: 3.189(1) Å in 2 supercells of 32 sites against 3.190 Å alchemically``.

    The digits in brackets are the standard deviation between the supercells, in units of the last digit.
    """
    facts = unit_facts(found.unit)
    digits = _decimals(found, facts.decimals)
    unit = f" {facts.symbol}" if facts.symbol else ""
    value = found.explicit.value if found.at_answer is None else found.at_answer
    shown = _with_spread(value, found.explicit.spread, digits)
    compared = f"{shown}{unit} in {_count(found)} against {found.alchemical:.{digits}f}{unit} alchemically"
    verdict = {True: " holds", False: " does not hold", None: ""}[found.holds]
    return f"{found.name}{verdict}: {compared}{_consequence(found)}"


def _count(found: Finding) -> str:
    done = found.explicit.decorations
    of = f" of {found.asked}" if done < found.asked else ""
    plural = "" if (found.asked if of else done) == 1 else "s"
    return f"{done}{of} supercell{plural} of {found.sites} sites"


def _consequence(found: Finding) -> str:
    """What follows where it does not hold, or cannot be said."""
    if found.left:
        which = "it" if found.asked == 1 else f"{found.left} of {found.asked}"
        return f"; {which} left the parent lattice, which the alchemical crystal cannot follow"
    if found.at_answer is None:
        return "; they hold another composition, and without a gradient the two cannot be compared"
    if found.tolerance is None:
        return "; how far the two typically are apart was not measured for this property"
    if found.holds or found.move is None:
        return ""
    changes = sorted(
        ((element, change) for parts in found.move.values() for element, change in parts.items()),
        key=lambda one: -abs(one[1]),
    )
    told = [(element, change) for element, change in changes if abs(change) >= 5e-5][:MOST_MOVED]
    if not told:
        return ""
    first, *others = (f"{element} {{}}by about {change:+.3f}" for element, change in told)
    moved = [first.format("would move "), *(one.format("") for one in others)]
    return f"; {', '.join(moved)}"


def _decimals(found: Finding, most: int) -> int:
    """Digits after the point that the spread and the tolerance give a meaning, ``most`` at the most."""
    scales = [scale for scale in (found.explicit.spread, found.tolerance) if scale]
    return most if not scales else min(most, max(0, *(-floor(log10(scale)) for scale in scales)))


def _with_spread(value: float, spread: float | None, digits: int) -> str:
    shown = 0 if spread is None else round(spread * 10**digits)
    return f"{value:.{digits}f}({shown})" if shown else f"{value:.{digits}f}"
