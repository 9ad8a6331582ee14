"""Checks of what properties refer to: chemical potentials, reference phases and the substrate."""

from __future__ import annotations

from collections.abc import Sequence

from api_schemas.errors import FieldError, ProblemInvalid, pointer
from api_schemas.problem import Problem
from engine.crystals.crystal import AlchemicalCrystal, build_crystal
from engine.crystals.structure_faults import MAX_ATOMS
from engine.crystals.structure_input import read_structure
from engine.potentials.registry import PotentialDescription
from engine.properties.elemental_phases import ELEMENTAL_PHASES
from engine.properties.table import named_properties

_SUBSTRATE = ("conditions", "substrate", "same_as")


def condition_faults(
    problem: Problem,
    crystal: AlchemicalCrystal | None,
    same_as: Sequence[AlchemicalCrystal | None],
    potential: PotentialDescription | None,
    max_atoms: int,
) -> list[FieldError]:
    """Faults of the chemical potentials and the substrate of a problem.

    Args:
        problem: As parsed.
        crystal: Its crystal, where it could be built.
        same_as: The crystals of its targets.
        potential: The description of its potential, where there is one.
        max_atoms: Most sites of a substrate.
    """
    return [
        *_chemical_potential_faults(problem, crystal, same_as),
        *_substrate_faults(problem, potential, max_atoms),
    ]


def substrate_crystal(problem: Problem, max_atoms: int = MAX_ATOMS) -> AlchemicalCrystal | None:
    """The crystal of the problem's substrate; None where it is given as a number, or not at all.

    Raises:
        ProblemInvalid: if it cannot be read.
    """
    substrate = problem.conditions.substrate
    if substrate is None or substrate.same_as is None:
        return None
    parent = read_structure(substrate.same_as, _SUBSTRATE, max_atoms)
    return build_crystal(parent, structure_prefix=_SUBSTRATE)


def _chemical_potential_faults(
    problem: Problem, crystal: AlchemicalCrystal | None, same_as: Sequence[AlchemicalCrystal | None]
) -> list[FieldError]:
    given = problem.conditions.chemical_potentials
    where = named_properties(problem).get("formation_energy")
    if where is None:
        if not given:
            return []
        text = (
            "chemical potentials serve formation_energy, which is not asked for; ask for it, or remove them"
        )
        return [_fault(("conditions", "chemical_potentials"), "unused-field", text)]
    if crystal is None:
        return []
    elements = set(crystal.species_symbols())
    for objective, other in zip(problem.objectives, same_as, strict=True):
        if objective.property == "formation_energy" and other is not None:
            elements |= other.species_symbols()
    found = [
        _fault(
            ("conditions", "chemical_potentials", element),
            "unused-field",
            f"the crystal holds no {element}; remove it (the elements are {', '.join(sorted(elements))})",
        )
        for element in given
        if element not in elements
    ]
    for element in sorted(elements - set(given) - set(ELEMENTAL_PHASES)):
        text = (
            f"there is no reference phase of {element}; give "
            f"conditions: {{chemical_potentials: {{{element}: <eV/atom>}}}}"
        )
        found.append(_fault(where, "no-reference-phase", text))
    return found


def _substrate_faults(
    problem: Problem, potential: PotentialDescription | None, max_atoms: int
) -> list[FieldError]:
    substrate = problem.conditions.substrate
    where = named_properties(problem).get("substrate_mismatch")
    if substrate is None:
        if where is None:
            return []
        text = (
            "substrate_mismatch needs a substrate, e.g. "
            "conditions: {substrate: {same_as: {prototype: wurtzite, species: [Ga, N]}}}"
        )
        return [_fault(("conditions", "substrate"), "missing-field", text)]
    if where is None:
        text = "the substrate serves substrate_mismatch, which is not asked for; add it to properties, or remove it"
        return [_fault(("conditions", "substrate"), "unused-field", text)]
    try:
        crystal = substrate_crystal(problem, max_atoms)
    except ProblemInvalid as fault:
        return list(fault.errors)
    if crystal is None or potential is None or substrate.same_as is None:
        return []
    return [
        _fault(
            (*_SUBSTRATE, substrate.same_as.form()),
            "unknown-to-potential",
            f"the potential {potential.name} does not know {element}; choose elements it knows, or another potential",
        )
        for element in sorted(crystal.species_symbols() - set(potential.elements))
    ]


def _fault(where: tuple[str | int, ...], kind: str, text: str) -> FieldError:
    return FieldError(pointer=pointer(where), type=kind, message=text)
