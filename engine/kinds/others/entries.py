"""What another potential says of an evaluation of the answer, and what it would choose instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from api_schemas.also import AlsoEvaluated
from engine.optimize.answer.newton_step import Chosen, newton_step
from engine.optimize.objective import build_loss, point_of
from engine.properties.table import PROPERTIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from api_schemas.base import Gradient
    from api_schemas.evaluations import EvaluationRecord
    from engine.composition.space import CompositionSpace
    from engine.optimize.objective import Loss, Term
    from engine.optimize.point import Point
    from engine.problem.resolved import ResolvedProblem

STILL = 5e-5
"""A fraction that moves by less does not move, in words."""
_SHOWN = 4


def entry(resolved: ResolvedProblem, own: EvaluationRecord, found: EvaluationRecord) -> AlsoEvaluated:
    """What another potential says of an evaluation.

    Args:
        resolved: The problem as the other potential has it.
        own: The evaluation by the problem's own potential.
        found: The same composition by the other.
    """
    space, choice = resolved.space, resolved.problem.potential
    loss = build_loss(resolved.problem, found.targets) if found.targets else None
    point = None if loss is None else point_of(found, space.to_vector(own.composition), space.columns, loss)
    usable = point is not None and bool(point.values)
    chosen, why = _chosen(resolved, loss, point)
    targets = [] if loss is None else [term for term in loss.terms if term.target is not None]
    return AlsoEvaluated(
        potential=resolved.potential.name,
        sha256=resolved.potential.sha256,
        licence=resolved.potential.licence,
        citation=resolved.potential.citation,
        head=choice.head,
        dtype=choice.dtype,
        evaluation=own.index,
        composition=own.composition,
        properties=found.properties,
        targets=list(found.targets),
        converged=found.converged,
        meets=_meets(targets, loss, point) if usable else None,
        would_choose=None if chosen is None else space.to_composition(np.round(chosen.x, 12) + 0.0),
        move=None if chosen is None else space.to_composition(np.round(chosen.move, 12) + 0.0),
        expected={} if chosen is None else chosen.expected,
        text=f"{resolved.potential.name}: {'; '.join(_words(space, targets, point, chosen, why))}",
        message=found.message,
        warnings=found.warnings,
    )


def _meets(targets: list[Term], loss: Loss | None, point: Point | None) -> bool | None:
    """Whether every target is reached and every bound kept; None without targets."""
    if not targets or loss is None or point is None:
        return None
    return all(term.met(point.values[term.name]) for term in targets) and point.violation == 0.0


def _chosen(resolved: ResolvedProblem, loss: Loss | None, point: Point | None) -> tuple[Chosen | None, str]:
    """The step, or why there is none."""
    if loss is None or point is None or not point.values:
        return None, "it did not converge, so that it chooses nothing"
    if resolved.problem.seeks_front:
        return None, "of a front each member is a choice, so that it chooses no other"
    if any(term.target is None for term in loss.terms):
        return (
            None,
            "a goal has a slope and no Newton step: run a search with this potential to see its choice",
        )
    if any(name not in point.gradients for name in loss.properties):
        return None, "a property has no gradient here, so that it chooses nothing"
    chosen = newton_step(resolved.region, loss, point)
    return chosen, "" if chosen else "no composition near keeps the bounds on properties by its slopes"


def _words(
    space: CompositionSpace, targets: list[Term], point: Point | None, chosen: Chosen | None, why: str
) -> Iterator[str]:
    """The targets' values and by how much they miss, then the choice."""
    if point is not None and point.values:
        for term in targets:
            yield _miss(term, point.values[term.name])
    if chosen is None:
        yield why
        return
    moves = _moves(space, chosen.move)
    yield f"it would choose {moves}" if moves else "it would choose the same composition"
    for term in targets:
        value = chosen.expected[term.name]
        if not term.met(value):
            yield f"within the constraints it expects {_miss(term, value)}"


def _miss(term: Term, value: float) -> str:
    facts = PROPERTIES[term.name]
    unit = "" if facts.unit == "1" else f" {facts.unit}"
    off = value - (term.target or 0.0)
    side = "on" if abs(off) < term.tolerance * 1e-3 else f"{abs(off):.2g} {'above' if off > 0 else 'below'}"
    return f"{term.name} {value:.6g}{unit}, {side} its own target {term.target:.6g}{unit}"


def _moves(space: CompositionSpace, move: NDArray[np.float64]) -> str:
    """The fractions that change most: ``Sc +0.035, Al -0.035``."""
    changes: Gradient = space.to_composition(move)
    listed = [
        (element, change)
        for elements in changes.values()
        for element, change in elements.items()
        if abs(change) >= STILL
    ]
    listed.sort(key=lambda one: -abs(one[1]))
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(f"{element} {change:+.4f}" for element, change in listed[:_SHOWN]) + more
