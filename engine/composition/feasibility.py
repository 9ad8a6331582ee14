"""Whether constraints can be obeyed together, by mixed-integer programs; if not, which of them are in conflict."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from api_schemas.errors import FieldError, pointer
from engine.composition.polytope import TOLERANCE
from engine.composition.region import Region
from engine.composition.simplex import FloatArray
from engine.composition.supports import MOST_SUPPORTS

_SECONDS = 10.0
_SECONDS_OF_CHECK = 2.0
"""Longest that one program of the search for a conflict may take: it runs while a request waits."""
_SECONDS_OF_NAMING = 1.0
"""Of a core: after so long the constraints still in question are all named."""
_MOST_NAMED = 5
"""Other constraints that the message of one in conflict names."""
_INFEASIBLE = 2
"""Status of a program that is proved to have no solution."""
_KINDS = ("row", "present", "count", "resolution", "bound")


@dataclass(frozen=True)
class _Demand:
    """One constraint that may be dropped in the search for a conflict: what it is, where it stands."""

    kind: str
    number: int
    pointer: str
    words: str


@dataclass(frozen=True)
class _Solution:
    """What a program found: a composition, or that there is none; neither where the time did not suffice."""

    x: FloatArray | None
    impossible: bool


def conflicts(region: Region) -> list[FieldError]:
    """The constraints that exclude each other, none where a composition obeys them all or that is too hard to tell.

    The bounds of the elements, by themselves, can be obeyed (the schema sees to it). The program obeys constraints to
    1e-6 only; what only that allows is a conflict as well, found in the pieces of the region.
    """
    demands = _demands(region)
    nothing_asked = region.is_plain and not region.steps
    if nothing_asked or region.space.n_columns == 0:
        return []
    if _solve(region, demands, seconds=_SECONDS_OF_CHECK).impossible:
        kept = _smallest(demands, lambda some: _solve(region, some, seconds=_SECONDS_OF_CHECK).impossible)
    elif not region.has_room:
        kept = _smallest(demands, lambda some: _without_room(region, some))
    else:
        return []
    found = []
    for demand in kept:
        others = [other.words for other in kept if other is not demand]
        more = len(others) - _MOST_NAMED
        others = [*others[:_MOST_NAMED], f"{more} more"] if more > 0 else others
        text = f"no composition obeys {demand.words}" + (
            f" together with {' and '.join(others)}" if others else ""
        )
        found.append(
            FieldError(pointer=demand.pointer, type="infeasible", message=f"{text}; relax one of them")
        )
    return found


def _smallest(demands: list[_Demand], impossible: Callable[[list[_Demand]], bool]) -> list[_Demand]:
    """Of demands in conflict a set none of which can be left out, as far as the time suffices.

    The deletion filter: what the others are in conflict without is left out for good (J. W. Chinneck, Feasibility
    and Infeasibility in Optimization, 2008, section 6.1, doi:10.1007/978-0-387-74932-7); here halves first, then
    quarters, down to single demands.
    """
    kept = list(demands)
    end = time.thread_time() + _SECONDS_OF_NAMING
    size = max(1, len(kept) // 2)
    while size:
        start = 0
        while start < len(kept) and time.thread_time() < end:
            without = kept[:start] + kept[start + size :]
            if impossible(without):
                kept = without
            else:
                start += size
        size //= 2
    return kept


def _without_room(region: Region, demands: Sequence[_Demand]) -> bool:
    """Whether no piece of the region has a composition where only these demands count; resolutions do not."""
    wanted = _numbers(demands)
    space = region.space
    bounded = np.isin(np.arange(space.n_columns), sorted(wanted["bound"]))
    rest = Region(
        replace(space, lower=np.where(bounded, space.lower, 0.0), upper=np.where(bounded, space.upper, 1.0)),
        rows=tuple(region.rows[number] for number in sorted(wanted["row"])),
        least_present={c: least for c, least in region.least_present.items() if c in wanted["present"]},
        most_elements={n: most for n, most in region.most_elements.items() if n in wanted["count"]},
    )
    return rest.supports.count() <= MOST_SUPPORTS and not rest.has_room


def feasible_point(region: Region, near: FloatArray | None = None) -> FloatArray | None:
    """A composition that obeys every constraint, the resolution included; None where there is none.

    Args:
        region: The constraints.
        near: Where it should be: of all such compositions one that differs least from it (sum of absolute
            differences).
    """
    return _solve(region, _demands(region), near).x


def _demands(region: Region) -> list[_Demand]:
    space = region.space
    demands = [_Demand("row", i, row.pointer, row.words) for i, row in enumerate(region.rows)]
    demands += [
        _Demand(
            "present",
            column,
            pointer(("constraints", "min_if_present", space.columns[column])),
            f"min_if_present of {space.columns[column]} ({least:.10g})",
        )
        for column, least in region.least_present.items()
    ]
    demands += [
        _Demand(
            "count",
            number,
            pointer(("constraints", "max_elements", space.names[number])),
            f"max_elements of {space.names[number]} ({most})",
        )
        for number, most in region.most_elements.items()
    ]
    demands += [
        _Demand("resolution", number, step.pointer, f"the resolution {step.size:g} of {space.names[number]}")
        for number, step in region.steps.items()
    ]
    for number, (name, elements, part) in enumerate(space):
        for column, element in zip(range(part.start, part.stop), elements, strict=True):
            low, high = space.lower[column], space.upper[column]
            if low > 0.0 or high < 1.0:
                where = pointer(("sublattices", number, "elements", element))
                words = f"the bounds of {name}:{element} [{low:.10g}, {high:.10g}]"
                demands.append(_Demand("bound", column, where, words))
    return demands


def _numbers(demands: Sequence[_Demand]) -> dict[str, set[int]]:
    """The numbers of the demands of each kind."""
    return {kind: {demand.number for demand in demands if demand.kind == kind} for kind in _KINDS}


def _solve(
    region: Region, demands: Sequence[_Demand], near: FloatArray | None = None, seconds: float = _SECONDS
) -> _Solution:
    """A composition [n] that obeys the demands, if there is one and it is found in time.

    Variables: the n fractions, in steps of the resolution where that is demanded; n presences, 0 or 1; n
    absolute differences from ``near``.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    space = region.space
    n = space.n_columns
    wanted = _numbers(demands)
    stepped = np.zeros(n, dtype=bool)
    for number in wanted["resolution"]:
        stepped[space.slices[number]] = True
    step = np.where(stepped, 1.0 / np.maximum(region.divisions, 1), 1.0)
    bounded = np.isin(np.arange(n), sorted(wanted["bound"]))
    low = np.where(bounded, space.lower, 0.0)
    high = np.where(bounded, space.upper, 1.0)
    low = np.where(stepped, np.ceil(low / step - 1e-7) * step, low)
    high = np.where(stepped, np.floor(high / step + 1e-7) * step, high)
    if np.any(low > high + 0.5 * step * stepped):
        return _Solution(None, impossible=True)
    rows, least, most = [], [], []

    def demand(fractions: FloatArray, presences: FloatArray, low: float, high: float) -> None:
        rows.append(np.concatenate([fractions * step, presences, np.zeros(n)]))
        least.append(low)
        most.append(high)

    identity, none = np.eye(n), np.zeros(n)
    for part in space.slices:
        demand(identity[part].sum(axis=0), none, 1.0, 1.0)
    for number in sorted(wanted["row"]):
        row = region.rows[number]
        demand(row.coefficients, none, row.low, row.high)
    for column in range(n):
        demand(identity[column], -identity[column], -np.inf, 0.0)  # x <= presence
    for column in sorted(wanted["present"]):
        demand(identity[column], -region.least_present[column] * identity[column], 0.0, np.inf)
    for number in sorted(wanted["count"]):
        demand(none, identity[space.slices[number]].sum(axis=0), 0.0, float(region.most_elements[number]))
    reference = none if near is None else near
    for sign in (1.0, -1.0):
        for column in range(n):  # difference >= +-(x - near)
            rows.append(np.concatenate([sign * step * identity[column], none, -identity[column]]))
            least.append(-np.inf)
            most.append(sign * float(reference[column]))
    presence_matters = bool(wanted["present"] or wanted["count"])
    found = milp(
        np.concatenate([none, none, np.full(n, 0.0 if near is None else 1.0)]),
        constraints=LinearConstraint(np.array(rows), np.array(least), np.array(most)),
        bounds=Bounds(
            np.concatenate([low / step, none, none]),
            np.concatenate([high / step, np.ones(n), np.full(n, 2.0)]),
        ),
        integrality=np.concatenate(
            [stepped.astype(int), np.full(n, int(presence_matters)), np.zeros(n, int)]
        ),
        options={"time_limit": seconds, "mip_rel_gap": 0.0},
    )
    if found.x is None:
        return _Solution(None, impossible=found.status == _INFEASIBLE)
    x = np.asarray(found.x[:n])
    return _Solution(np.where(stepped, np.round(x) * step, x), impossible=False)


def rounded(region: Region, x: FloatArray) -> FloatArray | None:
    """The feasible composition in the region's steps that differs least from x; None where there is none.

    The program obeys constraints to 1e-6 only: sublattices without steps are then projected exactly, with the others
    held, and what is found is checked to 1e-9.
    """
    if not region.steps:
        return x
    found = feasible_point(region, x)
    if found is None:
        return None
    stepped = region.divisions > 0
    whole = np.maximum(region.divisions, 1)
    exact = np.where(stepped, np.round(found * whole) / whole, found) + 0.0  # turns -0 into 0
    if not stepped.all():
        held = replace(
            region.space,
            lower=np.where(stepped, exact, region.space.lower),
            upper=np.where(stepped, exact, region.space.upper),
        )
        rest = replace(region, space=held)
        if not rest.has_room:
            return None
        exact = np.where(stepped, exact, rest.project(exact))
    return exact if region.contains(exact, TOLERANCE) else None
