"""What the disorder of a mixed crystal makes of its vibrations: real atoms, one at a time, in the mean-field crystal.

A real atom on a mixed site makes its neighbours give way and their springs with them; over the same change of the
composition spread over all sites that has no first order (docs/science.md, Eq. 141).
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.crystals.one_apart import one_apart, orbits
from engine.crystals.supercells import Supercell, supercell_for_disorder
from engine.mechanics.response.disorder import Disorder
from engine.mechanics.response.fluctuation import STEP, beyond_alike
from engine.mechanics.sites import SiteLandscape
from engine.mechanics.threads import fitting_threads
from engine.properties.inputs import Vibrations
from engine.references.vibrations import harmonic_at, harmonic_of, thermal, unstable_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.crystals.crystal import AlchemicalCrystal
    from engine.mechanics.response.fluctuation import MeanField, Probe
    from engine.references.solver import ReferenceSolver


def disorder_vibrations(
    solver: ReferenceSolver,
    crystal: AlchemicalCrystal,
    pressure: float,
    temperature: float,
    x: NDArray[np.float64],
    q: NDArray[np.float64],
) -> Vibrations:
    """What real atoms add to the vibrations of the mean-field crystal, per parent cell, without derivatives.

    Args:
        solver: Of the potential; frequencies are kept in its store.
        crystal: The parent with its copies, no site of which may be empty.
        pressure: At which it is relaxed, GPa.
        temperature: K, zero or above.
        x: Composition, [n_columns].
        q: Relaxed coordinates, [n_q].
    """
    supercell = supercell_for_disorder(crystal)

    def compute() -> dict[str, Any]:
        with fitting_threads(supercell.n_cells * crystal.n_copies):
            return _Departed(solver, crystal, supercell, pressure, x, q).frequencies()

    digest = hashlib.sha256(json.dumps([supercell.matrix.tolist(), q.tolist()]).encode()).hexdigest()
    stored = solver.remembered(crystal, pressure, f"vibrations of disorder {digest}", compute, x)
    calls = int(stored["calls"])
    equivalents = calls * supercell.n_cells
    if "unstable" in stored:
        return Vibrations(
            None, unstable=tuple(stored["unstable"]), calls=calls, primitive_equivalents=equivalents
        )
    total = np.zeros(3)
    for share, one, alike in stored["departures"]:
        total += share * (thermal(one, temperature) - thermal(alike, temperature))
    return Vibrations(total, calls=calls, primitive_equivalents=equivalents)


class _Departed:
    """The supercells in which one site holds a real atom.

    Args:
        solver: Of the potential.
        crystal: The parent.
        supercell: How it is repeated.
        pressure: At which it is relaxed, GPa.
        x: Composition, [n_columns].
        q: Relaxed coordinates, [n_q].
    """

    def __init__(
        self,
        solver: ReferenceSolver,
        crystal: AlchemicalCrystal,
        supercell: Supercell,
        pressure: float,
        x: NDArray[np.float64],
        q: NDArray[np.float64],
    ) -> None:
        self._solver, self._crystal, self._repeat, self._pressure = solver, crystal, supercell, pressure
        self._x, self._q = x, q
        self._interrupt = solver.landscape(crystal, pressure).interrupt
        self._disorder = Disorder.of(
            solver.potential, crystal, solver.coordinates(crystal), supercell, self._interrupt
        )
        self._calls = 0

    def frequencies(self) -> dict[str, Any]:
        """The share of each departure, and the frequencies of one site that departs and of all that do as much."""
        crystal, x = self._crystal, self._x
        at, constants = self._disorder.mean_field(self._q, x), self._disorder.force_constants(self._q, x)
        mixed = [n for n, sublattice in enumerate(crystal.sublattices) if len(sublattice.elements) > 1]
        departures: list[tuple[float, list[float], list[float]]] = []
        unstable: list[str] = []
        for number, probe in zip(mixed, self._disorder.probes, strict=True):
            own = x[probe.columns]
            for k in np.flatnonzero((own > 0.0) & (own < 1.0)):
                away = np.eye(len(own))[k] - own
                spread = np.array(x)
                spread[probe.columns] += away / probe.n
                alike, calls = harmonic_at(
                    self._solver, crystal, self._repeat, self._pressure, spread, self._q
                )
                self._calls += calls
                if not alike.stable:
                    words = unstable_words(self._solver, crystal, crystal.weights(spread), alike)
                    unstable += [f"a little beside the composition: {one}" for one in words]
                responses = constants.solve(self._forces(at, probe, away))
                for orbit, (site, multiplicity) in enumerate(orbits(crystal, number)):
                    single, words = self._single(number, site, int(k), responses[orbit])
                    unstable += words
                    share = multiplicity * float(own[k]) * probe.n / (probe.n - 1)
                    departures.append((share, single, alike.vibrations.tolist() if alike.stable else []))
        calls = self._calls + self._disorder.supercell.calls
        if unstable or not all(one and alike for _, one, alike in departures):
            return {"calls": calls, "unstable": unstable}
        return {"calls": calls, "departures": departures}

    def _forces(self, at: MeanField, probe: Probe, away: NDArray[np.float64]) -> NDArray[np.float64]:
        """Derivative of the energy by the positions for a site of each orbit that departs, [n_orbits, n, 3] eV/Å."""
        at_rest = np.tile(at.derivatives.by_position, (self._repeat.n_cells, 1))
        still = np.zeros_like(at_rest)
        found = [
            (at.of_one(probe, orbit, away, still).by_position - at_rest) / STEP
            for orbit in range(len(probe.multiplicities))
        ]
        return beyond_alike(at, probe, np.array(found)[:, None])[:, 0]

    def _single(
        self, number: int, site: int, k: int, response: NDArray[np.float64]
    ) -> tuple[list[float], list[str]]:
        """Frequencies where a site holds an element and its neighbours give way, or what is unstable then."""
        crystal, coordinates = self._crystal, self._solver.coordinates(self._crystal)
        deformation = (np.eye(3) + coordinates.strain(self._q)).T
        lattice, sites = coordinates.lattice @ deformation, coordinates.displaced(self._q) @ deformation
        apart = one_apart(crystal, self._repeat, lattice, sites, site)
        single = Supercell(np.eye(3, dtype=np.int64))
        landscape = SiteLandscape(self._solver.potential, apart, apart.lattice, single, self._interrupt)
        own = np.eye(len(crystal.sublattices[number].elements))[k]
        lam = apart.weights(np.concatenate([self._x, own]))
        moved = self._repeat.positions(lattice, sites) - response @ deformation
        found = harmonic_of(landscape, moved, lam)
        self._calls += landscape.calls
        if found.stable:
            return found.vibrations.tolist(), []
        element = crystal.sublattices[number].elements[k]
        words = unstable_words(self._solver, apart, lam, found)
        return [], [f"with {element} on a site: {one}" for one in words]
