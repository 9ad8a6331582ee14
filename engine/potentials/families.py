"""Families of potentials: what loads the potentials of each. Torch-free: a family imports its model when it is used."""

from __future__ import annotations

from dataclasses import dataclass

from api_schemas.registry import Registry


@dataclass(frozen=True)
class Family:
    """A family of potentials.

    Attributes:
        name: As descriptions name it.
        module: Module whose function ``load(description, dtype, device, mixing, head)`` loads one of its potentials.
        has_heads: Whether its models may have several heads.
        by_nodes: Whether the cost of a call follows from the nodes of the network and the pairs of them; else from
            edges and copies.
    """

    name: str
    module: str
    has_heads: bool = False
    by_nodes: bool = False


FAMILIES: Registry[Family] = Registry(
    "family of potentials",
    Family("sevennet", "engine.potentials.sevennet.loading"),
    Family("mace", "engine.potentials.mace.loading", has_heads=True, by_nodes=True),
)
"""Every family."""
