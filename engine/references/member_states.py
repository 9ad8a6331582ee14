"""Relaxed end members as data: their properties and the phase that they are in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from api_schemas.evaluations import MemberState
from engine.crystals.phase import departure
from engine.mechanics.constants import EV_PER_A3_IN_GPA
from engine.properties.costs import element_data
from engine.properties.gradients import RelaxedPoint, property_values
from engine.properties.inputs import EndMember, Surroundings
from engine.properties.table import COSTS, ENERGETIC, GEOMETRIC, PROPERTIES, wanted_properties
from engine.properties.undefined import undefined_properties

if TYPE_CHECKING:
    from engine.problem.resolved import ResolvedProblem
    from engine.references.solver import ReferenceSolver
    from engine.references.store import Reference

_REFERRED = "formation_energy"
"""It needs chemical potentials, which are another task's."""


def member_state(resolved: ResolvedProblem, member: Reference, solver: ReferenceSolver) -> MemberState:
    """An end member that converged, with what can be said of it without another calculation.

    Args:
        resolved: The problem.
        member: The end member.
        solver: Knows the coordinates of its crystal.
    """
    crystal, conditions = resolved.crystal, resolved.problem.conditions
    coordinates = solver.coordinates(crystal)
    undefined = undefined_properties(crystal)
    names = [
        name
        for name in wanted_properties(resolved.problem)
        if PROPERTIES[name].family in (GEOMETRIC, ENERGETIC, COSTS) and name not in {_REFERRED, *undefined}
    ]
    point = RelaxedPoint(
        q=member.q,
        x=member.x,
        enthalpy=member.enthalpy,
        dq_dx=None,
        dh_dx=np.zeros(len(member.x)),
        surroundings=Surroundings(
            pressure=conditions.pressure / EV_PER_A3_IN_GPA,
            temperature=conditions.temperature,
            element_data=element_data(conditions),
        ),
    )
    itself = EndMember(columns=tuple(np.flatnonzero(member.x)), enthalpy=member.enthalpy)
    found = property_values(names, crystal, coordinates, point, [itself])
    left = departure(crystal, *coordinates.geometry(member.q))
    return MemberState(
        composition=resolved.space.to_composition(member.x),
        properties={name: value.value for name, value in found.items() if np.isfinite(value.value)},
        phase=None if left is None else left.phase,
    )
