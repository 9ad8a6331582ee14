"""Vibrations of relaxed crystals, pure or mixed, by way of a store: frequencies, and how they follow the composition.

Frequencies do not depend on the temperature, so that a crystal's are computed once (docs/science.md, section 25).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.crystals.shells import near_jumps
from engine.crystals.supercells import VIBRATING_ATOMS, Supercell, supercell_of_atoms
from engine.crystals.symmetry import operations
from engine.dynamics.harmonic import NOISE, HarmonicCrystal, harmonic_crystal, site_names
from engine.dynamics.oscillators import filled, quantum
from engine.mechanics.constants import BOLTZMANN
from engine.mechanics.response.force_constants import force_constants
from engine.mechanics.sites import SiteLandscape
from engine.mechanics.threads import fitting_threads
from engine.properties.inputs import SoftestMode, Vibrations
from engine.properties.table import MIXING_FREE_ENERGY, vibrating

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.crystals.crystal import AlchemicalCrystal
    from engine.problem.resolved import ResolvedProblem
    from engine.references.solver import ReferenceSolver
    from engine.references.store import Reference

STEP = 1e-3
"""Of the composition to either side, for derivatives: so small that it seldom straddles a jump of a curvature."""
MOST_MODES = 3
"""Unstable modes that are told."""
_STILL = np.zeros((3, 3))


def vibrations_of(
    solver: ReferenceSolver,
    crystal: AlchemicalCrystal,
    pressure: float,
    temperature: float,
    x: NDArray[np.float64],
    q: NDArray[np.float64],
    follows: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
) -> Vibrations:
    """The vibrations of a relaxed crystal, quantum harmonic, as of 3 N modes (docs/science.md, Eq. 139).

    Args:
        solver: Of the potential; frequencies are kept in its store.
        crystal: The parent with its copies, no site of which may be empty.
        pressure: At which it is relaxed, GPa.
        temperature: K, zero or above.
        x: Composition, [n_columns]; none for a plain crystal.
        q: Relaxed coordinates, [n_q].
        follows: Derivative of the coordinates by the composition [n_q, n_columns], and orthonormal directions
            [n_columns, n_free] along which derivatives are wanted; none are where it is None.
    """
    supercell = supercell_of_atoms(crystal, VIBRATING_ATOMS)
    stored = _at_rest(solver, crystal, pressure, x, q)
    calls, cells = int(stored["calls"]), supercell.n_cells
    if stored["unstable"]:
        return Vibrations(
            None, unstable=tuple(stored["unstable"]), calls=calls, primitive_equivalents=calls * cells
        )
    found: list[list[float]] = []
    if follows is not None:

        def compute() -> dict[str, Any]:
            calls = 0
            beside: list[list[float]] = []
            with fitting_threads(cells * crystal.n_copies):
                for step, moved in _steps(follows):
                    one, taken = harmonic_at(solver, crystal, supercell, pressure, x + step, q + moved)
                    calls += taken
                    beside.append(one.vibrations.tolist() if one.stable else [])
            return {"calls": calls, "beside": beside}

        at = [supercell.matrix.tolist(), q.tolist(), STEP, *(one.tolist() for one in follows)]
        what = f"vibrations beside {_digest(at)}"
        more = solver.remembered(crystal, pressure, what, compute, x)
        calls += int(more["calls"])
        found = more["beside"]

    def of(frequencies: Sequence[float]) -> NDArray[np.float64]:
        return np.array(
            [filled(one, cells * crystal.n_sites) / cells for one in thermal(frequencies, temperature)]
        )

    by_x = None
    if follows is not None and all(found):
        ends = np.array([of(one) for one in found]).reshape(-1, 2, 3)
        by_x = np.asarray(((ends[:, 0] - ends[:, 1]) / (2.0 * STEP)).T @ follows[1].T)
    return Vibrations(of(stored["frequencies"]), by_x, calls=calls, primitive_equivalents=calls * cells)


def softest_mode(
    solver: ReferenceSolver,
    crystal: AlchemicalCrystal,
    pressure: float,
    x: NDArray[np.float64],
    q: NDArray[np.float64],
) -> SoftestMode:
    """The lowest eigenvalue of the dynamical matrix of a relaxed crystal over all waves that its supercell holds.

    Whole translations are none of its modes (docs/science.md, section 25).

    Args:
        solver: Of the potential; what is found is kept in its store.
        crystal: The parent with its copies, no site of which may be empty.
        pressure: At which it is relaxed, GPa.
        x: Composition, [n_columns]; none for a plain crystal.
        q: Relaxed coordinates, [n_q].
    """
    cells = supercell_of_atoms(crystal, VIBRATING_ATOMS).n_cells
    stored = _at_rest(solver, crystal, pressure, x, q)
    u, v, w = stored["wave"]
    return SoftestMode(
        eigenvalue=float(stored["eigenvalue"]),
        wave=(u, v, w),
        sites=cells * crystal.n_sites,
        unstable=tuple(stored["unstable"]),
        calls=int(stored["calls"]),
        cells=cells,
    )


def _at_rest(
    solver: ReferenceSolver,
    crystal: AlchemicalCrystal,
    pressure: float,
    x: NDArray[np.float64],
    q: NDArray[np.float64],
) -> dict[str, Any]:
    """The harmonic crystal of a relaxed one: frequencies, what is unstable, the softest mode, and potential calls."""
    supercell = supercell_of_atoms(crystal, VIBRATING_ATOMS)

    def compute() -> dict[str, Any]:
        with fitting_threads(supercell.n_cells * crystal.n_copies):
            rest, calls = harmonic_at(solver, crystal, supercell, pressure, x, q)
            words = [] if rest.stable else unstable_words(solver, crystal, crystal.weights(x), rest)
            eigenvalue, wave = rest.softest(operations(crystal))
        return {
            "calls": calls,
            "frequencies": rest.vibrations.tolist(),
            "unstable": words,
            "eigenvalue": eigenvalue,
            "wave": [str(part) for part in wave],
        }

    digest = _digest([supercell.matrix.tolist(), q.tolist()])
    return solver.remembered(crystal, pressure, f"harmonic crystal {digest}", compute, x)


def _digest(content: list[Any]) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def member_vibrations(
    resolved: ResolvedProblem, solver: ReferenceSolver, members: Sequence[Reference]
) -> list[Vibrations]:
    """The vibrations of relaxed end members; none where no property compares with them."""
    conditions = resolved.problem.conditions
    if MIXING_FREE_ENERGY not in vibrating(resolved.problem):
        return []
    return [
        vibrations_of(
            solver, resolved.crystal, conditions.pressure, conditions.temperature, member.x, member.q
        )
        if member.converged
        else Vibrations(None, unstable=("its relaxation did not converge",))
        for member in members
    ]


def thermal(frequencies: Sequence[float], temperature: float) -> NDArray[np.float64]:
    """Free energy (eV), entropy and heat capacity (k_B) of quantum oscillators (THz) at a temperature (K), [3]."""
    heat = quantum(frequencies, temperature)
    return np.array([heat.free_energy[0], heat.entropy[0] / BOLTZMANN, heat.heat_capacity[0] / BOLTZMANN])


def unstable_words(
    solver: ReferenceSolver, crystal: AlchemicalCrystal, lam: NDArray[np.float64], found: HarmonicCrystal
) -> list[str]:
    """What is unstable in a crystal with weights [n_copies], and whether a jump of the potential may be why."""
    names, potential = site_names(crystal, lam), solver.potential
    words = [one.words(names) for one in found.instabilities(operations(crystal))][:MOST_MODES]
    frac = found.positions @ np.linalg.inv(found.lattice)
    near = near_jumps(found.lattice, frac, potential.curvature_jumps, potential.name)
    return words if near is None else [*words, near]


def _steps(
    follows: tuple[NDArray[np.float64], NDArray[np.float64]] | None,
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Steps of the composition to either side along every direction, with those of the coordinates that follow it."""
    if follows is None:
        return []
    dq_dx, directions = follows
    steps = [sign * STEP * direction for direction in directions.T for sign in (1.0, -1.0)]
    return [(step, dq_dx @ step) for step in steps]


def harmonic_at(
    solver: ReferenceSolver,
    crystal: AlchemicalCrystal,
    supercell: Supercell,
    pressure: float,
    x: NDArray[np.float64],
    q: NDArray[np.float64],
) -> tuple[HarmonicCrystal, int]:
    """The harmonic crystal at coordinates [n_q], and the potential calls of the supercell that it took."""
    coordinates = solver.coordinates(crystal)
    deformation = (np.eye(3) + coordinates.strain(q)).T
    lattice, sites = coordinates.lattice @ deformation, coordinates.displaced(q) @ deformation
    interrupt = solver.landscape(crystal, pressure).interrupt
    landscape = SiteLandscape(solver.potential, crystal, lattice, supercell, interrupt)
    return harmonic_of(landscape, sites, crystal.weights(x)), landscape.calls


def harmonic_of(
    landscape: SiteLandscape, sites: NDArray[np.float64], lam: NDArray[np.float64]
) -> HarmonicCrystal:
    """The harmonic crystal about sites [n_sites, 3] Å of a cell with weights [n_copies].

    The mass on a mixed site is the geometric mean of its elements': it gives the classical limit of random occupations.
    """
    crystal, supercell, lattice = landscape.crystal, landscape.supercell, landscape.lattice
    at_rest = landscape.first(supercell.positions(lattice, sites), _STILL, landscape.everywhere(lam))
    constants = force_constants(
        landscape, sites, _STILL, lam, operations(crystal), at_rest.by_position[: crystal.n_sites]
    )
    noise = NOISE[landscape.potential.dtype.itemsize]
    found = harmonic_crystal(constants, crystal, lam, lattice, sites, noise=noise)
    logs = np.bincount(crystal.copy_site, weights=lam * np.log(crystal.masses), minlength=crystal.n_sites)
    return replace(found, masses=np.exp(logs))
