"""``AlchemicalCalculator``: alchemical crystals in ASE, for relaxations, phonons and dynamics of any supercell.

from orichalcum.ase import AlchemicalCalculator

calculator = AlchemicalCalculator("alscn.yaml", {"cation": {"Al": 0.8, "Sc": 0.2}})
atoms = calculator.parent_atoms().repeat(2)
atoms.calc = calculator
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.campaign.calculator import AlchemicalCalculator

__all__ = ["AlchemicalCalculator"]


def __getattr__(name: str) -> object:
    """Import the calculator, and torch with it, when it is asked for.

    Raises:
        ServerExtraMissing: if what computes is not installed.
    """
    if name != "AlchemicalCalculator":
        raise AttributeError(f"module 'orichalcum.ase' has no attribute {name!r}")
    from orichalcum import local

    return local.calculator_class()
