"""From a relaxed composition to the evaluation that is stored and shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.elements import SYMBOLS
from api_schemas.evaluations import (
    Cost,
    CrystalState,
    EvaluationRecord,
    OccupiedSite,
    PropertyValue,
    RelaxationState,
    Suggestion,
)
from api_schemas.problem import Problem
from engine.mechanics.landscape import EV_PER_A3_IN_GPA
from engine.mechanics.sensitivity import coordinate_response
from engine.properties.energetic import EndMember
from engine.properties.gradients import RelaxedPoint, Value, property_values
from engine.properties.table import PROPERTIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.crystals.crystal import AlchemicalCrystal
    from engine.mechanics.coordinates import SymmetryCoordinates
    from engine.mechanics.relax import Relaxed
    from engine.problems.resolve import ResolvedProblem
    from engine.references import Reference


STORED_HESSIAN_UP_TO = 100
"""Coordinates up to which an evaluation keeps its Hessian for its neighbours; it grows with their square."""


def wanted_properties(problem: Problem) -> list[str]:
    """Names of the properties that an evaluation of the problem computes, in the order of the table."""
    named = {objective.property for objective in problem.objectives} | set(problem.properties)
    return [name for name, row in PROPERTIES.items() if row.always or name in named]


def property_of_reference(
    name: str,
    problem: Problem,
    crystal: AlchemicalCrystal,
    coordinates: SymmetryCoordinates,
    reference: Reference,
) -> float:
    """A property of a plain reference crystal."""
    conditions = problem.conditions
    point = RelaxedPoint(
        q=reference.q,
        x=reference.x,
        enthalpy=reference.enthalpy,
        dq_dx=None,
        dh_dx=np.zeros(len(reference.x)),
        pressure=conditions.pressure / EV_PER_A3_IN_GPA,
        temperature=conditions.temperature,
    )
    itself = EndMember(columns=(), enthalpy=reference.enthalpy)
    return property_values([name], crystal, coordinates, point, [itself])[name].value


def build_record(
    resolved: ResolvedProblem,
    coordinates: SymmetryCoordinates,
    suggestion: Suggestion,
    relaxed: Relaxed,
    members: Sequence[Reference],
    targets: Sequence[float | None],
    cost: Cost,
) -> EvaluationRecord:
    """The record of a relaxed composition, with every property that the problem wants.

    Args:
        resolved: The problem.
        coordinates: Of its crystal.
        suggestion: The composition and why it was wanted.
        relaxed: The result of its relaxation.
        members: All end members of the problem.
        targets: Target of each objective.
        cost: What it took.
    """
    crystal, space, conditions = resolved.crystal, resolved.space, resolved.problem.conditions
    x = space.to_vector(suggestion.composition)
    columns = crystal.weights_matrix
    dq_dx = coordinate_response(relaxed, columns, space.tangent_basis) if relaxed.converged else None
    usable = bool(np.isfinite(relaxed.enthalpy) and np.isfinite(relaxed.q).all())
    values: dict[str, Value] = {}
    if usable:
        point = RelaxedPoint(
            q=relaxed.q,
            x=x,
            enthalpy=relaxed.enthalpy,
            dq_dx=dq_dx,
            dh_dx=relaxed.dh_dlam @ columns,
            pressure=conditions.pressure / EV_PER_A3_IN_GPA,
            temperature=conditions.temperature,
        )
        ends = [EndMember(columns=tuple(np.flatnonzero(m.x)), enthalpy=m.enthalpy) for m in members]
        values = property_values(wanted_properties(resolved.problem), crystal, coordinates, point, ends)
    return EvaluationRecord(
        index=suggestion.index,
        origin=suggestion.origin,
        composition=space.to_composition(x),
        properties={name: _public(resolved, relaxed, name, value) for name, value in values.items()},
        energy_per_atom=values["energy"].value if usable else None,
        converged=relaxed.converged,
        stable=relaxed.stable if relaxed.converged else None,
        cost=cost,
        structure=_structure(crystal, coordinates, relaxed, x) if usable else None,
        message=_message(relaxed, dq_dx, members),
        relaxation=_state(resolved, relaxed, dq_dx),
        targets=list(targets),
    )


def _public(resolved: ResolvedProblem, relaxed: Relaxed, name: str, value: Value) -> PropertyValue:
    gradient = None
    if value.gradient is not None and relaxed.converged:
        gradient = resolved.space.to_composition(resolved.space.project_gradient(value.gradient))
    return PropertyValue(value=value.value, unit=PROPERTIES[name].unit, gradient=gradient)


def _state(
    resolved: ResolvedProblem, relaxed: Relaxed, dq_dx: NDArray[np.float64] | None
) -> RelaxationState | None:
    if dq_dx is None:
        return None
    return RelaxationState(
        q=relaxed.q.tolist(),
        columns=list(resolved.space.columns),
        dq_dx=dq_dx.tolist(),
        hessian=relaxed.hessian.tolist() if len(relaxed.q) <= STORED_HESSIAN_UP_TO else [],
    )


def _structure(
    crystal: AlchemicalCrystal, coordinates: SymmetryCoordinates, relaxed: Relaxed, x: NDArray[np.float64]
) -> CrystalState:
    lattice, frac = coordinates.geometry(relaxed.q)
    sites: list[dict[str, float]] = [{} for _ in range(crystal.n_sites)]
    for site, number, weight in zip(crystal.copy_site, crystal.copy_species, crystal.weights(x), strict=True):
        sites[site][SYMBOLS[number]] = float(weight)
    return CrystalState(
        lattice=lattice.tolist(),
        sites=[OccupiedSite(species=s, frac=f.tolist()) for s, f in zip(sites, frac, strict=True)],
    )


def _message(relaxed: Relaxed, dq_dx: NDArray[np.float64] | None, members: Sequence[Reference]) -> str | None:
    if not relaxed.converged:
        return (
            f"the relaxation did not converge after {relaxed.calls} potential calls: residual force "
            f"{relaxed.force:.2g} eV/Å, stress {relaxed.stress:.2g} eV/Å^3; gradients are left out"
        )
    if dq_dx is None:
        return "the Hessian is singular or its equations did not converge: gradients of the geometry are left out"
    lost = sum(not member.converged for member in members)
    if lost:
        return (
            f"{lost} of {len(members)} end members did not converge: the mixing energy is not to be relied on"
        )
    if relaxed.stable is False:
        return "the relaxed crystal is a saddle point of the symmetry-adapted coordinates: it would distort"
    return None
