"""Thermodynamics of independent harmonic oscillators, classical and quantum, and of the motion of the whole crystal.

Frequencies are in THz, temperatures in K. A crystal of N atoms has 3 N - 3 vibrations: its centre of mass is at rest,
and neither its momentum nor its place counts (docs/science.md, Eq. 98). `filled` and `centre_of_mass` lead to the two
other conventions in use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.mechanics.constants import BOLTZMANN, PLANCK, THERMAL_LENGTH

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class Thermodynamics:
    """What vibrations add to a crystal, for each temperature.

    Attributes:
        temperatures: [n] K.
        free_energy: Helmholtz free energy, [n] eV.
        energy: [n] eV.
        entropy: [n] eV/K.
        heat_capacity: At constant volume, [n] eV/K.
    """

    temperatures: NDArray[np.float64]
    free_energy: NDArray[np.float64]
    energy: NDArray[np.float64]
    entropy: NDArray[np.float64]
    heat_capacity: NDArray[np.float64]

    def times(self, factor: float) -> Thermodynamics:
        """The same of so many crystals: 1 / n_cells gives that of one cell, 1 / n_atoms that of an atom."""
        return Thermodynamics(
            self.temperatures,
            factor * self.free_energy,
            factor * self.energy,
            factor * self.entropy,
            factor * self.heat_capacity,
        )


def classical(frequencies: ArrayLike, temperatures: ArrayLike) -> Thermodynamics:
    """Classical oscillators: F = sum of kT ln(h nu / kT) (docs/science.md, Eq. 97).

    Args:
        frequencies: [n_modes] THz, above zero.
        temperatures: [n] K, above zero.

    Raises:
        ValueError: if a frequency or a temperature is not above zero.
    """
    quanta, heat = _checked(frequencies, temperatures)
    if not (heat > 0.0).all():
        raise ValueError(
            "temperatures of classical oscillators must be above 0 K; the quantum ones go down to 0 K"
        )
    modes = np.full(len(heat), float(len(quanta)))
    free = heat * np.log(quanta[None] / heat[:, None]).sum(axis=1)
    energy = modes * heat
    temperature = heat / BOLTZMANN
    return Thermodynamics(temperature, free, energy, (energy - free) / temperature, BOLTZMANN * modes)


def quantum(frequencies: ArrayLike, temperatures: ArrayLike) -> Thermodynamics:
    """Quantum oscillators with their zero-point energy (docs/science.md, Eq. 96).

    Args:
        frequencies: [n_modes] THz, above zero.
        temperatures: [n] K, zero or above.

    Raises:
        ValueError: if a frequency is not above zero, or a temperature is below.
    """
    quanta, heat = _checked(frequencies, temperatures)
    ratio = np.divide(
        quanta[None], heat[:, None], out=np.full((len(heat), len(quanta)), np.inf), where=heat[:, None] > 0
    )
    empty = np.exp(-ratio)  # all in terms of exp(-h nu / kT): nothing overflows
    occupied = empty / -np.expm1(-ratio)
    zero_point = 0.5 * quanta.sum()
    excited = heat * np.log1p(-empty).sum(axis=1)
    energy = occupied @ quanta
    curvature = np.where(np.isfinite(ratio), ratio, 0.0) ** 2 * occupied * (1.0 + occupied)
    entropy = np.divide(energy - excited, heat, out=np.zeros(len(heat)), where=heat > 0) * BOLTZMANN
    return Thermodynamics(
        heat / BOLTZMANN,
        zero_point + excited,
        zero_point + energy,
        entropy,
        BOLTZMANN * curvature.sum(axis=1),
    )


def quantum_correction(frequencies: ArrayLike, temperature: float) -> float:
    """Quantum less classical free energy of a crystal's modes, eV (docs/science.md, Eq. 96 and 97).

    Of modes that fall nothing is counted, a lower bound: a quantum free energy is never below the classical one.

    Args:
        frequencies: [n_modes] THz; imaginary ones are negative.
        temperature: K, above zero.
    """
    rising = np.asarray(frequencies, dtype=float)
    rising = rising[rising > 0.0]
    exact = quantum(rising, [temperature]).free_energy - classical(rising, [temperature]).free_energy
    return float(exact[0])


def _checked(
    frequencies: ArrayLike, temperatures: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """H nu [n_modes] and kT [n], eV."""
    found = np.atleast_1d(np.asarray(frequencies, dtype=float))
    heat = BOLTZMANN * np.atleast_1d(np.asarray(temperatures, dtype=float))
    if not (found > 0.0).all():
        raise ValueError(
            f"frequencies of oscillators must be above zero, got {found[~(found > 0.0)][0]:g} THz"
        )
    if not (heat >= 0.0).all():
        raise ValueError(f"temperatures must not be negative, got {heat.min() / BOLTZMANN:g} K")
    return PLANCK * found, heat


def kinetic_free_energy(masses: ArrayLike, temperature: float) -> float:
    """Kinetic part of a classical free energy, the centre of mass at rest, eV (docs/science.md, Eq. 99).

    It is all that masses do. The rest, of the configurations alone, is -kT ln of the integral of exp(-U/kT) over all
    positions in Å whose mean is held.

    Args:
        masses: Of the atoms, [n] u.
        temperature: K.
    """
    found = np.asarray(masses, dtype=float)
    of_atoms = 3.0 * np.log(thermal_length(found, temperature)).sum()
    of_all = 3.0 * np.log(thermal_length(found.sum(), temperature))
    return float(BOLTZMANN * temperature * (of_atoms - of_all))


def thermal_length(masses: ArrayLike, temperature: float) -> NDArray[np.float64]:
    """Thermal de Broglie wavelength, Å, of masses in u."""
    return np.asarray(THERMAL_LENGTH / np.sqrt(np.asarray(masses, dtype=float) * temperature))


def centre_of_mass(mass: float, volume: float, temperature: float) -> float:
    """Free energy of the centre of mass, which is left out elsewhere, eV (docs/science.md, Eq. 100).

    A crystal of M moves as one body within one primitive cell: what is beyond is the same crystal with its atoms
    exchanged (J. M. Polson, E. Trizac, S. Pronk, D. Frenkel, J. Chem. Phys. 112, 5339 (2000), doi:10.1063/1.481102).

    Args:
        mass: Of the whole crystal, u.
        volume: Of its primitive cell, Å^3.
        temperature: K.
    """
    return float(
        -BOLTZMANN * temperature * (np.log(volume) - 3.0 * np.log(thermal_length(mass, temperature)))
    )


def filled(of_vibrations: float, n_atoms: float) -> float:
    """What 3 N - 3 vibrations have, made that of 3 N: the three missing ones are as the others on average.

    Args:
        of_vibrations: A free energy, energy, entropy or heat capacity of a crystal of n_atoms.
        n_atoms: Atoms of the crystal, more than one.
    """
    return of_vibrations * n_atoms / (n_atoms - 1.0)
