"""What the properties of a crystal refer to: pressure, temperature, chemical potentials, a substrate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from engine.properties.inputs import PropertyInputs, SubstrateLength


def length_along(conventional_lattice: Tensor, direction: tuple[int, int, int]) -> Tensor:
    """Length (Å) of the lattice vector [u, v, w] of a conventional lattice [3, 3] (rows)."""
    return (torch.tensor(direction, dtype=conventional_lattice.dtype) @ conventional_lattice).norm()


def substrate_mismatch(conventional_lattice: Tensor, substrate: SubstrateLength | None) -> Tensor:
    """(a - a_substrate)/a_substrate along the substrate's direction (docs/science.md, Eq. 39).

    The conventional lattice is [3, 3], Å, rows.

    Raises:
        KeyError: if there is no substrate.
    """
    if substrate is None:
        raise KeyError("substrate_mismatch")
    return length_along(conventional_lattice, substrate.direction) / substrate.length - 1.0


def value(name: str, at: PropertyInputs) -> Tensor:
    """The mismatch of a relaxed composition with its substrate.

    Raises:
        KeyError: for another name, or without a substrate.
    """
    if name != "substrate_mismatch":
        raise KeyError(name)
    return substrate_mismatch(at.conventional @ at.lattice, at.surroundings.substrate)
