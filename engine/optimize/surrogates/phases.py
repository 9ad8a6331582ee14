"""A surrogate of a property that jumps between phases: one Gaussian process a phase, and where each of them is.

What lies between the last evaluation of one phase and the first of the next may be either: the mean is that of both by
their probabilities, the deviation holds both (docs/science.md, section 11). Nothing is bridged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

from engine.optimize.surrogates.convergence import border
from engine.optimize.surrogates.gaussian_process import Moments, Observations, SlopedMoments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.optimize.surrogates.convergence import Convergence
    from engine.optimize.surrogates.gaussian_process import GaussianProcess

MATERIAL = 1e-3
"""Errors below this part of the spread of a property do not widen its band."""
HELD = 2.0
"""Deviations within which the band that is drawn holds what was left out."""
UNLIKELY = 0.025
"""Probability of a phase below which the band need not hold it: what two deviations leave out on either side."""
_MOST_LEFT_OUT = 60
"""Evaluations up to which the phases are told apart anew for each that is left out."""


class Surrogate(Protocol):
    """What is expected of a property, and how surely."""

    @property
    def observations(self) -> Observations:
        """What it has learned from."""

    @property
    def spread(self) -> float:
        """The unit of its standardised values."""

    @property
    def values(self) -> NDArray[np.float64]:
        """What was observed, with the part that is known, [n]."""

    @property
    def alone(self) -> NDArray[np.bool_]:
        """Which observations are the only ones of their phase, [n]."""

    def moments(self, x: NDArray[np.float64]) -> Moments:
        """Posterior at x [..., q, n_columns]."""

    def sloped_moments(self, x: NDArray[np.float64]) -> SlopedMoments:
        """Posterior at x [..., q, n_columns], with gradients."""

    def mean(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Posterior mean at compositions [n, n_columns], [n]."""

    def mean_and_deviation(self, x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Posterior mean and standard deviation at compositions, each [n]."""

    def leave_one_out(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Error and standard deviation of the value predicted for each composition from all others, each [n]."""

    def offset(self) -> tuple[float, float]:
        """By how much measured values lie above those of the potential, and its deviation."""


@dataclass(frozen=True, eq=False)
class Membership:
    """The probability of each phase at a composition.

    Attributes:
        x: Compositions whose phase is known, [n, n_columns].
        phase: The number of it, [n].
        count: Number of phases.
        basis: Orthonormal tangent directions, [n_columns, d].
    """

    x: NDArray[np.float64]
    phase: NDArray[np.int64]
    count: int
    basis: NDArray[np.float64]

    def of(self, x: torch.Tensor) -> torch.Tensor:
        """Probabilities [n, n_phases] at compositions [n, n_columns]; 0 of a phase that no composition is known of."""
        if len(self._there) == 1:
            one = torch.zeros(self.count, dtype=x.dtype)
            one[self._there[0]] = 1.0
            return one.expand(len(x), -1) + 0.0 * x.sum(-1, keepdim=True)
        raw = {number: edge.of(x).clamp(0.0, 1.0) for number, edge in self._borders.items()}
        if len(self._there) == 2:  # what is not inside of the one is inside of the other
            first, second = self._there
            raw[second] = 1.0 - raw[first]
        none = torch.zeros(len(x), dtype=x.dtype)
        found = torch.stack([raw.get(number, none) for number in range(self.count)], -1) + 1e-12 * self._known
        return found / found.sum(-1, keepdim=True)

    def at(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same, of arrays."""
        found: NDArray[np.float64] = self.of(torch.tensor(x, dtype=torch.float64)).numpy()
        return found

    def sloped(self, x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Probabilities [n, n_phases] and their gradients [n, n_phases, n_columns] at compositions [n, n_columns]."""
        with torch.enable_grad():  # the acquisition function asks where autograd is off
            at = torch.tensor(x, dtype=torch.float64).requires_grad_()
            found = self.of(at)
            slopes = [
                torch.autograd.grad(found[:, number].sum(), at, retain_graph=True)[0].numpy()
                for number in range(self.count)
            ]
        return found.detach().numpy(), np.stack(slopes, 1)

    def without(self, place: int) -> Membership:
        """The same without one of the compositions."""
        kept = np.arange(len(self.x)) != place
        return Membership(self.x[kept], self.phase[kept], self.count, self.basis)

    @cached_property
    def _there(self) -> list[int]:
        return np.unique(self.phase).tolist()

    @cached_property
    def _known(self) -> torch.Tensor:
        return torch.tensor(
            [float(number in self._there) for number in range(self.count)], dtype=torch.float64
        )

    @cached_property
    def _borders(self) -> dict[int, Convergence]:
        """The border of each phase; of two that of the first."""
        asked = self._there[:1] if len(self._there) == 2 else self._there
        return {number: border(self.x, self.phase == number, self.basis) for number in asked}


@dataclass(frozen=True, eq=False)
class PhaseMixture:
    """The surrogate of a property of several phases.

    Attributes:
        parts: The surrogate of each phase.
        membership: Where each phase is.
    """

    parts: Sequence[GaussianProcess]
    membership: Membership

    @cached_property
    def observations(self) -> Observations:
        """Values of all phases, one after the other."""
        own = [part.observations for part in self.parts]
        return Observations(
            np.concatenate([one.x for one in own]),
            np.concatenate([one.values for one in own]),
            own[0].gradients[:0],
            np.concatenate([one.noise for one in own]),
            np.concatenate([one.measured for one in own]),
            np.concatenate([one.index for one in own]),
        )

    @property
    def spread(self) -> float:
        """The largest unit of the phases' standardised values."""
        return max(part.spread for part in self.parts)

    @property
    def values(self) -> NDArray[np.float64]:
        """What was observed, with the part that is known, [n]."""
        return np.concatenate([part.values for part in self.parts])

    @property
    def alone(self) -> NDArray[np.bool_]:
        """Which observations are the only ones of their phase, [n]."""
        return np.concatenate([np.full(n, n == 1) for n in self._counts])

    def moments(self, x: NDArray[np.float64]) -> Moments:
        """Posterior at x [..., q, n_columns]; which phase one composition has says nothing of the others."""
        p = self.membership.at(x.reshape(-1, x.shape[-1])).reshape(*x.shape[:-1], -1)
        each = [part.moments(x) for part in self.parts]
        mean = sum(p[..., k] * one.mean for k, one in enumerate(each))
        covariance = sum(
            p[..., :, None, k] * p[..., None, :, k] * one.covariance for k, one in enumerate(each)
        )
        return Moments(
            np.asarray(mean), self._with_variances(np.asarray(covariance), p, each, np.asarray(mean))
        )

    def sloped_moments(self, x: NDArray[np.float64]) -> SlopedMoments:
        """Posterior at x [..., q, n_columns], with gradients."""
        p, slope = self.membership.sloped(x.reshape(-1, x.shape[-1]))
        p = p.reshape(*x.shape[:-1], -1)
        slope = slope.reshape(*x.shape[:-1], len(self.parts), x.shape[-1])
        each = [part.sloped_moments(x) for part in self.parts]
        q = x.shape[-2]
        mean, covariance = np.zeros(x.shape[:-1]), np.zeros((*x.shape[:-1], q))
        mean_slope, covariance_slope = np.zeros(x.shape), np.zeros((*x.shape[:-1], q, x.shape[-1]))
        variance_slope = np.zeros(x.shape)
        for k, one in enumerate(each):
            own, by_x = p[..., k], slope[..., k, :]
            mean += own * one.mean
            mean_slope += own[..., None] * one.mean_slope + one.mean[..., None] * by_x
            both = own[..., :, None] * own[..., None, :]
            covariance += both * one.covariance
            covariance_slope += both[..., None] * one.covariance_slope
            covariance_slope += (own[..., None, :] * one.covariance)[..., None] * by_x[..., :, None, :]
            variance = np.einsum("...qq->...q", one.covariance)
            half = np.einsum("...qqc->...qc", one.covariance_slope)
            variance_slope += 0.5 * (variance + one.mean**2)[..., None] * by_x
            variance_slope += own[..., None] * (half + one.mean[..., None] * one.mean_slope)
        variance_slope -= mean[..., None] * mean_slope
        places = np.arange(q)
        covariance_slope[..., places, places, :] = variance_slope
        covariance = self._with_variances(covariance, p, each, mean)
        return SlopedMoments(mean, covariance, mean_slope, covariance_slope)

    def mean(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Posterior mean at compositions [n, n_columns], [n], in the property's unit."""
        p = self.membership.at(x)
        return np.asarray(sum(p[:, k] * part.mean(x) for k, part in enumerate(self.parts)))

    def mean_and_deviation(self, x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Posterior mean and standard deviation at compositions, each [n], in the property's unit."""
        found = self.moments(x[:, None, :])
        return found.mean[:, 0], np.sqrt(found.covariance[:, 0, 0])

    def leave_one_out(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Error and standard deviation of the value predicted for each composition from all others, each [n].

        What is left out is taken from its phase and from what tells the phases apart. The only evaluation of a phase
        is predicted from the other phases: a jump that nobody could know.
        """
        at, seen, many = self.observations.x, self.values, len(self.membership.x) > _MOST_LEFT_OUT
        values = np.array([part.mean_and_deviation(at) for part in self.parts])
        starts = np.concatenate([[0], np.cumsum(self._counts)])
        for k, part in enumerate(self.parts):
            own = slice(starts[k], starts[k + 1])
            errors, deviations = part.leave_one_out()
            values[k, 0, own], values[k, 1, own] = seen[own] - errors, deviations
        errors, deviations = np.zeros(len(seen)), np.zeros(len(seen))
        for place, x in enumerate(at):
            same = np.flatnonzero(np.abs(self.membership.x - x).max(axis=1) == 0.0)
            where = self.membership if many or not len(same) else self.membership.without(int(same[0]))
            p = where.at(x[None])[0]
            means, sigmas = values[:, 0, place], values[:, 1, place]
            mean = float(p @ means)
            errors[place] = seen[place] - mean
            deviations[place] = np.sqrt(max(float(p @ (sigmas**2 + means**2)) - mean**2, 1e-300))
        return errors, deviations

    def offset(self) -> tuple[float, float]:
        """By how much measured values lie above those of the potential, as the phase says that knows it best."""
        return min((part.offset() for part in self.parts), key=lambda found: found[1])

    @property
    def _counts(self) -> list[int]:
        return [len(part.observations.values) for part in self.parts]

    def _with_variances(
        self,
        covariance: NDArray[np.float64],
        p: NDArray[np.float64],
        each: Sequence[Moments],
        mean: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Covariances [..., q, q] with the variances of the mixture: within the phases and between them."""
        variances = np.einsum("...qq->...q", covariance)
        variances[:] = sum(
            p[..., k] * (np.einsum("...qq->...q", one.covariance) + (one.mean - mean) ** 2)
            for k, one in enumerate(each)
        )
        return covariance


def band(model: Surrogate, x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and deviation of a property at compositions [n, n_columns], each [n], for people to believe.

    A band of two of these deviations holds every evaluation that is left out, and what each phase that may be there
    has to expect (docs/science.md, section 11). The only evaluation of a phase counts for nothing: none could hold it.
    """
    mean, deviation = model.mean_and_deviation(x)
    wider = _widening(model)
    deviation = wider * deviation
    if isinstance(model, PhaseMixture):
        p = model.membership.at(x)
        for k, part in enumerate(model.parts):
            own, sigma = part.mean_and_deviation(x)
            reach = np.abs(own - mean) / HELD + wider * sigma
            deviation = np.maximum(deviation, np.where(p[:, k] > UNLIKELY, reach, 0.0))
    return mean, deviation


def _widening(model: Surrogate) -> float:
    own = ~model.observations.measured & ~model.alone
    if own.sum() < 2:
        return 1.0
    errors, deviations = (each[own] for each in model.leave_one_out())
    off = np.abs(errors) > MATERIAL * float(np.ptp(model.observations.values[own]))
    return max(1.0, float((np.abs(errors[off]) / deviations[off]).max(initial=0.0)) / HELD)
