"""Compositions as users write them: mappings in a problem file, and the short text of the command line."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence

import numpy as np

from api_schemas.base import Composition
from api_schemas.errors import FieldError, ProblemInvalid, pointer
from api_schemas.quantities import FRACTION, plain_float, quantity_hint
from api_schemas.synonyms import element_among
from engine.composition.simplex import FloatArray
from engine.composition.space import CompositionSpace

ROUNDING = 0.5e-4
"""Of fractions with four decimals, as answers print them: so far each may be from what was meant."""
SAID = 1e-6
"""Sums farther than this from 1 are mentioned when they are scaled."""

MAX_TEXT = 10_000
_SHOWN = 6


def _fault(where: Sequence[str | int], message: str) -> FieldError:
    return FieldError(pointer=pointer(where), type="bad-composition", message=message)


def parse_composition(
    space: CompositionSpace,
    composition: Mapping[str, Mapping[str, float]],
    prefix: Sequence[str | int] = ("at",),
    *,
    hints: bool = True,
) -> FloatArray:
    """The vector [n_columns] of a composition that a user wrote.

    Elements left out are 0; a sublattice may be left out only where it has a single element. The bounds of
    the elements are not looked at: a user may evaluate outside them.

    Args:
        space: The composition space.
        composition: Fractions, sublattice -> element -> fraction.
        prefix: Where the composition stands, for pointers.
        hints: Whether to look up what was meant, of the first few faults; it takes its time.

    Raises:
        ProblemInvalid: of type ``bad-composition``, one entry per fault.
    """
    errors: list[FieldError] = []
    hinted = _SHOWN if hints else 0
    for name in composition:
        if name not in space.names:
            near = difflib.get_close_matches(str(name), space.names, n=1) if len(errors) < hinted else []
            known = (
                f"did you mean {near[0]!r}?"
                if near
                else f"the sublattices are {', '.join(space.names) or 'none'}"
            )
            errors.append(_fault([*prefix, name], f"there is no sublattice {name!r}; {known}"))
    x = np.zeros(space.n_columns)
    for name, elements, part in space:
        if name in composition:
            x[part] = _fractions(composition[name], name, elements, [*prefix, name], errors, hinted)
        elif len(elements) == 1:
            x[part] = 1.0
        else:
            text = f"the fractions of sublattice {name!r} are missing; give {name}: {{{elements[0]}: 1}}, for example"
            errors.append(_fault(prefix, text))
    if errors:
        raise ProblemInvalid(errors)
    return x


def _fractions(
    given: Mapping[str, float],
    name: str,
    elements: tuple[str, ...],
    where: list[str | int],
    errors: list[FieldError],
    hinted: int,
) -> FloatArray:
    """Fractions of one sublattice in the order of its elements, scaled to add up to 1.

    Faults go to ``errors``; of the first ``hinted`` it is looked up what was meant.
    """
    faults_before = len(errors)
    for element, fraction in given.items():
        if element not in elements:
            meant = element_among(element, elements) if len(errors) < hinted else ""
            text = (
                f"sublattice {name!r} cannot hold {element!r}; its elements are {', '.join(elements)}{meant}"
            )
            errors.append(_fault([*where, element], text))
        elif not math.isfinite(fraction) or fraction < 0.0:
            text = f"the fraction {fraction:g} is not between 0 and 1; write 0.2 for 20 %"
            errors.append(_fault([*where, element], text))
    values = np.array([float(given.get(element, 0.0)) for element in elements])
    total = float(values.sum())
    if len(errors) > faults_before:
        return values
    if abs(total - 1.0) > sum_tolerance(len(given)):
        scaled = ", ".join(
            f"{element}: {value / total:.6g}" for element, value in list(given.items())[:_SHOWN] if total > 0
        )
        mend = f", e.g. {{{scaled}}}" if scaled and len(given) <= _SHOWN else ""
        text = f"the fractions of sublattice {name!r} add up to {total:.8g}; they must add up to 1{mend}"
        errors.append(_fault(where, text + _percent(total)))
        return values
    return np.asarray(values / total)


def sum_tolerance(count: int) -> float:
    """How far the sum of so many fractions may be from 1, each rounded to four decimals; they are scaled to add up."""
    return ROUNDING * max(count, 1) * (1.0 + 1e-9) + 1e-9


def scaled_notes(compositions: Sequence[Mapping[str, Mapping[str, float]]]) -> list[str]:
    """What to say of compositions whose fractions were scaled to add up to 1; the first few."""
    found = []
    for composition in compositions:
        for name, fractions in composition.items():
            total = sum(fractions.values())
            if abs(total - 1.0) <= SAID or total <= 0.0:
                continue
            shown = ", ".join(f"{element} {value / total:.6g}" for element, value in fractions.items())
            found.append(f"the fractions of {name} added up to {total:.6g} and were scaled: {shown}")
            if len(found) == _SHOWN:
                return found
    return found


def _percent(total: float) -> str:
    """What to say of fractions that add up to a hundred."""
    return "; fractions are wanted, not percent: 0.2 for 20 %" if 99.0 < total < 101.0 else ""


def parse_at_text(text: str) -> Composition:
    """Read ``"cation:Al=0.8,Sc=0.2;anion:N=1"``: sublattices between semicolons, fractions between commas.

    Whether the sublattices and elements exist, and whether fractions add up, is left to `parse_composition`.

    Raises:
        ProblemInvalid: of type ``bad-composition`` at ``/at``, saying which piece cannot be read.
    """
    if len(text) > MAX_TEXT:
        long = f"the text is longer than {MAX_TEXT} characters; write the composition into the file, under at"
        raise ProblemInvalid([_fault(["at"], long)])
    composition: Composition = {}
    for piece in (piece.strip() for piece in text.split(";")):
        if not piece:
            continue
        name, colon, rest = (part.strip() for part in piece.partition(":"))
        if not colon or not name:
            raise ProblemInvalid(
                [_fault(["at"], f"{piece!r} has no sublattice; write it as cation:Al=0.8,Sc=0.2")]
            )
        if name in composition:
            raise ProblemInvalid([_fault(["at"], f"sublattice {name!r} is given twice; give it once")])
        composition[name] = _pairs(name, rest)
    if not composition:
        raise ProblemInvalid([_fault(["at"], "no composition is given; write it as cation:Al=0.8,Sc=0.2")])
    return composition


def composition_text(composition: Composition) -> str:
    """A composition in the notation that `parse_at_text` reads, every digit kept."""
    return ";".join(
        f"{name}:{','.join(f'{element}={value!r}' for element, value in fractions.items())}"
        for name, fractions in composition.items()
    )


def _pairs(name: str, text: str) -> dict[str, float]:
    fractions: dict[str, float] = {}
    for pair in text.split(","):
        element, equals, number = (part.strip() for part in pair.partition("="))
        if not equals or not element:
            decimals = "; write decimals after a point" if fractions and pair.strip().isdecimal() else ""
            message = f"{pair.strip()[:30]!r} in sublattice {name!r} is not of the form Al=0.8{decimals}"
            raise ProblemInvalid([_fault(["at", name], message)])
        value = plain_float(number)
        if value is None:
            hint = quantity_hint(number, FRACTION) or f"write a fraction such as {element}=0.8"
            if "=" in number:
                hint = "put a comma between two elements, as in Al=0.8,Sc=0.2"
            message = f"{number[:30]!r} is not a number; {hint}"
            raise ProblemInvalid([_fault(["at", name, element], message)])
        if element in fractions:
            message = f"{element!r} is given twice in sublattice {name!r}; give it once"
            raise ProblemInvalid([_fault(["at", name, element], message)])
        fractions[element] = value
    return fractions
