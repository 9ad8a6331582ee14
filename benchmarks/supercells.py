"""Calls that relaxing explicit decorations takes, from the mean-field crystal with its Hessian and by ASE's LBFGS.

    python benchmarks/supercells.py [--sites N] [--decorations N] [--potential NAME] [SYSTEM ...]

Both start from the mean-field supercell and end at the same residuals. Calls of the supercell alone are comparable; the
Hessian rows of a composition are those of all its decorations, and listed beside with what they are a decoration.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
from ase import Atoms
from ase.filters import FrechetCellFilter
from ase.optimize import LBFGS

from api_schemas.sublattices import Sublattice
from engine.crystals.crystal import AlchemicalCrystal, build_crystal
from engine.crystals.decorations import decorate
from engine.crystals.holding import held, supercell_holding
from engine.crystals.prototypes import PROTOTYPES
from engine.crystals.symmetry import operations
from engine.evaluation.supercell_record import departure_of
from engine.mechanics.ase_calculator import AlchemicalCalculator
from engine.mechanics.coordinates import symmetry_coordinates
from engine.mechanics.landscape import Landscape
from engine.mechanics.preconditioned import begin, told
from engine.mechanics.relax import Start, relax
from engine.mechanics.response.decorated import FORCE, STRESS, Relaxation
from engine.mechanics.response.host import Host, host_at
from engine.potentials.interface import Potential
from engine.potentials.loading import load_potential

SYSTEMS = {
    "NaKCl": ("rocksalt", ["Na", "Cl"], "Na", {"Na": 0.5, "K": 0.5}),
    "CuNi": ("fcc", ["Cu"], "Cu", {"Cu": 0.5, "Ni": 0.5}),
    "AlGaN": ("wurtzite", ["Al", "N"], "Al", {"Al": 0.5, "Ga": 0.5}),
    "CuAu": ("fcc", ["Cu"], "Cu", {"Cu": 0.5, "Au": 0.5}),
    "MgCaO": ("rocksalt", ["Mg", "O"], "Mg", {"Mg": 0.5, "Ca": 0.5}),
    "InGaAs": ("zincblende", ["Ga", "As"], "Ga", {"In": 0.5, "Ga": 0.5}),
    "MoNb": ("bcc", ["Mo"], "Mo", {"Mo": 0.5, "Nb": 0.5}),
    "ScAlN": ("wurtzite", ["Al", "N"], "Al", {"Sc": 0.25, "Al": 0.75}),
    "BaSrTiO3": ("perovskite", ["Ba", "Ti", "O"], "Ba", {"Ba": 0.5, "Sr": 0.5}),
    "CrMoW": ("bcc", ["W"], "W", {"Cr": 0.25, "Mo": 0.25, "W": 0.5}),
}
MOST_CALLS = 250


def main() -> None:
    """Print a table, one line a decoration."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("systems", nargs="*", default=[], help=f"of {', '.join(SYSTEMS)}")
    parser.add_argument("--sites", type=int, default=16, help="mixed sites, about")
    parser.add_argument("--decorations", type=int, default=1, help="of each composition")
    parser.add_argument("--potential", default="sevennet-0")
    asked = parser.parse_args()
    potential = load_potential(asked.potential)
    print("system    n  atoms  calls  host a decoration  LBFGS  ratio   E - E(LBFGS)  seconds        left")
    calls, ratios = [], []
    for name in asked.systems or SYSTEMS:
        x, crystal, host = mean_field(potential, name, asked.sites)
        shared = (host.supercell_calls + (host.calls - host.supercell_calls) / host.supercell.n_cells) / 4
        for number in range(asked.decorations):
            relaxation = Relaxation(potential, host, decorate(crystal, host.supercell, x, 0, number))
            began = time.perf_counter()
            state, energy, left = preconditioned(relaxation)
            between = time.perf_counter()
            plain, taken = lbfgs(potential, relaxation)
            ended = time.perf_counter()
            atoms = len(relaxation.atoms)
            calls.append(state)
            ratios.append(taken / (state + shared))
            print(
                f"{name:9s} {number}  {atoms:4d}  {state:4d}   {shared:10.1f}        {taken:6d}  {ratios[-1]:5.1f}   "
                f"{1000 * (energy - plain) / atoms:7.2f} meV   {between - began:5.1f} {ended - between:6.1f}   {left}",
                flush=True,
            )
    print(f"median {np.median(calls):g} calls, at most {max(calls)}; ratio: median {np.median(ratios):.1f}")


def mean_field(potential: Potential, name: str, sites: int) -> tuple[np.ndarray, AlchemicalCrystal, Host]:
    """What the supercell of a system holds, the parent, and the relaxed mean-field supercell."""
    prototype, species, site, fractions = SYSTEMS[name]
    sublattice = Sublattice(name="mixed", sites=[site], elements=list(fractions))
    crystal = build_crystal(PROTOTYPES[prototype].build(species), [sublattice])
    x = np.array(list(fractions.values()))
    supercell = supercell_holding(crystal, x, sites)
    x = held(crystal, x, supercell.n_cells)
    landscape = Landscape(potential, crystal, symmetry_coordinates(crystal))
    lam = crystal.weights(x)
    (mean,) = relax(landscape, lam[None], [Start(np.zeros(landscape.coordinates.n_q))])
    return x, crystal, host_at(landscape, supercell, mean.q, lam, operations(crystal))


def preconditioned(relaxation: Relaxation) -> tuple[int, float, bool]:
    """Calls, the energy that they led to, and whether the crystal left its lattice."""
    state = begin(relaxation.start)
    while not state.ended and state.evaluations < MOST_CALLS:
        value, gradient = relaxation.evaluate(state.q)
        state = told(state, relaxation.told_value(value, state), gradient, relaxation.method)
    q, energy = relaxation.corrected(state)
    return state.evaluations, energy, departure_of(relaxation, q).left


def lbfgs(potential: Potential, relaxation: Relaxation) -> tuple[float, int]:
    """Energy and calls of ASE's LBFGS with the cell free, from the same start to the same residuals."""
    warnings.filterwarnings(
        "ignore", message="logm result may be inaccurate"
    )  # of ASE's filter, of no consequence
    crystal = relaxation.ordered
    atoms = Atoms(crystal.parent_symbols, cell=relaxation.lattice, positions=relaxation.sites, pbc=True)
    atoms.calc = AlchemicalCalculator(potential, crystal, np.zeros(0))
    for _ in LBFGS(FrechetCellFilter(atoms), logfile=None).irun(fmax=0.0, steps=MOST_CALLS):
        force = np.linalg.norm(atoms.get_forces(), axis=1).max()
        if force <= FORCE and np.abs(atoms.get_stress()).max() <= STRESS:
            break
    return float(atoms.get_potential_energy()), atoms.calc.potential_calls


if __name__ == "__main__":
    main()
