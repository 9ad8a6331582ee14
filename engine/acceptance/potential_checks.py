"""Checks of the potential that a problem chooses: its name, its file, what it offers, and the elements it knows."""

from __future__ import annotations

from api_schemas.errors import FieldError, pointer
from api_schemas.objectives import SameAs
from api_schemas.problem import Problem
from api_schemas.symbols import VACANCY
from engine.crystals.crystal import AlchemicalCrystal
from engine.potentials.description import PotentialDescription
from engine.potentials.errors import LicenceNotAccepted, PotentialError, UnknownPotential
from engine.potentials.families import FAMILIES
from engine.potentials.mace.catalogue import check_licence
from engine.potentials.mace.models import VARIABLE
from engine.potentials.registry import LOCAL_FILE, describe_choice, known_names


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
    if not FAMILIES[description.family].has_heads and choice.head is not None:
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
