"""The crystal of a substrate that a problem names. Torch-free."""

from __future__ import annotations

from api_schemas.problem import Problem
from engine.crystals.crystal import AlchemicalCrystal, build_crystal
from engine.crystals.structure_faults import MAX_ATOMS
from engine.crystals.structure_input import read_structure

SUBSTRATE = ("conditions", "substrate", "same_as")
"""Where a problem names it."""


def substrate_crystal(problem: Problem, max_atoms: int = MAX_ATOMS) -> AlchemicalCrystal | None:
    """The crystal of the problem's substrate; None where it is given as a number, or not at all.

    Raises:
        ProblemInvalid: if it cannot be read.
    """
    substrate = problem.conditions.substrate
    if substrate is None or substrate.same_as is None:
        return None
    parent = read_structure(substrate.same_as, SUBSTRATE, max_atoms)
    return build_crystal(parent, structure_prefix=SUBSTRATE)
