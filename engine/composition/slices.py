"""Slices of a composition space: points, lines, triangles and tetrahedra of compositions, as a user asks for them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

import numpy as np

from api_schemas.base import Composition
from api_schemas.errors import FieldError, ProblemInvalid
from engine.composition.notation import composition_text, parse_at_text, parse_composition
from engine.composition.simplex import FloatArray, lattice_points
from engine.composition.space import CompositionSpace

INCUMBENT = "incumbent"
CENTRE = "centre"
POINTS_PER_EDGE = {2: 101, 3: 41, 4: 15}
"""Of a slice, by how many elements vary."""
MOST_TEXT = 2000
_NOTHING = 1e-9


@dataclass(frozen=True)
class Slice:
    """Compositions that differ in a few elements of one sublattice, or one composition alone.

    Attributes:
        columns: ``sublattice:element`` of the elements that vary, two to four; they share what they have at ``at``.
            None for one composition alone.
        at: Composition through which it goes: `INCUMBENT`, `CENTRE`, or one in the command line's notation.
    """

    columns: tuple[str, ...]
    at: str = INCUMBENT

    @property
    def is_point(self) -> bool:
        """Whether it is one composition alone."""
        return not self.columns

    def points(self, space: CompositionSpace, middle: FloatArray) -> FloatArray:
        """The compositions of the slice through ``middle``, [n, n_columns]; those rich in the first element first.

        Raises:
            ProblemInvalid: at ``/over``, if none of the elements is present in the middle.
        """
        columns = [space.columns.index(column) for column in self.columns]
        total = float(middle[columns].sum())
        if total <= _NOTHING:
            named = ", ".join(self.columns)
            text = f"none of {named} is present at the composition of the slice; choose others, or another at"
            raise map_fault("/over", text)
        k = len(columns)
        steps = POINTS_PER_EDGE[k] - 1
        shares = lattice_points(np.zeros(k), np.ones(k), steps) / steps
        found = np.repeat(middle[None], len(shares), axis=0)
        found[:, columns] = total * shares
        return found

    def given(self, space: CompositionSpace) -> Composition | None:
        """The composition that ``at`` writes out; None for the incumbent and the centre."""
        return None if self.at in (INCUMBENT, CENTRE) else _composition(space, self.at)


def parse_slice(space: CompositionSpace, over: str, at: str = INCUMBENT) -> Slice:
    """The slice that a user asks for, in one spelling.

    Args:
        space: The composition space.
        over: Elements that vary, two to four as ``sublattice:element,element[,...]``, e.g. ``cation:Al,Sc``.
        at: Composition through which it goes: ``incumbent``, ``centre`` or one like ``cation:Al=0.8,Sc=0.2``.

    Raises:
        ProblemInvalid: at ``/over`` or ``/at``.
    """
    if len(over) > MOST_TEXT:
        raise map_fault("/over", f"the text is longer than {MOST_TEXT} characters")
    found = Slice(_columns(space, over), _at(space, at))
    written = found.given(space)
    if written is not None:
        found.points(space, space.to_vector(written))
    return found


def parse_point(space: CompositionSpace, at: str = INCUMBENT) -> Slice:
    """One composition that a user asks for, in one spelling.

    Args:
        space: The composition space.
        at: ``incumbent``, ``centre`` or one like ``cation:Al=0.8,Sc=0.2``.

    Raises:
        ProblemInvalid: at ``/at``.
    """
    return Slice((), _at(space, at))


def map_fault(where: str, message: str) -> ProblemInvalid:
    """The refusal of a map by the parameter at fault."""
    return ProblemInvalid([FieldError(pointer=where, type="bad-map", message=message)])


def _at(space: CompositionSpace, at: str) -> str:
    if len(at) > MOST_TEXT:
        raise map_fault("/at", f"the text is longer than {MOST_TEXT} characters")
    word = at.strip()
    if word in (INCUMBENT, CENTRE):
        return word
    near = difflib.get_close_matches(word.lower(), (INCUMBENT, CENTRE, "center"), n=1)
    if near and ":" not in word:
        meant = INCUMBENT if near[0] == INCUMBENT else CENTRE
        raise map_fault("/at", f"there is no {word[:60]!r}; did you mean {meant}?")
    return composition_text(_composition(space, word))


def _columns(space: CompositionSpace, over: str) -> tuple[str, ...]:
    name, _, rest = over.partition(":")
    elements = [element.strip() for element in rest.split(",") if element.strip()]
    wanted = tuple(f"{name.strip()}:{element}" for element in elements)
    if len(set(wanted)) != len(wanted) or len(wanted) not in POINTS_PER_EDGE:
        example = next(
            (
                f"{name}:{','.join(elements[:4])}"
                for name, elements in zip(space.names, space.elements, strict=True)
                if len(elements) > 1
            ),
            "cation:Al,Sc",
        )
        raise map_fault("/over", f"{over[:100]!r} should name two to four elements once each, as {example}")
    unknown = [column for column in wanted if column not in space.columns]
    if unknown:
        near = difflib.get_close_matches(unknown[0], space.columns, n=1)
        known = f"did you mean {near[0]}?" if near else f"there are {', '.join(space.columns) or 'none'}"
        raise map_fault("/over", f"no sublattice can hold {unknown[0][:60]!r}; {known}")
    return wanted


def _composition(space: CompositionSpace, text: str) -> Composition:
    return space.to_composition(parse_composition(space, parse_at_text(text), ("at",)))
