"""Loads a MACE model from its file."""

from __future__ import annotations

import torch

from engine.potentials.description import PotentialDescription
from engine.potentials.errors import UnsupportedModel
from engine.potentials.mace.potential import Mace
from engine.potentials.mace.weights import read_mace


def load(
    description: PotentialDescription, dtype: torch.dtype, device: torch.device, mixing: str, head: str | None
) -> Mace:
    """A MACE model, cut to one head.

    Raises:
        UnsupportedModel: if it cannot be run here, or has no such head.
    """
    model = read_mace(description)
    name = description.name if head is None else f"{description.name}/{head}"
    try:
        return Mace(name, model, dtype=dtype, device=device, head=head, mixing=mixing)
    except UnsupportedModel as error:
        raise UnsupportedModel(f"{description.name} cannot be run: {error}") from error
