"""The miscibility gap of (Na,K)Cl with and without vibrations: mean field, fluctuation, explicit supercells.

    python benchmarks/miscibility_gap.py [--potential NAME] [--explicit N] [--points N]

Each tier is evaluated at equal steps of the composition. Excess free energies with their gradients are fitted by
x (1 - x) times a cubic polynomial (Redlich and Kister); the critical temperature is the highest at which the second
derivative of the free energy vanishes anywhere. Beside it stands that of the regular solution through the value at
half. Explicit supercells are of 64 atoms at half, their vibrations of their whole Hessian. Experiment: 765 to 778 K.
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np
from ase import Atoms
from ase.optimize import LBFGS
from supercells import MOST_CALLS, mean_field

from api_schemas.problem import Problem
from engine.campaign.evaluate import evaluate
from engine.crystals.crystal import AlchemicalCrystal
from engine.crystals.decorations import decorate, explicit_crystal
from engine.crystals.supercells import Supercell
from engine.crystals.symmetry import operations
from engine.dynamics.harmonic import DynamicallyUnstable, harmonic_crystal
from engine.dynamics.oscillators import filled, quantum
from engine.mechanics.ase_calculator import AlchemicalCalculator
from engine.mechanics.constants import BOLTZMANN
from engine.mechanics.preconditioned import begin, told
from engine.mechanics.response.decorated import Relaxation
from engine.mechanics.response.force_constants import force_constants
from engine.mechanics.sites import SiteLandscape
from engine.potentials.interface import Potential
from engine.potentials.loading import load_potential
from engine.references.store import MemoryStore

FULL = os.environ.get("ORICHALCUM_BENCH") == "full"
WARM = 800.0
"""K; at which vibrations are computed. Others follow with a constant heat capacity, which nearly is the classical."""
VIBRATIONS = ("vibrational_free_energy", "vibrational_entropy", "heat_capacity")


def main() -> None:
    """Print what is mixed at half, and critical temperatures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--potential", default="sevennet-l3i5")
    parser.add_argument("--points", type=int, default=9 if FULL else 3, help="mixed compositions")
    parser.add_argument(
        "--explicit", type=int, default=2 if FULL else 0, help="decorations of 64 atoms at half"
    )
    asked = parser.parse_args()
    store = MemoryStore()
    print(f"{asked.potential}, at half and {WARM:g} K, meV/atom; critical temperatures, K")
    print("tier           energy  vibrations   regular, without / with   fitted, without / with   seconds")
    shares = np.linspace(0.0, 1.0, asked.points + 2)
    for tier in ("mean_field", "fluctuation")[: 2 if FULL or asked.points > 3 else 1]:
        began = time.perf_counter()
        excess = np.array([evaluated(asked.potential, tier, x, store) for x in shares])
        mixed = excess[1:-1]
        line = (1 - shares[1:-1, None]) * excess[0, 1:4] + shares[1:-1, None] * excess[-1, 1:4]
        mixed[:, 1:4] -= line
        mixed[:, 5:8] -= excess[-1, 1:4] - excess[0, 1:4]
        half = mixed[len(mixed) // 2]
        told_of(
            tier,
            half[0],
            half[1:4],
            [critical(shares[1:-1], mixed, vibrating=False), critical(shares[1:-1], mixed, vibrating=True)],
            time.perf_counter() - began,
        )
    if asked.explicit:
        began = time.perf_counter()
        ends = [evaluated(asked.potential, "mean_field", x, store)[1:4] for x in (0.0, 1.0)]
        members = [evaluated(asked.potential, "mean_field", x, store, "energy")[0] for x in (0.0, 1.0)]
        found = decorated(load_potential(asked.potential), asked.explicit)
        if not len(found):
            return
        energies, vibrations = found[:, 0] - np.mean(members), found[:, 1:] - np.mean(ends, axis=0)
        told_of("supercells", energies.mean(), vibrations.mean(axis=0), [], time.perf_counter() - began)
        spread = 1000 * np.abs(found - found.mean(axis=0)).max(axis=0)
        print(
            f"of {len(found)} decorations the farthest is off by {spread[0]:.2f} and {spread[1]:.2f} meV/atom"
        )


def told_of(name: str, energy: float, vibrations: np.ndarray, fitted: list[float], seconds: float) -> None:
    """A line of the table: an energy of mixing (eV/atom) and the vibrations beside it at WARM, [3]."""

    def of(at: float) -> float:
        return 4.0 * (energy + warmed(vibrations, at)) / BOLTZMANN

    without, regular = 4.0 * energy / BOLTZMANN, 4.0 * energy / BOLTZMANN
    for _ in range(50):
        regular = of(regular)
    both = " / ".join(f"{one:.0f}" for one in fitted) or "-"
    print(
        f"{name:12s}  {1000 * energy:7.2f}  {1000 * vibrations[0]:10.2f}   {without:10.0f} / {regular:.0f}"
        f"   {both:>20s}   {seconds:10.0f}",
        flush=True,
    )


def evaluated(
    potential: str, tier: str, x: float, store: MemoryStore, first: str = "mixing_energy"
) -> list[float]:
    """A property and the vibrations' three, then their derivatives by the share of K or nan; eV and k_B an atom."""
    problem = Problem.model_validate(
        {
            "kind": "evaluate",
            "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
            "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
            "potential": {"name": potential, "tier": tier},
            "properties": list(VIBRATIONS),
            "conditions": {"vibrations": "harmonic", "temperature": WARM},
        }
    )
    record = evaluate(problem, {"cation": {"Na": 1.0 - x, "K": x}}, references=store)
    if record.message:
        print(f"   at {x:.2f} K: {record.message}")
    values = [record.properties[name] for name in (first, *VIBRATIONS)]
    slopes = [
        one.gradient["cation"]["K"] - one.gradient["cation"]["Na"] if one.gradient else np.nan
        for one in values
    ]
    return [*(one.value for one in values), *slopes]


def warmed(vibrations: np.ndarray, temperature: float) -> np.ndarray:
    """The free energy at another temperature of what is [..., 3] (eV, k_B, k_B) at WARM, heat capacities constant."""
    free, entropy, capacity = (
        vibrations[..., k] * unit for k, unit in enumerate((1.0, BOLTZMANN, BOLTZMANN))
    )
    energy = free + WARM * entropy + capacity * (temperature - WARM)
    return np.asarray(energy - temperature * (entropy + capacity * np.log(temperature / WARM)))


def critical(x: np.ndarray, mixed: np.ndarray, *, vibrating: bool) -> float:
    """The temperature above which every composition is stable against fluctuations, K.

    Args:
        x: Shares, [n].
        mixed: Energy of mixing and vibrations beside it, then their derivatives by the share, [n, 8].
        vibrating: Whether vibrations count.
    """
    fine = np.linspace(0.02, 0.98, 481)
    powers = [
        np.polynomial.Polynomial([0.0, 1.0, -1.0]) * np.polynomial.Polynomial([-1.0, 2.0]) ** n
        for n in range(4)
    ]
    powers = powers[: len(x) + 1]
    rows = np.array([[p(one) for p in powers] for one in x] + [[p.deriv()(one) for p in powers] for one in x])
    low, high = 100.0, 4000.0
    while high - low > 0.5:
        middle = 0.5 * (low + high)
        heat = [warmed(mixed[:, 1:4], middle), warmed(mixed[:, 5:8], middle)]
        values = [mixed[:, 0], mixed[:, 4]]
        if vibrating:
            values = [mixed[:, 0] + heat[0], mixed[:, 4] + heat[1]]
        wanted = np.concatenate(values)
        known = np.isfinite(wanted)
        parts = np.linalg.lstsq(rows[known], wanted[known], rcond=None)[0]
        bend = sum(part * p.deriv(2)(fine) for part, p in zip(parts, powers, strict=True))
        # Half of the atoms are mixed.
        unstable = (bend + 0.5 * BOLTZMANN * middle / (fine * (1.0 - fine))).min() < 0.0
        low, high = (middle, high) if unstable else (low, middle)
    return 0.5 * (low + high)


def decorated(potential: Potential, numbers: int) -> np.ndarray:
    """Energy and vibrations of relaxed decorations of 64 atoms at half, [n, 4] eV and k_B an atom."""
    x, crystal, host = mean_field(potential, "NaKCl", 32)
    found = []
    for number in range(numbers):
        relaxation = Relaxation(potential, host, decorate(crystal, host.supercell, x, 0, number))
        state = begin(relaxation.start)
        while not state.ended and state.evaluations < MOST_CALLS:
            value, gradient = relaxation.evaluate(state.q)
            state = told(state, relaxation.told_value(value, state), gradient, relaxation.method)
        q, _ = relaxation.corrected(state)
        lattice, positions = relaxation.deformed(q)
        species = relaxation.decoration.species[relaxation.atoms]
        atoms = settled(potential, explicit_crystal(lattice, positions, species), number)
        whole = explicit_crystal(lattice, atoms.positions, species)
        try:
            found.append([atoms.get_potential_energy() / len(species), *shaken(potential, whole)])
        except DynamicallyUnstable as fault:
            print(f"decoration {number}: {fault}")
    return np.array(found).reshape(-1, 4)


def settled(potential: Potential, crystal: AlchemicalCrystal, seed: int) -> Atoms:
    """A decoration relaxed further in its cell, from a little beside its symmetric places."""
    atoms = Atoms(crystal.parent_symbols, cell=crystal.lattice, positions=crystal.positions, pbc=True)
    atoms.calc = AlchemicalCalculator(potential, crystal, np.zeros(0))
    atoms.positions += np.random.default_rng(seed).normal(0.0, 0.03, atoms.positions.shape)
    LBFGS(atoms, logfile=None).run(fmax=5e-4, steps=200)
    return atoms


def shaken(potential: Potential, crystal: AlchemicalCrystal) -> list[float]:
    """The vibrations of a crystal at rest by its whole Hessian, an atom."""
    single = Supercell(np.eye(3, dtype=np.int64))
    landscape = SiteLandscape(potential, crystal, crystal.lattice, single)
    lam, still = crystal.weights(np.zeros(0)), np.zeros((3, 3))
    rest = landscape.first(crystal.positions, still, lam).by_position
    constants = force_constants(landscape, crystal.positions, still, lam, operations(crystal), rest)
    whole = harmonic_crystal(constants, crystal, lam, crystal.lattice, crystal.positions)
    whole.require_stable(crystal.parent_symbols)
    heat, n = quantum(whole.vibrations, WARM), crystal.n_sites
    values = (heat.free_energy[0], heat.entropy[0] / BOLTZMANN, heat.heat_capacity[0] / BOLTZMANN)
    return [filled(one, n) / n for one in values]


if __name__ == "__main__":
    main()
