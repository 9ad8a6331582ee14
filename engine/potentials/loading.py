"""Loads potentials by name, once a process for each number format and device."""

from __future__ import annotations

from functools import cache

import torch

from engine.potentials.errors import UnsupportedDtype, UnsupportedMixing
from engine.potentials.interface import Potential
from engine.potentials.registry import describe, is_fetched
from engine.potentials.sevennet import SevenNet
from engine.potentials.weights import fetch, read_weights

_DTYPES = {"float64": torch.float64, "float32": torch.float32}


def load_potential(
    name: str, dtype: str = "float64", device: str = "cpu", *, mixing: str = "mean_field"
) -> Potential:
    """A potential ready to compute; its weights are fetched if they are not here yet.

    Args:
        name: In the registry.
        dtype: "float64" or "float32".
        device: As torch names it.
        mixing: mean_field or paired.

    Returns:
        The same object for the same arguments within one process.

    Raises:
        UnknownPotential: if there is no such potential.
        UnsupportedDtype: if it is not offered in that number format.
        UnsupportedMixing: if it is not offered with that mixing rule.
        WeightsUnavailable: if the weights can neither be found nor fetched, or are not the published ones.
    """
    description = describe(name)
    if dtype not in description.dtypes:
        raise UnsupportedDtype(f"{name} is offered in {', '.join(description.dtypes)}, not in {dtype}")
    if mixing not in description.mixings:
        raise UnsupportedMixing(f"{name} is offered with {', '.join(description.mixings)}, not with {mixing}")
    return _load(name, dtype, torch.device(device), mixing)


@cache
def _load(name: str, dtype: str, device: torch.device, mixing: str) -> Potential:
    if not is_fetched(name):
        fetch(name)
    tensors, architecture = read_weights(name)
    return SevenNet(
        name,
        tensors,
        architecture,
        smoothness=describe(name).smoothness,
        dtype=_DTYPES[dtype],
        device=device,
        mixing=mixing,
    )
