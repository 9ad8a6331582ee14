"""The mean-field supercell that explicit decorations are made of: where its sites are, what holds them and its cell.

The inverse of its Hessian by all positions and the strain of the cell is what the relaxation of a decoration starts
with (docs/science.md, Eq. 77). Of the positions only the rows of one cell are kept; the strain couples to displacements
that are alike in all cells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.crystals.supercells import Supercell
from engine.mechanics.elastic import free_coordinates
from engine.mechanics.landscape import CALLS_PER_ROW
from engine.mechanics.response.force_constants import ForceConstants, force_constants
from engine.mechanics.sites import SiteLandscape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.crystals.symmetry import Operation
    from engine.mechanics.landscape import Landscape

_STRAINS = 6


@dataclass(frozen=True, eq=False)
class Host:
    """A relaxed mean-field crystal, repeated.

    Attributes:
        q: Its coordinates, [n_q].
        lattice: Vectors of the relaxed cell as rows, [3, 3] Å.
        positions: Of its sites, [n_sites, 3] Å.
        supercell: How it is repeated.
        present: Sum of the weights on each site, [n_sites].
        by_strain: Second derivatives of the enthalpy by the Voigt strains of a cell, sites still, [6, 6] eV per cell.
        coupling: Second derivatives by strain and position, [6, n_sites, 3] eV/Å.
        blocks: Force constants; see `ForceConstants`.
        calls: Potential calls that it took.
        supercell_calls: Those of them that were for the supercell.
    """

    q: NDArray[np.float64]
    lattice: NDArray[np.float64]
    positions: NDArray[np.float64]
    supercell: Supercell
    present: NDArray[np.float64]
    by_strain: NDArray[np.float64]
    coupling: NDArray[np.float64]
    blocks: NDArray[np.float64]
    calls: int
    supercell_calls: int

    @property
    def constants(self) -> ForceConstants:
        """What holds the sites."""
        return ForceConstants(self.supercell, self.blocks, self.present)

    def after(self, calls: int) -> Host:
        """The same host, where so many calls were made before it."""
        return replace(self, calls=self.calls + calls)

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """Everything as arrays, to be saved; `restored_host` undoes it bit for bit."""
        found = {name: np.array(getattr(self, name), dtype=float) for name in _ARRAYS}
        return {**found, "matrix": np.array(self.supercell.matrix, dtype=float)}


_ARRAYS = tuple(name for name in Host.__dataclass_fields__ if name != "supercell")


def restored_host(arrays: Mapping[str, NDArray[np.generic] | Sequence[object]]) -> Host:
    """The host that `Host.arrays` saved, from arrays or nested lists."""
    found = {name: np.array(arrays[name], dtype=float) for name in _ARRAYS}
    calls, supercell_calls = int(found.pop("calls")), int(found.pop("supercell_calls"))
    matrix = np.rint(np.array(arrays["matrix"], dtype=float)).astype(np.int64)
    return Host(**found, supercell=Supercell(matrix), calls=calls, supercell_calls=supercell_calls)


def host_at(
    landscape: Landscape,
    supercell: Supercell,
    q: NDArray[np.float64],
    lam: NDArray[np.float64],
    symmetry: Sequence[Operation],
    on_call: Callable[[], None] | None = None,
) -> Host:
    """The host at relaxed coordinates of the mean-field crystal.

    It takes 13 calls of a cell, and of the supercell one for each of the fewest rows that symmetry leaves.

    Args:
        landscape: Enthalpy of the mean-field crystal.
        supercell: How it is repeated.
        q: Relaxed coordinates, [n_q].
        lam: Weights, [n_copies].
        symmetry: Operations of the labelled parent.
        on_call: Called before every potential call of the supercell; what it raises ends the computation.
    """
    free = free_coordinates(landscape.coordinates, q)
    unconstrained = landscape.with_coordinates(free)
    at = unconstrained.first(np.zeros((1, free.n_q)), lam[None])
    rows = np.array([unconstrained.hessian_product(at, unit[None])[0] for unit in np.eye(_STRAINS, free.n_q)])
    by_strain = (rows[:, :_STRAINS] + rows[:, :_STRAINS].T) / 2
    repeated = SiteLandscape(landscape.potential, landscape.crystal, free.lattice, supercell, on_call)
    at_rest = np.einsum("j,jna->na", at.dh_dq[0, _STRAINS:], free.displacement_modes)
    constants = force_constants(repeated, free.positions, np.zeros((3, 3)), lam, symmetry, at_rest)
    return Host(
        q=np.array(q, dtype=float),
        lattice=free.lattice,
        positions=free.positions,
        supercell=supercell,
        present=constants.present,
        by_strain=by_strain,
        coupling=np.einsum("sj,jna->sna", rows[:, _STRAINS:], free.displacement_modes),
        blocks=constants.blocks,
        calls=1 + CALLS_PER_ROW * _STRAINS + repeated.calls,
        supercell_calls=repeated.calls,
    )
