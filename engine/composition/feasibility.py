"""Whether constraints can be obeyed together, by mixed-integer programs; if not, which of them are in conflict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from api_schemas.errors import FieldError, pointer
from engine.composition.polytope import TOLERANCE
from engine.composition.region import Region
from engine.composition.simplex import FloatArray

_SECONDS = 10.0
_KINDS = ("row", "present", "count", "resolution", "bound")


@dataclass(frozen=True)
class _Demand:
    """One constraint that may be dropped in the search for a conflict: what it is, where it stands."""

    kind: str
    number: int
    pointer: str
    words: str


def conflicts(region: Region) -> list[FieldError]:
    """The constraints that exclude each other, none where a composition obeys them all.

    The bounds of the elements, by themselves, can be obeyed (the schema sees to it). A smallest conflicting
    set by the deletion filter: each constraint in turn is left out for good if the others are still in
    conflict (J. W. Chinneck, Feasibility and Infeasibility in Optimization, 2008, 6.1).
    """
    demands = _demands(region)
    nothing_asked = region.is_plain and not region.steps
    if nothing_asked or region.space.n_columns == 0 or feasible_point(region) is not None:
        return []
    kept = list(demands)
    for demand in demands:
        without = [other for other in kept if other is not demand]
        if _solve(region, without) is None:
            kept = without
    found = []
    for demand in kept:
        others = [other.words for other in kept if other is not demand]
        text = f"no composition obeys {demand.words}" + (
            f" together with {' and '.join(others)}" if others else ""
        )
        found.append(
            FieldError(pointer=demand.pointer, type="infeasible", message=f"{text}; relax one of them")
        )
    return found


def feasible_point(region: Region, near: FloatArray | None = None) -> FloatArray | None:
    """A composition that obeys every constraint, the resolution included; None where there is none.

    Args:
        region: The constraints.
        near: Where it should be: of all such compositions one that differs least from it (sum of absolute
            differences).
    """
    return _solve(region, _demands(region), near)


def _demands(region: Region) -> list[_Demand]:
    space = region.space
    demands = [_Demand("row", i, row.pointer, row.words) for i, row in enumerate(region.rows)]
    demands += [
        _Demand(
            "present",
            column,
            pointer(("constraints", "min_if_present", space.columns[column])),
            f"min_if_present of {space.columns[column]} ({least:g})",
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
                words = f"the bounds of {name}:{element} [{low:g}, {high:g}]"
                demands.append(_Demand("bound", column, where, words))
    return demands


def _solve(region: Region, demands: Sequence[_Demand], near: FloatArray | None = None) -> FloatArray | None:
    """A composition [n] that obeys the demands, if there is one.

    Variables: the n fractions, in steps of the resolution where that is demanded; n presences, 0 or 1; n
    absolute differences from ``near``.
    """
    space = region.space
    n = space.n_columns
    wanted = {kind: {d.number for d in demands if d.kind == kind} for kind in _KINDS}
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
        return None
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
        options={"time_limit": _SECONDS, "mip_rel_gap": 0.0},
    )
    if found.x is None:
        return None
    x = np.asarray(found.x[:n])
    return np.where(stepped, np.round(x) * step, x)


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
        if not (rest.is_plain or rest.pieces):
            return None
        exact = np.where(stepped, exact, rest.project(exact))
    return exact if region.contains(exact, TOLERANCE) else None
