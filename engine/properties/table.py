"""The table of properties: names, units, and what they are. Torch-free: the API and the checks of problems read it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api_schemas.symbols import SYMBOLS
from api_schemas.synonyms import properties_near_in_meaning
from api_schemas.units import unit_facts

if TYPE_CHECKING:
    from api_schemas.catalogue import PropertyInfo
    from api_schemas.problem import Problem

GEOMETRIC, ENERGETIC = "engine.properties.geometric", "engine.properties.energetic"
COSTS, SURROUNDINGS = "engine.properties.costs", "engine.properties.surroundings"
MODULI, VIBRATIONAL = "engine.properties.moduli", "engine.properties.vibrational"
"""Families of properties."""


@dataclass(frozen=True)
class PropertyRow:
    """A property that can be asked for.

    Attributes:
        name: Name as in problem files and results.
        unit: Unit of its values; "1" for a plain number.
        description: Description in one line.
        always: Whether every evaluation holds it; the others come when a problem names them.
        positive: Whether only positive values make sense, so that a target of zero or less is a mistake.
        needs_mixture: Whether it compares a mixture with its end members, and so means nothing for a plain
            crystal.
        needs_curvature: Whether it is built of second derivatives of the enthalpy, and its gradient of third.
        needs_vibrations: Whether it is one of the harmonic crystal's vibrations, so that conditions.vibrations must be
            harmonic.
        needs_force_constants: Whether it is of the force constants of the supercell, of which no gradient is taken.
        family: Module whose function ``value(name, at)`` computes it; the moduli have their own way.
    """

    name: str
    unit: str
    description: str
    always: bool = True
    positive: bool = False
    needs_mixture: bool = False
    needs_curvature: bool = False
    needs_vibrations: bool = False
    needs_force_constants: bool = False
    family: str = GEOMETRIC

    def info(self) -> PropertyInfo:
        """The catalogue's entry."""
        from api_schemas.catalogue import PropertyInfo

        facts = unit_facts(self.unit)
        return PropertyInfo(
            name=self.name,
            unit=self.unit,
            description=self.description,
            always=self.always,
            symbol=facts.symbol,
            decimals=facts.decimals,
            scale=facts.scale,
            tolerance=facts.tolerance,
        )


MIXING_FREE_ENERGY = "mixing_free_energy"
"""Holds the vibrations where conditions.vibrations is harmonic."""

STABLE_SUPERCELL = "stable_supercell"
"""The test of stability against every distortion that a supercell holds, where `stable` tests symmetric ones."""

PRICE, RISK, MASS_FRACTION = "price_per_kg", "supply_risk", "mass_fraction:"
"""Names of what follows from the composition alone; the last is followed by an element."""

_STIFFNESSES = tuple(f"c{i}{j}" for i in range(1, 7) for j in range(i, 7))

_ROWS = (
    PropertyRow("lattice_a", "Å", "Length a of the conventional cell after relaxation", positive=True),
    PropertyRow("lattice_b", "Å", "Length b of the conventional cell after relaxation", positive=True),
    PropertyRow("lattice_c", "Å", "Length c of the conventional cell after relaxation", positive=True),
    PropertyRow("alpha", "degree", "Angle between b and c of the conventional cell", positive=True),
    PropertyRow("beta", "degree", "Angle between a and c of the conventional cell", positive=True),
    PropertyRow("gamma", "degree", "Angle between a and b of the conventional cell", positive=True),
    PropertyRow("c_over_a", "1", "Ratio of the lengths c and a of the conventional cell", positive=True),
    PropertyRow("volume", "Å^3/atom", "Volume after relaxation, per atom present", positive=True),
    PropertyRow("density", "g/cm^3", "Mass of the atoms present over the relaxed volume", positive=True),
    PropertyRow("energy", "eV/atom", "Energy after relaxation, per atom present", family=ENERGETIC),
    PropertyRow(
        "enthalpy",
        "eV/atom",
        "Energy plus pressure times volume after relaxation, per atom present",
        always=False,
        family=ENERGETIC,
    ),
    PropertyRow(
        "mixing_energy",
        "eV/atom",
        "Enthalpy against that of the relaxed end members (one element per sublattice) in the same shares",
        needs_mixture=True,
        family=ENERGETIC,
    ),
    PropertyRow(
        MIXING_FREE_ENERGY,
        "eV/atom",
        "mixing_energy minus temperature times the ideal entropy of mixing; with vibrations if conditions say so",
        always=False,
        needs_mixture=True,
        family=ENERGETIC,
    ),
    PropertyRow(
        "formation_energy",
        "eV/atom",
        "Enthalpy against the elements' reference phases, or against the chemical potentials given",
        always=False,
        family=ENERGETIC,
    ),
    PropertyRow(
        "substrate_mismatch",
        "1",
        "(a - a_substrate)/a_substrate along the direction of conditions.substrate",
        always=False,
        family=SURROUNDINGS,
    ),
    PropertyRow(
        "bulk_modulus",
        "GPa",
        "-V dP/dV with shape and internal coordinates relaxed (Reuss)",
        always=False,
        positive=True,
        needs_curvature=True,
        family=MODULI,
    ),
    *(
        PropertyRow(
            name,
            "GPa",
            f"Relaxed-ion elastic constant {name[1:]} at the pressure, x along a and z along c",
            always=False,
            needs_curvature=True,
            family=MODULI,
        )
        for name in _STIFFNESSES
    ),
    PropertyRow(
        "poisson_ratio",
        "1",
        "Poisson's ratio of a polycrystal, by Hill's average of the elastic constants",
        always=False,
        needs_curvature=True,
        family=MODULI,
    ),
    *(
        PropertyRow(
            name,
            unit,
            f"{what} of the harmonic crystal at the temperature and the relaxed volume, quantum",
            always=False,
            needs_vibrations=True,
            family=VIBRATIONAL,
        )
        for name, unit, what in (
            ("vibrational_free_energy", "eV/atom", "Helmholtz free energy of the vibrations"),
            ("vibrational_entropy", "k_B/atom", "Entropy of the vibrations"),
            ("heat_capacity", "k_B/atom", "Heat capacity of the vibrations at constant volume"),
        )
    ),
    PropertyRow(
        STABLE_SUPERCELL,
        "THz^2",
        "Lowest eigenvalue of the dynamical matrix over all waves of a supercell; below zero it is unstable",
        always=False,
        needs_force_constants=True,
        family=VIBRATIONAL,
    ),
    PropertyRow(
        PRICE,
        "USD/kg",
        "Price of the elements by mass, from a table or conditions.element_prices",
        always=False,
        positive=True,
        family=COSTS,
    ),
    PropertyRow(
        RISK,
        "1",
        "How concentrated the production of the elements is, by mass, from a table or conditions.supply_risks",
        always=False,
        family=COSTS,
    ),
    *(
        PropertyRow(
            f"{MASS_FRACTION}{symbol}",
            "1",
            f"Mass of {symbol} over that of all atoms",
            always=False,
            family=COSTS,
        )
        for symbol in SYMBOLS[1:]
    ),
)

PROPERTIES: dict[str, PropertyRow] = {row.name: row for row in _ROWS}
"""Every property that can be computed, by name."""


def add_property(row: PropertyRow) -> None:
    """Add a property, whose family computes it.

    Raises:
        ValueError: if there is one of its name.
    """
    if row.name in PROPERTIES:
        raise ValueError(f"there is a property {row.name!r} already")
    PROPERTIES[row.name] = row


def listed() -> str:
    """The names of all properties for a message: the elastic constants as a range, one mass fraction for all."""
    names = [name for name in PROPERTIES if name not in _STIFFNESSES and not name.startswith(MASS_FRACTION)]
    return ", ".join([*names, "c11 to c66", f"{MASS_FRACTION}ELEMENT"])


def catalogue() -> list[PropertyInfo]:
    """What can be asked for; the mass fractions of all elements are one entry."""
    rows = [row.info() for name, row in PROPERTIES.items() if not name.startswith(MASS_FRACTION)]
    text = "Mass of an element of the crystal over that of all atoms, e.g. mass_fraction:Sc"
    return [*rows, PropertyRow(f"{MASS_FRACTION}ELEMENT", "1", text, always=False).info()]


def near_names(name: str) -> list[str]:
    """Names of properties that come close to a misspelt one; none for a word that means something else."""
    if near_in_meaning(name) is not None:
        return []
    kind, colon, symbol = name.partition(":")
    if colon and difflib.get_close_matches(kind.lower(), [MASS_FRACTION[:-1]], cutoff=0.7):
        near = [known for known in SYMBOLS[1:] if known.lower() == symbol.strip().lower()]
        return [f"{MASS_FRACTION}{near[0] if near else 'ELEMENT'}"]
    names = [known for known in PROPERTIES if not known.startswith(MASS_FRACTION)]
    return [
        f"{found}:ELEMENT" if found == MASS_FRACTION[:-1] else found
        for found in difflib.get_close_matches(name.lower(), [*names, MASS_FRACTION[:-1]], n=3, cutoff=0.6)
    ]


def near_in_meaning(name: str) -> list[str] | None:
    """Properties near in meaning to another word, perhaps none of them; None for a word that is not known."""
    found = properties_near_in_meaning(name)
    if name in PROPERTIES or found is None:
        return None
    marked = [f"{one}:ELEMENT" if one == MASS_FRACTION[:-1] else one for one in found]
    return [one for one in marked if one in PROPERTIES or one.startswith(MASS_FRACTION)]


def unknown_property(name: str) -> str:
    """What is wrong with the name of a property that there is not, and the mend."""
    meant, near = near_in_meaning(name), near_names(name)
    if meant:
        hint = f"near in meaning: {', '.join(meant)}"
    elif near == [f"{MASS_FRACTION}ELEMENT"]:
        hint = f"write an element of the crystal after the colon, e.g. {MASS_FRACTION}Sc"
    else:
        hint = f"did you mean {' or '.join(near)}?" if near else f"the properties are {listed()}"
    return f"there is no property {name[:60]!r}; {hint}"


def named_properties(problem: Problem) -> dict[str, tuple[str | int, ...]]:
    """Where a problem names each property for the first time: in an objective, a constraint or its list."""
    places: dict[str, tuple[str | int, ...]] = {}
    for number, objective in enumerate(problem.objectives):
        places.setdefault(objective.property, ("objectives", number, "property"))
    for number, constraint in enumerate(problem.constraints.properties):
        places.setdefault(constraint.property, ("constraints", "properties", number, "property"))
    for number, name in enumerate(problem.properties):
        places.setdefault(name, ("properties", number))
    return places


def wanted_properties(problem: Problem) -> list[str]:
    """Names of the properties that an evaluation of the problem computes, in the order of the table."""
    named = named_properties(problem)
    return [name for name, row in PROPERTIES.items() if row.always or name in named]


def vibrating(problem: Problem) -> list[str]:
    """Names of the properties that an evaluation of the problem takes from vibrations, wholly or in part."""
    if problem.conditions.vibrations == "none":
        return []
    return [
        name
        for name in wanted_properties(problem)
        if PROPERTIES[name].needs_vibrations or name == MIXING_FREE_ENERGY
    ]


def tests_stability(problem: Problem) -> bool:
    """Whether an evaluation of the problem tests its crystal in a supercell."""
    return any(PROPERTIES[name].needs_force_constants for name in wanted_properties(problem))
