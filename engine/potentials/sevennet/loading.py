"""Loads a SevenNet from its converted weights."""

from __future__ import annotations

import torch

from engine.potentials.description import PotentialDescription
from engine.potentials.sevennet.potential import SevenNet
from engine.potentials.weights import read_weights


def load(
    description: PotentialDescription, dtype: torch.dtype, device: torch.device, mixing: str, head: str | None
) -> SevenNet:
    """A SevenNet; its weights are here. It has no heads."""
    del head
    tensors, architecture = read_weights(description.name)
    return SevenNet(
        description.name,
        tensors,
        architecture,
        smoothness=description.smoothness,
        dtype=dtype,
        device=device,
        mixing=mixing,
    )
