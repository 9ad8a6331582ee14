"""Points on the way of a mixed crystal to its minimum with the energy of disorder, and about that minimum."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.mechanics.quasi_newton import model_hessian, newton_step, updated_hessian
from engine.mechanics.response.fluctuation import (
    Correction,
    MeanField,
    Medium,
    covariance,
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

LEARNED = 0.3
"""Share of a change of the gradient that may be due to errors of the responses for it to tell the curvature."""
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
    """

    q: NDArray[np.float64]
    enthalpy: float
    gradient: NDArray[np.float64]
    slope: NDArray[np.float64]
    correction: Correction
    responses: Responses
    converged: bool


@dataclass(frozen=True, eq=False)
class Walk:
    """Looks at points of a crystal.

    Attributes:
        disorder: The crystal with its supercell.
        landscape: Enthalpy of the mean-field crystal.
        media: What holds the sites that each probe pushes; the same at every point.
        x: Composition, [n_columns].
        soft: How the lift of the soft modes changes with the composition, one a direction; None where none is soft.
    """

    disorder: Disorder
    landscape: Landscape
    media: Sequence[Medium]
    x: NDArray[np.float64]
    soft: Sequence[SoftSlope] | None = None

    def down(self, start: Relaxed, tolerance: Tolerance, remembered: Remembered | None = None) -> End:
        """From the mean-field minimum, and what a neighbour left, to the minimum with the energy of disorder."""
        coordinates = self.landscape.coordinates
        scale = np.sqrt(np.diag(model_hessian(coordinates)))
        hessian = start.hessian
        before: tuple[NDArray[np.float64], NDArray[np.float64], float, float] | None = None
        least, waited = np.inf, 0
        q, responses = start.q, [probe.nothing for probe in self.disorder.probes]
        if remembered is not None:
            q, responses = q + remembered.shift, remembered.responses
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
            if done or not left or waited == FRUITLESS:
                break
            responses = self.better(responses, found.residuals)
            if found.error >= USABLE:
                continue
            enthalpy = at.derivatives.energy + work + found.energy
            blur = float(np.linalg.norm(doubt))
            if before is not None and blur + before[3] < LEARNED * float(
                np.linalg.norm(gradient - before[1])
            ):
                secant = (before[1], gradient)
                hessian = updated_hessian(hessian, q - before[0], secant, before[2] - enthalpy, NOISE)
            before = (q, gradient, enthalpy, blur)
            q = q + newton_step(hessian, gradient, scale, 1.0, coordinates)
        return End(
            q=q,
            enthalpy=at.derivatives.energy + work + found.energy,
            gradient=gradient,
            slope=at.by_x(at.derivatives) + found.by_x,
            correction=found,
            responses=responses,
            converged=done,
        )

    def look(
        self, q: NDArray[np.float64], x: NDArray[np.float64], responses: Responses
    ) -> tuple[MeanField, Correction]:
        """The mean-field crystal and its energy of disorder at a point."""
        at = self.disorder.mean_field(q, x)
        found = disorder_energy(at, self.disorder.probes, self.media, responses)
        if self.soft is None:
            return at, found
        return at, replace(found, by_x=found.by_x + self._by_lift(x, responses))

    def across(
        self, end: End, dq: NDArray[np.float64], dx: NDArray[np.float64], moved: Responses
    ) -> Correction:
        """Half the difference of the energy of disorder, and of its derivatives, between both sides of a minimum."""
        plus, minus = (
            self.look(
                end.q + sign * dq,
                self.x + sign * dx,
                [v + sign * dv for v, dv in zip(end.responses, moved, strict=True)],
            )[1]
            for sign in (1.0, -1.0)
        )
        return Correction(
            energy=(plus.energy - minus.energy) / 2,
            by_q=(plus.by_q - minus.by_q) / 2,
            by_x=(plus.by_x - minus.by_x) / 2,
            residuals=[(a - b) / 2 for a, b in zip(plus.residuals, minus.residuals, strict=True)],
            error=max(plus.error, minus.error),
        )

    def better(self, responses: Responses, residuals: Responses) -> Responses:
        """Responses that answer to what was left as well."""
        return [v + m.solve(r) for v, m, r in zip(responses, self.media, residuals, strict=True)]

    def share(self, residuals: Responses, responses: Responses) -> float:
        """How much of responses is still left, in the norm of the energy."""
        left = sum(float(np.sum(r * m.solve(r))) for r, m in zip(residuals, self.media, strict=True))
        whole = sum(float(np.sum(v * m.apply(v))) for v, m in zip(responses, self.media, strict=True))
        return unsolved(left, whole)

    def _by_lift(self, x: NDArray[np.float64], responses: Responses) -> NDArray[np.float64]:
        """What the change of the lift adds to the derivative by the composition, [n_columns], eV."""
        total = np.zeros(len(x))
        for probe, response in zip(self.disorder.probes, responses, strict=True):
            if probe.landscape is self.disorder.cell:
                continue
            spread = probe.basis.T @ covariance(x[probe.columns]) @ probe.basis
            for slope in self.soft or ():
                change = (slope.plus.lift(response) - slope.minus.lift(response)) / slope.step
                total += (
                    probe.factor
                    * float(np.einsum("ab,anc,bnc->", spread, response, change))
                    * slope.direction
                )
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
