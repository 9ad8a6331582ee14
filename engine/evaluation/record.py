"""From a relaxed composition to the evaluation that is stored and shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypedDict

import numpy as np

from api_schemas.base import Composition
from api_schemas.cost import Cost
from api_schemas.evaluations import (
    CrystalState,
    EvaluationRecord,
    OccupiedSite,
    PropertyValue,
    RelaxationState,
    Suggestion,
    WaveMode,
)
from api_schemas.per_percent import per_percent
from api_schemas.symbols import SYMBOLS
from engine.crystals.phase import departure
from engine.evaluation.unseen import unseen, without_dispersion
from engine.evaluation.warnings import left_without_vibrations, present_elements, warning_text
from engine.mechanics.relax import in_one_piece
from engine.mechanics.sensitivity import coordinate_response
from engine.properties.gradients import RelaxedPoint, Value, property_values
from engine.properties.table import PROPERTIES, STABLE_SUPERCELL, wanted_properties
from engine.properties.undefined import undefined_properties
from engine.references.mixed import is_mixed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.crystals.crystal import AlchemicalCrystal
    from engine.evaluation.refined import Refined
    from engine.mechanics.coordinates import SymmetryCoordinates
    from engine.mechanics.relax import Relaxed
    from engine.problem.resolved import ResolvedProblem
    from engine.properties.moduli import Moduli
    from engine.references.shared_values import SharedValues


STORED_HESSIAN_UP_TO = 100
"""Coordinates up to which an evaluation keeps its Hessian for its neighbours; it grows with their square."""


def build_record(
    resolved: ResolvedProblem,
    coordinates: SymmetryCoordinates,
    suggestion: Suggestion,
    mean_field: Relaxed,
    refined: Refined,
    shared: SharedValues,
    moduli: Moduli,
    cost: Cost,
    jumps: Sequence[float] = (),
) -> EvaluationRecord:
    """The record of a relaxed composition, with every property that the problem wants.

    Args:
        resolved: The problem.
        coordinates: Of its crystal.
        suggestion: The composition and why it was wanted.
        mean_field: The mean-field crystal, relaxed: where its neighbours start.
        refined: What the tier makes of it.
        shared: What all evaluations of the problem share.
        moduli: Of this composition.
        cost: What it took.
        jumps: Distances (Å) at which the potential's curvature jumps.
    """
    crystal, space = resolved.crystal, resolved.space
    x = space.to_vector(suggestion.composition)
    relaxed = refined.relaxed
    usable = bool(np.isfinite(relaxed.enthalpy) and np.isfinite(relaxed.q).all())
    values: dict[str, Value] = {}
    composition = space.to_composition(x)
    if usable:
        point = RelaxedPoint(
            q=relaxed.q,
            x=x,
            enthalpy=relaxed.enthalpy,
            dq_dx=refined.dq_dx,
            dh_dx=refined.dh_dx,
            surroundings=shared.surroundings,
            vibrations=refined.vibrations,
        )
        undefined = undefined_properties(crystal, resolved.problem.conditions.substrate)
        undefined |= left_without_vibrations(resolved, shared, refined.vibrations)
        names = [name for name in wanted_properties(resolved.problem) if name not in undefined]
        left_out = set() if shared.members else {name for name in names if PROPERTIES[name].needs_mixture}
        plain = [
            name
            for name in names
            if not PROPERTIES[name].needs_curvature
            and not PROPERTIES[name].needs_force_constants
            and name not in left_out
        ]
        found = property_values(plain, crystal, coordinates, point, shared.ends) | moduli.values
        if refined.softest is not None:
            found[STABLE_SUPERCELL] = Value(refined.softest.eigenvalue, None)
        if not is_mixed(resolved):  # it is its own end member
            found |= {name: Value(0.0, np.zeros(len(x))) for name in left_out}
        values = {name: found[name] for name in names if name in found}
    left = departure(crystal, *coordinates.geometry(relaxed.q)) if usable and relaxed.converged else None
    return EvaluationRecord(
        index=suggestion.index,
        origin=suggestion.origin,
        composition=composition,
        properties={
            name: public_value(resolved, composition, name, value, with_gradient=relaxed.converged)
            for name, value in values.items()
        },
        energy_per_atom=values["energy"].value if usable else None,
        converged=relaxed.converged,
        **_stability(refined),
        cost=cost,
        structure=_structure(crystal, coordinates, relaxed, x) if usable else None,
        message=warning_text(resolved, coordinates, refined, x, shared, moduli, left, jumps),
        warnings=[
            *unseen(present_elements(resolved, x)),
            *(
                without_dispersion(crystal, crystal.weights(x), *coordinates.geometry(relaxed.q))
                if usable
                else []
            ),
        ],
        left_parent=left is not None if relaxed.converged else None,
        phase=None if left is None else left.phase,
        references=None if shared.references is None else dict(shared.references),
        relaxation=_state(resolved, mean_field, refined)
        if usable and in_one_piece(coordinates, mean_field.q)
        else None,
        targets=list(shared.targets),
        enthalpy=relaxed.enthalpy if usable else None,
        enthalpy_slope=refined.dh_dx.tolist() if usable else [],
        incomplete=usable and is_mixed(resolved) and not shared.members,
    )


class _Stability(TypedDict):
    stable: bool | None
    stable_against: Literal["symmetric distortions", "distortions in a supercell"] | None
    softest_mode: WaveMode | None


def _stability(refined: Refined) -> _Stability:
    """Whether a crystal that converged is stable, against what, and its softest mode where that was looked for."""
    relaxed, softest = refined.relaxed, refined.softest
    if not relaxed.converged:
        return _Stability(stable=None, stable_against=None, softest_mode=None)
    if softest is None:
        if relaxed.stable is None:
            return _Stability(stable=None, stable_against=None, softest_mode=None)
        return _Stability(stable=relaxed.stable, stable_against="symmetric distortions", softest_mode=None)
    mode = WaveMode(
        eigenvalue=softest.eigenvalue,
        q=list(softest.wave),
        sites=softest.sites,
        unstable=list(softest.unstable),
    )
    holds = relaxed.stable is not False and not softest.unstable
    return _Stability(stable=holds, stable_against="distortions in a supercell", softest_mode=mode)


def public_value(
    resolved: ResolvedProblem, composition: Composition, name: str, value: Value, *, with_gradient: bool
) -> PropertyValue:
    """A property as it is stored: with its unit, and its gradient in the tangent space where that is wanted."""
    gradient = None
    if value.gradient is not None and with_gradient:
        gradient = resolved.space.to_composition(resolved.space.project_gradient(value.gradient))
    return PropertyValue(
        value=value.value,
        unit=PROPERTIES[name].unit,
        gradient=gradient,
        per_percent=None if gradient is None else per_percent(gradient, composition),
    )


def _state(resolved: ResolvedProblem, relaxed: Relaxed, refined: Refined) -> RelaxationState:
    """Where a relaxation of a neighbour may start, or of this composition go on if it was given up."""
    columns, tangent = resolved.crystal.weights_matrix, resolved.space.tangent_basis
    dq_dx = coordinate_response(relaxed, columns, tangent) if relaxed.converged else None
    kept = len(relaxed.q) <= STORED_HESSIAN_UP_TO and relaxed.springs is None
    return RelaxationState(
        q=relaxed.q.tolist(),
        columns=list(resolved.space.columns),
        dq_dx=[] if dq_dx is None else dq_dx.tolist(),
        hessian=relaxed.hessian.tolist() if kept and np.isfinite(relaxed.hessian).all() else [],
        springs=[] if relaxed.springs is None else relaxed.springs.table(),
        disorder=refined.disorder,
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
