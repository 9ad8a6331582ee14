"""What a problem of kind order will cost, before anything is computed. Torch-free."""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.jobs import CostEstimate
from engine.crystals.crystal import assemble
from engine.crystals.enumeration import count_in_cell, count_up_to
from engine.crystals.holding import mixed_sites
from engine.crystals.parent import ParentCrystal
from engine.kinds.listed_compositions import listed_compositions
from engine.kinds.order.looked_at import (
    MOST_LEVELS,
    RELAXED_OF_FOUND,
    named,
    options_of,
    probability_cell,
)
from engine.tiers.fluctuation import Fluctuation
from engine.units.estimate import PROCESS_MEMORY, estimate_relaxations, work_of
from engine.units.supercell_size import estimate_supercells

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.problem.resolved import ResolvedProblem

DESCENT_CALLS = 24
"""Potential calls of a search (5 to 24 measured)."""


def estimate_order(resolved: ResolvedProblem) -> CostEstimate:
    """The most that it may cost, about: where decorations are many, fewer are as large as those that are counted."""
    crystal, options = resolved.crystal, options_of(resolved.problem)
    listed = [x for _, x in listed_compositions(resolved.problem, resolved.region)]
    in_cell = mixed_sites(crystal)
    ranked = relaxed = 0
    cells = 1
    if options.enumerate is not None:
        of_enumerated = options.enumerate
        cells = (
            named(of_enumerated.cell).n_cells
            if of_enumerated.cell
            else max(1, (of_enumerated.sites or 1) // in_cell)
        )
        points: list[NDArray[np.float64] | None] = [*listed] or [None]
        for x in points:
            count = (
                count_in_cell(crystal, named(of_enumerated.cell), x)
                if of_enumerated.cell
                else count_up_to(crystal, of_enumerated.sites or 1, x)
            )
            each = count if isinstance(options.relax, str) else min(count, options.relax)
            ranked, relaxed = ranked + count, relaxed + (each if listed else count)
    compositions = len(listed) or _compositions(resolved, cells, ranked)
    if not listed and not isinstance(options.relax, str):
        relaxed = min(relaxed, compositions * options.relax)
    plain = assemble(ParentCrystal(crystal.lattice, crystal.frac, crystal.parent_symbols), ())
    parts = [
        estimate_relaxations(resolved, compositions),
        estimate_supercells(resolved, cells, max(relaxed, 1)),
    ]
    if listed and options.probability is not None:
        levels = options.probability
        for x in listed:
            supercell = probability_cell(crystal, x, levels)
            count = min(count_in_cell(crystal, supercell, x), MOST_LEVELS)
            ranked += count
            parts.append(estimate_supercells(resolved, supercell.n_cells, count))
    if listed and options.random is not None:
        size = max(1, round(options.random.sites / in_cell))
        parts.append(estimate_supercells(resolved, size, options.random.cells * len(listed)))
        beyond = Fluctuation().supercell_work(crystal, 1)
        if beyond is not None:
            work = work_of(crystal, resolved, beyond.cells)
            parts.append(
                CostEstimate(
                    evaluations=len(listed),
                    potential_calls=beyond.calls * len(listed),
                    seconds=beyond.calls * len(listed) * work.seconds(),
                    memory_bytes=int(PROCESS_MEMORY + work.memory(second_derivatives=True)),
                )
            )
    if listed and options.search is not None:
        work = work_of(crystal, resolved, max(1, round(options.search.sites / in_cell)))
        calls = DESCENT_CALLS * options.search.seeds * len(listed)
        found = min(options.search.seeds, RELAXED_OF_FOUND) * len(listed)
        parts.append(estimate_supercells(resolved, max(1, round(options.search.sites / in_cell)), found))
        parts.append(
            CostEstimate(
                evaluations=options.search.seeds * len(listed),
                potential_calls=calls,
                seconds=calls * work.seconds(),
                memory_bytes=int(PROCESS_MEMORY + work.memory()),
            )
        )
    small = work_of(plain, resolved, cells)
    return CostEstimate(
        evaluations=sum(part.evaluations for part in parts),
        potential_calls=ranked + sum(part.potential_calls for part in parts),
        seconds=ranked * small.seconds() / 3.0 + sum(part.seconds for part in parts),
        memory_bytes=max(part.memory_bytes for part in parts),
    )


def _compositions(resolved: ResolvedProblem, cells: int, most: int) -> int:
    """How many mixed compositions cells of up to a size hold, at the most."""
    crystal = resolved.crystal
    total = 0
    for n in range(1, cells + 1):
        each = [
            _ways(n * len(sublattice.sites), len(sublattice.elements)) for sublattice in crystal.sublattices
        ]
        total += int(min(np.prod(np.array(each, dtype=float)), 1e9))
    return max(1, min(total, most))


def _ways(sites: int, elements: int) -> int:
    """In how many ways sites are shared among elements."""
    return comb(sites + elements - 1, elements - 1)
