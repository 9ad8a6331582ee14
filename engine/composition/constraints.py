"""The constraints of a problem as a feasible region, with every fault found on the way."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from api_schemas.constraints import Constraints, SupercellSites
from api_schemas.errors import FieldError, pointer
from api_schemas.symbols import VACANCY
from engine.composition.region import LinearRow, Region, Step
from engine.composition.space import CompositionSpace

_WHOLE_STEPS = 1e-5
_MOST_STEPS = 1_000_000
_SHOWN = 6


def build_region(
    space: CompositionSpace, constraints: Constraints, sites: Mapping[str, int], fixed: Mapping[str, int]
) -> tuple[Region, list[FieldError]]:
    """The region, and what is wrong with the constraints; whether they can be obeyed together is not asked here.

    Args:
        space: The composition space.
        constraints: The problem's constraints.
        sites: Number of sites of each sublattice in the cell.
        fixed: Number of atoms of each element on sites that belong to no sublattice.
    """
    errors: list[FieldError] = []
    rows = [*_linear_rows(space, constraints, errors), *_charge_row(space, constraints, sites, fixed, errors)]
    return (
        Region(
            space=space,
            rows=tuple(rows),
            least_present=_least_present(space, constraints, errors),
            most_elements=_most_elements(space, constraints, errors),
            steps=_steps(space, constraints, errors),
        ),
        errors,
    )


def _fault(where: tuple[str | int, ...], text: str) -> FieldError:
    return FieldError(pointer=pointer(("constraints", *where)), type="bad-constraint", message=text)


def _unknown(name: str, known: tuple[str, ...], errors: Sequence[FieldError]) -> str:
    """What may be meant, of the first few faults: to compare words takes its time."""
    near = difflib.get_close_matches(name, known, n=1) if len(errors) < _SHOWN else []
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(known) or 'none'}"


def _linear_rows(
    space: CompositionSpace, constraints: Constraints, errors: list[FieldError]
) -> list[LinearRow]:
    rows = []
    for number, linear in enumerate(constraints.linear):
        coefficients = np.zeros(space.n_columns)
        for column, value in linear.terms.items():
            if column not in space.columns:
                text = (
                    f"no sublattice can hold {column!r}, written sublattice:element; "
                    f"{_unknown(column, space.columns, errors)}"
                )
                errors.append(_fault(("linear", number, "terms", column), text))
            else:
                coefficients[space.columns.index(column)] = value
        scale = float(np.abs(coefficients).max(initial=0.0))
        if scale == 0.0:
            if all(column in space.columns for column in linear.terms):
                text = "every coefficient is 0; give the elements that it should hold"
                errors.append(_fault(("linear", number, "terms"), text))
            continue
        rows.append(
            LinearRow(
                coefficients / scale,
                -np.inf if linear.min is None else linear.min / scale,
                np.inf if linear.max is None else linear.max / scale,
                pointer(("constraints", "linear", number)),
                f"linear constraint {number} ({_words(linear.terms, linear.min, linear.max)})",
                scale,
            )
        )
    return rows


def _words(terms: Mapping[str, float], low: float | None, high: float | None) -> str:
    parts = [column if value == 1.0 else f"{value:.10g} {column}" for column, value in terms.items()]
    sum_of = " + ".join(parts).replace("+ -", "- ")
    if low is not None and low == high:
        return f"{sum_of} = {low:.10g}"
    left = "" if low is None else f"{low:.10g} <= "
    right = "" if high is None else f" <= {high:.10g}"
    return f"{left}{sum_of}{right}"


def _charge_row(
    space: CompositionSpace,
    constraints: Constraints,
    sites: Mapping[str, int],
    fixed: Mapping[str, int],
    errors: list[FieldError],
) -> list[LinearRow]:
    """Charge of the cell: oxidation states, sites and fractions, and the fixed atoms (docs/science.md, Eq. 47)."""
    charges = constraints.charge_neutrality
    if charges is None:
        return []
    present = {e for elements in space.elements for e in elements if e != VACANCY} | set(fixed)
    for element in sorted(present - set(charges)):
        text = f"the oxidation state of {element} is missing; add it, e.g. {element}: 2"
        errors.append(_fault(("charge_neutrality",), text))
    for element in sorted(set(charges) - present):
        text = f"the crystal never holds {element}; remove it"
        errors.append(_fault(("charge_neutrality", element), text))
    coefficients = np.array(
        [sites.get(name, 0) * charges.get(e, 0.0) for name, elements, _ in space for e in elements]
    )
    rest = sum(charges.get(element, 0.0) * count for element, count in Counter(fixed).items())
    scale = float(np.abs(coefficients).max(initial=0.0)) or 1.0
    level = -rest / scale
    words = "charge neutrality"
    return [LinearRow(coefficients / scale, level, level, "/constraints/charge_neutrality", words, scale)]


def _least_present(
    space: CompositionSpace, constraints: Constraints, errors: list[FieldError]
) -> dict[int, float]:
    found: dict[int, float] = {}
    for column, least in constraints.min_if_present.items():
        where = ("min_if_present", column)
        if column not in space.columns:
            text = (
                f"no sublattice can hold {column!r}, written sublattice:element; "
                f"{_unknown(column, space.columns, errors)}"
            )
            errors.append(_fault(where, text))
            continue
        index = space.columns.index(column)
        if least > space.upper[index]:
            text = (
                f"{column} can have at most {space.upper[index]:g} by its bounds, less than {least:g}; "
                "raise the bound, or remove the element"
            )
            errors.append(_fault(where, text))
        found[index] = least
    return found


def _most_elements(
    space: CompositionSpace, constraints: Constraints, errors: list[FieldError]
) -> dict[int, int]:
    found: dict[int, int] = {}
    for name, most in constraints.max_elements.items():
        if name not in space.names:
            text = f"there is no sublattice {name!r}; {_unknown(name, space.names, errors)}"
            errors.append(_fault(("max_elements", name), text))
            continue
        number = space.names.index(name)
        part = space.slices[number]
        needed = int(np.sum(space.lower[part] > 0.0))
        if needed > most:
            text = f"{needed} elements of {name} have lower bounds above 0, more than {most}; raise it, or lower bounds"
            errors.append(_fault(("max_elements", name), text))
        found[number] = most
    return found


def _steps(space: CompositionSpace, constraints: Constraints, errors: list[FieldError]) -> dict[int, Step]:
    asked = constraints.resolution
    if asked is None:
        return {}
    by_name = asked if isinstance(asked, dict) else dict.fromkeys(space.names, asked)
    found: dict[int, Step] = {}
    for name, wanted in by_name.items():
        where = ("resolution", name) if isinstance(asked, dict) else ("resolution",)
        if name not in space.names:
            text = f"there is no sublattice {name!r}; {_unknown(name, space.names, errors)}"
            errors.append(_fault(where, text))
            continue
        divisions = wanted.sites if isinstance(wanted, SupercellSites) else _divisions(wanted, where, errors)
        if divisions is not None:
            found[space.names.index(name)] = Step(divisions, pointer(("constraints", *where)))
    return found


def _divisions(step: float, where: tuple[str | int, ...], errors: list[FieldError]) -> int | None:
    """How many steps make 1; None where that is no whole number."""
    divisions = round(1.0 / step)
    if divisions <= _MOST_STEPS and abs(divisions * step - 1.0) <= _WHOLE_STEPS:
        return divisions
    text = (
        f"1 is not a whole number of steps of {step:g}; give one over a whole number of at most a million, "
        f"e.g. {1.0 / min(divisions, _MOST_STEPS):.8g}"
    )
    errors.append(_fault(where, text))
    return None
