"""The science of Orichalcum: alchemical crystals, their relaxation and gradients, and composition search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.evaluation import evaluate
    from engine.optimize.campaign import Campaign

__all__ = ["Campaign", "evaluate"]


def __getattr__(name: str) -> Any:
    """Resolve the public names on first use, so that torch-free parts stay free of torch."""
    if name == "Campaign":
        from engine.optimize.campaign import Campaign

        return Campaign
    if name == "evaluate":
        from engine.evaluation import evaluate

        return evaluate
    message = f"module 'engine' has no attribute {name!r}"
    raise AttributeError(message)
