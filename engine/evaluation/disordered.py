"""The refinement of the tier ``fluctuation``: a mixed crystal relaxed with its energy of disorder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.crystals.supercells import supercell_for_disorder
from engine.evaluation.refined import Refined
from engine.mechanics.response.disorder import Disorder
from engine.mechanics.response.minimum import relax_disordered
from engine.mechanics.threads import fitting_threads

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.mechanics.landscape import Landscape
    from engine.mechanics.relax import Relaxed, Tolerance


class Disordered:
    """Relaxes mixed crystals with their energy of disorder; what a crystal needs for it is found once."""

    def __init__(self) -> None:
        self._disorder: Disorder | None = None

    def __call__(
        self,
        landscape: Landscape,
        relaxed: Relaxed,
        x: NDArray[np.float64],
        directions: NDArray[np.float64],
        tolerance: Tolerance,
    ) -> Refined:
        """The composition with its energy of disorder."""
        crystal = landscape.crystal
        disorder = self._disorder
        if disorder is None or disorder.crystal is not crystal:
            supercell = supercell_for_disorder(crystal)
            disorder = self._disorder = Disorder.of(
                landscape.potential, crystal, landscape.coordinates, supercell, landscape.interrupt
            )
        cells = disorder.supercell.supercell.n_cells
        with fitting_threads(crystal.n_copies * cells):
            found = relax_disordered(disorder, landscape, relaxed, x, directions, tolerance)
        return Refined(
            relaxed=found.relaxed,
            dq_dx=None if found.response is None else found.response @ directions.T,
            dh_dx=found.dh_dx,
            curvature=found.mean_field_hessian,
            supercell_calls=found.supercell_calls,
            cells=cells,
            notes=_notes(found.soft, disorder.supercell.n_sites),
        )


def _notes(soft: int, sites: int) -> tuple[str, ...]:
    if not soft:
        return ()
    said = (
        f"{soft} of {3 * sites} modes of the supercell of {sites} sites are soft or unstable and were lifted: the "
        "crystal wants to leave its lattice, which a mixed crystal on it cannot follow"
    )
    return (said,)
