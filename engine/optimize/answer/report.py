"""What a result says beside the numbers: sensitivities, active bounds, why the search stopped, provenance."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.evaluations import Evaluation, EvaluationRecord
from api_schemas.results import PotentialProvenance, Provenance, Sensitivity, Stopped, TotalCost
from engine.optimize.answer.active import active
from engine.optimize.objective import SLACK
from engine.potentials.registry import describe_choice

if TYPE_CHECKING:
    from api_schemas.problem import Problem
    from engine.composition.region import Region
    from engine.composition.space import CompositionSpace
    from engine.optimize.objective import Loss, Point

PACKAGES = ("torch", "numpy", "scipy", "spglib", "ase", "pymatgen")
ON_BOUND = 1e-6


def sensitivities(space: CompositionSpace, loss: Loss, best: Evaluation) -> list[Sensitivity]:
    """How each objective's property answers to one percent more of an element, the others giving way in proportion."""
    rows = []
    for name, unit in dict.fromkeys((term.name, term.unit) for term in loss.terms):
        value = best.properties.get(name)
        if value is None or value.gradient is None:
            continue
        for sublattice, elements in zip(space.names, space.elements, strict=True):
            fractions, gradient = best.composition[sublattice], value.gradient[sublattice]
            if len(elements) < 2:
                continue
            for element in elements:
                others = [other for other in elements if other != element]
                total = sum(fractions[other] for other in others)
                # A pure crystal has no others to give way in proportion: they share equally.
                shares = {o: fractions[o] / total if total > ON_BOUND else 1.0 / len(others) for o in others}
                change = 0.01 * (gradient[element] - sum(shares[o] * gradient[o] for o in others))
                symbol = "" if unit == "1" else f" {unit}"
                rows.append(
                    Sensitivity(
                        property=name,
                        sublattice=sublattice,
                        element=element,
                        per_percent=change,
                        unit=unit,
                        text=f"1 % more {element} moves {name} by {change:+.3g}{symbol}",
                    )
                )
    return rows


def target_met(loss: Loss, evaluations: int) -> Stopped:
    """The words for a search that reached its targets."""
    parts = [
        f"{t.name} is within {t.tolerance:g}{_unit(t.unit)} of {t.target:.6g}{_unit(t.unit)}"
        for t in loss.terms
    ]
    plural = "" if evaluations == 1 else "s"
    return Stopped(
        reason="target_met", message=f"{' and '.join(parts)} after {evaluations} evaluation{plural}"
    )


def broken(loss: Loss, best: Point) -> str:
    """The words for property constraints that no composition tried obeys: how near the nearest comes."""
    parts = [
        f"{bound.words()} is not obeyed: {best.values[bound.name]:.6g}{_unit(bound.unit)} is the nearest"
        for bound in loss.thresholds
        if bound.beyond(best.values[bound.name]) > SLACK
    ]
    return f"{' and '.join(parts)}; relax the constraint or offer other elements"


def missed(loss: Loss, best: Point) -> str:
    """The words for the targets that a composition misses: its values, and by how much."""
    return " and ".join(
        f"{term.name} = {best.values[term.name]:.6g}{_unit(term.unit)} "
        f"({_off(best.values[term.name], term.target)} {term.target:.6g}{_unit(term.unit)})"
        for term in loss.terms
        if term.target is not None and not term.met(best.values[term.name])
    )


def unreachable(region: Region, loss: Loss, best: Point) -> Stopped:
    """The words for targets that no composition reaches: the nearest, and what holds it back."""
    parts = []
    for term in loss.terms:
        value = best.values[term.name]
        if term.target is not None and not term.met(value):
            parts.append(
                f"{term.name} comes no nearer to {term.target:.6g}{_unit(term.unit)} "
                f"than {value:.6g}{_unit(term.unit)} ({_off(value, term.target)})"
            )
    bounds = [one.words for one in active(region, loss, best) if not one.natural]
    held = (
        f"; {', '.join(bounds)}: widen these or offer other elements" if bounds else "; offer other elements"
    )
    return Stopped(reason="unreachable_target", message=" and ".join(parts) + held)


def _off(value: float, target: float) -> str:
    return f"{abs(value - target):.2g} {'above' if value > target else 'below'}"


def _unit(unit: str) -> str:
    return "" if unit == "1" else f" {unit}"


def total_cost(records: Sequence[EvaluationRecord]) -> TotalCost:
    """The cost of all evaluations; shared calls are counted once."""
    return TotalCost(
        evaluations=len(records),
        potential_calls=sum(record.cost.potential_calls for record in records),
        shared_calls=max((record.cost.shared_calls for record in records), default=0),
        seconds=float(np.sum([record.cost.seconds for record in records])),
    )


def provenance(problem: Problem, seed: int, device: str) -> Provenance:
    """What is needed to repeat the job."""
    description = describe_choice(problem.potential)
    return Provenance(
        orichalcum=_version("orichalcum") or "0+unknown",
        potential=PotentialProvenance(
            name=description.name,
            sha256=description.sha256,
            licence=description.licence,
            citation=description.citation,
        ),
        seed=seed,
        device=device,
        dtype=problem.potential.dtype,
        versions={name: found for name in PACKAGES if (found := _version(name))},
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
