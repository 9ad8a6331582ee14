"""Independent samples of a harmonic crystal, and what a model says of them (docs/science.md, Eq. 101 and 102).

A sample is a function of the seed and its number alone, the same in whatever batch it is computed. Samples come in
pairs u and -u: what is odd in u cancels from the mean of a pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.dynamics.state import SAMPLES
from engine.mechanics.constants import BOLTZMANN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from engine.dynamics.harmonic import HarmonicCrystal
    from engine.mechanics.sites import SiteLandscape


def pairs(
    harmonic: HarmonicCrystal, temperature: float, seed: int, numbers: Iterable[int]
) -> NDArray[np.float64]:
    """Displacements u and -u of the classical harmonic crystal, the centre of mass at rest, [m, 2, n, 3] Å.

    Args:
        harmonic: The crystal.
        temperature: K.
        seed: Of all samples, 0 or greater.
        numbers: Which samples, [m], 0 or greater.

    Raises:
        ValueError: if the crystal is unstable or the temperature is not above zero.
    """
    if not temperature > 0.0:
        raise ValueError(f"the temperature of samples must be above 0 K, got {temperature:g}")
    root = np.sqrt(BOLTZMANN * temperature) * harmonic.root
    found = []
    for number in numbers:
        # A product of its own: that of a batch would differ in the last digit with the size of the batch.
        u = (root @ sample_noise(seed, number).standard_normal(len(root))).reshape(-1, 3)
        found.append(np.stack([u, -u]))
    return np.array(found).reshape(-1, 2, harmonic.n_sites, 3)


def sample_noise(seed: int, number: int) -> np.random.Generator:
    """What a sample draws from.

    Philox (doi:10.1145/2063384.2063405): the key is the seed, the upper half of the counter the sample's number.
    """
    return np.random.Generator(
        np.random.Philox(key=np.array([seed, 0], dtype=np.uint64), counter=[0, 0, number, SAMPLES])
    )


@dataclass(frozen=True, eq=False)
class Model:
    """The energy of a model about the rest positions of a harmonic crystal.

    Attributes:
        landscape: The model, of the supercell of the harmonic crystal.
        harmonic: The harmonic crystal. Its lattice is the landscape's with the strain.
        lam: Weights of all copies of the supercell, [n_copies].
        at_rest: Energy of the supercell at rest, eV: one potential call, made once.
    """

    landscape: SiteLandscape
    harmonic: HarmonicCrystal
    lam: NDArray[np.float64]
    at_rest: float

    def beyond_harmonic(self, displacements: NDArray[np.float64], *, at_once: int = 1) -> NDArray[np.float64]:
        """U(u) - U(0) - u.Phi.u/2, [...] eV; a potential call each (docs/science.md, Eq. 102).

        Nothing else is taken off: where forces are left at rest, their work is part of it, as it must be for the free
        energy to be the model's. From the mean of a pair u, -u it is gone, and its second order is the energy that
        relaxing would gain.

        Args:
            displacements: [..., n, 3] Å.
            at_once: Crystals in a batch of the potential.
        """
        flat = displacements.reshape(-1, self.harmonic.n_sites, 3)
        found = self.landscape.energies(self._rest + flat, np.zeros((3, 3)), self.lam, at_once=at_once)
        return np.asarray(
            (found - self.at_rest - self.harmonic.energies(flat)).reshape(displacements.shape[:-2])
        )

    @property
    def _rest(self) -> NDArray[np.float64]:
        return self.landscape.supercell.positions(self.harmonic.lattice, self.harmonic.positions)


def model(landscape: SiteLandscape, harmonic: HarmonicCrystal, lam: NDArray[np.float64]) -> Model:
    """A model about a harmonic crystal; one potential call, at rest.

    Args:
        landscape: Of the supercell, its lattice that of the harmonic crystal.
        harmonic: The harmonic crystal.
        lam: Weights of one cell, [n_copies].

    Raises:
        ValueError: if the lattices are not the same.
    """
    if not np.allclose(landscape.lattice, harmonic.lattice, rtol=0.0, atol=1e-9):
        raise ValueError("the landscape must have the relaxed lattice of the harmonic crystal as its own")
    everywhere = landscape.everywhere(lam)
    rest = landscape.supercell.positions(harmonic.lattice, harmonic.positions)
    (energy,) = landscape.energies(rest[None], np.zeros((3, 3)), everywhere)
    return Model(landscape, harmonic, everywhere, float(energy))
