"""From a problem to what the engine computes, collecting every fault on the way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from api_schemas.errors import FieldError, ProblemInvalid, pointer
from api_schemas.problem import Problem, SameAs
from engine.acceptance.availability import unavailable
from engine.acceptance.conditions import condition_faults
from engine.acceptance.estimate import estimate, fit_faults
from engine.acceptance.limits import Limits
from engine.acceptance.mixing import mixing_faults
from engine.acceptance.objective_checks import (
    budget_fault,
    chosen_potential,
    element_faults,
    property_faults,
    strategy_faults,
)
from engine.acceptance.resolved import ResolvedProblem, rounding_reserve
from engine.composition.constraints import build_region
from engine.composition.feasibility import conflicts
from engine.composition.notation import parse_composition
from engine.composition.region import Region
from engine.composition.space import GRID_LIMIT, CompositionSpace
from engine.composition.supports import MOST_SUPPORTS
from engine.crystals.crystal import AlchemicalCrystal, build_crystal
from engine.crystals.structure_input import read_structure

__all__ = ["ResolvedProblem", "resolve", "resolved_problem"]

DEFAULT_POINTS_PER_EDGE = 11
"""Points on an edge of a scan that does not say."""
_MOST_POINTS_PER_EDGE = 101
"""Of a grid that strategy grid chooses by itself."""


@dataclass(frozen=True)
class _Parts:
    """What could be built of a problem."""

    crystal: AlchemicalCrystal | None
    same_as: tuple[AlchemicalCrystal | None, ...]


def resolved_problem(problem: Problem | ResolvedProblem) -> ResolvedProblem:
    """The problem resolved, if it is not already, for a user of this process: it may name a model file.

    Raises:
        ProblemInvalid: with every fault found.
    """
    if isinstance(problem, ResolvedProblem):
        return problem
    return resolve(problem, replace(Limits.of_this_machine(), model_files=True))


def resolve(problem: Problem, limits: Limits | None = None) -> ResolvedProblem:
    """Build the crystal, the composition space and the crystals of the targets, and check all that can be checked.

    Args:
        problem: As parsed.
        limits: How large it may be; by default what this machine bears.

    Raises:
        ProblemInvalid: with every fault found, each with its pointer.
    """
    limits = limits or Limits.of_this_machine()
    errors = [*unavailable(problem), *property_faults(problem), *strategy_faults(problem)]
    parts = _crystals(problem, limits, errors)
    potential, faults = chosen_potential(problem, files=limits.model_files)
    errors.extend(faults)
    errors.extend(mixing_faults(problem))
    if potential is not None:
        errors.extend(element_faults(problem, parts.crystal, parts.same_as, potential))
    errors.extend(condition_faults(problem, parts.crystal, parts.same_as, potential, limits.max_atoms))
    space = CompositionSpace.of(problem.sublattices)
    too_many = _end_member_faults(space, limits)
    errors.extend(too_many)
    region = _region(problem, space, parts.crystal, errors, examine=not too_many)
    points_per_edge = DEFAULT_POINTS_PER_EDGE if too_many else _points_per_edge(problem, region, limits)
    errors.extend(_composition_faults(problem, region))
    errors.extend(_count_faults(problem, region, points_per_edge, limits))
    if errors or parts.crystal is None or potential is None or points_per_edge is None:
        raise ProblemInvalid(_once(errors))
    resolved = ResolvedProblem(problem, parts.crystal, region, parts.same_as, points_per_edge, potential)
    too_large = fit_faults(estimate(resolved), limits)
    if too_large:
        raise ProblemInvalid(too_large)
    return resolved


def _crystals(problem: Problem, limits: Limits, errors: list[FieldError]) -> _Parts:
    crystal: AlchemicalCrystal | None = None
    try:
        parent = read_structure(problem.structure, max_atoms=limits.max_atoms)
        crystal = build_crystal(parent, problem.sublattices)
    except ProblemInvalid as fault:
        errors.extend(fault.errors)
    built: dict[str, AlchemicalCrystal | None] = {}
    same_as: list[AlchemicalCrystal | None] = []
    for number, objective in enumerate(problem.objectives):
        if not isinstance(objective.target, SameAs):
            same_as.append(None)
            continue
        structure = objective.target.same_as
        key = structure.model_dump_json(exclude_none=True)
        if key not in built:
            built[key] = None
            prefix = ("objectives", number, "target", "same_as")
            try:
                built[key] = build_crystal(
                    read_structure(structure, prefix, limits.max_atoms), structure_prefix=prefix
                )
            except ProblemInvalid as fault:
                errors.extend(fault.errors)
        same_as.append(built[key])
    return _Parts(crystal, tuple(same_as))


def _region(
    problem: Problem,
    space: CompositionSpace,
    crystal: AlchemicalCrystal | None,
    errors: list[FieldError],
    *,
    examine: bool,
) -> Region:
    """The feasible compositions; with faults, those of the bounds alone.

    With ``examine`` it is asked whether there are any: a space of very many elements would take too long.
    """
    plain = Region(space)
    if crystal is None:
        return plain
    owners = crystal.site_sublattice.tolist()
    sites = {name: owners.count(number) for number, name in enumerate(space.names)}
    fixed = Counter(symbol for symbol, owner in zip(crystal.parent_symbols, owners, strict=True) if owner < 0)
    region, faults = build_region(space, problem.constraints, sites, fixed)
    faults = faults or _support_faults(region)
    if examine and not faults:
        faults = conflicts(region)
    errors.extend(faults)
    return region if examine and not faults else plain


def _support_faults(region: Region) -> list[FieldError]:
    """More sets of present elements than can be searched, at each field that splits them."""
    count = region.supports.count()
    if count <= MOST_SUPPORTS:
        return []
    asked = {"max_elements": region.most_elements, "min_if_present": region.least_present}
    fields = [name for name, value in asked.items() if value]
    verb = "leave" if len(fields) > 1 else "leaves"
    text = (
        f"{' and '.join(fields)} {verb} {count} sets of elements that may be present together, more than "
        f"{MOST_SUPPORTS}; each is searched by itself: offer fewer elements, or name fewer here"
    )
    return [
        FieldError(pointer=pointer(("constraints", name)), type="too-many-supports", message=text)
        for name in fields
    ]


def _points_per_edge(problem: Problem, region: Region, limits: Limits) -> int | None:
    """Of the grid: as given; else 11 for a scan, and for strategy grid the most that the budget allows.

    The fewest where every grid has more points than that; None where no grid has any.
    """
    if problem.scan is not None:
        return problem.scan.points_per_edge
    if problem.strategy.name != "grid" or problem.kind == "scan":
        return DEFAULT_POINTS_PER_EDGE
    budget = problem.strategy.max_evaluations - len(problem.at) - rounding_reserve(problem)
    fewest = None
    for points in range(_MOST_POINTS_PER_EDGE, 1, -1):
        if region.space.grid_size(points) > GRID_LIMIT:
            continue
        size = region.grid_size(points, enough=budget)
        if 1 <= size <= min(budget, limits.max_points):
            return points
        fewest = points if size else fewest
    return fewest


def _composition_faults(problem: Problem, region: Region) -> list[FieldError]:
    """Faults of the compositions of `at`; for kind optimize they must also obey the bounds and constraints."""
    errors: list[FieldError] = []
    space = region.space
    for number, composition in enumerate(problem.at):
        try:
            x = parse_composition(space, composition, ("at", number))
        except ProblemInvalid as fault:
            errors.extend(fault.errors)
            continue
        if problem.kind != "optimize":
            continue
        for column, value, low, high in zip(space.columns, x, space.lower, space.upper, strict=True):
            if not low - 1e-9 <= value <= high + 1e-9:
                name, element = column.split(":", 1)
                text = f"{element} = {value:g} lies outside its bounds [{low:g}, {high:g}]; a search starts within them"
                where = pointer(["at", number, name, element])
                errors.append(FieldError(pointer=where, type="bad-composition", message=text))
        broken = region.broken(x)
        if broken is not None:
            text = f"{broken.message} here; a search starts where the constraints are obeyed"
            errors.append(FieldError(pointer=pointer(["at", number]), type="bad-composition", message=text))
    return errors


def _count_faults(
    problem: Problem, region: Region, points_per_edge: int | None, limits: Limits
) -> list[FieldError]:
    """Faults of how many compositions there are: none, too many, or more than the budget."""
    kind, space = problem.kind, region.space
    if kind == "evaluate":
        if not problem.at and space.n_free:
            text = "kind evaluate needs the compositions at which to evaluate, e.g. at: [{cation: {Al: 0.8, Sc: 0.2}}]"
            return [FieldError(pointer="/at", type="missing-field", message=text)]
        return _found(budget_fault(problem, len(problem.at)))
    if kind == "optimize" and space.names and not region.can_vary:
        text = "no composition can vary: bounds and constraints fix every fraction; add elements, or use kind evaluate"
        return [FieldError(pointer="/sublattices", type="nothing-to-vary", message=text)]
    if kind == "scan" or problem.strategy.name == "grid":
        return _grid_faults(problem, region, points_per_edge, limits)
    return _found(budget_fault(problem, len(problem.at)))


def _grid_faults(
    problem: Problem, region: Region, points_per_edge: int | None, limits: Limits
) -> list[FieldError]:
    where = (
        "/strategy/name" if problem.scan is None and problem.kind == "optimize" else "/scan/points_per_edge"
    )
    if points_per_edge is None:
        equalities = [row.words for row in region.rows if row.is_equality]
        by = f", {' and '.join(equalities[:3])} among them" if equalities else ""
        text = (
            f"no grid of up to {_MOST_POINTS_PER_EDGE} points an edge has a point within the bounds and constraints"
            f"{by}; take another strategy, e.g. auto, or give the constraints more room"
        )
        return [FieldError(pointer=where, type="empty-grid", message=text)]
    size = region.grid_size(points_per_edge)
    if size == 0:
        text = (
            f"no point of a grid with {points_per_edge} points an edge lies within the bounds and constraints; "
            "take more points"
        )
        return [FieldError(pointer=where, type="empty-grid", message=text)]
    if size > limits.max_points:
        text = f"the grid has {size} points, more than {limits.max_points}; take fewer points an edge"
        return [FieldError(pointer=where, type="too-many-points", message=text)]
    return _found(budget_fault(problem, size + len(problem.at) + rounding_reserve(problem)))


def _found(fault: FieldError | None) -> list[FieldError]:
    return [] if fault is None else [fault]


def _end_member_faults(space: CompositionSpace, limits: Limits) -> list[FieldError]:
    members = 1
    for elements in space.elements:
        members *= len(elements)
    if members <= limits.max_end_members:
        return []
    text = (
        f"the sublattices have {members} end members (one element or vacancy on each), more than "
        f"{limits.max_end_members}; each is relaxed for the mixing energy: take fewer elements or sublattices"
    )
    return [FieldError(pointer="/sublattices", type="does-not-fit", message=text)]


def _once(errors: list[FieldError]) -> list[FieldError]:
    """The faults in order, each once."""
    return list({(error.pointer, error.type, error.message): error for error in errors}.values())
