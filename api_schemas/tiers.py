"""Tiers by name: how accurately a mixed crystal is computed. What each computes is in engine.tiers."""

from __future__ import annotations

from dataclasses import dataclass

from api_schemas.registry import Registry


@dataclass(frozen=True)
class TierSchema:
    """A tier that a problem may name.

    Attributes:
        name: As in ``potential: {tier: ...}``.
        summary: What it is, in one line.
    """

    name: str
    summary: str


TIERS: Registry[TierSchema] = Registry(
    "tier",
    TierSchema("mean_field", "The alchemical crystal itself: fractions of elements on each site."),
    TierSchema(
        "fluctuation", "With the energy that real decorations have beyond their mean, to second order."
    ),
)
"""Every tier that can be asked for."""

PROMISED = ("single_site",)
"""Tiers that are refused with what to use instead, not as unknown."""
