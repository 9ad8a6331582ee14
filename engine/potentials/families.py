"""Families of potentials: what loads the potentials of each. Torch-free: a family imports its model when it is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from api_schemas.registry import Registry
from engine.potentials.description import PotentialDescription

if TYPE_CHECKING:
    import torch

    from engine.potentials.interface import Potential

Load = Callable[[PotentialDescription, "torch.dtype", "torch.device", str, "str | None"], "Potential"]
"""Loads a potential in a number format, on a device, under a mixing rule, with a head; called once for each."""


@dataclass(frozen=True)
class Family:
    """A family of potentials.

    Attributes:
        name: As descriptions name it.
        module: Module whose function ``load`` loads one, as `Load` says.
        has_heads: Whether its models may have several heads.
        by_nodes: Whether the cost of a call follows from the nodes of the network and the pairs of them; else from
            edges and copies.
    """

    name: str
    module: str
    has_heads: bool = False
    by_nodes: bool = False

    @property
    def load(self) -> Load:
        """The function that loads one of its potentials."""
        loader: Load = import_module(self.module).load
        return loader


FAMILIES: Registry[Family] = Registry(
    "family of potentials",
    Family("sevennet", "engine.potentials.sevennet.loading"),
    Family("mace", "engine.potentials.mace.loading", has_heads=True, by_nodes=True),
)
"""Every family."""
