"""The surrogates as a BoTorch model: what its acquisition functions sample from.

The posteriors bring their own derivatives, so automatic differentiation sees a handful of operations per call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from botorch.models.model import Model
from botorch.posteriors import Posterior
from linear_operator.utils.cholesky import psd_safe_cholesky
from torch import Tensor

if TYPE_CHECKING:
    from engine.optimize.surrogates.phases import Surrogate


class PropertyModel(Model):  # type: ignore[misc]
    """The surrogates as one BoTorch model with an output per property, their deviations taken `doubt` times."""

    def __init__(self, surrogates: Sequence[Surrogate], doubt: float = 1.0) -> None:
        super().__init__()
        self._surrogates = list(surrogates)
        self._doubt = doubt

    @property
    def num_outputs(self) -> int:
        """Number of properties."""
        return len(self._surrogates)

    @property
    def batch_shape(self) -> torch.Size:
        """There is one model, not a batch of them."""
        return torch.Size([])

    def posterior(
        self,
        X: Tensor,
        output_indices: list[int] | None = None,
        observation_noise: bool | Tensor = False,  # noqa: FBT001, FBT002  (BoTorch's signature)
        posterior_transform: Any = None,
    ) -> IndependentNormals:
        """Joint posterior of the properties at X [..., q, n_columns]; properties are independent.

        Raises:
            ValueError: for what this model does not offer.
        """
        if output_indices is not None or observation_noise is not False or posterior_transform is not None:
            raise ValueError("only the plain posterior of every property is offered")
        moments = [_Moments.apply(X, one) for one in self._surrogates]
        means = torch.stack([mean for mean, _ in moments], -1)
        covariances = torch.stack([covariance for _, covariance in moments], -3)
        # What is added to a singular one is meant for variances of the order of 1.
        units = covariances.detach().diagonal(dim1=-2, dim2=-1).amax(-1)[..., None, None]
        factors = psd_safe_cholesky(covariances / units) * units.sqrt()
        return IndependentNormals(means, self._doubt * factors)


class IndependentNormals(Posterior):  # type: ignore[misc]
    """Normal distributions of p properties that are independent of each other, jointly at q compositions.

    Args:
        means: Means of the properties, [..., q, p].
        factors: Cholesky factors of the covariances between compositions, [..., p, q, q].
    """

    def __init__(self, means: Tensor, factors: Tensor) -> None:
        self._means = means
        self._factors = factors

    @property
    def device(self) -> torch.device:
        """Where the numbers are."""
        return self._means.device

    @property
    def dtype(self) -> torch.dtype:
        """Number format of the numbers."""
        return self._means.dtype

    @property
    def base_sample_shape(self) -> torch.Size:
        """Shape of the standard normal numbers that a sample is made of."""
        return self._means.shape

    @property
    def batch_range(self) -> tuple[int, int]:
        """The dimensions over which base samples are the same."""
        return (0, -2)

    def _extended_shape(self, sample_shape: torch.Size = torch.Size()) -> torch.Size:  # noqa: B008  (BoTorch's)
        return sample_shape + self._means.shape

    def rsample(self, sample_shape: torch.Size | None = None) -> Tensor:
        """Samples [*sample_shape, ..., q, p]."""
        shape = torch.Size([1]) if sample_shape is None else sample_shape
        return self.rsample_from_base_samples(
            shape, torch.randn(*shape, *self._means.shape, dtype=self.dtype)
        )

    def rsample_from_base_samples(self, sample_shape: torch.Size, base_samples: Tensor) -> Tensor:  # noqa: ARG002
        """Samples from standard normal numbers [*sample_shape, ..., q, p]."""
        turned = self._factors @ base_samples.transpose(-1, -2)[..., None]
        return self._means + turned[..., 0].transpose(-1, -2)


class _Moments(torch.autograd.Function):
    """Mean [..., q] and covariance [..., q, q] of a surrogate at x [..., q, n_columns]."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, surrogate: Surrogate) -> tuple[Tensor, Tensor]:
        at = x.detach().numpy()
        if not ctx.needs_input_grad[0]:
            plain = surrogate.moments(at)
            return torch.from_numpy(plain.mean), torch.from_numpy(plain.covariance)
        found = surrogate.sloped_moments(at)
        ctx.save_for_backward(torch.from_numpy(found.mean_slope), torch.from_numpy(found.covariance_slope))
        return torch.from_numpy(found.mean), torch.from_numpy(found.covariance)

    @staticmethod
    def backward(ctx: Any, by_mean: Tensor, by_covariance: Tensor) -> tuple[Tensor, None]:
        mean_slope, covariance_slope = ctx.saved_tensors
        both = by_covariance + by_covariance.transpose(-1, -2)
        return by_mean[..., None] * mean_slope + (both[..., None] * covariance_slope).sum(-2), None
