"""An answer with what explicit supercells say of its evaluations."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.kinds.computed import Computed
from engine.kinds.verification.entries import entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from api_schemas.base import Composition
    from api_schemas.evaluations import Evaluation, EvaluationRecord
    from api_schemas.supercells import SupercellRecord
    from engine.kinds.kind import Answer
    from engine.problem.resolved import ResolvedProblem


def verified(
    resolved: ResolvedProblem,
    answer: Answer,
    records: Sequence[EvaluationRecord],
    supercells: Iterable[SupercellRecord],
) -> Answer:
    """The answer with an entry for each property of the evaluations, and which of them left the parent lattice.

    Args:
        resolved: The problem.
        answer: Without supercells.
        records: The evaluations that may have supercells.
        supercells: Those that are there, of any evaluation.
    """
    of = {record.index: record for record in records}
    told: dict[int, list[SupercellRecord]] = {}
    for one in sorted(supercells, key=lambda one: (one.evaluation, one.decoration)):
        if one.evaluation in of:
            told.setdefault(one.evaluation, []).append(one)
    found = [entry for number in told for entry in entries(resolved, of[number], told[number])]
    left = {
        _key(of[number].composition): any(one.left_parent for one in made) for number, made in told.items()
    }
    evaluations = answer.evaluations
    return replace(
        answer,
        best=None if answer.best is None else _marked(answer.best, left),
        front=[_marked(one, left) for one in answer.front],
        evaluations=Computed(len(evaluations), lambda place: _marked(evaluations[place], left)),
        verification=found,
    )


def _marked(evaluation: Evaluation, left: Mapping[str, bool]) -> Evaluation:
    """An evaluation with whether its explicit supercells left the parent lattice, where there are any."""
    found = left.get(_key(evaluation.composition))
    if found is None:
        return evaluation
    return evaluation.model_copy(update={"left_parent": found or bool(evaluation.left_parent)})


def _key(composition: Composition) -> str:
    return json.dumps(composition)
