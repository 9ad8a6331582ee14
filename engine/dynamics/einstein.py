"""The Einstein crystal, whose atoms are held to their places one by one: a reference of Frenkel and Ladd's kind.

D. Frenkel, A. J. C. Ladd, J. Chem. Phys. 81, 3188 (1984), doi:10.1063/1.448024. It is not invariant when all atoms move
together, a crystal is: the two are compared with the centre of mass held (docs/science.md, Eq. 109; J. M. Polson et
al., J. Chem. Phys. 112, 5339 (2000), doi:10.1063/1.481102; for springs that differ V. Khanna et al., J. Chem. Phys.
154, 164509 (2021), doi:10.1063/5.0044833). With it held here as there, the free energy of a crystal is that of `held`
plus the work of switching, on the 3 N - 3 degrees of freedom of `engine.dynamics.oscillators`; nothing is to be added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.dynamics.oscillators import Thermodynamics, classical, quantum
from engine.dynamics.samples import sample_noise
from engine.mechanics.constants import BOLTZMANN, FREQUENCY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

    from engine.dynamics.harmonic import HarmonicCrystal


def einstein_frequencies(springs: ArrayLike, masses: ArrayLike) -> NDArray[np.float64]:
    """Of atoms held to their places, nothing else, [3 n] THz.

    Args:
        springs: [n] eV/Å^2.
        masses: [n] u.

    Raises:
        ValueError: if a spring or a mass is not above zero.
    """
    stiffness, inertia = _checked(springs, masses)
    return np.repeat(FREQUENCY * np.sqrt(stiffness / inertia), 3)


def held_frequencies(springs: ArrayLike, masses: ArrayLike) -> NDArray[np.float64]:
    """Of atoms held to their places whose centre of mass is at rest, [3 n - 3] THz.

    Args:
        springs: [n] eV/Å^2, two atoms or more.
        masses: [n] u.

    Raises:
        ValueError: if a spring or a mass is not above zero.
    """
    stiffness, inertia = _checked(springs, masses)
    along = np.sqrt(inertia / inertia.sum())
    rest = np.eye(len(along)) - np.outer(along, along)
    values = np.linalg.eigvalsh(rest @ np.diag(stiffness / inertia) @ rest)[1:]
    return np.repeat(FREQUENCY * np.sqrt(values), 3)


def held(
    springs: ArrayLike, masses: ArrayLike, temperatures: ArrayLike, *, zero_point: bool = False
) -> Thermodynamics:
    """Thermodynamics of an Einstein crystal whose centre of mass is at rest (docs/science.md, Eq. 109).

    Args:
        springs: [n] eV/Å^2, two atoms or more.
        masses: [n] u.
        temperatures: K.
        zero_point: Whether it is quantum; else classical, the reference of classical switching.

    Raises:
        ValueError: if a spring or a mass is not above zero, or a temperature is not.
    """
    frequencies = held_frequencies(springs, masses)
    return quantum(frequencies, temperatures) if zero_point else classical(frequencies, temperatures)


def springs_of(mean_squares: ArrayLike, temperature: float) -> NDArray[np.float64]:
    """Springs that let atoms move as far as they do, [n] eV/Å^2: 3 k_B T / <u^2>.

    As R. Freitas, M. Asta, M. de Koning, Comput. Mater. Sci. 112, 333 (2016), doi:10.1016/j.commatsci.2015.10.050.

    Args:
        mean_squares: Mean square displacement of each atom, x, y and z together, [n] Å^2.
        temperature: K.

    Raises:
        ValueError: if an atom did not move, or the temperature is not above zero.
    """
    found = np.asarray(mean_squares, dtype=float)
    if not ((found > 0.0) & np.isfinite(found)).all():
        raise ValueError(f"mean square displacements must be above zero, got {found.min():g} Å^2")
    if not temperature > 0.0:
        raise ValueError(f"the temperature must be above 0 K, got {temperature:g}")
    return np.asarray(3.0 * BOLTZMANN * temperature / found)


def springs_like(harmonic: HarmonicCrystal) -> NDArray[np.float64]:
    """Springs that let the atoms of a supercell move as far as those of a harmonic crystal, [n] eV/Å^2.

    Of an unstable one they are as if its modes rose where they fall; see `HarmonicCrystal.mean_square_displacements`.
    """
    of_cell = springs_of(harmonic.mean_square_displacements(1.0), 1.0)
    return np.tile(of_cell, harmonic.constants.supercell.n_cells)


def einstein_samples(
    springs: ArrayLike, masses: ArrayLike, temperature: float, seed: int, numbers: Iterable[int]
) -> NDArray[np.float64]:
    """Displacements of an Einstein crystal, classical, the centre of mass at rest, [m, n, 3] Å.

    Gaussian displacements of each atom by itself, on condition that the centre of mass does not move.

    Args:
        springs: [n] eV/Å^2.
        masses: [n] u.
        temperature: K.
        seed: Of all samples, 0 or greater.
        numbers: Which samples, [m], 0 or greater; each is a function of the seed and its number alone.

    Raises:
        ValueError: if a spring, a mass or the temperature is not above zero.
    """
    stiffness, inertia = _checked(springs, masses)
    if not temperature > 0.0:
        raise ValueError(f"the temperature of samples must be above 0 K, got {temperature:g}")
    width = np.sqrt(BOLTZMANN * temperature / stiffness)
    draws = [sample_noise(seed, number).standard_normal((len(width), 3)) for number in numbers]
    free = np.array(draws).reshape(-1, len(width), 3) * width[:, None]
    yielding = inertia / stiffness
    moved = np.einsum("i,mia->ma", inertia, free) / float(inertia @ yielding)
    return np.asarray(free - yielding[:, None] * moved[:, None, :])


def _checked(springs: ArrayLike, masses: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    stiffness, inertia = np.asarray(springs, dtype=float), np.asarray(masses, dtype=float)
    if stiffness.shape != inertia.shape or stiffness.ndim != 1:
        raise ValueError(f"every atom needs a spring and a mass, got {stiffness.shape} and {inertia.shape}")
    for name, values in (("springs", stiffness), ("masses", inertia)):
        if not (values > 0.0).all():
            raise ValueError(f"{name} of an Einstein crystal must be above zero, got {values.min():g}")
    return stiffness, inertia
