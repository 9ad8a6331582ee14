"""Points on the way of a mixed crystal to its minimum with the energy of disorder, and about that minimum."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.mechanics.quasi_newton import model_hessian, newton_step, updated_hessian
from engine.mechanics.response.departures import covariance
from engine.mechanics.response.fluctuation import (
    Correction,
    MeanField,
    disorder_energy,
    unsolved,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.mechanics.landscape import Landscape
    from engine.mechanics.relax import Relaxed, Tolerance
    from engine.mechanics.response.disorder import Disorder
    from engine.mechanics.response.force_constants import ForceConstants

MOST_POINTS, FRUITLESS = 25, 8
"""Points that are looked at, and how many in a row may bring the gradient no lower before no more are."""
USABLE = 0.3
"""Relative error of the responses above which a point does not say where to go."""

SHORTEST_WAY = 1e-5
"""Strain, or Å; a way to the minimum that is shorter does not tell how responses change."""
LEARNED = 0.3
"""Share of a change of the gradient that may be due to errors of the responses for it to tell the curvature."""
LEFT = 0.1
"""Share of an error of the responses that may be left after they answered."""
TINY = 1e-30
"""eV; a way of no length."""
NOISE = 1e-9
"""Error of a difference of enthalpies, eV."""

Responses = list["NDArray[np.float64]"]


@dataclass(frozen=True, eq=False)
class Remembered:
    """What a composition leaves for its neighbours.

    Attributes:
        shift: What the coordinates moved from the mean-field minimum, [n_q].
        constants: Force constants of the supercell.
        responses: Of the sites to each probe.
    """

    shift: NDArray[np.float64]
    constants: ForceConstants
    responses: Responses


@dataclass(frozen=True, eq=False)
class SoftSlope:
    """How the lift of soft modes changes along a direction of the composition.

    Attributes:
        direction: The direction, [n_columns].
        plus: Force constants a step along it.
        minus: Force constants a step against it.
        step: The distance between the two.
    """

    direction: NDArray[np.float64]
    plus: ForceConstants
    minus: ForceConstants
    step: float


@dataclass(frozen=True, eq=False)
class End:
    """Where a walk ended.

    Attributes:
        q: Coordinates, [n_q].
        enthalpy: With the energy of disorder, eV per cell.
        gradient: Its derivative by the coordinates, [n_q], eV per unit of q.
        slope: Its derivative by the composition, raw, [n_columns], eV.
        correction: The energy of disorder there.
        responses: Of the sites to each probe.
        converged: Whether the tolerance was met.
        way: From the first point that was of use, [n_q].
        changes: Of the responses on that way.
    """

    q: NDArray[np.float64]
    enthalpy: float
    gradient: NDArray[np.float64]
    slope: NDArray[np.float64]
    correction: Correction
    responses: Responses
    converged: bool
    way: NDArray[np.float64]
    changes: Responses

    def following(self, dq: NDArray[np.float64]) -> Responses:
        """How the responses change with the coordinates along dq [n_q], as far as the way to the minimum tells."""
        length = float(self.way @ self.way)
        share = float(self.way @ dq) / length if length > SHORTEST_WAY**2 else 0.0
        return [share * change for change in self.changes]


@dataclass(frozen=True, eq=False)
class Walk:
    """Looks at points of a crystal.

    Attributes:
        disorder: The crystal with its supercell.
        landscape: Enthalpy of the mean-field crystal.
        constants: What holds the sites of the supercell; the same at every point.
        x: Composition, [n_columns].
        soft: How the lift of the soft modes changes with the composition, one a direction; None where none is soft.
    """

    disorder: Disorder
    landscape: Landscape
    constants: ForceConstants
    x: NDArray[np.float64]
    soft: Sequence[SoftSlope] | None = None

    def down(self, start: Relaxed, tolerance: Tolerance, remembered: Remembered | None = None) -> End:
        """From the mean-field minimum, and what a neighbour left, to the minimum with the energy of disorder."""
        coordinates = self.landscape.coordinates
        scale = np.sqrt(np.diag(model_hessian(coordinates)))
        hessian = start.hessian
        before: tuple[NDArray[np.float64], NDArray[np.float64], float, float] | None = None
        error = np.inf
        least, waited = np.inf, 0
        q, responses = start.q, [probe.nothing for probe in self.disorder.probes]
        if remembered is not None:
            q, responses = q + remembered.shift, remembered.responses
        origin, began = (q, responses), False
        for left in reversed(range(MOST_POINTS)):
            at, found = self.look(q, self.x, responses)
            work, by_volume = self._work(q)
            gradient = at.by_q(at.derivatives) + by_volume + found.by_q
            # The energy of disorder sees an error of the responses to second order, its derivatives to first.
            doubt = 2.0 * min(found.error, 1.0) * found.by_q
            done = all(tolerance.met(coordinates, q, each) for each in (gradient, doubt))
            done = done and found.error < USABLE
            if found.error < USABLE:
                steepness = float(np.linalg.norm(gradient / scale))
                least, waited = min(least, steepness), 0 if steepness < least else waited + 1
            solved = self.better(responses, found.residuals)
            if not began:
                origin, began = (q, solved), found.error < USABLE
            if done or not left or waited == FRUITLESS:
                break
            responses = solved
            if found.error >= USABLE:
                continue
            enthalpy = at.derivatives.energy + work + found.energy - found.relief
            blur = float(np.linalg.norm(doubt))
            if before is not None:
                if found.error > LEFT * error:
                    # Next to nothing was left where the way here began, so that the relief grows with its square.
                    way = scale * (q - before[0])
                    gradient = gradient - 2.0 * found.relief * scale * way / max(float(way @ way), TINY)
                    blur *= found.error if len(q) == 1 else 1.0
                if blur + before[3] < LEARNED * float(np.linalg.norm(gradient - before[1])):
                    secant = (before[1], gradient)
                    hessian = updated_hessian(hessian, q - before[0], secant, before[2] - enthalpy, NOISE)
            before, error = (q, gradient, enthalpy, blur), found.error
            q = q + newton_step(hessian, gradient, scale, 1.0, coordinates)
        return End(
            q=q,
            enthalpy=at.derivatives.energy + work + found.energy,
            gradient=gradient,
            slope=at.by_x(at.derivatives) + found.by_x,
            correction=found,
            responses=responses,
            converged=done,
            way=q - origin[0],
            changes=[a - b for a, b in zip(solved, origin[1], strict=True)],
        )

    def look(
        self, q: NDArray[np.float64], x: NDArray[np.float64], responses: Responses
    ) -> tuple[MeanField, Correction]:
        """The mean-field crystal and its energy of disorder at a point."""
        at = self.disorder.mean_field(q, x)
        found = disorder_energy(at, self.disorder.probes, self.constants, responses)
        if self.soft is None:
            return at, found
        return at, replace(found, by_x=found.by_x + self._by_lift(x, responses))

    def beside(
        self, end: End, dq: NDArray[np.float64], dx: NDArray[np.float64], moved: Responses, step: float
    ) -> Correction:
        """How the energy of disorder and its derivatives change along a way from a minimum, per unit of it.

        Args:
            end: The minimum.
            dq: Change of the coordinates along the way, [n_q].
            dx: Change of the composition, [n_columns].
            moved: Change of the responses.
            step: How far along it is looked.
        """
        responses = [v + step * dv for v, dv in zip(end.responses, moved, strict=True)]
        there, here = self.look(end.q + step * dq, self.x + step * dx, responses)[1], end.correction
        return Correction(
            energy=(there.energy - here.energy) / step,
            by_q=(there.by_q - here.by_q) / step,
            by_x=(there.by_x - here.by_x) / step,
            residuals=[(a - b) / step for a, b in zip(there.residuals, here.residuals, strict=True)],
            relief=(there.relief - here.relief) / step,
            error=there.error,
        )

    def better(self, responses: Responses, residuals: Responses) -> Responses:
        """Responses that answer to what was left as well."""
        return [v + self.constants.solve(r) for v, r in zip(responses, residuals, strict=True)]

    def share(self, residuals: Responses, responses: Responses) -> float:
        """How much of responses is still left, in the norm of the energy."""
        left = sum(float(np.sum(r * self.constants.solve(r))) for r in residuals)
        whole = sum(float(np.sum(v * self.constants.apply(v))) for v in responses)
        return unsolved(left, whole)

    def _by_lift(self, x: NDArray[np.float64], responses: Responses) -> NDArray[np.float64]:
        """What the change of the lift adds to the derivative by the composition, [n_columns], eV."""
        total = np.zeros(len(x))
        for probe, response in zip(self.disorder.probes, responses, strict=True):
            spread = probe.basis.T @ covariance(x[probe.columns]) @ probe.basis
            for slope in self.soft or ():
                change = (slope.plus.lift(response) - slope.minus.lift(response)) / slope.step
                energy = np.einsum("ab,o,oanc,obnc->", spread, probe.multiplicities, response, change)
                total += probe.factor * float(energy) * slope.direction
        return total

    def _work(self, q: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """P V, eV, and its derivative by the coordinates."""
        coordinates = self.landscape.coordinates
        deformation = np.eye(3) + coordinates.strain(q)
        work = self.landscape.pressure * abs(float(np.linalg.det(coordinates.lattice @ deformation.T)))
        slope = np.zeros(len(q))
        slope[: coordinates.n_strain] = work * np.einsum(
            "iab,ba->i", coordinates.strain_modes, np.linalg.inv(deformation)
        )
        return work, slope
