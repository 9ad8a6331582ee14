"""The mean-field supercell that explicit decorations are made of: where its sites are, what holds them and its cell.

The inverse of its Hessian by all positions and the strain of the cell is what the relaxation of a decoration starts
with (docs/science.md, Eq. 79). Of the positions only the rows of one cell are kept; the strain couples to displacements
that are alike in all cells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from engine.crystals.derivative_cells import compact_basis
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
_EQUALLY_NEAR = 1e-4
"""Å"""


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

    def folded(self, supercell: Supercell) -> Host:
        """The same crystal repeated otherwise, with the force constants of this supercell.

        A force constant is that between the nearest images of two sites, shared where several are equally near; what
        lies beyond the reach of this supercell is left out. It is exact for supercells of the same lattice.
        """
        if np.array_equal(supercell.matrix, self.supercell.matrix):
            return self
        cells, share = nearest_images(self.supercell, self.lattice, self.positions)
        n, sites = supercell.n_cells, len(self.positions)
        blocks = np.zeros((n, sites, 3, sites, 3))
        places = supercell.numbers(cells)
        of = np.einsum("cjit,cjaib->tcjiab", share, self.blocks)
        second, first = np.meshgrid(np.arange(sites), np.arange(sites), indexing="ij")
        for image in range(share.shape[-1]):
            for cell in range(len(self.blocks)):
                np.add.at(
                    blocks.transpose(0, 1, 3, 2, 4),
                    (places[cell, :, :, image], second, first),
                    of[image, cell],
                )
        return replace(self, supercell=supercell, blocks=blocks)

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """Everything as arrays, to be saved; `restored_host` undoes it bit for bit."""
        found = {name: np.array(getattr(self, name), dtype=float) for name in _ARRAYS}
        return {**found, "matrix": np.array(self.supercell.matrix, dtype=float)}


def nearest_images(
    supercell: Supercell, lattice: NDArray[np.float64], positions: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Where the images of every site are that are nearest to a site of the first cell.

    Args:
        supercell: The repetition.
        lattice: Vectors of a cell as rows, [3, 3] Å.
        positions: Sites of a cell, [n_sites, 3] Å.

    Returns:
        Cell of the image [n_cells, n_sites, n_sites, n_images, 3] of site j of a cell, seen from site i of the first
        cell, at [cell, j, i]; and its share [n_cells, n_sites, n_sites, n_images], equal among those equally near.
    """
    basis = compact_basis(supercell.matrix, lattice)
    near_origin = supercell.cells - np.rint(supercell.cells @ np.linalg.inv(basis)).astype(np.int64) @ basis
    translations = np.array(list(product((-2, -1, 0, 1, 2), repeat=3))) @ basis
    cells = near_origin[:, None, :] + translations[None]
    vectors = (cells @ lattice)[:, None, None] + (positions[:, None] - positions[None])[None, :, :, None]
    distances = np.linalg.norm(vectors, axis=-1)
    near = distances <= distances.min(axis=-1, keepdims=True) + _EQUALLY_NEAR
    most = int(near.sum(axis=-1).max())
    order = np.argsort(~near, axis=-1, kind="stable")[..., :most]
    chosen = np.take_along_axis(near, order, axis=-1)
    share = chosen / chosen.sum(axis=-1, keepdims=True)
    found = np.take_along_axis(
        np.broadcast_to(cells[:, None, None], (*distances.shape, 3)), order[..., None], axis=-2
    )
    return found, share


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
