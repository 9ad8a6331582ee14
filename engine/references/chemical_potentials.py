"""Chemical potentials of elements: given by the user, or the energy per atom of their relaxed reference phases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.symbols import ATOMIC_NUMBERS
from engine.references.elemental_phases import ELEMENTAL_PHASES

if TYPE_CHECKING:
    from engine.crystals.crystal import AlchemicalCrystal
    from engine.references.solver import ReferenceSolver

MAX_STEPS = 200
"""Of the relaxation of a reference phase: weakly bound molecular crystals take many."""

WITH_U = frozenset({"Co", "Cr", "Fe", "Mn", "Mo", "Ni", "V", "W"})
"""Metals whose oxides and fluorides the Materials Project computes with a Hubbard U, and everything else without (A.
Jain et al., Phys. Rev. B 84, 045115 (2011), doi:10.1103/PhysRevB.84.045115)."""
WITH_U_ANIONS = frozenset({"O", "F"})


@dataclass(frozen=True)
class ChemicalPotentials:
    """Chemical potentials with what they refer to.

    Attributes:
        values: eV/atom by atomic number.
        references: What each refers to, by symbol, in words.
        calls: Potential calls that the reference phases took.
        unconverged: Symbols of the elements whose phase did not converge.
    """

    values: Mapping[int, float]
    references: Mapping[str, str]
    calls: int
    unconverged: tuple[str, ...]


def chemical_potentials(
    symbols: Iterable[str], given: Mapping[str, float], solver: ReferenceSolver
) -> ChemicalPotentials:
    """The chemical potentials of elements, at zero pressure and temperature.

    Args:
        symbols: The elements.
        given: eV/atom of the elements for which the user gave them.
        solver: Relaxes the reference phases of the others.

    Raises:
        KeyError: if an element has neither.
    """
    values: dict[int, float] = {}
    references: dict[str, str] = {}
    calls = 0
    unconverged = []
    for symbol in sorted(set(symbols)):
        if symbol in given:
            value, words = given[symbol], "given"
        else:
            phase, crystal = ELEMENTAL_PHASES[symbol], phase_crystal(symbol)
            reference = solver.relaxed(
                crystal, [np.zeros(0)], 0.0, fixed_cell=phase.is_molecule, max_steps=MAX_STEPS
            )[0]
            value, words = reference.enthalpy / crystal.n_sites, phase.name
            calls += reference.calls
            if not reference.converged:
                unconverged.append(symbol)
        values[ATOMIC_NUMBERS[symbol]] = value
        references[symbol] = f"{words}, {value:.4f} eV/atom"
    return ChemicalPotentials(values, references, calls, tuple(unconverged))


@cache
def phase_crystal(symbol: str) -> AlchemicalCrystal:
    """The crystal of an element's reference phase."""
    from engine.crystals.crystal import build_crystal

    return build_crystal(ELEMENTAL_PHASES[symbol].build())
