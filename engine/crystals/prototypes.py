"""Parent structures by name, as primitive cells.

Site order and orientation are those of ``ase.build.bulk`` where it knows the structure: face- and
body-centred cells are the primitive ones with vectors (0, a/2, a/2), ... and (-a/2, a/2, a/2), ...; hexagonal
cells have a along x and 120 degrees between a and b; simple cubic cells lie along x, y, z. Lattice constants
are those of the conventional cell. Where a user gives none, expected bond lengths
(`engine.crystals.bond_lengths`) give them within a few percent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from api_schemas.catalogue import PrototypeInfo
from engine.crystals.bond_lengths import (
    anion_valence,
    atomic_volume,
    bond_length,
    cation_charge,
    metallic_radius,
    valence_bond_length,
)
from engine.crystals.parent import FloatArray, ParentCrystal

IDEAL_RATIO = math.sqrt(8.0 / 3.0)
"""c/a of close-packed spheres, and of a wurtzite with equal bonds."""

SPINEL_U = 0.2625
"""Anion coordinate of an ideal-sized spinel (origin at the centre of symmetry)."""

_FCC = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
_BCC = np.array([[-0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.5, 0.5, -0.5]])
_CUBE = np.eye(3)
_HEXAGON = np.array([[1.0, 0.0, 0.0], [-0.5, math.sqrt(3.0) / 2.0, 0.0], [0.0, 0.0, 1.0]])


@dataclass(frozen=True)
class Prototype:
    """A parent structure.

    Attributes:
        name: Name as given in a problem file.
        description: One line for the catalogue.
        roles: Role of each species, in the order in which species are given.
        example: Elements of a well-known compound.
        parameters: Lattice constants that may be given.
        occupants: Index into ``roles`` of each site of the primitive cell.
        vectors: Primitive lattice vectors in units of (a, a, c), [3, 3].
        sites: Fractional coordinates [n_sites, 3] as a function of c/a.
        default_a: Expected lattice constant a (Å) of given species.
        default_ratio: Expected c/a of given species.
    """

    name: str
    description: str
    roles: tuple[str, ...]
    example: tuple[str, ...]
    parameters: tuple[str, ...]
    occupants: tuple[int, ...]
    vectors: FloatArray
    sites: Callable[[float], Sequence[Sequence[float]]]
    default_a: Callable[[Sequence[str]], float]
    default_ratio: Callable[[Sequence[str]], float] = lambda _species: 1.0

    def info(self) -> PrototypeInfo:
        """The catalogue's entry."""
        return PrototypeInfo(
            name=self.name,
            description=self.description,
            species=list(self.roles),
            example=list(self.example),
            parameters=list(self.parameters),
            sites=len(self.occupants),
        )

    def lattice_constants(
        self, species: Sequence[str], a: float | None = None, c: float | None = None
    ) -> tuple[float, float]:
        """Lattice constants a and c (Å) of the conventional cell, those not given taken from expected bonds."""
        ratio = self.default_ratio(species)
        if a is None:
            a = self.default_a(species) if c is None else c / ratio
        return a, (a * ratio if c is None else c)

    def build(self, species: Sequence[str], a: float | None = None, c: float | None = None) -> ParentCrystal:
        """The primitive cell with the given species.

        Args:
            species: One element per role.
            a: Lattice constant of the conventional cell, Å.
            c: Lattice constant along the unique axis, Å; only where ``parameters`` has it.

        Raises:
            ValueError: if the number of species is wrong.
        """
        if len(species) != len(self.roles):
            text = f"{self.name} has {len(self.roles)} species ({', '.join(self.roles)}), not {len(species)}"
            raise ValueError(text)
        a_used, c_used = self.lattice_constants(species, a, c)
        lattice = self.vectors * np.array([a_used, a_used, c_used])
        frac = np.mod(np.asarray(self.sites(c_used / a_used), dtype=float), 1.0)
        return ParentCrystal(lattice, frac, tuple(species[role] for role in self.occupants))


def _fixed(*rows: Sequence[float]) -> Callable[[float], Sequence[Sequence[float]]]:
    return lambda _ratio: rows


def _wurtzite_sites(ratio: float) -> list[list[float]]:
    # u that keeps all four bonds equal at this c/a.
    u = 0.25 + 1.0 / (3.0 * ratio**2)
    third = 1.0 / 3.0
    return [[0, 0, 0], [third, 2 * third, 0.5 - u], [third, 2 * third, 0.5], [0, 0, 1.0 - u]]


def _spinel_sites() -> list[list[float]]:
    u = SPINEL_U
    conventional = [
        [1 / 8, 1 / 8, 1 / 8], [7 / 8, 7 / 8, 7 / 8],
        [1 / 2, 1 / 2, 1 / 2], [1 / 4, 3 / 4, 0.0], [3 / 4, 0.0, 1 / 4], [0.0, 1 / 4, 3 / 4],
        [u, u, u], [3 / 4 - u, 1 / 4 - u, u + 1 / 2], [1 / 4 - u, u + 1 / 2, 3 / 4 - u],
        [u + 1 / 2, 3 / 4 - u, 1 / 4 - u], [u + 3 / 4, u + 1 / 4, 1 / 2 - u], [-u, -u, -u],
        [u + 1 / 4, 1 / 2 - u, u + 3 / 4], [1 / 2 - u, u + 3 / 4, u + 1 / 4],
    ]  # fmt: skip
    return [list(row) for row in np.round(np.array(conventional) @ np.linalg.inv(_FCC), 12)]


def _elemental_a(atoms_per_cube: int) -> Callable[[Sequence[str]], float]:
    return lambda species: (atoms_per_cube * atomic_volume(species[0])) ** (1.0 / 3.0)


def _hcp_a(species: Sequence[str]) -> float:
    return (math.sqrt(2.0) * atomic_volume(species[0]) * IDEAL_RATIO / _hcp_ratio(species)) ** (1.0 / 3.0)


def _hcp_ratio(species: Sequence[str]) -> float:
    # The two metals that are far from close packing (ASE's reference states).
    return {"Zn": 1.856, "Cd": 1.886}.get(species[0], IDEAL_RATIO)


def _diamond_a(species: Sequence[str]) -> float:
    return 4.0 / math.sqrt(3.0) * bond_length(species[0], species[0], 4)


def _binary_a(
    edge_over_bond: float, coordination: int, anion_coordination: int | None = None
) -> Callable[[Sequence[str]], float]:
    return lambda species: (
        edge_over_bond * bond_length(species[0], species[1], coordination, anion_coordination)
    )


def _perovskite_a(species: Sequence[str]) -> float:
    large, small, anion = species
    valence = anion_valence(anion)
    if valence is None:
        through_small = 2.0 * 0.96 * (metallic_radius(small) + metallic_radius(anion))
        through_large = math.sqrt(2.0) * (metallic_radius(large) + metallic_radius(anion))
    else:
        charge = min(cation_charge(large), 3 * valence - 1)
        through_small = 2.0 * valence_bond_length(small, anion, (3 * valence - charge) / 6.0)
        through_large = math.sqrt(2.0) * valence_bond_length(large, anion, charge / 12.0)
    # The octahedra are stiffer than the cages that hold the large cation.
    return 0.75 * through_small + 0.25 * through_large


def _spinel_a(species: Sequence[str]) -> float:
    tetrahedral, octahedral, anion = species
    valence = anion_valence(anion)
    if valence is None:
        to_tetrahedral = 0.88 * (metallic_radius(tetrahedral) + metallic_radius(anion))
        to_octahedral = 0.96 * (metallic_radius(octahedral) + metallic_radius(anion))
    else:
        to_tetrahedral = valence_bond_length(tetrahedral, anion, 4 * valence / 4.0 / 4.0)
        to_octahedral = valence_bond_length(octahedral, anion, 3 * valence / 2.0 / 6.0)
    u = SPINEL_U
    from_tetrahedral = to_tetrahedral / (math.sqrt(3.0) * (u - 0.125))
    from_octahedral = to_octahedral / math.sqrt((0.5 - u) ** 2 + 2.0 * (0.25 - u) ** 2)
    return from_tetrahedral / 3.0 + 2.0 * from_octahedral / 3.0


_ALL = (
    Prototype(
        "rocksalt", "NaCl type, Fm-3m: both species octahedral", ("cation", "anion"), ("Na", "Cl"), ("a",), (0, 1),
        _FCC, _fixed([0, 0, 0], [0.5, 0.5, 0.5]), _binary_a(2.0, 6),
    ),
    Prototype(
        "zincblende", "ZnS type, F-43m: both species tetrahedral, cubic", ("cation", "anion"), ("Ga", "As"), ("a",),
        (0, 1), _FCC, _fixed([0, 0, 0], [0.25, 0.25, 0.25]), _binary_a(4.0 / math.sqrt(3.0), 4),
    ),
    Prototype(
        "wurtzite", "ZnO type, P6_3mc: both species tetrahedral, hexagonal and polar", ("cation", "anion"),
        ("Al", "N"), ("a", "c"), (0, 1, 0, 1), _HEXAGON, _wurtzite_sites, _binary_a(math.sqrt(8.0 / 3.0), 4),
        lambda _species: IDEAL_RATIO,
    ),
    Prototype(
        "fluorite", "CaF2 type, Fm-3m: cation with eight anions", ("cation", "anion"), ("Ce", "O"), ("a",), (0, 1, 1),
        _FCC, _fixed([0, 0, 0], [0.25, 0.25, 0.25], [0.75, 0.75, 0.75]), _binary_a(4.0 / math.sqrt(3.0), 8, 4),
    ),
    Prototype(
        "antifluorite", "Li2O type, Fm-3m: anion with eight cations", ("cation", "anion"), ("Li", "O"), ("a",),
        (1, 0, 0), _FCC, _fixed([0, 0, 0], [0.25, 0.25, 0.25], [0.75, 0.75, 0.75]),
        _binary_a(4.0 / math.sqrt(3.0), 4, 8),
    ),
    Prototype(
        "cscl", "CsCl type (B2), Pm-3m: each species in a cube of the other", ("corner", "centre"), ("Cs", "Cl"),
        ("a",), (0, 1), _CUBE, _fixed([0, 0, 0], [0.5, 0.5, 0.5]), _binary_a(2.0 / math.sqrt(3.0), 8),
    ),
    Prototype(
        "perovskite", "cubic SrTiO3 type, Pm-3m: A at the corner, B in the centre of an octahedron of X",
        ("A (twelvefold)", "B (octahedral)", "X (anion)"), ("Sr", "Ti", "O"), ("a",), (0, 1, 2, 2, 2), _CUBE,
        _fixed([0, 0, 0], [0.5, 0.5, 0.5], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]), _perovskite_a,
    ),
    Prototype(
        "spinel", "MgAl2O4 type, Fd-3m: A tetrahedral, B octahedral",
        ("A (tetrahedral)", "B (octahedral)", "X (anion)"), ("Mg", "Al", "O"), ("a",),
        (0,) * 2 + (1,) * 4 + (2,) * 8, _FCC, _fixed(*_spinel_sites()), _spinel_a,
    ),
    Prototype(
        "fcc", "Cu type, Fm-3m: cubic close packing", ("metal",), ("Cu",), ("a",), (0,), _FCC, _fixed([0, 0, 0]),
        _elemental_a(4),
    ),
    Prototype(
        "bcc", "W type, Im-3m: body-centred cubic", ("metal",), ("Fe",), ("a",), (0,), _BCC, _fixed([0, 0, 0]),
        _elemental_a(2),
    ),
    Prototype(
        "hcp", "Mg type, P6_3/mmc: hexagonal close packing", ("metal",), ("Mg",), ("a", "c"), (0, 0), _HEXAGON,
        _fixed([0, 0, 0], [1.0 / 3.0, 2.0 / 3.0, 0.5]), _hcp_a, _hcp_ratio,
    ),
    Prototype(
        "diamond", "C type, Fd-3m: every atom tetrahedral", ("element",), ("Si",), ("a",), (0, 0), _FCC,
        _fixed([0, 0, 0], [0.25, 0.25, 0.25]), _diamond_a,
    ),
)  # fmt: skip

PROTOTYPES: dict[str, Prototype] = {prototype.name: prototype for prototype in _ALL}
"""Every prototype by name."""
