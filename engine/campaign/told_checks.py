"""What a campaign is told, looked at before it counts: records may be of another problem, or made by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.errors import FieldError, ProblemInvalid, pointer
from api_schemas.evaluations import EvaluationRecord
from api_schemas.objectives import SameAs
from engine.composition.notation import composition_text, parse_composition
from engine.properties.table import PROPERTIES

if TYPE_CHECKING:
    from api_schemas.tasks import Record
    from engine.problem.resolved import ResolvedProblem

SAME = 1e-9
"""Fractions and, relative to them, values that differ by less are the same."""
WHERE = "records"
BEYOND_ALL = 1e9
"""In any unit: no property is that large."""


def checked_records(
    resolved: ResolvedProblem, known: Sequence[Record], told: Sequence[Record]
) -> list[Record]:
    """The records, with compositions that add up to 1 and with the problem's own targets.

    Args:
        resolved: The problem.
        known: Everything told before.
        told: What is to be told.

    Raises:
        ProblemInvalid: if one of them cannot be believed, with every fault; none of them counts then.
    """
    numbers = {record.index: record for record in known if isinstance(record, EvaluationRecord)}
    faults: list[FieldError] = []
    found: list[Record] = []
    for place, record in enumerate(told):
        if not isinstance(record, EvaluationRecord):
            found.append(record)
            continue
        try:
            x = parse_composition(resolved.space, record.composition, (WHERE, place, "composition"))
        except ProblemInvalid as fault:
            faults += fault.errors
            continue
        own = [*_numbers(resolved, record, place), *_targets(resolved, record, place)]
        before = numbers.get(record.index)
        if before is not None:
            own += _overwritten(resolved, record, x, before, place)
        faults += own
        if not own:
            numbers[record.index] = record
            found.append(_as_of(resolved, record, x))
    if faults:
        raise ProblemInvalid(faults)
    return found


def _fault(place: int, field: str, message: str) -> FieldError:
    return FieldError(pointer=pointer((WHERE, place, field)), type="bad-record", message=message)


def _numbers(resolved: ResolvedProblem, record: EvaluationRecord, place: int) -> Iterator[FieldError]:
    """Numbers that are none, and gradients without an element."""
    if record.index < 0:
        yield _fault(place, "index", "a record's index is that of its suggestion, 0 or more")
    for name, found in record.properties.items():
        if name not in PROPERTIES:
            text = f"there is no property {name[:60]!r}; GET /v1/properties lists them all"
            yield _fault(place, f"properties/{name[:60]}", text)
            continue
        if not abs(found.value) < BEYOND_ALL:
            text = f"{name} is {found.value}; a relaxation that gave no number is told with converged=False"
            yield _fault(place, f"properties/{name}", text)
        if found.gradient is None:
            continue
        for column in resolved.space.columns:
            sublattice, element = column.split(":", 1)
            slope = found.gradient.get(sublattice, {}).get(element)
            if slope is None or not abs(slope) < BEYOND_ALL:
                what = "is missing" if slope is None else f"is {slope}"
                text = (
                    f"the gradient of {name} by {column} {what}; give it for every element, or gradient=None"
                )
                yield _fault(place, f"properties/{name}", text)
                break


def _targets(resolved: ResolvedProblem, record: EvaluationRecord, place: int) -> Iterator[FieldError]:
    objectives = resolved.problem.objectives
    if len(record.targets) != len(objectives):
        text = (
            f"targets has {len(record.targets)} entries and the problem {len(objectives)} objectives; give one for "
            "each, null for a goal"
        )
        yield _fault(place, "targets", text)
        return
    for objective, target in zip(objectives, record.targets, strict=True):
        computed = isinstance(objective.target, SameAs)
        if (computed and target is None) or (target is not None and not math.isfinite(target)):
            text = f"the target of {objective.property} is {target}; a number is wanted: the other crystal's value"
            yield _fault(place, "targets", text)


def _overwritten(
    resolved: ResolvedProblem,
    record: EvaluationRecord,
    here: np.ndarray,
    before: EvaluationRecord,
    place: int,
) -> Iterator[FieldError]:
    """Whether it, at a composition [n_columns], is another one than the record that has its number."""
    space = resolved.space
    mend = "give each the index of its suggestion; points of your own are told by tell_measured"
    there = space.to_vector(before.composition)
    if np.abs(here - there).max(initial=0.0) > SAME:
        text = f"record {record.index} is of {composition_text(before.composition)[:200]} already; {mend}"
        yield _fault(place, "index", text)
        return
    for name in record.properties.keys() & before.properties.keys():
        new, old = record.properties[name].value, before.properties[name].value
        if abs(new - old) > SAME * max(1.0, abs(old)):
            text = f"record {record.index} has {name} = {old:.8g} already, and here {new:.8g}; {mend}"
            yield _fault(place, "index", text)


def _as_of(resolved: ResolvedProblem, record: EvaluationRecord, x: np.ndarray) -> EvaluationRecord:
    """The record as one of this problem: its targets may have been others, its fractions rounded."""
    targets = [
        given if objective.target is None or isinstance(objective.target, SameAs) else float(objective.target)
        for objective, given in zip(resolved.problem.objectives, record.targets, strict=True)
    ]
    changed: dict[str, object] = {} if targets == record.targets else {"targets": targets}
    if np.abs(x - resolved.space.to_vector(record.composition)).max(initial=0.0) > SAME:
        changed["composition"] = resolved.space.to_composition(x)
    return record.model_copy(update=changed) if changed else record
