"""Loads potentials by name, once per process, number format and device."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

import torch

from engine.potentials.description import PotentialDescription
from engine.potentials.errors import UnsupportedDtype, UnsupportedMixing, UnsupportedModel
from engine.potentials.families import FAMILIES
from engine.potentials.interface import Potential
from engine.potentials.registry import describe, describe_choice, is_fetched
from engine.potentials.weights import fetch

if TYPE_CHECKING:
    from api_schemas.choices import PotentialChoice

_DTYPES = {"float64": torch.float64, "float32": torch.float32}


def load_potential(
    name: str,
    dtype: str = "float64",
    device: str = "cpu",
    *,
    head: str | None = None,
    mixing: str = "mean_field",
) -> Potential:
    """A potential ready to compute; its weights are fetched if they are not here yet.

    Args:
        name: Name in the registry.
        dtype: Number format, "float64" or "float32".
        device: Device as torch names it.
        head: Head of a MACE model that has several.
        mixing: Mixing rule, mean_field or paired.

    Returns:
        The same object for the same arguments within one process.

    Raises:
        UnknownPotential: if there is no such potential.
        UnsupportedDtype: if it is not offered in that number format.
        UnsupportedMixing: if it is not offered with that mixing rule.
        UnsupportedModel: if a model file cannot be run here, or has no such head.
        LicenceNotAccepted: if the operator has not accepted the licence of the weights.
        WeightsUnavailable: if the weights can neither be found nor fetched, or are not the published ones.
    """
    return _loaded(describe(name), dtype, device, head, mixing)


def load_chosen(choice: PotentialChoice, device: str = "cpu") -> Potential:
    """The potential that a problem chooses, by name or as a model file of the user's.

    Args:
        choice: Choice of the problem; a file in it is read without further question.
        device: Device as torch names it.

    Returns:
        The same object for the same choice within one process.

    Raises:
        PotentialError: as `load_potential`.
    """
    return _loaded(describe_choice(choice), choice.dtype, device, choice.head, choice.mixing)


def _loaded(
    description: PotentialDescription, dtype: str, device: str, head: str | None, mixing: str
) -> Potential:
    name = description.name
    if dtype not in description.dtypes:
        raise UnsupportedDtype(f"{name} is offered in {', '.join(description.dtypes)}, not in {dtype}")
    if mixing not in description.mixings:
        raise UnsupportedMixing(f"{name} is offered with {', '.join(description.mixings)}, not with {mixing}")
    family = FAMILIES[description.family]
    if head is not None and not family.has_heads:
        raise UnsupportedModel(f"{name} has no heads; leave head out")
    described = description if description.weightless else _fetched(description)
    return _cached(described, dtype, torch.device(device), mixing, head)


def _fetched(description: PotentialDescription) -> PotentialDescription:
    """A description whose weights are here, with the checksum that tells them from others."""
    if description.file is not None or is_fetched(description.name):
        return description
    fetch(description.name)
    return describe(description.name)


@cache
def _cached(
    description: PotentialDescription, dtype: str, device: torch.device, mixing: str, head: str | None
) -> Potential:
    loaded: Potential = import_module(FAMILIES[description.family].module).load(
        description, _DTYPES[dtype], device, mixing, head
    )
    return loaded
