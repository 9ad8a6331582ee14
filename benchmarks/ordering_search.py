"""Searches for the ordering of lowest energy: descent with guided exchanges against swap Monte Carlo.

    python benchmarks/ordering_search.py [--seeds N] [--runs N] [--calls N] [--temperature K] [SYSTEM ...]

Both have the same potential, sites and cell and the same supercell, and count calls of it. Monte Carlo exchanges two
random unlike sites of a sublattice at a time and takes the exchange by Metropolis' rule at the temperature, from a
random decoration; a decoration that a run has seen is counted but not computed again. What is counted is the call at
which a search first has the lowest energy that any search found. With ORICHALCUM_BENCH=full there are ten seeds of
descent and four runs of 1000 calls of Monte Carlo; else one and 60.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass

import numpy as np

from api_schemas.sublattices import Sublattice
from engine.crystals.crystal import build_crystal
from engine.crystals.prototypes import PROTOTYPES
from engine.crystals.supercells import Supercell
from engine.mechanics import ordering
from engine.mechanics.constants import BOLTZMANN
from engine.mechanics.coordinates import symmetry_coordinates
from engine.mechanics.landscape import Landscape
from engine.mechanics.mixed_sites import MixedSites
from engine.mechanics.relax import Start, relax
from engine.mechanics.sites import SiteLandscape
from engine.potentials.interface import Potential
from engine.potentials.loading import load_potential

FULL = os.environ.get("ORICHALCUM_BENCH") == "full"
FCC_32 = [[-2, 2, 2], [2, -2, 2], [2, 2, -2]]
MOST_CALLS = 60
LOWEST = 1e-5
"""eV/atom within which an energy is the lowest."""


@dataclass(frozen=True)
class System:
    """A supercell of a prototype, in the cell of its mean-field crystal unless a lattice constant is given."""

    prototype: str
    species: list[str]
    sublattices: dict[str, list[str]]
    matrix: list[list[int]]
    counts: list[int]
    cubic: float | None = None


SYSTEMS = {
    "CuAu": System("fcc", ["Cu"], {"Cu": ["Cu", "Au"]}, FCC_32, [16, 16], 3.93),
    "Ba2MgWO6": System(
        "perovskite", ["Ba", "W", "O"], {"W": ["Mg", "W"]}, [[2, 0, 0], [0, 2, 0], [0, 0, 2]], [4, 4]
    ),
    "CrCoNi2": System("fcc", ["Ni"], {"Ni": ["Cr", "Co", "Ni"]}, FCC_32, [8, 8, 16]),
}


@dataclass(frozen=True)
class Search:
    """The least energy of a decoration after each call, eV/atom (infinite before the first), and the seconds."""

    lowest: np.ndarray
    seconds: float

    def first(self, energy: float) -> int | None:
        """The call, from 1, at which an energy was reached."""
        reached = np.flatnonzero(self.lowest <= energy + LOWEST)
        return int(reached[0]) + 1 if len(reached) else None


def main() -> None:
    """Print a table, one line a system."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("systems", nargs="*", default=[], help=f"of {', '.join(SYSTEMS)}")
    parser.add_argument("--seeds", type=int, default=10 if FULL else 1)
    parser.add_argument("--runs", type=int, default=4 if FULL else 1, help="of Monte Carlo")
    parser.add_argument("--calls", type=int, default=1000 if FULL else 60, help="of Monte Carlo")
    parser.add_argument("--temperature", type=float, default=1000.0, help="of Monte Carlo, K")
    parser.add_argument("--potential", default="sevennet-0")
    asked = parser.parse_args()
    potential = load_potential(asked.potential)
    for name in asked.systems or SYSTEMS:
        sites = mixed_sites(potential, SYSTEMS[name])
        ours = [descended(sites, seed) for seed in range(asked.seeds)]
        theirs = [
            monte_carlo(sites, seed, asked.calls, asked.temperature * BOLTZMANN) for seed in range(asked.runs)
        ]
        best = min(one.lowest[-1] for one in [*ours, *theirs])
        calls = [len(one.lowest) for one in ours]
        print(
            f"{name}: lowest {best:.6f} eV/atom; a search takes {np.median(calls):g} calls ({min(calls)}-{max(calls)})"
        )
        for label, searches in (("descent and exchanges", ours), ("swap Monte Carlo", theirs)):
            firsts = [one.first(best) for one in searches]
            found = [n for n in firsts if n is not None]
            off = 1000 * (np.mean([one.lowest[-1] for one in searches]) - best)
            when = f"after {np.median(found):g} calls" if found else "-"
            print(
                f"  {label:22s} lowest in {len(found)} of {len(searches)} {when}; "
                f"{off:.2f} meV/atom above it on average; {np.mean([s.seconds for s in searches]):.0f} s",
                flush=True,
            )


def mixed_sites(potential: Potential, system: System) -> MixedSites:
    """The mixed sites of a system."""
    crystal = build_crystal(
        PROTOTYPES[system.prototype].build(system.species),
        [Sublattice(name=site, sites=[site], elements=e) for site, e in system.sublattices.items()],
    )
    supercell, counts = Supercell(np.array(system.matrix)), np.array(system.counts)
    lattice, frac = crystal.lattice, crystal.frac
    if system.cubic is not None:
        lattice = lattice * (system.cubic / (4.0 * crystal.volume) ** (1 / 3))
    else:
        landscape = Landscape(potential, crystal, symmetry_coordinates(crystal))
        per_site = np.repeat(
            [supercell.n_cells * len(s.sites) for s in crystal.sublattices],
            [len(s.elements) for s in crystal.sublattices],
        )
        lam = crystal.weights(counts / per_site)
        (mean,) = relax(landscape, lam[None], [Start(np.zeros(landscape.coordinates.n_q))])
        lattice, frac = landscape.coordinates.geometry(mean.q)
    return MixedSites(
        SiteLandscape(potential, crystal, lattice, supercell),
        supercell.positions(lattice, frac @ lattice),
        counts,
    )


def descended(sites: MixedSites, seed: int) -> Search:
    """One search by descent and guided exchanges."""
    began = time.perf_counter()
    state, lowest = ordering.begin(sites, seed), []
    while not state.ended and state.evaluations < MOST_CALLS:
        energy, gradient = sites.evaluate(state.point)
        state = ordering.told(state, energy, gradient, sites, last=state.evaluations + 2 >= MOST_CALLS)
        lowest.append(np.inf if state.swaps is None else state.swaps.energy / sites.atoms)
    return Search(np.array(lowest), time.perf_counter() - began)


def monte_carlo(sites: MixedSites, seed: int, calls: int, temperature: float) -> Search:
    """One run of random exchanges at a temperature in eV, from a random decoration."""
    began = time.perf_counter()
    draw, composition = np.random.default_rng(seed), sites.composition
    held = composition.rounded(draw.random(composition.uniform.shape))
    seen: dict[bytes, float] = {}

    def energy_of(decoration: np.ndarray) -> float:
        key = decoration.tobytes()
        if key not in seen:
            seen[key], _ = sites.evaluate(composition.one_hot(decoration))
        return seen[key]

    energy = energy_of(held)
    lowest = [energy]
    while len(lowest) < calls:
        i, j = draw.choice(len(held), 2, replace=False)
        if held[i] == held[j] or composition.owner[i] != composition.owner[j]:
            continue
        trial = held.copy()
        trial[[i, j]] = held[[j, i]]
        found = energy_of(trial)
        if found < energy or draw.random() < np.exp(-(found - energy) / temperature):
            held, energy = trial, found
        lowest.append(min(lowest[-1], found))
    return Search(np.array(lowest) / sites.atoms, time.perf_counter() - began)


if __name__ == "__main__":
    main()
