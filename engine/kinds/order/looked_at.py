"""Which compositions a problem of kind order looks at, and which decorations and supercells of each. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.order_options import OrderOptions
from engine.composition.notation import parse_composition
from engine.crystals.enumeration import Ordering, orderings_in_cell, orderings_up_to
from engine.crystals.holding import counts_held, held, mixed_sites, sites_that_hold, supercell_holding
from engine.crystals.supercells import Supercell, compact_supercell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from api_schemas.base import Composition
    from api_schemas.order_options import Cells
    from api_schemas.problem import Problem
    from engine.crystals.crystal import AlchemicalCrystal
    from engine.problem.resolved import ResolvedProblem

MOST_ORDERINGS = 5000
"""Inequivalent decorations of a problem whose energies are computed."""
HOLDS_UP_TO = 64
"""Mixed sites up to which a cell is looked for that holds a composition."""
RELAXED_OF_FOUND = 2
"""How many of the lowest orderings that descents ended at, and that enumeration does not have, are relaxed."""
MOST_LEVELS = 200
"""Inequivalent decorations of the supercell of the ordering probability: each is relaxed."""


@dataclass(frozen=True, eq=False)
class LookedAt:
    """One composition with its decorations.

    Attributes:
        number: Of the composition, from 0; also that of its evaluation.
        x: [n_columns].
        composition: The same as users read it.
        orderings: Inequivalent decorations of small cells, or of a named one.
        levels: All inequivalent decorations of the supercell of the ordering probability.
        random: The supercell that is decorated at random.
        search: The supercell that orderings are searched in.
        host: The supercell whose force constants the relaxations of small cells start with.
        listed: Whether the problem lists it.
        named: Whether the orderings are those of one supercell that the problem names, and are counted within it.
    """

    number: int
    x: NDArray[np.float64]
    composition: Composition
    orderings: Sequence[Ordering]
    levels: Sequence[Ordering]
    random: Supercell | None
    search: Supercell | None
    host: Supercell
    listed: bool
    named: bool


def options_of(problem: Problem) -> OrderOptions:
    """The options, by default where the problem gives none."""
    return problem.order or OrderOptions()


def looked_at(resolved: ResolvedProblem) -> list[LookedAt]:
    """Every composition that the problem lists, or, where it lists none, all that cells of the enumerated sizes hold.

    Raises:
        engine.crystals.enumeration.TooManyOrderings: where there are more decorations than are computed.
    """
    crystal, options = resolved.crystal, options_of(resolved.problem)
    listed = [
        as_held(crystal, parse_composition(resolved.space, composition, ("at", str(number))))
        for number, composition in enumerate(resolved.problem.at)
    ]
    named_cell = options.enumerate is not None and options.enumerate.cell is not None
    if not listed:
        return _of_small_cells(resolved, options, named_cell=named_cell)
    found = []
    for number, x in enumerate(listed):
        levels_in = None if options.probability is None else probability_cell(crystal, x, options.probability)
        levels = [] if levels_in is None else orderings_in_cell(crystal, levels_in, x, limit=MOST_LEVELS)
        # The decorations of one supercell are its levels; they are not computed twice.
        both = levels_in is not None and _is_named(options.enumerate, levels_in)
        orderings = [] if both else _enumerated(crystal, options, x)
        random = options.random and supercell_holding(crystal, x, options.random.sites)
        search = options.search and supercell_holding(crystal, x, options.search.sites)
        found.append(
            LookedAt(
                number=number,
                x=x,
                composition=resolved.space.to_composition(x),
                orderings=orderings,
                levels=levels,
                random=random or None,
                search=search or None,
                host=levels_in or _host(crystal, options),
                listed=True,
                named=named_cell,
            )
        )
    return found


def _of_small_cells(resolved: ResolvedProblem, options: OrderOptions, *, named_cell: bool) -> list[LookedAt]:
    crystal, region = resolved.crystal, resolved.region
    by_x: dict[tuple[float, ...], list[Ordering]] = {}
    for one in _enumerated(crystal, options, None):
        by_x.setdefault(tuple(np.round(one.x, 12).tolist()), []).append(one)
    host = _host(crystal, options)
    feasible = [x for x in sorted(by_x, reverse=True) if region.contains(np.array(x))]
    return [
        LookedAt(
            number=number,
            x=np.array(x),
            composition=resolved.space.to_composition(np.array(x)),
            orderings=by_x[x],
            levels=[],
            random=None,
            search=None,
            host=host,
            listed=False,
            named=named_cell,
        )
        for number, x in enumerate(feasible)
    ]


def _enumerated(
    crystal: AlchemicalCrystal, options: OrderOptions, x: NDArray[np.float64] | None
) -> Sequence[Ordering]:
    cells = options.enumerate
    if cells is None:
        return []
    if cells.cell is not None:
        found = orderings_in_cell(crystal, named(cells.cell), x, limit=MOST_ORDERINGS)
        return (
            found
            if x is not None
            else [one for one in found if np.count_nonzero(one.x) > len(crystal.sublattices)]
        )
    return orderings_up_to(crystal, cells.sites or 1, x, limit=MOST_ORDERINGS)


def as_held(crystal: AlchemicalCrystal, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """A composition [n_columns] as cells hold it: what is written as 0.333 is a third."""
    able = sites_that_hold(crystal, x, HOLDS_UP_TO)
    return held(crystal, x, able[0] // mixed_sites(crystal)) if able else x


def named(cell: list[list[int]]) -> Supercell:
    """A supercell that a user named, of either handedness."""
    matrix = np.array(cell, dtype=np.int64)
    return Supercell(matrix if np.linalg.det(matrix) > 0.0 else -matrix)


def probability_cell(crystal: AlchemicalCrystal, x: NDArray[np.float64], cells: Cells) -> Supercell:
    """The supercell that a problem names, or else one that holds the composition [n_columns].

    It has as many mixed sites as were asked for where so many hold it, else about as many.
    """
    if cells.cell is not None:
        return named(cells.cell)
    sites, in_cell = cells.sites or 1, mixed_sites(crystal)
    if sites % in_cell == 0 and counts_held(crystal, x, sites // in_cell) is not None:
        return compact_supercell(crystal, [sites // in_cell])
    return supercell_holding(crystal, x, sites)


def _is_named(cells: Cells | None, supercell: Supercell) -> bool:
    return (
        cells is not None
        and cells.cell is not None
        and np.array_equal(named(cells.cell).matrix, supercell.matrix)
    )


def _host(crystal: AlchemicalCrystal, options: OrderOptions) -> Supercell:
    """A compact supercell of about as many sites as the largest that are enumerated."""
    cells = options.enumerate
    if cells is not None and cells.cell is not None:
        return named(cells.cell)
    return compact_supercell(crystal, max(1, round(((cells and cells.sites) or 1) / mixed_sites(crystal))))
