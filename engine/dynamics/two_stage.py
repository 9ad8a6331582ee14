"""The free energy of a model over its harmonic crystal in two stages, with a reference between.

The reference between is the harmonic crystal with an energy of its bonds. To sample it, and to have its free energy
over the harmonic crystal, takes no potential calls (docs/science.md, Eq. 106). The model is computed at some of its
samples and has a free energy over it from one side (docs/science.md, Eq. 105).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logsumexp

from engine.dynamics.state import POPULATIONS
from engine.mechanics.constants import BOLTZMANN

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from engine.dynamics.bonds import BondEnergy

ISLANDS, WALKERS = 8, 256
"""Independent populations, whose spread tells the error, and walkers of each at the least."""
_ALIVE = 0.8
"""Share of the walkers that is left, effectively, by a stage in which the energy of the bonds is raised."""
_ACCEPTED = 0.4
"""Share of the moves that is accepted, about: their length is such."""
_FORGOTTEN = 1.0
"""Walkers move on after a stage until exp(-1) of where they were is left; after the last, until exp(-2)."""
_MOST_MOVES = 400


@dataclass(frozen=True, eq=False)
class Drawn:
    """Samples of the crystal with an energy of its bonds, and its free energy.

    Attributes:
        displacements: [m, n, 3] Å, in random order: any part is a sample.
        energies: Of the bonds there, [m] eV.
        difference: Free energy over the harmonic crystal, eV.
        error: Its standard error, eV.
        stages: In how many stages the energy of the bonds was raised.
        evaluations: How often it was computed.
        forgotten: Whether the walkers moved long enough in every stage.
    """

    displacements: NDArray[np.float64]
    energies: NDArray[np.float64]
    difference: float
    error: float
    stages: int
    evaluations: int
    forgotten: bool


def drawn(
    of_bonds: BondEnergy,
    temperature: float,
    seed: int,
    wanted: int,
    on_move: Callable[[], None] = lambda: None,
) -> Drawn:
    """Draw samples of the harmonic crystal with an energy of its bonds; the same for the same arguments.

    Walkers that start as samples of the harmonic crystal feel the energy of the bonds in stages. In each they are first
    drawn again by what it adds, which gives the free energy (P. Del Moral, A. Doucet, A. Jasra, J. R. Stat. Soc. B 68,
    411 (2006), doi:10.1111/j.1467-9868.2006.00553.x), then moved in steps that keep the harmonic crystal as it is and
    are accepted by the energy of the bonds (S. L. Cotter et al., Stat. Sci. 28, 424 (2013), doi:10.1214/13-STS421).

    Args:
        of_bonds: The energy of the bonds.
        temperature: K.
        seed: 0 or greater. The walkers have nothing in common with `samples.pairs` of the same seed.
        wanted: How many samples.
        on_move: Called before every move of the walkers; what it raises ends the drawing.
    """
    heat = BOLTZMANN * temperature
    root = np.sqrt(heat) * of_bonds.harmonic.root
    population = max(WALKERS, -(-wanted // ISLANDS))
    random = np.random.Generator(
        np.random.Philox(key=np.array([seed, 0], dtype=np.uint64), counter=[0, 0, 0, POPULATIONS])
    )

    def harmonic() -> NDArray[np.float64]:
        return (random.standard_normal((ISLANDS * population, len(root))) @ root.T).reshape(
            ISLANDS * population, -1, 3
        )

    place = harmonic()
    energy = of_bonds.energies(place) / heat
    total, raised, length = np.zeros(ISLANDS), 0.0, 1.0
    stages, moves, forgotten = 0, 0, True
    while raised < 1.0:
        by = _raise(energy, 1.0 - raised)
        raised, stages = raised + by, stages + 1
        log = (-by * energy).reshape(ISLANDS, population)
        total += logsumexp(log, axis=1) - np.log(population)
        kept = np.concatenate(
            [_resampled(one, random) + number * population for number, one in enumerate(log)]
        )
        place, energy = place[kept], energy[kept]
        left, began = (2.0 if raised >= 1.0 else 1.0) * _FORGOTTEN, moves
        while left > 0.0 and moves - began < _MOST_MOVES:
            on_move()
            keeping = np.sqrt(1.0 - length**2)
            there = keeping * place + length * harmonic()
            energy_there = of_bonds.energies(there) / heat
            taken = np.log(random.random(len(energy))) < -raised * (energy_there - energy)
            place[taken], energy[taken] = there[taken], energy_there[taken]
            share = float(taken.mean())
            left -= share * (1.0 - keeping)
            length = min(1.0, length * np.exp(0.5 * (share - _ACCEPTED)))
            moves += 1
        forgotten &= left <= 0.0
    chosen = random.permutation(len(energy))[:wanted]
    mean = logsumexp(total) - np.log(ISLANDS)
    weight = np.exp(total - mean)
    return Drawn(
        displacements=place[chosen],
        energies=heat * energy[chosen],
        difference=float(-heat * mean),
        error=float(heat * weight.std(ddof=1) / np.sqrt(ISLANDS)),
        stages=stages,
        evaluations=(1 + moves) * len(energy),
        forgotten=forgotten,
    )


def _raise(energy: NDArray[np.float64], most: float) -> float:
    """By how much the factor of an energy [n] kT may be raised for a share of walkers to be left, at most so much."""

    def left(by: float) -> float:
        log = -by * energy
        return float(np.exp(2.0 * logsumexp(log) - logsumexp(2.0 * log))) / len(energy)

    if left(most) >= _ALIVE:
        return most
    low, high = 0.0, most
    for _ in range(40):
        middle = (low + high) / 2.0
        low, high = (middle, high) if left(middle) >= _ALIVE else (low, middle)
    return high


def _resampled(log: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.int64]:
    """Systematic resampling by weights exp(log), [n]: each as often as its share says, up to one."""
    share = np.cumsum(np.exp(log - logsumexp(log)))
    places = (np.arange(len(log)) + random.random()) / len(log)
    return np.searchsorted(share / share[-1], places, side="right")
