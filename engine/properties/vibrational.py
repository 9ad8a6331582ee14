"""Free energy, entropy and heat capacity of the vibrations of a relaxed crystal (docs/science.md, Eq. 139)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from engine.properties.inputs import PropertyInputs

NAMES = ("vibrational_free_energy", "vibrational_entropy", "heat_capacity")
"""In the order of `engine.properties.inputs.Vibrations`."""


def value(name: str, at: PropertyInputs) -> Tensor:
    """What the vibrations come to per atom: eV, k_B, k_B.

    Raises:
        KeyError: for another name, or where the vibrations were not computed.
    """
    if at.vibrations is None or name not in NAMES:
        raise KeyError(name)
    return at.vibrations[NAMES.index(name)] / at.atoms
