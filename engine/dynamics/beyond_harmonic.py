"""What samples say of a model beyond its harmonic crystal, in one stage or in two. Torch-free.

How the reference between is sampled is the matter of `engine.dynamics.two_stage`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from engine.dynamics.one_sided import OneSided


class Between(Protocol):
    """What of a reference between is needed beside its samples; see `Drawn`."""

    @property
    def difference(self) -> float:
        """Free energy over the harmonic crystal, eV."""

    @property
    def error(self) -> float:
        """Its standard error, eV."""

    @property
    def forgotten(self) -> bool:
        """Whether the walkers moved long enough."""


@dataclass(frozen=True)
class BeyondHarmonic:
    """The free energy of a model over its harmonic crystal.

    Attributes:
        difference: eV.
        error: Standard error, eV.
        calls: Potential calls at samples.
        deviation: Standard deviation of the energy beyond the reference that was sampled, kT.
        stages: 1 from samples of the harmonic crystal, 2 with a reference between.
        reasons: Why it is not to be trusted; empty where it is.
    """

    difference: float
    error: float
    calls: int
    deviation: float
    stages: int
    reasons: tuple[str, ...]

    @property
    def enough(self) -> bool:
        """Whether the samples are enough."""
        return not self.reasons


def direct(found: OneSided) -> BeyondHarmonic:
    """From samples of the harmonic crystal itself."""
    return BeyondHarmonic(found.difference, found.error, found.calls, found.deviation, 1, found.reasons)


def in_two_stages(first: Between, second: OneSided, calls_before: int) -> BeyondHarmonic:
    """From samples of the crystal with an energy of its bonds.

    Args:
        first: Where the samples are from.
        second: Of the model's energies beyond those of the reference there, over any part of the samples.
        calls_before: Potential calls that the energy of the bonds was fitted to.
    """
    reasons = list(second.reasons)
    if not first.forgotten:
        reasons.append(
            "the crystal with an energy of its bonds was not sampled well: it is too far from harmonic"
        )
    return BeyondHarmonic(
        difference=first.difference + second.difference,
        error=float(np.hypot(first.error, second.error)),
        calls=calls_before + second.calls,
        deviation=second.deviation,
        stages=2,
        reasons=tuple(reasons),
    )
