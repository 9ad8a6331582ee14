"""The mixed crystal relaxed with its energy of disorder, and the implicit derivatives of that minimum.

The cell and all internal coordinates are relaxed on E_mf + E_corr + P V with the mean-field Hessian as quasi-Newton
Hessian (docs/science.md, Eq. 77). The responses of the sites are carried from point to point: the forces that they
leave come with every point for nothing, and the force constants of the first point turn these into better responses, so
that these are needed once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.mechanics.landscape import CALLS_PER_ROW, Landscape
from engine.mechanics.response.walk import End, Remembered, SoftSlope, Walk
from engine.mechanics.sensitivity import SINGULAR, coordinate_response

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.mechanics.relax import Relaxed, Tolerance
    from engine.mechanics.response.disorder import Disorder

ANSWERED = 1.5e-2
"""Relative error of a derivative of the responses at which it is good enough: they are a tenth of a curvature."""
STIFF = 0.5
"""eV/Å^2; where no mode of a neighbour's supercell is softer, none is soft here."""
SETTLED = 1e-2
"""Relative change of a derivative of the coordinates after which it is good enough: the next is far smaller."""
MOST_ROUNDS = 6
STRAIN_STEP = 7e-5
DISPLACEMENT_STEP = 2e-4
"""Å; by how much a coordinate is moved for derivatives of the energy of disorder."""
COMPOSITION_STEP = 3e-4
"""Fraction by which a composition is moved; weights may become slightly negative."""


@dataclass(frozen=True, eq=False)
class Fluctuation:
    """A mixed crystal relaxed with its energy of disorder.

    Attributes:
        relaxed: The minimum, as relaxations give it, but for its derivatives by the weights.
        response: dq/dx along the directions of the composition, [n_q, n_free]; None where it cannot be had.
        dh_dx: Derivative of the relaxed enthalpy by the composition, raw, [n_columns], eV.
        energy: Energy of disorder, eV per cell.
        mean_field_hessian: Second derivatives of the mean-field enthalpy there, [n_q, n_q], eV per squared unit of q.
        soft: Modes of the supercell that were lifted: the crystal wants to leave its lattice.
        supercell_calls: Potential calls for the supercell.
        remembered: What is left for neighbours; None where modes are soft or the minimum was not found.
    """

    relaxed: Relaxed
    response: NDArray[np.float64] | None
    dh_dx: NDArray[np.float64]
    energy: float
    mean_field_hessian: NDArray[np.float64]
    soft: int
    supercell_calls: int
    remembered: Remembered | None


def relax_disordered(
    disorder: Disorder,
    landscape: Landscape,
    mean_field: Relaxed,
    x: NDArray[np.float64],
    directions: NDArray[np.float64],
    tolerance: Tolerance,
    remembered: Remembered | None = None,
) -> Fluctuation:
    """Relax a mixed crystal with its energy of disorder.

    Args:
        disorder: The crystal with its supercell.
        landscape: Enthalpy of the mean-field crystal.
        mean_field: The mean-field crystal, relaxed.
        x: Composition, [n_columns].
        directions: Orthonormal directions in which the composition can move, [n_columns, n_free].
        tolerance: When to stop.
        remembered: What a neighbour left. Its force constants stand for those of this crystal, which changes how fast
            responses are found and not which; where a mode might be soft they are computed.
    """
    before = disorder.supercell.calls, disorder.cell.calls
    if remembered is not None and remembered.constants.lowest < STIFF:
        remembered = None
    constants = disorder.force_constants(mean_field.q, x) if remembered is None else remembered.constants
    soft = _soft_slopes(disorder, mean_field, x, directions) if constants.soft else None
    walk = Walk(disorder, landscape, constants, x, soft)
    end = walk.down(mean_field, tolerance, remembered)
    rows = landscape.second(landscape.first(end.q[None], landscape.crystal.weights(x)[None]))
    slopes = rows.mixed[0] @ landscape.crystal.weights_matrix @ directions
    hessian, along, response = rows.hessian[0], slopes, None
    if end.converged:
        hessian, along, response = total_response(walk, end, rows.hessian[0], slopes, directions)
    stable = bool(np.isfinite(hessian).all() and np.linalg.eigvalsh(hessian).min(initial=np.inf) > 0)
    usable = end.converged and stable
    last = np.asarray(
        -np.linalg.solve(hessian, end.gradient) if usable else np.zeros(len(end.q)), dtype=float
    )
    force, stress = landscape.coordinates.residual(end.q, end.gradient)
    supercell_calls = disorder.supercell.calls - before[0]
    calls = 1 + CALLS_PER_ROW * len(end.q) + disorder.cell.calls - before[1] + supercell_calls
    return Fluctuation(
        relaxed=replace(
            mean_field,
            q=end.q + last,
            enthalpy=end.enthalpy + 0.5 * float(end.gradient @ last),
            hessian=hessian,
            force=force,
            stress=stress,
            calls=mean_field.calls + calls,
            converged=mean_field.converged and end.converged,
            stable=stable,
        ),
        response=response,
        dh_dx=end.slope + directions @ (last @ along),
        energy=end.correction.energy,
        mean_field_hessian=rows.hessian[0],
        soft=constants.soft,
        supercell_calls=supercell_calls,
        remembered=Remembered(end.q - mean_field.q, constants, end.responses)
        if end.converged and soft is None
        else None,
    )


def total_response(
    walk: Walk,
    end: End,
    hessian: NDArray[np.float64],
    slopes: NDArray[np.float64],
    directions: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64] | None]:
    """Second derivatives of the whole enthalpy at a minimum, and the response of the coordinates to the composition.

    Those of the energy of disorder are one-sided differences of its first derivatives, with the responses of the sites
    moved along: by the coordinates where these are fewer, else along the directions of the composition.

    Args:
        walk: How the minimum was found.
        end: The minimum.
        hessian: Second derivatives of the mean-field enthalpy, [n_q, n_q].
        slopes: Its mixed derivatives along the directions, [n_q, n_free].
        directions: Of the composition, [n_columns, n_free].

    Returns:
        Second derivatives by the coordinates [n_q, n_q], mixed ones [n_q, n_free], and dq/dx along the directions
        [n_q, n_free], None where the Hessian is singular, or the energy of disorder too rough for differences: a shell
        of neighbours lies where the potential's curvature jumps.
    """
    n_q, n_free = slopes.shape
    smooth = True
    if walk.soft is not None or n_q <= n_free:
        columns = [_column(walk, end, number) for number in range(n_q)]
        smooth = all(one.settled for one in columns)
        by_q = np.stack([one.by_q for one in columns], axis=1) if columns else np.zeros((0, 0))
        whole = hessian + (by_q + by_q.T) / 2
        along = slopes + (np.stack([one.by_x @ directions for one in columns]) if columns else 0.0)
    else:
        whole, along, smooth = _along_directions(walk, end, hessian, slopes, directions)
    values = np.linalg.eigvalsh(whole) if n_q else np.ones(1)
    if not smooth or not np.isfinite(values).all() or np.abs(values).min() <= SINGULAR * np.abs(values).max():
        return whole, along, None
    return whole, along, np.asarray(-np.linalg.solve(whole, along), dtype=float)


@dataclass(frozen=True, eq=False)
class _Column:
    """d2F/dq dq_n [n_q] and d2F/dx dq_n [n_columns] of the energy of disorder F, and whether the responses settled."""

    by_q: NDArray[np.float64]
    by_x: NDArray[np.float64]
    settled: bool


def _column(walk: Walk, end: End, number: int) -> _Column:
    """Second derivatives of the energy of disorder by a coordinate and all others."""
    along = np.zeros(len(end.q))
    along[number] = 1.0
    step = STRAIN_STEP if number < walk.disorder.coordinates.n_strain else DISPLACEMENT_STEP
    still = np.zeros(len(walk.x))
    moved = end.following(along)
    for _ in range(MOST_ROUNDS):
        found = walk.beside(end, along, still, moved, step)
        better = walk.better(moved, found.residuals)
        settled = walk.share(found.residuals, better) < ANSWERED
        moved = better
        if settled:
            break
    return _Column(found.by_q, found.by_x, settled)


def _along_directions(
    walk: Walk,
    end: End,
    hessian: NDArray[np.float64],
    slopes: NDArray[np.float64],
    directions: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], bool]:
    """The mean-field Hessian [n_q, n_q], mixed derivatives [n_q, n_free] that go with it, and whether all settled."""
    along, smooth = np.array(slopes), True
    for number, direction in enumerate(directions.T):
        dq = np.asarray(-np.linalg.solve(hessian, slopes[:, number]), dtype=float)
        moved = end.following(dq)
        for _ in range(MOST_ROUNDS):
            found = walk.beside(end, dq, direction, moved, COMPOSITION_STEP)
            better = walk.better(moved, found.residuals)
            further = np.asarray(-np.linalg.solve(hessian, slopes[:, number] + found.by_q), dtype=float)
            small = float(np.linalg.norm(further - dq)) <= SETTLED * float(np.linalg.norm(further))
            settled = walk.share(found.residuals, better) < ANSWERED and small
            moved, dq = better, further
            if settled:
                break
        along[:, number] = -hessian @ dq
        smooth = smooth and settled
    return hessian, along, smooth


def _soft_slopes(
    disorder: Disorder, mean_field: Relaxed, x: NDArray[np.float64], directions: NDArray[np.float64]
) -> list[SoftSlope]:
    """How the lift of the soft modes changes along each direction of the composition, mean-field crystal relaxed."""
    crystal = disorder.crystal
    response = coordinate_response(mean_field, crystal.weights_matrix, directions)
    found = []
    for direction in directions.T:
        dq = np.zeros(len(mean_field.q)) if response is None else response @ direction
        plus, minus = (
            disorder.force_constants(mean_field.q + step * dq, x + step * direction)
            for step in (COMPOSITION_STEP, -COMPOSITION_STEP)
        )
        found.append(SoftSlope(direction, plus, minus, 2.0 * COMPOSITION_STEP))
    return found
