"""Checks of what properties refer to: chemical potentials, reference phases, the substrate, costs of the elements."""

from __future__ import annotations

from collections.abc import Sequence

from api_schemas.errors import FieldError, ProblemInvalid, pointer
from api_schemas.kinds import KINDS
from api_schemas.problem import Problem
from engine.crystals.crystal import AlchemicalCrystal
from engine.potentials.registry import PotentialDescription
from engine.properties.element_data import ELEMENT_PRICES, SUPPLY_RISKS
from engine.properties.table import MASS_FRACTION, PRICE, PROPERTIES, RISK, named_properties
from engine.references.elemental_phases import ELEMENTAL_PHASES
from engine.references.substrate import SUBSTRATE, substrate_crystal


def condition_faults(
    problem: Problem,
    crystal: AlchemicalCrystal | None,
    same_as: Sequence[AlchemicalCrystal | None],
    potential: PotentialDescription | None,
    max_atoms: int,
) -> list[FieldError]:
    """Faults of the chemical potentials, the substrate, and what the elements cost.

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
        *_cost_faults(problem, crystal, same_as),
    ]


def _chemical_potential_faults(
    problem: Problem, crystal: AlchemicalCrystal | None, same_as: Sequence[AlchemicalCrystal | None]
) -> list[FieldError]:
    given = problem.conditions.chemical_potentials
    kind = KINDS.get(problem.kind)
    if kind is not None and not kind.takes("properties"):
        return []  # a kind without properties that takes them says itself what they serve
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


def _cost_faults(
    problem: Problem, crystal: AlchemicalCrystal | None, same_as: Sequence[AlchemicalCrystal | None]
) -> list[FieldError]:
    """Prices and risks that are missing or serve nothing, and mass fractions of elements that are never there."""
    conditions, named = problem.conditions, named_properties(problem)
    tables = (
        (PRICE, "element_prices", conditions.element_prices, ELEMENT_PRICES, "price", "<USD/kg>"),
        (RISK, "supply_risks", conditions.supply_risks, SUPPLY_RISKS, "supply risk", "<0 to 1>"),
    )
    found: list[FieldError] = []
    held = set() if crystal is None else set(crystal.species_symbols())
    for name, field, given, table, words, example in tables:
        if name not in named:
            if given:
                text = f"{field} serve {name}, which is not asked for; ask for it, or remove them"
                found.append(_fault(("conditions", field), "unused-field", text))
            continue
        if crystal is None:
            continue
        elements = held.union(
            *(
                other.species_symbols()
                for objective, other in zip(problem.objectives, same_as, strict=True)
                if objective.property == name and other is not None
            )
        )
        found += [
            _fault(
                ("conditions", field, element),
                "unused-field",
                f"the crystal holds no {element}; remove it (the elements are {', '.join(sorted(elements))})",
            )
            for element in given
            if element not in elements
        ]
        for element in sorted(elements - set(given) - set(table)):
            mend = f"conditions: {{{field}: {{{element}: {example}}}}}"
            text = f"there is no {words} of {element} in the table; give {mend}"
            found.append(_fault(named[name], "no-element-data", text))
    if crystal is not None:
        for name, where in named.items():
            element = name.removeprefix(MASS_FRACTION)
            if name.startswith(MASS_FRACTION) and name in PROPERTIES and element not in held:
                text = f"the crystal never holds {element}; its elements are {', '.join(sorted(held))}"
                found.append(_fault(where, "unknown-property", text))
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
            (*SUBSTRATE, substrate.same_as.form()),
            "unknown-to-potential",
            f"the potential {potential.name} does not know {element}; choose elements it knows, or another potential",
        )
        for element in sorted(crystal.species_symbols() - set(potential.elements))
    ]


def _fault(where: tuple[str | int, ...], kind: str, text: str) -> FieldError:
    return FieldError(pointer=pointer(where), type=kind, message=text)
