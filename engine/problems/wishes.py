"""Checks of what a problem wishes for: its objectives, properties, potential and strategy against what there is."""

from __future__ import annotations

import difflib

from api_schemas.elements import VACANCY
from api_schemas.errors import FieldError, pointer
from api_schemas.problem import Constraints, Objective, Problem, SameAs
from engine.crystals.crystal import AlchemicalCrystal
from engine.potentials.registry import POTENTIALS, PotentialDescription
from engine.problems.availability import not_available
from engine.properties.table import PROPERTIES, listed, near_names

_FAMILIES_TO_COME = ("mace",)
_DEFAULT_MAX_EVALUATIONS = 40


def property_faults(problem: Problem) -> list[FieldError]:
    """Unknown properties, and objectives whose targets make no sense."""
    found: list[FieldError] = []
    for number, objective in enumerate(problem.objectives):
        fault = _name_fault(objective.property, ("objectives", number, "property"))
        found.extend([fault] if fault else _target_faults(objective, number))
    for number, asked in enumerate(problem.constraints.properties):
        fault = _name_fault(asked.property, ("constraints", "properties", number, "property"))
        found.extend([fault] if fault else [])
    for number, name in enumerate(problem.properties):
        fault = _name_fault(name, ("properties", number))
        found.extend([fault] if fault else [])
    return found


def _name_fault(name: str, where: tuple[str | int, ...]) -> FieldError | None:
    if name in PROPERTIES:
        return None
    near = near_names(name)
    hint = f"did you mean {' or '.join(near)}?" if near else f"the properties are {listed()}"
    return FieldError(
        pointer=pointer(where), type="unknown-property", message=f"there is no property {name[:60]!r}; {hint}"
    )


def _target_faults(objective: Objective, number: int) -> list[FieldError]:
    row = PROPERTIES[objective.property]
    where = pointer(["objectives", number, "target"])
    if isinstance(objective.target, SameAs) and row.needs_mixture:
        text = f"a plain crystal has no {row.name}; give the target as a number in {row.unit}"
        return [FieldError(pointer=where, type="bad-objective", message=text)]
    if isinstance(objective.target, float):
        target = objective.target
        if row.positive and target <= 0.0:
            text = f"a {row.name} of {target:g} {row.unit} cannot be; give a positive target"
            return [FieldError(pointer=where, type="bad-objective", message=text)]
        if row.unit == "degree" and target >= 180.0:
            text = f"an angle of {target:g} degrees cannot be; give one between 0 and 180"
            return [FieldError(pointer=where, type="bad-objective", message=text)]
    return []


def chosen_potential(problem: Problem) -> tuple[PotentialDescription | None, list[FieldError]]:
    """The description of the problem's potential, and what is wrong with the choice."""
    choice = problem.potential
    description = next((potential for potential in POTENTIALS if potential.name == choice.name), None)
    names = [potential.name for potential in POTENTIALS]
    if description is None:
        where = ("potential", "name")
        if choice.name.lower().startswith(_FAMILIES_TO_COME):
            return None, [not_available(where, f"the potential {choice.name}", f"use {' or '.join(names)}")]
        near = difflib.get_close_matches(choice.name.lower(), names, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"the potentials are {', '.join(names)}"
        text = f"there is no potential {choice.name[:60]!r}; {hint}"
        return None, [FieldError(pointer=pointer(where), type="unknown-potential", message=text)]
    if choice.dtype not in description.dtypes:
        text = f"{description.name} is not offered in {choice.dtype}; use {' or '.join(description.dtypes)}"
        return description, [FieldError(pointer="/potential/dtype", type="invalid-value", message=text)]
    return description, []


def element_faults(
    problem: Problem,
    crystal: AlchemicalCrystal | None,
    same_as: tuple[AlchemicalCrystal | None, ...],
    potential: PotentialDescription,
) -> list[FieldError]:
    """Elements that the potential was not trained on, wherever the problem names them."""
    found: list[FieldError] = []

    def refuse(where: list[str | int], element: str) -> None:
        text = f"the potential {potential.name} does not know {element}; choose elements it knows, or another potential"
        found.append(FieldError(pointer=pointer(where), type="unknown-to-potential", message=text))

    for number, sublattice in enumerate(problem.sublattices):
        for element in sublattice.elements:
            if element not in potential.elements and element != VACANCY:
                refuse(["sublattices", number, "elements", element], element)
    if crystal is not None:
        fixed = {
            s for s, owner in zip(crystal.parent_symbols, crystal.site_sublattice, strict=True) if owner < 0
        }
        for element in sorted(fixed - set(potential.elements)):
            refuse(["structure", problem.structure.form()], element)
    for number, other in enumerate(same_as):
        target = problem.objectives[number].target
        if other is not None and isinstance(target, SameAs):
            for element in sorted(set(other.parent_symbols) - set(potential.elements)):
                refuse(["objectives", number, "target", "same_as", target.same_as.form()], element)
    return found


def strategy_faults(problem: Problem) -> list[FieldError]:
    """Fields of the strategy and of the kinds that contradict each other."""
    found: list[FieldError] = []
    kind, strategy = problem.kind, problem.strategy
    grid = strategy.name == "grid"

    def unused(where: str, message: str) -> None:
        found.append(FieldError(pointer=where, type="unused-field", message=message))

    if problem.scan is not None and kind != "scan" and not (kind == "optimize" and grid):
        unused("/scan", f"scan goes with kind scan or strategy grid, not with kind {kind}; remove it")
    if problem.at and kind == "scan":
        unused("/at", "kind scan evaluates its own grid; remove at, or use kind evaluate")
    if kind == "evaluate" and strategy.name != "auto":
        unused("/strategy/name", f"kind evaluate takes no strategy, so not {strategy.name}; remove it")
    if kind == "scan" and strategy.name == "gradient":
        unused(
            "/strategy/name", "kind scan evaluates a grid, so not gradient; remove it, or use kind optimize"
        )
    if strategy.batch_size is not None and strategy.batch_size > strategy.max_evaluations:
        text = (
            f"batch_size {strategy.batch_size} exceeds max_evaluations {strategy.max_evaluations}; lower it"
        )
        found.append(FieldError(pointer="/strategy/batch_size", type="invalid-value", message=text))
    return found + _unused_constraints(problem)


def _unused_constraints(problem: Problem) -> list[FieldError]:
    """Constraints that a kind would ignore: evaluate takes compositions as given, and a scan has no answer to round."""
    named = {name for name in Constraints.model_fields if getattr(problem.constraints, name)}
    if problem.kind == "evaluate":
        text = "kind evaluate takes its compositions as they are given; remove the constraint, or use kind optimize"
    elif problem.kind == "scan":
        named &= {"resolution", "properties"}
        text = "a scan visits a grid and has no answer to constrain; remove it, or use kind optimize with strategy grid"
    else:
        return []
    return [
        FieldError(pointer=pointer(("constraints", name)), type="unused-field", message=text)
        for name in sorted(named)
    ]


def budget_fault(problem: Problem, points: int) -> FieldError | None:
    """A limit on evaluations below the number of compositions that are fixed beforehand.

    Kinds scan and evaluate fix it: there the default of max_evaluations does not count, another value does.
    """
    allowed = problem.strategy.max_evaluations
    fixed = problem.kind in ("scan", "evaluate")
    if points <= allowed or (fixed and allowed == _DEFAULT_MAX_EVALUATIONS):
        return None
    text = (
        f"there are {points} compositions to evaluate, but max_evaluations is {allowed}; raise it to {points}"
    )
    if fixed:
        text += ", or leave it out"
    return FieldError(pointer="/strategy/max_evaluations", type="budget-too-small", message=text)
