"""What explicit supercells say of an evaluation, property by property. Pure arithmetic on records."""

from __future__ import annotations

from statistics import fmean, stdev
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.base import Composition, Gradient
from api_schemas.verification import ExplicitSupercell, ExplicitValue, Verification
from engine.kinds.verification.sentences import Finding, sentence
from engine.properties.table import COSTS, PROPERTIES, named_properties
from engine.tiers.registry import TIERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from api_schemas.evaluations import EvaluationRecord, PropertyValue
    from api_schemas.objectives import Objective
    from api_schemas.supercells import SupercellRecord
    from engine.composition.space import CompositionSpace
    from engine.problem.resolved import ResolvedProblem

SAME = 1e-9
"""Compositions that differ by less are the same."""
FLAT = 1e-12
"""A gradient shorter than this leads nowhere."""


def entries(
    resolved: ResolvedProblem, record: EvaluationRecord, supercells: Sequence[SupercellRecord]
) -> list[Verification]:
    """One entry for each property that the evaluation and its supercells have, those that the problem names first.

    What the problem does not name is left out where it says nothing: where symmetry fixes it, as angles of 90 degrees,
    or makes it the same as another one, as lattice_b of a hexagonal crystal.

    Args:
        resolved: The problem.
        record: The evaluation.
        supercells: Its explicit supercells, by decoration.
    """
    usable = [one for one in supercells if one.converged]
    names = [
        name
        for name in record.properties
        if usable and PROPERTIES[name].family != COSTS and all(name in one.properties for one in usable)
    ]
    named = list(named_properties(resolved.problem))
    names.sort(key=lambda name: named.index(name) if name in named else len(named))
    names = [
        name
        for place, name in enumerate(names)
        if name in named or not _says_nothing(record, name, names[:place], usable)
    ]
    return [
        _entry(resolved, record, name, supercells, usable, structures=place == 0)
        for place, name in enumerate(names)
    ]


def at_answer(
    space: CompositionSpace,
    composition: Composition,
    gradient: Gradient | None,
    values: Sequence[float],
    compositions: Sequence[Composition],
) -> float | None:
    """The mean of explicit values at the composition that was asked for.

    Each value is taken from the composition x_held that its supercell holds to the one asked for along the exact
    gradient g: the mean of ``value + g.(x - x_held)``.

    Args:
        space: The composition space.
        composition: What was asked for.
        gradient: Of the property there, in its unit per unit fraction; None where it does not exist.
        values: Of each supercell.
        compositions: What each holds.

    Returns:
        None without a gradient, unless the supercells hold just what was asked for.
    """
    x = space.to_vector(composition)
    steps = [x - space.to_vector(one) for one in compositions]
    if gradient is None:
        exact = all(float(np.abs(step).max(initial=0.0)) <= SAME for step in steps)
        return fmean(values) if exact else None
    slope = space.to_vector(gradient)
    return fmean(value + float(slope @ step) for value, step in zip(values, steps, strict=True))


def would_move(space: CompositionSpace, gradient: Gradient, difference: float) -> Gradient | None:
    """The smallest change of the composition that makes up for a difference of a property: -difference g/|g|^2.

    Args:
        space: The composition space.
        gradient: Of the property, in the tangent space, in its unit per unit fraction.
        difference: How much larger the explicit value is, in the unit.

    Returns:
        By sublattice and element; None where the property does not answer to the composition.
    """
    slope: NDArray[np.float64] = space.to_vector(gradient)
    square = float(slope @ slope)
    return None if square <= FLAT**2 else space.to_composition(-difference * slope / square + 0.0)


def _says_nothing(
    record: EvaluationRecord, name: str, before: Sequence[str], supercells: Sequence[SupercellRecord]
) -> bool:
    """Whether a property is fixed, or the same as one before it."""

    def values(of: str) -> NDArray[np.float64]:
        return np.array([record.properties[of].value, *(one.properties[of] for one in supercells)])

    own, found = values(name), record.properties[name]
    flat = found.gradient is not None and all(
        abs(slope) <= SAME for shares in found.gradient.values() for slope in shares.values()
    )
    if flat and bool(np.allclose(own, own[0], rtol=SAME, atol=SAME)):
        return True
    return any(
        record.properties[other].unit == found.unit
        and bool(np.allclose(own, values(other), rtol=SAME, atol=SAME))
        for other in before
    )


def _entry(
    resolved: ResolvedProblem,
    record: EvaluationRecord,
    name: str,
    supercells: Sequence[SupercellRecord],
    usable: Sequence[SupercellRecord],
    *,
    structures: bool,
) -> Verification:
    found, objective = record.properties[name], _target(resolved, name)
    values = [one.properties[name] for one in usable]
    explicit = ExplicitValue(
        value=fmean(values), spread=stdev(values) if len(values) > 1 else None, decorations=len(values)
    )
    corrected = at_answer(
        resolved.space, record.composition, found.gradient, values, [one.composition for one in usable]
    )
    difference = None if corrected is None else corrected - found.value
    tolerance = _tolerance(resolved, name, found, objective)
    left = sum(one.left_parent for one in supercells)
    holds = None
    if difference is not None and tolerance is not None:
        holds = abs(difference) <= tolerance and not left
    move = None
    if objective is not None and difference is not None and found.gradient is not None:
        move = would_move(resolved.space, found.gradient, difference)
    told = Finding(
        name=name,
        unit=found.unit,
        alchemical=found.value,
        at_answer=corrected,
        explicit=explicit,
        tolerance=tolerance,
        holds=holds,
        move=move,
        asked=len(supercells),
        left=left,
        sites=sum(usable[0].sites.values()),
    )
    return Verification(
        property=name,
        unit=found.unit,
        evaluation=record.index,
        composition=record.composition,
        alchemical=found.value,
        tier=resolved.problem.potential.tier,
        explicit=explicit,
        at_answer=corrected,
        difference=difference,
        tolerance=tolerance,
        holds=holds,
        composition_would_move=move,
        text=sentence(told),
        supercells=[_supercell(one, structure=structures) for one in supercells],
    )


def _target(resolved: ResolvedProblem, name: str) -> Objective | None:
    """The objective that gives the property a target."""
    for objective in resolved.problem.objectives:
        if objective.property == name and objective.target is not None:
            return objective
    return None


def _tolerance(
    resolved: ResolvedProblem, name: str, found: PropertyValue, objective: Objective | None
) -> float | None:
    if objective is not None:
        return objective.tolerance
    choice = resolved.problem.potential
    return TIERS[choice.tier].error(choice.mixing).of(name, found.value)


def _supercell(record: SupercellRecord, *, structure: bool) -> ExplicitSupercell:
    return ExplicitSupercell(
        decoration=record.decoration,
        composition=record.composition,
        sites=record.sites,
        converged=record.converged,
        potential_calls=record.cost.potential_calls,
        largest_displacement=record.largest_displacement,
        left_parent=record.left_parent,
        warren_cowley=record.warren_cowley,
        structure=record.structure if structure else None,
        message=record.message,
    )
