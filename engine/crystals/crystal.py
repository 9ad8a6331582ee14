"""The alchemical crystal: a parent structure whose sites carry several candidate elements with weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from api_schemas.errors import FieldError, ProblemInvalid, pointer
from api_schemas.sublattices import Sublattice
from api_schemas.symbols import ATOMIC_NUMBERS, VACANCY
from engine.crystals.connections import Connections, connections
from engine.crystals.conventional import SymmetryNotFound, conventional_transformation
from engine.crystals.parent import FloatArray, IntArray, ParentCrystal, frozen_array
from engine.crystals.selection import listed, select_sites, vacancy_faults

_SUBLATTICE_LABEL = 200
"""Labels of sublattices start here, above every atomic number."""


@dataclass(frozen=True)
class SublatticeSites:
    """Sites that share one composition, and the elements that they may hold (in the order of the columns)."""

    name: str
    sites: tuple[int, ...]
    elements: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class AlchemicalCrystal:
    """A crystal whose site i carries copies (i, k), one per candidate element, all at the site's position.

    Sites keep the order and frame of the input. A site in no sublattice has one copy of weight 1. A composition is a
    vector x over ``columns``; the weight of a copy is the entry of its column (docs/science.md, Eq. 1). A vacancy
    (``Vac``) has a column and no copies: with it the weights of a site add up to less than 1.

    Attributes:
        lattice: Lattice vectors as rows, [3, 3] Å.
        frac: Fractional coordinates, [n_sites, 3].
        parent_symbols: Element of each site in the parent, [n_sites].
        sublattices: Sublattices in the problem's order.
        columns: ``"sublattice:element"`` of each entry of a composition vector, [n_columns].
        copy_site: Site of each copy, nondecreasing, [n_copies].
        copy_species: Atomic number of each copy, [n_copies].
        copy_column: Index into ``columns`` of each copy, -1 on a site of no sublattice, [n_copies].
        labels: What counts as the same for symmetry, [n_sites]: one label per sublattice, else the atomic
            number.
        conventional: T with ``conventional lattice = T @ lattice``, [3, 3]; chosen from the parent, and kept.
        connections: What holds the cell, where that is not everything in all directions; None for most crystals.
    """

    lattice: FloatArray
    frac: FloatArray
    parent_symbols: tuple[str, ...]
    sublattices: tuple[SublatticeSites, ...]
    columns: tuple[str, ...]
    copy_site: IntArray
    copy_species: IntArray
    copy_column: IntArray
    labels: IntArray
    conventional: FloatArray
    connections: Connections | None = None

    def __post_init__(self) -> None:
        """Make every array a read-only copy."""
        for name in ("lattice", "frac", "conventional"):
            object.__setattr__(self, name, frozen_array(getattr(self, name)))
        for name in ("copy_site", "copy_species", "copy_column", "labels"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.int64))

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return len(self.parent_symbols)

    @property
    def n_copies(self) -> int:
        """Number of copies."""
        return len(self.copy_site)

    @property
    def n_columns(self) -> int:
        """Length of a composition vector."""
        return len(self.columns)

    @property
    def volume(self) -> float:
        """Volume of the cell, Å^3."""
        return float(abs(np.linalg.det(self.lattice)))

    @property
    def positions(self) -> FloatArray:
        """Cartesian positions, [n_sites, 3] Å."""
        return np.asarray(self.frac @ self.lattice)

    @property
    def conventional_lattice(self) -> FloatArray:
        """Vectors of the conventional cell as rows, [3, 3] Å."""
        return np.asarray(self.conventional @ self.lattice)

    @cached_property
    def masses(self) -> FloatArray:
        """Mass of each copy, [n_copies] u (standard atomic weights as in ASE)."""
        from ase.data import atomic_masses

        return frozen_array(atomic_masses[self.copy_species])

    @cached_property
    def site_sublattice(self) -> IntArray:
        """Index of each site's sublattice, -1 for none, [n_sites]."""
        owner = np.full(self.n_sites, -1, dtype=np.int64)
        for index, sublattice in enumerate(self.sublattices):
            owner[list(sublattice.sites)] = index
        return frozen_array(owner, np.int64)

    @cached_property
    def column_slices(self) -> tuple[slice, ...]:
        """Where each sublattice's elements lie in a composition vector."""
        slices = []
        start = 0
        for sublattice in self.sublattices:
            slices.append(slice(start, start + len(sublattice.elements)))
            start += len(sublattice.elements)
        return tuple(slices)

    @cached_property
    def weights_matrix(self) -> FloatArray:
        """Constant derivative of the weights with respect to a composition vector, [n_copies, n_columns]."""
        matrix = np.zeros((self.n_copies, self.n_columns))
        varying = np.flatnonzero(self.copy_column >= 0)
        matrix[varying, self.copy_column[varying]] = 1.0
        return frozen_array(matrix)

    @cached_property
    def weights_offset(self) -> FloatArray:
        """Weights of the copies on sites of no sublattice (1), zero elsewhere, [n_copies]."""
        return frozen_array((self.copy_column < 0).astype(float))

    def weights(self, x: FloatArray) -> FloatArray:
        """Occupancy weights of the copies, [n_copies], at a composition vector, [n_columns]."""
        return np.asarray(self.weights_offset + self.weights_matrix @ np.asarray(x, dtype=float))

    @cached_property
    def site_copies(self) -> list[list[int]]:
        """Atomic numbers of the copies of each site."""
        copies: list[list[int]] = [[] for _ in range(self.n_sites)]
        for site, number in zip(self.copy_site, self.copy_species, strict=True):
            copies[site].append(int(number))
        return copies

    @cached_property
    def vacancy_columns(self) -> IntArray:
        """Column of the vacancy of each site that may be empty, in the order of the sites, [n_sites with a vacancy]."""
        return frozen_array([column for column in self._vacancy_column if column >= 0], np.int64)

    @cached_property
    def site_may_be_empty(self) -> NDArray[np.bool_]:
        """Whether each site may hold a vacancy, [n_sites]."""
        return np.array([column >= 0 for column in self._vacancy_column], dtype=bool)

    @cached_property
    def _vacancy_column(self) -> list[int]:
        """Column of the vacancy of each site, -1 where there is none."""
        of_sublattice = [
            self.columns.index(f"{s.name}:{VACANCY}") if VACANCY in s.elements else -1
            for s in self.sublattices
        ]
        return [-1 if owner < 0 else of_sublattice[owner] for owner in self.site_sublattice]

    def species_symbols(self) -> frozenset[str]:
        """Every element that any site may hold; a vacancy is none."""
        symbols = {self.parent_symbols[site] for site in np.flatnonzero(self.site_sublattice < 0)}
        return frozenset(symbols.union(*(s.elements for s in self.sublattices)) - {VACANCY})

    def with_geometry(self, lattice: FloatArray, frac: FloatArray) -> AlchemicalCrystal:
        """The same crystal with another lattice [3, 3] Å and other coordinates [n_sites, 3]; labels and T are kept."""
        return replace(self, lattice=lattice, frac=np.reshape(frac, (self.n_sites, 3)))

    def within(self, reach: float) -> AlchemicalCrystal:
        """The same crystal, knowing what holds its cell when atoms farther than ``reach`` (Å) do not meet."""
        found = connections(self.lattice, self.frac, reach)
        return self if found is None and self.connections is None else replace(self, connections=found)

    def end_members(self) -> Iterator[tuple[tuple[str, ...], FloatArray]]:
        """Every end member, as (elements in sublattice order, one-hot vector [n_columns]).

        It has one element, or the vacancy, on every sublattice. A crystal without sublattices has one: itself.
        """
        for choice in product(*(range(len(sublattice.elements)) for sublattice in self.sublattices)):
            x = np.zeros(self.n_columns)
            for columns, picked in zip(self.column_slices, choice, strict=True):
                x[columns.start + picked] = 1.0
            elements = tuple(s.elements[picked] for s, picked in zip(self.sublattices, choice, strict=True))
            yield elements, x


def build_crystal(
    parent: ParentCrystal,
    sublattices: Sequence[Sublattice] = (),
    *,
    prefix: Sequence[str | int] = ("sublattices",),
    structure_prefix: Sequence[str | int] = ("structure",),
) -> AlchemicalCrystal:
    """Lay sublattices on a parent crystal.

    Args:
        parent: The parent structure.
        sublattices: Sublattices as in the problem; each names elements of the parent or 0-based site indices.
        prefix: Where the sublattices stand in the problem, for pointers.
        structure_prefix: Where the structure stands.

    Raises:
        ProblemInvalid: with every fault: a site that is not there, a site claimed twice, an element that the
            parent lacks, a sublattice of vacancies alone, vacancies on every site.
    """
    errors: list[FieldError] = []
    selections: list[tuple[int, ...]] = []
    for number, sublattice in enumerate(sublattices):
        selections.append(select_sites(parent, sublattice, [*prefix, number, "sites"], errors))
    owner: dict[int, int] = {}
    for number, sites in enumerate(selections):
        stolen = [site for site in sites if owner.setdefault(site, number) != number]
        if stolen:
            first = sublattices[owner[stolen[0]]].name
            errors.append(
                FieldError(
                    pointer=pointer([*prefix, number, "sites"]),
                    type="overlapping-sublattices",
                    message=f"{listed('site', stolen)} already in sublattice {first!r}; "
                    f"leave each site to one sublattice (here {sublattices[number].name!r})",
                )
            )
    errors.extend(vacancy_faults(parent, sublattices, selections, prefix))
    if errors:
        raise ProblemInvalid(errors)
    chosen = tuple(
        SublatticeSites(sublattice.name, sites, tuple(sublattice.elements))
        for sublattice, sites in zip(sublattices, selections, strict=True)
    )
    try:
        return assemble(parent, chosen)
    except SymmetryNotFound as error:
        fault = FieldError(pointer=pointer(structure_prefix), type="bad-structure", message=str(error))
        raise ProblemInvalid([fault]) from None


def assemble(parent: ParentCrystal, sublattices: tuple[SublatticeSites, ...]) -> AlchemicalCrystal:
    """The alchemical crystal of a parent and valid, disjoint sublattices.

    Raises:
        SymmetryNotFound: if the cell's symmetry cannot be determined.
    """
    columns = tuple(
        f"{sublattice.name}:{element}" for sublattice in sublattices for element in sublattice.elements
    )
    first_column = np.cumsum([0, *(len(sublattice.elements) for sublattice in sublattices)])
    labels = np.array([ATOMIC_NUMBERS[symbol] for symbol in parent.symbols], dtype=np.int64)
    owner = {site: number for number, sublattice in enumerate(sublattices) for site in sublattice.sites}
    copies: list[tuple[int, int, int]] = []
    for site, symbol in enumerate(parent.symbols):
        number = owner.get(site)
        if number is None:
            copies.append((site, ATOMIC_NUMBERS[symbol], -1))
            continue
        labels[site] = _SUBLATTICE_LABEL + number
        for k, element in enumerate(sublattices[number].elements):
            if element == VACANCY:
                continue
            copies.append((site, ATOMIC_NUMBERS[element], int(first_column[number]) + k))
    table = np.array(copies, dtype=np.int64).reshape(-1, 3)
    return AlchemicalCrystal(
        lattice=parent.lattice,
        frac=parent.frac,
        parent_symbols=parent.symbols,
        sublattices=sublattices,
        columns=columns,
        copy_site=table[:, 0],
        copy_species=table[:, 1],
        copy_column=table[:, 2],
        labels=labels,
        conventional=conventional_transformation(parent.lattice, parent.frac, labels),
    )
