"""How large explicit supercells are, and what relaxing them takes, before anything is computed. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from api_schemas.jobs import CostEstimate
from engine.crystals.crystal import assemble
from engine.crystals.holding import held, supercell_holding
from engine.crystals.parent import ParentCrystal
from engine.crystals.symmetry import hessian_rows
from engine.units.estimate import CALLS_PER_ROW, PROCESS_MEMORY, work_of

if TYPE_CHECKING:
    from api_schemas.base import Composition
    from api_schemas.decorations import ExplicitDecoration
    from engine.problem.resolved import ResolvedProblem

CALLS = 7
"""Potential calls that the relaxation of a decoration takes (3 to 9 measured)."""
_STRAIN_ROWS, _MEAN_FIELD_CALLS = 6, 12


@dataclass(frozen=True)
class SupercellSize:
    """The supercell of a composition.

    Attributes:
        cells: Cells of the parent in it.
        sites: Its sites, mixed or not.
        atoms: The atoms on them.
        composition: What it holds.
    """

    cells: int
    sites: int
    atoms: int
    composition: Composition


def supercell_size(resolved: ResolvedProblem, composition: Composition, sites: int) -> SupercellSize:
    """The supercell of a composition with about so many mixed sites."""
    crystal = resolved.crystal
    x = resolved.space.to_vector(composition)
    cells = supercell_holding(crystal, x, sites).n_cells
    x = held(crystal, x, cells)
    return SupercellSize(
        cells=cells,
        sites=cells * crystal.n_sites,
        atoms=round(cells * float(crystal.weights(x).sum())),
        composition=resolved.space.to_composition(x),
    )


def explicit_atoms(resolved: ResolvedProblem, explicit: ExplicitDecoration) -> int:
    """Atoms of a decoration that is given: its sites but the empty ones."""
    empty = {int(column) for column in resolved.crystal.vacancy_columns}
    return sum(column not in empty for column in explicit.columns)


def estimate_supercells(resolved: ResolvedProblem, cells: int, decorations: int) -> CostEstimate:
    """Expected cost of relaxing decorations of one composition, in so many cells, on one CPU worker.

    The Hessian of the mean-field supercell is theirs together, and takes the most memory: its rows are calls with all
    copies.
    """
    crystal = resolved.crystal
    plain = assemble(ParentCrystal(crystal.lattice, crystal.frac, crystal.parent_symbols), ())
    one, mixed, explicit = (
        work_of(crystal, resolved),
        work_of(crystal, resolved, cells),
        work_of(plain, resolved, cells),
    )
    rows = hessian_rows(crystal)
    of_cell = _MEAN_FIELD_CALLS + 1 + CALLS_PER_ROW * _STRAIN_ROWS
    return CostEstimate(
        evaluations=decorations,
        potential_calls=of_cell + rows + decorations * CALLS,
        seconds=of_cell * one.seconds() + rows * mixed.seconds() + decorations * CALLS * explicit.seconds(),
        memory_bytes=int(PROCESS_MEMORY + max(mixed.memory(), explicit.memory())),
    )
