"""Checks of vibrations: whether something is made of them, and whether they can be computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.errors import FieldError, pointer
from api_schemas.kinds import KINDS
from api_schemas.symbols import VACANCY
from engine.acceptance.availability import not_available
from engine.properties.table import (
    MIXING_FREE_ENERGY,
    PROPERTIES,
    STABLE_SUPERCELL,
    named_properties,
    vibrating,
)
from engine.properties.undefined import free_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api_schemas.problem import Problem
    from engine.crystals.crystal import AlchemicalCrystal

_WHERE = ("conditions", "vibrations")


def vibration_faults(problem: Problem, crystal: AlchemicalCrystal | None) -> Iterator[FieldError]:
    """Every fault of what a problem asks of vibrations.

    Args:
        problem: As parsed; it may have other faults.
        crystal: Its crystal with its connections, where it could be built.
    """
    if problem.kind not in KINDS or not KINDS[problem.kind].takes("properties"):
        return  # that vibrations do not go with such a kind is said among its unused fields
    if problem.conditions.vibrations == "none":
        yield from _waves_faults(problem, crystal)
        for name, where in named_properties(problem).items():
            if name in PROPERTIES and PROPERTIES[name].needs_vibrations:
                text = f"{name} is made of vibrations; write conditions: {{vibrations: harmonic}}"
                yield FieldError(pointer=pointer(where), type="missing-field", message=text)
        return
    if not vibrating(problem):
        made = ", ".join(name for name, row in PROPERTIES.items() if row.needs_vibrations)
        text = (
            f"vibrations serve {MIXING_FREE_ENERGY}, {made}, none of which is asked for; ask for one, or remove "
            "vibrations"
        )
        yield FieldError(pointer=pointer(_WHERE), type="unused-field", message=text)
    if problem.potential.dtype != "float64":
        text = (
            f"vibrations of mixtures are small differences of force constants, which {problem.potential.dtype} does "
            "not resolve; remove dtype, or remove vibrations"
        )
        yield FieldError(pointer="/potential/dtype", type="not-with-vibrations", message=text)
    if any(VACANCY in sublattice.elements for sublattice in problem.sublattices):
        yield not_available(
            _WHERE, "vibrations of a crystal with empty sites", f"remove {VACANCY}, or vibrations"
        )
    if crystal is not None and crystal.connections is not None:
        what = f"vibrations where nothing holds the cell {free_words(crystal)} (vacuum)"
        yield not_available(_WHERE, what, "close the gap, or remove vibrations")


def _waves_faults(problem: Problem, crystal: AlchemicalCrystal | None) -> Iterator[FieldError]:
    """Where a crystal cannot be tested in a supercell, of which no vibrations are wanted otherwise."""
    named = named_properties(problem)
    if STABLE_SUPERCELL not in named:
        return
    where = named[STABLE_SUPERCELL]
    if problem.potential.dtype != "float64":
        text = (
            f"force constants of soft modes are small sums of large ones, which {problem.potential.dtype} does not "
            f"resolve; remove dtype, or remove {STABLE_SUPERCELL}"
        )
        yield FieldError(pointer="/potential/dtype", type="not-with-vibrations", message=text)
    if any(VACANCY in sublattice.elements for sublattice in problem.sublattices):
        what = f"{STABLE_SUPERCELL} of a crystal with empty sites"
        yield not_available(where, what, f"remove {VACANCY}, or {STABLE_SUPERCELL}")
    if crystal is not None and crystal.connections is not None:
        what = f"{STABLE_SUPERCELL} where nothing holds the cell {free_words(crystal)} (vacuum)"
        yield not_available(where, what, f"close the gap, or remove {STABLE_SUPERCELL}")
