"""Which evaluations are of one phase: what a relaxation found, and where c/a jumps between neighbours.

A jump that keeps coordination and symmetry shows in the shape of the cell only: two evaluations of one phase agree with
their exact gradients by the trapezoid rule (docs/science.md, section 11).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from api_schemas.evaluations import EvaluationRecord
    from engine.composition.space import CompositionSpace
    from engine.optimize.point import Point

JUMP = 0.05
"""Relative change of c/a or b/a beyond that of the gradients from which two evaluations are of two phases."""
SHAPE_WORDS = (
    "it left the parent's phase: c/a jumps against evaluations of its symmetry, more than gradients explain"
)


def with_phases(
    records: Sequence[EvaluationRecord], points: Sequence[Point], space: CompositionSpace
) -> list[Point]:
    """The points of evaluations, those set apart by the shape of their cell in phases of their own.

    Args:
        records: Evaluations.
        points: The point of each.
        space: Composition space.
    """
    found = list(points)
    for place, number in apart_in_shape(records, space).items():
        phase = found[place].phase or "the parent's symmetry"
        found[place] = replace(found[place], phase=f"{phase}, shape {number}")
    return found


def apart_in_shape(records: Sequence[EvaluationRecord], space: CompositionSpace) -> dict[int, int]:
    """Places of evaluations whose cell has another shape than most of their phase, with the number of that shape."""
    found: dict[int, int] = {}
    shapes = [_shape(record, space) for record in records]
    for phase in dict.fromkeys(record.phase for record in records):
        own = [k for k, record in enumerate(records) if record.phase == phase and shapes[k] is not None]
        known = [shape for k in own if (shape := shapes[k]) is not None]
        if len(own) < 2:
            continue
        labels = _connected(known)
        usual = int(np.bincount(labels).argmax())
        found |= {
            k: int(label) + (label < usual)
            for k, label in zip(own, labels.tolist(), strict=True)
            if label != usual
        }
    return dict(sorted(found.items()))


_Shape = tuple["NDArray[np.float64]", "NDArray[np.float64]", "NDArray[np.float64]"]
"""A composition [n_columns], logarithms of c/a and b/a [2] there, and their gradients [2, n_columns]."""


def _shape(record: EvaluationRecord, space: CompositionSpace) -> _Shape | None:
    """The shape of an evaluation's cell; None where it, or its gradient, is not known."""
    lengths = [record.properties.get(f"lattice_{axis}") for axis in "abc"]
    if not record.converged or any(length is None or length.gradient is None for length in lengths):
        return None
    logs = np.array([np.log(length.value) for length in lengths if length is not None])
    slopes = np.array(
        [
            space.to_vector(length.gradient) / length.value
            for length in lengths
            if length is not None and length.gradient is not None
        ]
    )
    return space.to_vector(record.composition), logs[[2, 1]] - logs[0], slopes[[2, 1]] - slopes[0]


def _connected(shapes: Sequence[_Shape]) -> NDArray[np.int64]:
    """Numbers of the groups of shapes that agree with each other, directly or through others, by first member, [n].

    By the trapezoid rule i and j agree where v_j - v_i - (s_i + s_j) (x_j - x_i) / 2 is small, which is the difference
    of v - s x / 2 less (s_i x_j - s_j x_i) / 2. Shapes that are found are compared with none again, so that n alike
    cost n comparisons and no table of n times n.
    """
    x, values, slopes = (np.array(each) for each in zip(*shapes, strict=True))
    own = values - 0.5 * np.einsum("nsc,nc->ns", slopes, x)
    numbers, left, number = np.empty(len(x), dtype=np.int64), np.arange(len(x)), -1
    while len(left):
        number += 1
        found, left = [left[0]], left[1:]
        numbers[found] = number
        while found and len(left):
            one = found.pop()
            off = own[left] - own[one] - 0.5 * (x[left] @ slopes[one].T - slopes[left] @ x[one])
            agrees = np.abs(off).max(axis=1) <= JUMP
            numbers[left[agrees]] = number
            found += left[agrees].tolist()
            left = left[~agrees]
    return numbers
