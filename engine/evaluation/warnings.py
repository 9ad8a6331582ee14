"""What a user should be careful about in an evaluation, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import gcd
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.symbols import SYMBOLS
from engine.crystals.phase import departure
from engine.crystals.shells import near_jumps
from engine.properties.table import MIXING_FREE_ENERGY, PROPERTIES, vibrating, wanted_properties
from engine.properties.undefined import what_holds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.crystals.crystal import AlchemicalCrystal
    from engine.crystals.phase import Departure
    from engine.evaluation.refined import Refined
    from engine.mechanics.coordinates import SymmetryCoordinates
    from engine.problem.resolved import ResolvedProblem
    from engine.properties.inputs import Vibrations
    from engine.properties.moduli import Moduli
    from engine.references.shared_values import SharedValues


def warning_text(
    resolved: ResolvedProblem,
    coordinates: SymmetryCoordinates,
    refined: Refined,
    x: NDArray[np.float64],
    shared: SharedValues,
    moduli: Moduli,
    left: Departure | None = None,
    jumps: Sequence[float] = (),
) -> str | None:
    """Why an evaluation did not converge, or what to be careful about; None where there is nothing to say.

    Args:
        resolved: The problem.
        coordinates: Of its crystal.
        refined: The relaxed composition.
        x: [n_columns] composition.
        shared: What all evaluations of the problem share.
        moduli: Of this composition.
        left: How its phase differs from the parent's.
        jumps: Distances (Å) at which the potential's curvature jumps.
    """
    relaxed = refined.relaxed
    if not relaxed.converged:
        text = (
            f"the relaxation did not converge after {relaxed.calls} potential calls: residual force "
            f"{relaxed.force:.2g} eV/Å, stress {relaxed.stress:.2g} eV/Å^3; gradients are left out"
        )
        return "; ".join([text, *refined.notes])
    wanted = wanted_properties(resolved.problem)
    free = what_holds(resolved.crystal, wanted)
    curved = free is None and any(PROPERTIES[name].needs_curvature for name in wanted)
    said = [] if free is None else [free]
    if left is not None:
        said.append(f"it left the parent's phase: {left.words}")
    if refined.dq_dx is None:
        left_out = "gradients of the geometry and moduli" if curved else "gradients of the geometry"
        said.append(f"the Hessian is singular or its equations did not converge: {left_out} are left out")
    lost = sum(not member.converged for member in shared.members)
    if lost:
        said.append(lost_members(lost, len(shared.members)))
    said += members_elsewhere(
        resolved,
        x,
        [
            (member.x, found.phase)
            for member in shared.members
            if member.converged
            and (found := departure(resolved.crystal, *coordinates.geometry(member.q))) is not None
        ],
    )
    if relaxed.undecided:
        said.append(
            f"a soft valley: forces and stresses are met, and the minimum may still be {relaxed.undecided:.2g} Å away"
        )
    if relaxed.stable is False:
        said.append(
            "the relaxed crystal is a saddle point of the symmetry-adapted coordinates: it would distort"
        )
    if refined.softest is not None and refined.softest.unstable and not refined.vibrations.unstable:
        said.append(
            f"the crystal is dynamically unstable in a supercell of {refined.softest.sites} sites: "
            f"{'; '.join(refined.softest.unstable)}"
        )
    if moduli.stable is False:
        said.append(
            "a displacement that breaks the symmetry lowers the energy: the elastic constants are those of an "
            "unstable crystal"
        )
    said += _without_vibrations(resolved, shared, refined.vibrations)
    said += refined.notes
    said += shared.notes
    affected = [
        *(["moduli"] if curved else []),
        *(["vibrations"] if vibrating(resolved.problem) or refined.softest is not None else []),
    ]
    near = near_jumps(*coordinates.geometry(relaxed.q), jumps, resolved.potential.name) if affected else None
    if near is not None:
        what = " and ".join(affected)
        said.append(f"{near}: {what} and their gradients change abruptly there; sevennet-l3i5 is smoother")
    return "; ".join(said) or None


def left_without_vibrations(
    resolved: ResolvedProblem, shared: SharedValues, vibrations: Vibrations
) -> set[str]:
    """Names of the properties that an evaluation lacks since it, or an end member, has no harmonic vibrations."""
    if vibrations.values is None:
        return set(vibrating(resolved.problem))
    return {MIXING_FREE_ENERGY} if any(one.values is None for one in shared.vibrations) else set()


def _without_vibrations(
    resolved: ResolvedProblem, shared: SharedValues, vibrations: Vibrations
) -> Iterator[str]:
    """What is dynamically unstable, in words, and what is left out for it."""
    left_out = left_without_vibrations(resolved, shared, vibrations)
    listed = ", ".join(name for name in PROPERTIES if name in left_out)
    if vibrations.unstable:
        yield (
            f"the crystal is dynamically unstable at rest and has no harmonic vibrations "
            f"({'; '.join(vibrations.unstable)}): {listed} left out"
        )
    names = [elements for elements, _ in resolved.crystal.end_members()]
    for elements, one in zip(names, shared.vibrations, strict=False):  # none, where none are compared with
        if one.values is None:
            yield (
                f"the end member {'-'.join(elements)} has no harmonic vibrations "
                f"({'; '.join(one.unstable)}): {MIXING_FREE_ENERGY} left out"
            )


def lost_members(lost: int, count: int) -> str:
    """What to say of end members that did not converge."""
    return f"{lost} of {count} end members did not converge: the mixing energy is not to be relied on"


MOST_MEMBERS = 3
"""End members of other phases that are named."""


def members_elsewhere(
    resolved: ResolvedProblem,
    x: NDArray[np.float64],
    elsewhere: Sequence[tuple[NDArray[np.float64], str]],
) -> list[str]:
    """What to say of end members of another phase than the parent's, as far as a composition has a share of them.

    Args:
        resolved: The problem.
        x: [n_columns] composition.
        elsewhere: Compositions [n_columns] of such end members, and the phase of each.
    """
    found = [(member, phase) for member, phase in elsewhere if not np.any((member > 0.5) & (x == 0.0))]
    said = [
        f"the end member {formula(resolved.crystal, member)} relaxes to another phase ({phase}): mixing_energy refers "
        "to it"
        for member, phase in found[:MOST_MEMBERS]
    ]
    more = len(found) - MOST_MEMBERS
    return [*said, f"and so do {more} more end members"] if more > 0 else said


def formula(crystal: AlchemicalCrystal, x: NDArray[np.float64]) -> str:
    """The formula of an end member [n_columns], in the order of its sites: ``ScN``."""
    of_element: dict[str, int] = {}
    present = crystal.weights(x) > 0.5
    for number in crystal.copy_species[present]:
        of_element[SYMBOLS[number]] = of_element.get(SYMBOLS[number], 0) + 1
    divisor = gcd(*of_element.values())
    return "".join(
        f"{symbol}{count // divisor if count > divisor else ''}" for symbol, count in of_element.items()
    )


def present_elements(resolved: ResolvedProblem, x: NDArray[np.float64]) -> set[str]:
    """Symbols of the elements with any weight."""
    crystal = resolved.crystal
    return {SYMBOLS[number] for number in crystal.copy_species[crystal.weights(x) > 0.0]}
