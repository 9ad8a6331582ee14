"""Checks of crystals whose cell nothing holds in some direction: sheets, chains and molecules in vacuum."""

from __future__ import annotations

from api_schemas.errors import FieldError, pointer
from api_schemas.problem import Problem
from engine.acceptance.availability import not_available
from engine.crystals.crystal import AlchemicalCrystal
from engine.properties.table import named_properties
from engine.properties.undefined import free_words, undefined_properties


def held_faults(problem: Problem, crystal: AlchemicalCrystal | None) -> list[FieldError]:
    """What cannot be asked of a crystal that vacuum surrounds.

    Args:
        problem: As parsed.
        crystal: Its crystal with its connections, where it could be built.
    """
    undefined = (
        frozenset() if crystal is None else undefined_properties(crystal, problem.conditions.substrate)
    )
    if crystal is None or not undefined:
        return []
    nothing = f"nothing holds the cell {free_words(crystal)} (vacuum)"
    found: list[FieldError] = []
    for name, where in named_properties(problem).items():
        # Of the properties that are only wanted the evaluation says that they are left out.
        if name in undefined and where[0] != "properties":
            text = f"{nothing}, so that {name} is arbitrary; ask for a held length or an energy, or close the gap"
            found.append(FieldError(pointer=pointer(where), type="not-held", message=text))
    if problem.conditions.pressure != 0.0:
        text = f"{nothing}, so that pressure would close or open the gap without end; write pressure: 0"
        found.append(FieldError(pointer="/conditions/pressure", type="not-held", message=text))
    if problem.verify is not None:
        found.append(not_available(("verify",), f"verification where {nothing}", "remove verify"))
    if problem.corrected:
        where = ("strategy", "fidelity")
        found.append(
            not_available(where, f"fidelity supercells where {nothing}", "write fidelity: alchemical")
        )
    if problem.potential.tier == "fluctuation":
        where = ("potential", "tier")
        found.append(not_available(where, f"tier fluctuation where {nothing}", "write tier: mean_field"))
    return found
