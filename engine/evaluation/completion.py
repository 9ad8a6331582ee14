"""Filling in what compares an evaluation with end members, once those are known: the search did not wait for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.evaluations import EvaluationRecord, ReferenceRecord
from engine.evaluation.record import public_value
from engine.evaluation.warnings import lost_members, members_elsewhere
from engine.mechanics.constants import EV_PER_A3_IN_GPA
from engine.mechanics.coordinates import symmetry_coordinates
from engine.properties.gradients import RelaxedPoint, property_values
from engine.properties.inputs import EndMember, Surroundings
from engine.properties.table import PROPERTIES, wanted_properties

if TYPE_CHECKING:
    from engine.problem.resolved import ResolvedProblem


def completed(
    resolved: ResolvedProblem, records: Sequence[EvaluationRecord], references: Sequence[ReferenceRecord]
) -> list[EvaluationRecord]:
    """Evaluations with every property that compares with end members; those that lack none stay as they are.

    Args:
        resolved: The problem.
        records: Evaluations.
        references: Records of all its end members, and any others.
    """
    if not any(record.incomplete for record in records):
        return list(records)
    crystal, conditions = resolved.crystal, resolved.problem.conditions
    names = [name for name in wanted_properties(resolved.problem) if PROPERTIES[name].needs_mixture]
    vectors = [x for _, x in crystal.end_members()]
    of_members = [one for one in references if one.what == "end_members"]
    ends = [
        EndMember(columns=tuple(np.flatnonzero(vectors[number])), enthalpy=enthalpy)
        for one in sorted(of_members, key=lambda one: one.members)
        for number, enthalpy in zip(one.members, one.enthalpies, strict=True)
    ]
    coordinates = symmetry_coordinates(crystal)
    around = Surroundings(pressure=conditions.pressure / EV_PER_A3_IN_GPA, temperature=conditions.temperature)
    lost = sum(len(one.members) for one in of_members if not one.converged)
    calls = sum(one.cost.shared_calls for one in of_members)
    elsewhere = [
        (resolved.space.to_vector(state.composition), state.phase)
        for one in of_members
        for state in one.states
        if state.phase is not None
    ]

    def filled(record: EvaluationRecord) -> EvaluationRecord:
        if not record.incomplete or record.enthalpy is None:
            return record
        x = resolved.space.to_vector(record.composition)
        point = RelaxedPoint(
            q=np.zeros(
                coordinates.n_q
            ),  # energies of mixing depend on the geometry through the enthalpy only
            x=x,
            enthalpy=record.enthalpy,
            dq_dx=None,
            dh_dx=np.array(record.enthalpy_slope),
            surroundings=around,
        )
        values = property_values(names, crystal, coordinates, point, ends)
        found = dict(record.properties)
        for name, value in values.items():
            found[name] = public_value(
                resolved, record.composition, name, value, with_gradient=record.converged
            )
        said = [record.message] if record.message else []
        if lost and record.converged:
            said.append(lost_members(lost, len(ends)))
        if record.converged:
            said += members_elsewhere(resolved, x, elsewhere)
        cost = record.cost.model_copy(update={"shared_calls": record.cost.shared_calls + calls})
        return record.model_copy(
            update={
                "properties": {name: found[name] for name in PROPERTIES if name in found},
                "message": "; ".join(said) or None,
                "cost": cost,
                "incomplete": False,
            }
        )

    return [filled(record) for record in records]
