"""What a tier makes of a relaxed mean-field crystal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from engine.mechanics.sensitivity import coordinate_response
from engine.properties.inputs import NO_VIBRATIONS, SoftestMode, Vibrations

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from api_schemas.evaluations import DisorderState
    from engine.crystals.crystal import AlchemicalCrystal
    from engine.mechanics.landscape import Landscape
    from engine.mechanics.relax import Relaxed, Tolerance
    from engine.references.solver import ReferenceSolver


@dataclass(frozen=True, eq=False)
class Refined:
    """A relaxed composition, as its properties are computed from it.

    Attributes:
        relaxed: The minimum with its implicit derivatives; its calls count those for supercells, one each.
        dq_dx: Derivative of the coordinates by the composition, [n_q, n_columns]; None where it cannot be had.
        dh_dx: Derivative of the relaxed enthalpy by the composition, raw, [n_columns], eV.
        curvature: Second derivatives of the mean-field enthalpy at the minimum, [n_q, n_q], eV per squared unit of q:
            what moduli are computed from.
        supercell_calls: Potential calls for supercells.
        cells: Parent cells of the supercell; 0 without one.
        notes: What to be careful about.
        disorder: What is left for neighbours.
        vibrations: Of the mean-field crystal in this cell, where properties are made of them.
        softest: Mode of the mean-field crystal in this cell, where it is tested in a supercell.
    """

    relaxed: Relaxed
    dq_dx: NDArray[np.float64] | None
    dh_dx: NDArray[np.float64]
    curvature: NDArray[np.float64]
    supercell_calls: int = 0
    cells: int = 0
    notes: tuple[str, ...] = ()
    disorder: DisorderState | None = None
    vibrations: Vibrations = NO_VIBRATIONS
    softest: SoftestMode | None = None

    @property
    def vibration_calls(self) -> int:
        """Potential calls of the supercell for vibrations; the softest mode is one of those, where there are any."""
        return self.vibrations.calls or (0 if self.softest is None else self.softest.calls)

    @property
    def vibration_equivalents(self) -> int:
        """The same, each counted as often as its supercell holds the parent cell."""
        if self.vibrations.calls or self.softest is None:
            return self.vibrations.primitive_equivalents
        return self.softest.calls * self.softest.cells


class Refinement(Protocol):
    """Makes more of a relaxed mean-field crystal."""

    def __call__(
        self,
        landscape: Landscape,
        relaxed: Relaxed,
        x: NDArray[np.float64],
        directions: NDArray[np.float64],
        tolerance: Tolerance,
        neighbour: DisorderState | None,
    ) -> Refined:
        """The composition as the tier has it.

        Args:
            landscape: Enthalpy of the mean-field crystal.
            relaxed: The mean-field crystal, relaxed; it converged.
            x: Composition, [n_columns].
            directions: Orthonormal directions in which the composition can move, [n_columns, n_free].
            tolerance: When a relaxation is finished.
            neighbour: What a near composition left; None where there is none.
        """

    def vibrations(
        self,
        solver: ReferenceSolver,
        crystal: AlchemicalCrystal,
        pressure: float,
        temperature: float,
        x: NDArray[np.float64],
        q: NDArray[np.float64],
    ) -> Vibrations:
        """The vibrations of the composition as the tier has them; see `engine.references.vibrations.vibrations_of`."""


def as_it_is(relaxed: Relaxed, columns: NDArray[np.float64], directions: NDArray[np.float64]) -> Refined:
    """The mean-field crystal itself.

    Args:
        relaxed: Relaxed.
        columns: How the weights follow the composition, [n_copies, n_columns].
        directions: Orthonormal directions in which the composition can move, [n_columns, n_free].
    """
    return Refined(
        relaxed=relaxed,
        dq_dx=coordinate_response(relaxed, columns, directions) if relaxed.converged else None,
        dh_dx=relaxed.dh_dlam @ columns,
        curvature=relaxed.hessian,
    )
