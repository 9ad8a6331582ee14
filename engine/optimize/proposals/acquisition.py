"""Expected improvement of the composed objectives: BoTorch's acquisition functions on our surrogates.

The loss itself is not modelled. Samples of the properties are composed into the loss (R. Astudillo, P. I. Frazier, ICML
2019, doi:10.48550/arXiv.1906.01537), and the improvement is taken in logarithms (S. Ament et al., NeurIPS 2023,
doi:10.48550/arXiv.2310.20708): docs/science.md, Eq. 63 and 64.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from botorch.acquisition.logei import qLogExpectedImprovement
from botorch.acquisition.multi_objective import logei
from botorch.acquisition.multi_objective.logei import qLogExpectedHypervolumeImprovement
from botorch.acquisition.multi_objective.objective import GenericMCMultiOutputObjective
from botorch.acquisition.objective import GenericMCObjective
from botorch.sampling.normal import SobolQMCNormalSampler
from botorch.utils.multi_objective.box_decompositions.non_dominated import FastNondominatedPartitioning
from botorch.utils.multi_objective.pareto import is_non_dominated
from torch import Tensor

from engine.optimize.surrogates.property_model import PropertyModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.optimize.objective import Loss
    from engine.optimize.point import Point
    from engine.optimize.surrogates.convergence import Convergence
    from engine.optimize.surrogates.phases import Surrogate

# BoTorch would compile a C++ kernel at the first use, within a job: for a minute and more, and for ever where a process
# that was killed meanwhile has left its lock behind. Its pure Python gives the same to the last digits.
logei._load_attempted = True  # noqa: SLF001  (there is no public switch)

SAMPLES = 64
"""Quasi-random samples of the properties at a composition."""
_BEYOND_NADIR = 0.1


@dataclass(frozen=True, eq=False)
class Acquisition:
    """Logarithm of the expected improvement, to be maximised.

    Attributes:
        function: BoTorch's acquisition function, of [b, 1, n_columns].
        unit: An improvement of 1 in units of the loss.
        converges: Where relaxations converge; None where all did. What may fail counts less.
    """

    function: Callable[[Tensor], Tensor]
    unit: float
    converges: Convergence | None = None

    def __call__(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values at compositions [n, n_columns], each on its own: [n]."""
        with torch.no_grad(), _quiet():
            return self._value(torch.tensor(x, dtype=torch.float64)[:, None, :]).numpy()

    def with_gradient(self, x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Value and gradient [n_columns] at one composition."""
        point = torch.tensor(x, dtype=torch.float64)[None, None, :].requires_grad_()
        with _quiet():
            value = self._value(point)[0]
            (slope,) = torch.autograd.grad(value, point)
        return float(value.detach()), np.nan_to_num(slope[0, 0].numpy())

    def _value(self, x: Tensor) -> Tensor:
        value = self.function(x)
        return value if self.converges is None else value + self.converges.worth(x[..., 0, :])

    def improvement(self, x: NDArray[np.float64]) -> float:
        """The expected improvement in units of the loss at a composition [n_columns]: nothing where it fails."""
        likely = 1.0 if self.converges is None else float(self.converges.probability(x[None])[0])
        return self._where_it_converges(x) * likely

    def worth(self, x: NDArray[np.float64]) -> float:
        """The same as it counts in the choice: less where it may fail."""
        return self._where_it_converges(x) * (1.0 if self.converges is None else self.converges.factor_at(x))

    def _where_it_converges(self, x: NDArray[np.float64]) -> float:
        with torch.no_grad(), _quiet():
            value = float(self.function(torch.tensor(x, dtype=torch.float64)[None, None, :])[0])
        return float(np.exp(min(value, 700.0)) * self.unit)


def _quiet() -> warnings.catch_warnings:
    """Without the advice of libraries about covariances that need jitter, which is added where needed."""
    return warnings.catch_warnings(action="ignore")


def expected_improvement(
    loss: Loss,
    surrogates: dict[str, Surrogate],
    points: Sequence[Point],
    pending: Sequence[NDArray[np.float64]],
    seed: int,
    doubt: float = 1.0,
) -> Acquisition:
    """Improvement of the loss over the best point that obeys the property constraints.

    Where no point obeys them yet: of the sum by which they are broken.

    Args:
        loss: Objectives and property constraints.
        surrogates: Surrogates by property.
        points: All points told.
        pending: Compositions of the same batch, whose values are not known, [n_columns] each.
        seed: Seed of the samples.
        doubt: Factor on the standard deviations of the surrogates.
    """
    model = PropertyModel([surrogates[name] for name in loss.properties], doubt)
    usable = [point for point in points if point.values and not point.outside]
    feasible = [point for point in usable if point.violation == 0.0]
    bounds = _threshold_functions(loss)

    if feasible:
        losses = np.array([point.loss for point in feasible])
        least = float(losses.min())
        unit = max(float(np.median(losses)) - least, 1e-3 * max(1.0, abs(least)))

        def objective(samples: Tensor, X: Tensor | None = None) -> Tensor:  # noqa: ARG001  (BoTorch's signature)
            return -(loss.of_columns(samples) - least) / unit
    else:
        least = min(point.violation for point in usable)
        unit = max(least, 1e-12)

        def objective(samples: Tensor, X: Tensor | None = None) -> Tensor:  # noqa: ARG001  (BoTorch's signature)
            broken = torch.stack([bound(samples).clamp_min(0.0) for bound in bounds]).sum(0)
            return 1.0 - broken / unit

    function = qLogExpectedImprovement(
        model,
        best_f=0.0,
        sampler=_sampler(seed),
        objective=GenericMCObjective(objective),
        X_pending=_stacked(pending),
        constraints=bounds if feasible and bounds else None,
    )
    return Acquisition(function, unit)


def expected_hypervolume(
    loss: Loss,
    surrogates: dict[str, Surrogate],
    points: Sequence[Point],
    pending: Sequence[NDArray[np.float64]],
    seed: int,
    candidates: NDArray[np.float64],
) -> Acquisition:
    """Improvement of the hypervolume that the front dominates, with each objective scaled to the range of the front.

    That range is of the front seen and of the one that the surrogates expect among candidates [n, n_columns]: the ends
    of a front are worth nothing before one of their neighbours was seen if only what was seen counts. The reference
    point lies a tenth of the range beyond its worst values.
    """
    model = PropertyModel([surrogates[name] for name in loss.properties])
    feasible = [point for point in points if point.values and point.violation == 0.0]
    if not feasible:
        return expected_improvement(loss, surrogates, points, pending, seed)
    seen = loss.each(np.array([[point.values[name] for name in loss.properties] for point in feasible]))
    ends = np.vstack([_front(seen), _front(_expected(loss, surrogates, candidates))])
    least, span = ends.min(axis=0), np.maximum(np.ptp(ends, axis=0), 1e-6 * (1.0 + np.abs(seen).max(axis=0)))
    offset, scale = torch.tensor(least), torch.tensor(span)

    def objective(samples: Tensor, X: Tensor | None = None) -> Tensor:  # noqa: ARG001  (BoTorch's signature)
        return -(loss.each(samples) - offset) / scale

    reference = torch.full((len(loss.terms),), -1.0 - _BEYOND_NADIR, dtype=torch.float64)
    partitioning = FastNondominatedPartitioning(ref_point=reference, Y=-(torch.tensor(seen) - offset) / scale)
    bounds = _threshold_functions(loss)
    function = qLogExpectedHypervolumeImprovement(
        model,
        ref_point=reference,
        partitioning=partitioning,
        sampler=_sampler(seed),
        objective=GenericMCMultiOutputObjective(objective),
        X_pending=_stacked(pending),
        constraints=bounds or None,
    )
    return Acquisition(function, 1.0)


def _expected(
    loss: Loss, surrogates: dict[str, Surrogate], candidates: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Expected losses of the objectives at those candidates that are expected to obey the bounds, [n, terms]."""
    means = np.column_stack([surrogates[name].mean(candidates) for name in loss.properties])
    return loss.each(means[loss.violation_of_columns(means) == 0.0])


def _front(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rows that no other row betters."""
    return losses[is_non_dominated(-torch.from_numpy(losses)).numpy()]


def _threshold_functions(loss: Loss) -> list[Callable[[Tensor], Tensor]]:
    """For each bound on a property a function of samples that is positive where it is broken."""
    found: list[Callable[[Tensor], Tensor]] = []
    for bound in loss.thresholds:
        place = loss.place(bound.name)
        for limit, sign in ((bound.high, 1.0), (bound.low, -1.0)):
            if np.isfinite(limit):
                found.append(partial(_beyond, place=place, limit=limit, scale=sign * bound.scale))
    return found


def _beyond(samples: Tensor, place: int, limit: float, scale: float) -> Tensor:
    return (samples[..., place] - limit) / scale


def _sampler(seed: int) -> SobolQMCNormalSampler:
    return SobolQMCNormalSampler(torch.Size([SAMPLES]), seed=seed % (2**31))


def _stacked(pending: Sequence[NDArray[np.float64]]) -> Tensor | None:
    return torch.tensor(np.array(pending), dtype=torch.float64) if len(pending) else None
