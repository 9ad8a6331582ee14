"""Checks of the other potentials with which an answer is evaluated, each at its place in ``potential.also``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.errors import FieldError, pointer
from api_schemas.kinds import KINDS
from engine.acceptance.conditions import condition_faults
from engine.acceptance.objective_checks import smoothness_faults
from engine.acceptance.potential_checks import chosen_potential, element_faults
from engine.tiers.registry import TIERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from api_schemas.problem import Problem
    from engine.crystals.crystal import AlchemicalCrystal
    from engine.problem.limits import Limits

ALSO = "potential.also"
UNKNOWN = "unknown-to-potential"
_OWN = "/potential/"


def other_potential_faults(
    problem: Problem,
    crystal: AlchemicalCrystal | None,
    same_as: Sequence[AlchemicalCrystal | None],
    limits: Limits,
) -> list[FieldError]:
    """What is wrong with the other potentials that a problem names; nothing where its kind takes none.

    Args:
        problem: As parsed; it may have other faults.
        crystal: Its crystal, where it could be built.
        same_as: The crystals of its targets.
        limits: How large it may be, and whether a model file of the user's may be read.
    """
    if problem.kind not in KINDS or not KINDS[problem.kind].takes(ALSO):
        return []
    found: list[FieldError] = []
    seen = [problem.potential.model_copy(update={"also": []})]
    for number in range(len(problem.potential.also)):
        where = pointer(("potential", "also", number))
        own = problem.by_potential(number)
        if own.potential in seen:
            text = f"{own.potential.name[:60]} is named already; remove it here, or choose another potential"
            found.append(FieldError(pointer=where, type="duplicate-potential", message=text))
            continue
        seen.append(own.potential)
        found += _faults(own, where, crystal, same_as, limits)
    return found


def _faults(
    own: Problem,
    where: str,
    crystal: AlchemicalCrystal | None,
    same_as: Sequence[AlchemicalCrystal | None],
    limits: Limits,
) -> Iterator[FieldError]:
    """Faults of the problem as another potential has it, at the entry that names this one."""
    potential, faults = chosen_potential(own, files=limits.model_files)
    if own.potential.tier in TIERS:
        faults = [*faults, *TIERS[own.potential.tier].faults(own)]
    for fault in faults:
        field = fault.pointer.removeprefix(_OWN)
        # Mixing and tier are the problem's own, and refused there.
        if fault.pointer.startswith(_OWN) and field not in ("mixing", "tier"):
            yield fault.model_copy(update={"pointer": f"{where}/{field}"})
    if potential is None:
        return
    if own.potential.mixing not in potential.mixings:
        text = f"{potential.name} is not offered with mixing: {own.potential.mixing}; remove it here, or that"
        yield FieldError(pointer=f"{where}/name", type="unsupported-mixing", message=text)
    for fault in smoothness_faults(own, potential):
        yield fault.model_copy(update={"pointer": f"{where}/name"})
    unknown = [
        *element_faults(own, crystal, tuple(same_as), potential),
        *condition_faults(own, crystal, same_as, potential, limits.max_atoms),
    ]
    for message in dict.fromkeys(one.message for one in unknown if one.type == UNKNOWN):
        yield FieldError(pointer=f"{where}/name", type=UNKNOWN, message=message)
