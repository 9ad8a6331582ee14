"""From a problem to what the engine computes, collecting every fault on the way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from api_schemas.base import Composition
from api_schemas.errors import FieldError, ProblemInvalid, parse, pointer
from api_schemas.kinds import EVALUATE
from api_schemas.kinds import KINDS as SCHEMAS
from api_schemas.objectives import SameAs
from api_schemas.problem import Problem, ProblemLike
from api_schemas.structure_files import with_texts
from engine.acceptance.availability import unavailable
from engine.acceptance.conditions import condition_faults
from engine.acceptance.fit import fit_faults
from engine.acceptance.held_checks import held_faults
from engine.acceptance.measured_checks import measured_faults
from engine.acceptance.mixing import mixing_faults
from engine.acceptance.objective_checks import batch_faults, property_faults, smoothness_faults
from engine.acceptance.other_potentials import other_potential_faults
from engine.acceptance.potential_checks import chosen_potential, element_faults
from engine.acceptance.supercell_checks import supercell_fit_faults, verification_faults
from engine.acceptance.unused import unused_fields
from engine.acceptance.vibration_checks import vibration_faults
from engine.composition.constraints import build_region
from engine.composition.feasibility import conflicts
from engine.composition.region import Region
from engine.composition.space import CompositionSpace
from engine.composition.supports import MOST_SUPPORTS
from engine.crystals.crystal import AlchemicalCrystal, build_crystal
from engine.crystals.structure_input import read_structure
from engine.kinds.registry import KINDS
from engine.potentials.registry import describe_choice
from engine.problem.limits import Limits
from engine.problem.resolved import ResolvedProblem
from engine.tiers.registry import TIERS

_STRUCTURE = pointer(("structure",))


@dataclass(frozen=True)
class _Parts:
    """What could be built of a problem."""

    crystal: AlchemicalCrystal | None
    same_as: tuple[AlchemicalCrystal | None, ...]

    def within(self, reach: float) -> _Parts:
        """The same, each crystal knowing what holds its cell when atoms farther than ``reach`` (Å) do not meet."""
        # Targets with the same crystal go on sharing it.
        found = {id(one): one.within(reach) for one in (self.crystal, *self.same_as) if one is not None}
        return _Parts(found.get(id(self.crystal)), tuple(found.get(id(one)) for one in self.same_as))


def resolved_problem(problem: ProblemLike | ResolvedProblem) -> ResolvedProblem:
    """The problem resolved, if it is not already, for a user of this process: it may name a model file.

    Raises:
        ProblemInvalid: with every fault found.
    """
    if isinstance(problem, ResolvedProblem):
        return problem
    problem = Problem.of(problem)
    document = problem.model_dump(mode="json", exclude_unset=True)
    read = with_texts(document, Path.cwd())
    if read != document:
        problem = parse(Problem, read)
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
    errors = [
        *unavailable(problem),
        *unused_fields(problem),
        *_nothing_sought(problem),
        *property_faults(problem),
        *batch_faults(problem),
    ]
    parts = _crystals(problem, limits, errors)
    potential, faults = chosen_potential(problem, files=limits.model_files)
    errors.extend(faults)
    if potential is not None:
        parts = parts.within(potential.cutoff)
    errors.extend(held_faults(problem, parts.crystal))
    errors.extend(mixing_faults(problem))
    errors.extend(vibration_faults(problem, parts.crystal))
    if problem.potential.tier in TIERS:
        errors.extend(TIERS[problem.potential.tier].faults(problem))
    if potential is not None:
        errors.extend(element_faults(problem, parts.crystal, parts.same_as, potential))
        errors.extend(smoothness_faults(problem, potential))
    errors.extend(other_potential_faults(problem, parts.crystal, parts.same_as, limits))
    errors.extend(condition_faults(problem, parts.crystal, parts.same_as, potential, limits.max_atoms))
    space = CompositionSpace.of(problem.sublattices)
    errors.extend(measured_faults(space, problem.measured))
    too_many = _end_member_faults(space, limits)
    errors.extend(too_many)
    region = _region(problem, space, parts.crystal, errors, examine=not too_many)
    examined = None
    if problem.kind in KINDS:
        examined = KINDS[problem.kind].examine(problem, region, limits, bounded=not too_many)
        errors.extend(examined.faults)
        if SCHEMAS[problem.kind].takes("verify"):
            errors.extend(verification_faults(problem, parts.crystal, examined, limits))
    if errors or parts.crystal is None or potential is None or examined is None:
        raise ProblemInvalid(_once(errors))
    resolved = ResolvedProblem(
        problem=_counted(problem, examined.planned),
        crystal=parts.crystal,
        region=region,
        same_as=parts.same_as,
        points_per_edge=examined.points_per_edge,
        potential=potential,
        planned=examined.planned,
        verified=examined.verified,
        phases=_phases(problem, limits),
    )
    resolved = replace(resolved, others=_others(resolved))
    kind = KINDS[problem.kind]
    misfits = (
        kind.misfits(resolved, limits)
        or supercell_fit_faults(resolved, limits)
        or fit_faults(kind.estimate(resolved), limits, problem.potential, _asked(problem))
    )
    if misfits:
        raise ProblemInvalid(misfits)
    return resolved


def _asked(problem: Problem) -> str:
    """Pointer to the field that says how much a problem computes: its budget, or the options of its kind."""
    options = getattr(problem, problem.kind, None)
    limited = SCHEMAS[problem.kind].takes("strategy.max_evaluations") or options is None
    return "/strategy/max_evaluations" if limited else f"/{problem.kind}"


def _phases(problem: Problem, limits: Limits) -> tuple[ResolvedProblem, ...]:
    """The crystals that a problem compares, each as a problem by itself.

    Raises:
        ProblemInvalid: with what is wrong with them, at the phase.
    """
    found: list[ResolvedProblem] = []
    errors: list[FieldError] = []
    for number, phase in enumerate(problem.phases):
        where = pointer(("free_energy", "phases", number))
        try:
            found.append(resolve(phase, limits))
        except ProblemInvalid as fault:
            errors.extend(
                one.model_copy(update={"pointer": where + one.pointer.removeprefix(_STRUCTURE)})
                if one.pointer.startswith(_STRUCTURE)
                else one
                for one in fault.errors
            )
    if errors:
        raise ProblemInvalid(_once(errors))
    return tuple(found)


def _others(resolved: ResolvedProblem) -> tuple[ResolvedProblem, ...]:
    """The problem as each of its other potentials has it: the same but for what holds its cells."""
    found = []
    for number in range(len(resolved.problem.potential.also)):
        problem = resolved.problem.by_potential(number)
        potential = describe_choice(problem.potential)
        parts = _Parts(resolved.crystal, resolved.same_as).within(potential.cutoff)
        if parts.crystal is not None:
            found.append(
                replace(
                    resolved,
                    problem=problem,
                    crystal=parts.crystal,
                    same_as=parts.same_as,
                    potential=potential,
                )
            )
    return tuple(found)


def _counted(problem: Problem, planned: int) -> Problem:
    """The problem with the number of its compositions as its limit, where its kind fixes them and nobody set one."""
    kind = SCHEMAS[problem.kind]
    limited = kind.takes("strategy.max_evaluations") and not kind.spends
    if not limited or "max_evaluations" in problem.strategy.model_fields_set:
        return problem
    strategy = problem.strategy.model_copy(update={"max_evaluations": planned})
    return problem.model_copy(update={"strategy": strategy})


def for_evaluation(problem: Problem) -> Problem:
    """The problem as one whose compositions are given: its kind is evaluate where it names none and seeks nothing."""
    if not problem.model_fields_set.isdisjoint({"kind", "objectives"}):
        return problem
    return problem.model_copy(update={"kind": EVALUATE.name})


def _nothing_sought(problem: Problem) -> list[FieldError]:
    """A problem without a kind that a search is to solve, though it has nothing to seek."""
    if problem.objectives or problem.kind not in SCHEMAS or not SCHEMAS[problem.kind].searches:
        return []
    text = (
        f"kind {problem.kind} needs at least one objective; add one, or write kind: {EVALUATE.name} with the "
        "compositions in at"
    )
    return [FieldError(pointer="/objectives", type="missing-objective", message=text)]


def at_composition(problem: Problem, composition: Composition) -> Problem:
    """The problem with a composition that is given beside it: a kind that lists its compositions then has this one."""
    if problem.kind not in SCHEMAS or not SCHEMAS[problem.kind].listed:
        return problem
    return problem.model_copy(update={"at": [composition] if composition else []})


def _crystals(problem: Problem, limits: Limits, errors: list[FieldError]) -> _Parts:
    crystal: AlchemicalCrystal | None = None
    try:
        parent = read_structure(problem.structure, max_atoms=limits.max_atoms)
        crystal = build_crystal(parent, problem.sublattices)
    except ProblemInvalid as fault:
        errors.extend(fault.found)
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
                errors.extend(fault.found)
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
