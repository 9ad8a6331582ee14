"""How large an explicit supercell is, and what relaxing it takes, before anything is computed. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.crystals.holding import held, supercell_holding

if TYPE_CHECKING:
    from api_schemas.base import Composition
    from engine.problem.resolved import ResolvedProblem


def atoms_of(resolved: ResolvedProblem, composition: Composition, sites: int) -> int:
    """Atoms of the supercell of a composition with about so many mixed sites."""
    crystal = resolved.crystal
    x = resolved.space.to_vector(composition)
    supercell = supercell_holding(crystal, x, sites)
    weights = crystal.weights(held(crystal, x, supercell.n_cells))
    return round(supercell.n_cells * float(weights.sum()))
