"""Checks of what a problem wishes for: its objectives, properties, potential and strategy against what there is."""

from __future__ import annotations

from api_schemas.elements import VACANCY
from api_schemas.errors import FieldError, pointer
from api_schemas.problem import Constraints, Objective, Problem, SameAs
from engine.acceptance.property_bounds import impossible, property_bound_faults
from engine.crystals.crystal import AlchemicalCrystal
from engine.potentials.description import PotentialDescription
from engine.potentials.errors import LicenceNotAccepted, PotentialError, UnknownPotential
from engine.potentials.mace.catalogue import check_licence
from engine.potentials.mace.models import VARIABLE
from engine.potentials.registry import LOCAL_FILE, describe_choice, known_names
from engine.properties.table import MASS_FRACTION, PROPERTIES, listed, near_names

_DEFAULT_MAX_EVALUATIONS = 40


def property_faults(problem: Problem) -> list[FieldError]:
    """Unknown properties, and objectives and bounds whose values make no sense."""
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
    return found + property_bound_faults(problem)


def _name_fault(name: str, where: tuple[str | int, ...]) -> FieldError | None:
    if name in PROPERTIES:
        return None
    near = near_names(name)
    hint = f"did you mean {' or '.join(near)}?" if near else f"the properties are {listed()}"
    if near == [f"{MASS_FRACTION}ELEMENT"]:
        hint = f"write an element of the crystal after the colon, e.g. {MASS_FRACTION}Sc"
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
        range_of_values = impossible(row, objective.target, objective.target)
        if range_of_values is not None:
            unit = "" if row.unit == "1" else f" {row.unit}"
            text = f"a {row.name} of {objective.target:g}{unit} cannot be: {range_of_values}; give another target"
            return [FieldError(pointer=where, type="bad-objective", message=text)]
    return []


def chosen_potential(
    problem: Problem, *, files: bool = False
) -> tuple[PotentialDescription | None, list[FieldError]]:
    """The description of the problem's potential, and what is wrong with the choice.

    Args:
        problem: As parsed.
        files: Whether a model file of the user's may be read; never for a problem that came over a network.
    """
    choice = problem.potential
    if choice.name == LOCAL_FILE and LOCAL_FILE not in known_names():
        faults = _file_faults(choice.file, files=files)
        if faults:
            return None, faults
    elif choice.file is not None:
        text = f"a file goes with name: {LOCAL_FILE}; remove it, or write name: {LOCAL_FILE} for {choice.name[:60]!r}"
        return None, [FieldError(pointer="/potential/file", type="unused-field", message=text)]
    where = "/potential/name" if choice.file is None else "/potential/file"
    try:
        description = describe_choice(choice)
    except UnknownPotential as error:
        known = f"the potentials are {', '.join(error.known)}"
        hint = f"did you mean {' or '.join(error.close)}?" if error.close else known
        text = f"there is no potential {choice.name[:60]!r}; {hint}"
        return None, [FieldError(pointer=where, type="unknown-potential", message=text)]
    except PotentialError as error:
        return None, [FieldError(pointer=where, type="bad-model-file", message=str(error))]
    try:
        check_licence(description)
    except LicenceNotAccepted as error:
        return description, [FieldError(pointer=where, type="licence-not-accepted", message=str(error))]
    return description, _choice_faults(problem, description)


def _file_faults(file: str | None, *, files: bool) -> list[FieldError]:
    if file is None:
        text = f"name: {LOCAL_FILE} needs a model file, file: path/to/one.model; or choose a published model by name"
        return [FieldError(pointer="/potential/file", type="missing-field", message=text)]
    if not files:
        text = (
            "a model file can run code when it is read, so the service reads none that a problem names; use it with "
            f"`orichalcum run`, or let the operator register it in {VARIABLE} and choose it by its name"
        )
        return [FieldError(pointer="/potential/file", type="file-not-allowed", message=text)]
    return []


def _choice_faults(problem: Problem, description: PotentialDescription) -> list[FieldError]:
    """What of the choice the potential does not offer."""
    choice = problem.potential
    found: list[FieldError] = []

    def refuse(field: str, kind: str, text: str) -> None:
        found.append(FieldError(pointer=f"/potential/{field}", type=kind, message=text))

    if choice.dtype not in description.dtypes:
        offered = " or ".join(description.dtypes)
        refuse(
            "dtype", "invalid-value", f"{description.name} is not offered in {choice.dtype}; use {offered}"
        )
    heads = description.heads
    if description.family != "mace" and choice.head is not None:
        refuse("head", "unused-field", f"{description.name} has no heads; remove head")
    elif choice.head is not None and heads and choice.head not in heads:
        refuse(
            "head",
            "invalid-value",
            f"{description.name} has no head {choice.head[:60]!r}; use {' or '.join(heads)}",
        )
    elif choice.head is None and len(heads) > 1:
        refuse("head", "missing-field", f"{description.name} has several heads; choose {' or '.join(heads)}")
    return found


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
    if kind == "scan" and strategy.name not in ("auto", "grid"):
        unused(
            "/strategy/name",
            f"kind scan evaluates a grid, so not {strategy.name}; remove it, or use kind optimize",
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
