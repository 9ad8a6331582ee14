"""What a user should be careful about in an evaluation, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.symbols import SYMBOLS
from engine.crystals.shells import near_jumps
from engine.properties.table import MIXING_FREE_ENERGY, PROPERTIES, vibrating, wanted_properties
from engine.properties.undefined import what_holds

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
    shared: SharedValues,
    moduli: Moduli,
    jumps: Sequence[float] = (),
) -> str | None:
    """Why an evaluation did not converge, or what to be careful about; None where there is nothing to say.

    Args:
        resolved: The problem.
        coordinates: Of its crystal.
        refined: The relaxed composition.
        shared: What all evaluations of the problem share.
        moduli: Of this composition.
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
    if refined.dq_dx is None:
        left_out = "gradients of the geometry and moduli" if curved else "gradients of the geometry"
        said.append(f"the Hessian is singular or its equations did not converge: {left_out} are left out")
    lost = sum(not member.converged for member in shared.members)
    if lost:
        said.append(lost_members(lost, len(shared.members)))
    if relaxed.stable is False:
        said.append(
            "the relaxed crystal is a saddle point of the symmetry-adapted coordinates: it would distort"
        )
    if moduli.stable is False:
        said.append(
            "a displacement that breaks the symmetry lowers the energy: the elastic constants are those of an "
            "unstable crystal"
        )
    said += _without_vibrations(resolved, shared, refined.vibrations)
    said += refined.notes
    said += shared.notes
    affected = [*(["moduli"] if curved else []), *(["vibrations"] if vibrating(resolved.problem) else [])]
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


def present_elements(resolved: ResolvedProblem, x: NDArray[np.float64]) -> set[str]:
    """Symbols of the elements with any weight."""
    crystal = resolved.crystal
    return {SYMBOLS[number] for number in crystal.copy_species[crystal.weights(x) > 0.0]}
