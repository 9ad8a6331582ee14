"""The science of Orichalcum: alchemical crystals, their relaxation and gradients, and composition search."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.campaign.campaign import Campaign
    from engine.campaign.evaluate import evaluate

# Threads that wait for one another must sleep, not spin: on a machine with other work, spinning was seen to slow small
# crystals by a factor of 20. Read by the OpenMP runtime when torch is first imported, which is after this.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# Matrix products whose bits do not depend on the number of threads, so that a worker gives what `run` gives. They are
# by up to a tenth slower. Read by Intel's MKL at its first product; other processors and libraries take no notice.
os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")

__all__ = ["Campaign", "evaluate"]


def __getattr__(name: str) -> Any:
    """Resolve the public names on first use, so that torch-free parts stay free of torch."""
    if name == "Campaign":
        from engine.campaign.campaign import Campaign

        return Campaign
    if name == "evaluate":
        from engine.campaign.evaluate import evaluate

        return evaluate
    message = f"module 'engine' has no attribute {name!r}"
    raise AttributeError(message)
