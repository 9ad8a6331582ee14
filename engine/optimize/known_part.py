"""A part of a property that is known without a potential, as losses and surrogates see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SMOOTH = 1e-4
"""Below this fraction models go on with the parabola that fits x ln x there: searches need finite slopes."""


class KnownPart(Protocol):
    """A part of a property as a function of the composition."""

    @property
    def steep(self) -> bool:
        """Whether its slope is infinite where an element is absent."""

    @property
    def whole(self) -> bool:
        """Whether nothing of the property is left beside it."""

    def value_and_gradient(
        self, x: NDArray[np.float64], smooth: float = SMOOTH
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Values [...] and raw gradients at compositions [..., n_columns]; ``smooth`` matters where it is steep."""
