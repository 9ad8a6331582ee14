"""The refinement of the tier ``fluctuation``: a mixed crystal relaxed with its energy of disorder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from api_schemas.evaluations import DisorderState
from engine.crystals.supercells import supercell_for_disorder
from engine.evaluation.disordered_vibrations import disorder_vibrations
from engine.evaluation.refined import Refined
from engine.mechanics.response.disorder import Disorder
from engine.mechanics.response.force_constants import ForceConstants
from engine.mechanics.response.minimum import Fluctuation, relax_disordered
from engine.mechanics.response.walk import Remembered
from engine.mechanics.threads import fitting_threads
from engine.properties.inputs import Vibrations
from engine.references.vibrations import vibrations_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from engine.crystals.crystal import AlchemicalCrystal
    from engine.mechanics.landscape import Landscape
    from engine.mechanics.relax import Relaxed, Tolerance
    from engine.references.solver import ReferenceSolver


STORED_UP_TO = 4000
"""Numbers that an evaluation keeps for the disorder of its neighbours, at the most."""


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
        neighbour: DisorderState | None,
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
            remembered = None if neighbour is None else _remembered(neighbour, disorder)
            found = relax_disordered(disorder, landscape, relaxed, x, directions, tolerance, remembered)
        return Refined(
            relaxed=found.relaxed,
            dq_dx=None if found.response is None else found.response @ directions.T,
            dh_dx=found.dh_dx,
            curvature=found.mean_field_hessian,
            supercell_calls=found.supercell_calls,
            cells=cells,
            notes=tuple(_notes(found, disorder)),
            disorder=None if found.remembered is None else _state(found.remembered),
        )

    def vibrations(
        self,
        solver: ReferenceSolver,
        crystal: AlchemicalCrystal,
        pressure: float,
        temperature: float,
        x: NDArray[np.float64],
        q: NDArray[np.float64],
    ) -> Vibrations:
        """Those of the mean-field crystal and what real atoms add; without derivatives by the composition."""
        mean = vibrations_of(solver, crystal, pressure, temperature, x, q)
        if mean.values is None:
            return mean
        beyond = disorder_vibrations(solver, crystal, pressure, temperature, x, q)
        return Vibrations(
            None if beyond.values is None else mean.values + beyond.values,
            unstable=beyond.unstable,
            calls=mean.calls + beyond.calls,
            primitive_equivalents=mean.primitive_equivalents + beyond.primitive_equivalents,
        )


def _state(remembered: Remembered) -> DisorderState | None:
    """What is left for neighbours, as it is stored; None where it is too large."""
    constants, responses = remembered.constants, remembered.responses
    if constants.blocks.size + sum(response.size for response in responses) > STORED_UP_TO:
        return None
    return DisorderState(
        shift=remembered.shift.tolist(),
        force_constants=constants.blocks.reshape(-1).tolist(),
        present=constants.present.tolist(),
        responses=[response.reshape(-1).tolist() for response in responses],
    )


def _remembered(state: DisorderState, disorder: Disorder) -> Remembered | None:
    """What a neighbour left; None where it is of another supercell."""
    n, cells = disorder.crystal.n_sites, disorder.supercell.supercell.n_cells
    shapes = [probe.nothing.shape for probe in disorder.probes]
    sizes = [len(response) for response in state.responses]
    if len(state.force_constants) != cells * (3 * n) ** 2 or sizes != [
        int(np.prod(shape)) for shape in shapes
    ]:
        return None
    blocks = np.array(state.force_constants).reshape(cells, n, 3, n, 3)
    return Remembered(
        shift=np.array(state.shift),
        constants=ForceConstants(disorder.supercell.supercell, blocks, np.array(state.present)),
        responses=[
            np.array(response).reshape(shape) for response, shape in zip(state.responses, shapes, strict=True)
        ],
    )


def _notes(found: Fluctuation, disorder: Disorder) -> Iterator[str]:
    """What to be careful about, in words."""
    potential, sites = disorder.supercell.potential, disorder.supercell.n_sites
    if found.soft:
        yield (
            f"{found.soft} of {3 * sites} modes of the supercell of {sites} sites are soft or unstable and were "
            "lifted: the crystal wants to leave its lattice, which a mixed crystal on it cannot follow"
        )
    if found.response is None and potential.curvature_jumps:
        listed = " and ".join(f"{distance:g} Å" for distance in potential.curvature_jumps)
        yield (
            f"the curvature of {potential.name} jumps where neighbours are {listed} apart, and the energy of disorder "
            "with it: sevennet-l3i5 is smooth"
        )
