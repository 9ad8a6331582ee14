"""The table of properties: names, units, and what they are. Torch-free: the API and the checks of problems read it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from api_schemas.catalogue import PropertyInfo


@dataclass(frozen=True)
class PropertyRow:
    """A property that can be asked for.

    Attributes:
        name: As in problem files and results.
        unit: Of its values; "1" for a plain number.
        description: What it is, in one line.
        always: Whether every evaluation holds it; the others come when a problem names them.
        positive: Whether only positive values make sense, so that a target of zero or less is a mistake.
        needs_mixture: Whether it compares a mixture with its end members, and so means nothing for a plain
            crystal.
    """

    name: str
    unit: str
    description: str
    always: bool = True
    positive: bool = False
    needs_mixture: bool = False

    def info(self) -> PropertyInfo:
        """The catalogue's entry."""
        return PropertyInfo(name=self.name, unit=self.unit, description=self.description, always=self.always)


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
    PropertyRow("energy", "eV/atom", "Energy after relaxation, per atom present"),
    PropertyRow(
        "enthalpy",
        "eV/atom",
        "Energy plus pressure times volume after relaxation, per atom present",
        always=False,
    ),
    PropertyRow(
        "mixing_energy",
        "eV/atom",
        "Enthalpy against that of the relaxed end members (one element a sublattice) in the same shares",
        needs_mixture=True,
    ),
    PropertyRow(
        "mixing_free_energy",
        "eV/atom",
        "mixing_energy minus temperature times the ideal entropy of mixing",
        always=False,
        needs_mixture=True,
    ),
)

PROPERTIES: dict[str, PropertyRow] = {row.name: row for row in _ROWS}
"""Every property that can be computed, by name."""

PROMISED: frozenset[str] = frozenset(
    {
        "formation_energy",
        "bulk_modulus",
        "poisson_ratio",
        "substrate_mismatch",
        *(f"c{i}{j}" for i in range(1, 7) for j in range(i, 7)),
    }
)
"""Names that are reserved for properties that this version does not compute yet."""


def near_names(name: str) -> list[str]:
    """Names of properties that come close to a misspelt one."""
    return difflib.get_close_matches(name.lower(), [*PROPERTIES, *sorted(PROMISED)], n=3, cutoff=0.5)
