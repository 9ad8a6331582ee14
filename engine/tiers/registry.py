"""The tiers that there are. Torch-free."""

from __future__ import annotations

from api_schemas import extensions
from api_schemas.registry import Registry
from engine.tiers.fluctuation import Fluctuation
from engine.tiers.mean_field import MeanField
from engine.tiers.tier import Tier

TIERS: Registry[Tier] = Registry("tier", MeanField(), Fluctuation())
"""Every tier that a problem may name."""

extensions.load_engine()
