"""Orderings: every inequivalent decoration of a supercell, or of all supercells up to a size.

After G. L. W. Hart, R. W. Forcade, Phys. Rev. B 77, 224115 (2008), doi:10.1103/PhysRevB.77.224115 (docs/science.md,
section 17). They are counted before they are made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from engine.crystals.crystal import AlchemicalCrystal
from engine.crystals.derivative_cells import compact_basis, derivative_cells, n_forms
from engine.crystals.enumerable import (
    checked_matrix,
    checked_sites,
    counts_in,
    n_decorations,
    sizes_up_to,
)
from engine.crystals.hermite import common_lattice
from engine.crystals.mixed_cell import MixedCell
from engine.crystals.parent import FloatArray, IntArray, frozen_array
from engine.crystals.primitive import PrimitiveParent, primitive_parent
from engine.crystals.supercells import Supercell
from engine.crystals.symmetry import Operation, operations

LIMIT = 10_000
"""Orderings that are made unless another limit is given."""
_COUNTED = 1_000_000
"""Up to about so many orderings are counted exactly; of more a lower bound is told."""
_REMEMBERED = 512


class TooManyOrderings(ValueError):  # noqa: N818  (it becomes a fault of the input)
    """More orderings than the limit; ``count`` is how many were counted, at least."""

    def __init__(self, count: int, limit: int) -> None:
        """Keep both numbers."""
        self.count, self.limit = count, limit
        shown = f"{count}" if count < _COUNTED else f"about {count:.1e} or more"
        super().__init__(
            f"there are {shown} orderings to enumerate, more than the {limit} allowed; "
            f"ask for fewer sites, a smaller cell or fewer compositions"
        )


@dataclass(frozen=True, eq=False)
class Ordering:
    """An ordered decoration of a supercell, standing for all that symmetry takes it to.

    Attributes:
        supercell: Repetition of the parent.
        columns: Column of the composition that each site holds, -1 on a site of no sublattice, cell by cell, [n].
        degeneracy: How many different decorations the symmetry operations take it to: in a named supercell those that
            keep its lattice, otherwise all of the parent (docs/science.md, Eq. 84).
        x: Composition that it holds, [n_columns].
    """

    supercell: Supercell
    columns: IntArray
    degeneracy: int
    x: FloatArray


@dataclass(frozen=True)
class _Parent:
    """A parent that is compared by what is in it, digit for digit."""

    content: tuple[object, ...]
    crystal: AlchemicalCrystal = field(compare=False)


def _by_content(crystal: AlchemicalCrystal) -> _Parent:
    arrays = (crystal.lattice, crystal.frac, crystal.labels)
    return _Parent(
        (*(array.tobytes() for array in arrays), crystal.parent_symbols, crystal.sublattices), crystal
    )


def count_in_cell(crystal: AlchemicalCrystal, supercell: Supercell, x: FloatArray | None = None) -> int:
    """How many orderings `orderings_in_cell` finds, by Burnside's lemma (docs/science.md, Eqs. 81 to 83).

    Exact up to about a million; of more a lower bound, the decorations over the operations.

    Args:
        crystal: The parent.
        supercell: Its repetition.
        x: Composition, [n_columns]; None: all that the supercell holds.

    Raises:
        NotEnumerable: if the supercell is too large or does not hold the composition.
    """
    return _count_in_cell(_by_content(crystal), checked_matrix(crystal, supercell), _fractions(x))


def orderings_in_cell(
    crystal: AlchemicalCrystal, supercell: Supercell, x: FloatArray | None = None, limit: int = LIMIT
) -> list[Ordering]:
    """Every inequivalent decoration of one supercell, those with a smaller period too; the degeneracies add up to all.

    Args:
        crystal: The parent.
        supercell: Its repetition.
        x: Composition, [n_columns]; None: all that the supercell holds, the end members among them.
        limit: Most orderings.

    Returns:
        By composition, then by what the first sites hold; always in the same order.

    Raises:
        TooManyOrderings: if there are more than the limit; none is made then.
        NotEnumerable: if the supercell is too large or does not hold the composition.
    """
    asked = _by_content(crystal), checked_matrix(crystal, supercell), _fractions(x)
    count = _count_in_cell(*asked)
    if count > limit:
        raise TooManyOrderings(count, limit)
    return list(_orderings_in_cell(*asked))


def count_up_to(crystal: AlchemicalCrystal, sites: int, x: FloatArray | None = None) -> int:
    """An upper bound of what `orderings_up_to` finds, by Burnside's lemma.

    It is the number of inequivalent decorations of all inequivalent derivative cells: those with a smaller period,
    which are found in a smaller cell already, and without a composition the end members, are counted in every cell.
    Beyond about a million a lower bound of this number is told.

    Args:
        crystal: The parent.
        sites: Most mixed sites of the primitive cell of an ordering, of all sublattices together.
        x: Composition, [n_columns]; None: all that such cells hold.

    Raises:
        NotEnumerable: if sites are too many or too few, or no such cell holds the composition.
    """
    return _count_up_to(_by_content(crystal), checked_sites(sites), _fractions(x))


def orderings_up_to(
    crystal: AlchemicalCrystal, sites: int, x: FloatArray | None = None, limit: int = LIMIT
) -> list[Ordering]:
    """Every ordering whose primitive cell has at most so many mixed sites, each once.

    Args:
        crystal: The parent. Of one that is not in its primitive cell the orderings of the primitive cell are found, and
            given in the smallest supercells of the given cell that hold them.
        sites: Most mixed sites of the primitive cell of an ordering, of all sublattices together.
        x: Composition, [n_columns]; None: all that such cells hold, without the end members.
        limit: Most orderings, by the upper bound of `count_up_to`.

    Returns:
        By number of primitive cells, then by composition, then by the cell's shape and by what the first sites hold;
        always in the same order.

    Raises:
        TooManyOrderings: if there are more than the limit; none is made then.
        NotEnumerable: if sites are too many or too few, or no such cell holds the composition.
    """
    asked = _by_content(crystal), checked_sites(sites), _fractions(x)
    count = _count_up_to(*asked)
    if count > limit:
        raise TooManyOrderings(count, limit)
    return list(_orderings_up_to(*asked))


def _fractions(x: FloatArray | None) -> tuple[float, ...] | None:
    return None if x is None else tuple(np.asarray(x, dtype=float).tolist())


@lru_cache(maxsize=1024)
def _count_in_cell(parent: _Parent, matrix: tuple[int, ...], x: tuple[float, ...] | None) -> int:
    crystal, supercell = parent.crystal, Supercell(np.array(matrix, dtype=np.int64).reshape(3, 3))
    counts = counts_in(crystal, supercell.n_cells, x)
    of_parent = operations(crystal)
    kept = sum(supercell.keeps(operation.rotation) for operation in of_parent)
    least = n_decorations(crystal, supercell.n_cells, counts) // (kept * supercell.n_cells)
    return least if least > _COUNTED else MixedCell(crystal, supercell, of_parent).count(counts)


@lru_cache(maxsize=_REMEMBERED)
def _orderings_in_cell(
    parent: _Parent, matrix: tuple[int, ...], x: tuple[float, ...] | None
) -> tuple[Ordering, ...]:
    crystal, supercell = parent.crystal, Supercell(np.array(matrix, dtype=np.int64).reshape(3, 3))
    cell = MixedCell(crystal, supercell, operations(crystal))
    decorations, images = cell.decorations(counts_in(crystal, supercell.n_cells, x))
    found = []
    for decoration, degeneracy in zip(decorations, images.tolist(), strict=True):
        columns = frozen_array(cell.everywhere(decoration), np.int64)
        found.append(Ordering(supercell, columns, degeneracy, cell.composition(columns)))
    return tuple(sorted(found, key=lambda o: o.x.tolist()))


def _cells(
    crystal: AlchemicalCrystal, of_parent: Sequence[Operation], n: int
) -> Iterator[tuple[MixedCell, int]]:
    """The inequivalent derivative cells of so many cells, and how many images each has."""
    for form, images in derivative_cells(of_parent, n):
        yield MixedCell(crystal, Supercell(form), of_parent), images


@lru_cache(maxsize=1024)
def _count_up_to(parent: _Parent, sites: int, x: tuple[float, ...] | None) -> int:
    crystal = primitive_parent(parent.crystal).crystal
    sizes = sizes_up_to(crystal, sites, x)
    of_parent = operations(crystal)
    least = [n_decorations(crystal, n, counts) * n_forms(n) // (n * len(of_parent)) for n, counts in sizes]
    if sum(least) > _COUNTED:
        return sum(least)
    return sum(cell.count(counts) for n, counts in sizes for cell, _ in _cells(crystal, of_parent, n))


@lru_cache(maxsize=_REMEMBERED)
def _orderings_up_to(parent: _Parent, sites: int, x: tuple[float, ...] | None) -> tuple[Ordering, ...]:
    primitive = primitive_parent(parent.crystal)
    crystal = primitive.crystal
    of_parent = operations(crystal)
    found: list[Ordering] = []
    for n, counts in sizes_up_to(crystal, sites, x):
        of_size = []
        for cell, shapes in _cells(crystal, of_parent, n):
            decorations, images = cell.decorations(counts)
            kept = cell.with_no_smaller_period(decorations)
            compact = Supercell(
                compact_basis(cell.supercell.matrix, crystal.lattice)
            )  # its cells are numbered alike
            for decoration, degeneracy in zip(decorations[kept], images[kept].tolist(), strict=True):
                columns = cell.everywhere(decoration)
                composition = cell.composition(columns)
                if x is not None or _mixes(crystal, composition):
                    of_size.append(Ordering(compact, columns, shapes * degeneracy, composition))
        found += sorted(of_size, key=lambda o: o.x.tolist())
    return tuple(_in_given_cell(parent.crystal, primitive, ordering) for ordering in found)


def _mixes(crystal: AlchemicalCrystal, x: FloatArray) -> bool:
    """Whether some sublattice holds several elements."""
    return any(np.count_nonzero(x[part]) > 1 for part in crystal.column_slices)


def _in_given_cell(crystal: AlchemicalCrystal, primitive: PrimitiveParent, ordering: Ordering) -> Ordering:
    """An ordering of the primitive parent in the smallest supercell of the given cell that holds it."""
    if primitive.crystal is crystal:
        return Ordering(
            ordering.supercell, frozen_array(ordering.columns, np.int64), ordering.degeneracy, ordering.x
        )
    common = common_lattice(ordering.supercell.matrix, primitive.matrix)
    matrix = np.rint(common @ np.linalg.inv(primitive.matrix)).astype(np.int64)
    supercell = Supercell(compact_basis(matrix, crystal.lattice))
    cells = ordering.supercell.numbers((supercell.cells @ primitive.matrix)[:, None] + primitive.shifts)
    columns = ordering.columns[cells * primitive.crystal.n_sites + primitive.sites].reshape(-1)
    return Ordering(supercell, frozen_array(columns, np.int64), ordering.degeneracy, ordering.x)
