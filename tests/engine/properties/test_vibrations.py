"""Vibrations of evaluations against ASE's Hessian, differences of relaxed crystals, and explicit decorations."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk

from api_schemas.problem import Problem
from api_schemas.sublattices import Sublattice
from engine.campaign.evaluate import evaluate
from engine.crystals.crystal import build_crystal
from engine.crystals.parent import ParentCrystal
from engine.crystals.prototypes import PROTOTYPES
from engine.crystals.supercells import supercell_for_disorder
from engine.evaluation.disordered_vibrations import disorder_vibrations
from engine.mechanics.ase_calculator import AlchemicalCalculator
from engine.mechanics.relax import Tolerance
from engine.references.solver import ReferenceSolver
from engine.references.store import MemoryStore
from tests.engine.dynamics.harmonic_crystals import Morse

NAMES = ["vibrational_free_energy", "vibrational_entropy", "heat_capacity"]
BOLTZMANN, PLANCK = 8.617333262e-5, 4.135667696e-3  # eV/K, eV/THz
THZ = 15.6333042  # of sqrt(eV/Å^2/u)


def problem(potential="sevennet-l3i5", temperature=300.0, mixed=True, tier="mean_field", **fields):
    sublattices = [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}] if mixed else []
    return Problem.model_validate(
        {
            "kind": "evaluate",
            "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
            "sublattices": sublattices,
            "potential": {"name": potential, "tier": tier},
            "properties": ["mixing_free_energy", *NAMES],
            "conditions": {"vibrations": "harmonic", "temperature": temperature},
            **fields,
        }
    )


@pytest.fixture(scope="module")
def store(weights_fetched):
    return MemoryStore()


def at(x, store, **changed):
    return evaluate(problem(**changed), {"cation": {"Na": 1.0 - x, "K": x}}, references=store)


def values(record):
    return np.array([record.properties[name].value for name in NAMES])


def test_an_ordered_crystal_vibrates_as_its_hessian_by_ase_says(sevennet0, store):
    """64 atoms; the two inequivalent ones displaced by ASE's forces, the rest by translation."""
    found = evaluate(problem("sevennet-0", mixed=False), {}, references=store)
    atoms = bulk("NaCl", "rocksalt", a=found.properties["lattice_a"].value, cubic=True).repeat(2)
    cell = build_crystal(ParentCrystal(atoms.cell.array, atoms.get_scaled_positions(), tuple(atoms.symbols)))
    atoms.calc = AlchemicalCalculator(sevennet0, cell, np.zeros(0))
    rest, step = atoms.positions.copy(), 0.005
    n = len(atoms)
    hessian = np.zeros((n, 3, n, 3))
    for symbol in ("Na", "Cl"):
        first = list(atoms.symbols).index(symbol)
        rows = np.zeros((3, n, 3))
        for axis in range(3):
            for sign in (1.0, -1.0):
                atoms.positions = rest.copy()
                atoms.positions[first, axis] += sign * step
                rows[axis] -= sign * atoms.get_forces() / (2.0 * step)
        for other in np.flatnonzero(atoms.symbols == symbol):
            frac = np.linalg.solve(atoms.cell.array.T, (rest + rest[other] - rest[first]).T).T
            frac = frac[:, None] - np.linalg.solve(atoms.cell.array.T, rest.T).T[None]
            place = np.abs(frac - np.round(frac)).sum(axis=2).argmin(axis=1)
            hessian[other][:, place, :] = rows
    masses = np.repeat(atoms.get_masses(), 3)
    matrix = hessian.reshape(3 * n, 3 * n) / np.sqrt(np.outer(masses, masses))
    quanta = PLANCK * THZ * np.sqrt(np.linalg.eigvalsh((matrix + matrix.T) / 2)[3:])
    heat = 300.0 * BOLTZMANN
    empty = np.exp(-quanta / heat)
    free = (quanta / 2 + heat * np.log(1 - empty)).sum()
    energy = (quanta / 2 + quanta * empty / (1 - empty)).sum()
    capacity = ((quanta / heat) ** 2 * empty / (1 - empty) ** 2).sum()
    expected = np.array([free, (energy - free) / heat, capacity]) / (n - 1)  # as of 3 n modes
    np.testing.assert_allclose(values(found), expected, rtol=5e-4)
    assert 2.7 < values(found)[2] < 3.0
    assert found.properties["mixing_free_energy"].value == 0.0
    assert [found.properties[name].unit for name in NAMES] == ["eV/atom", "k_B/atom", "k_B/atom"]


def test_entropy_and_heat_capacity_are_slopes_and_another_temperature_costs_no_call(store):
    calls = []
    cold, here, warm = (
        evaluate(
            problem("sevennet-0", temperature=t, mixed=False),
            {},
            references=store,
            on_call=lambda: calls.append(1),
        )
        for t in (295.0, 300.0, 305.0)
    )
    free = [values(one)[0] for one in (cold, here, warm)]
    assert -(free[2] - free[0]) / 10.0 / BOLTZMANN == pytest.approx(values(here)[1], rel=5e-5)
    bend = -300.0 * (free[2] - 2 * free[1] + free[0]) / 25.0 / BOLTZMANN
    assert bend == pytest.approx(values(here)[2], rel=1e-3)
    assert here.cost.supercell_calls == 3  # the crystal at rest, and a row for Na and for Cl
    assert len(calls) < 3 * (here.cost.potential_calls - here.cost.supercell_calls) + 4
    nothing = evaluate(problem("sevennet-0", temperature=0.0, mixed=False), {}, references=store)
    assert values(nothing)[0] > 0.0  # zero-point energy
    assert values(nothing)[1:] == pytest.approx([0.0, 0.0], abs=1e-9)


def test_a_mixing_free_energy_holds_them_and_all_gradients_are_those_of_relaxed_crystals(store):
    """Differences over relaxed compositions 0.01 to either side."""
    less, here, more = (at(x, store, temperature=700.0) for x in (0.29, 0.3, 0.31))
    for name in [*NAMES, "mixing_free_energy"]:
        slope = (more.properties[name].value - less.properties[name].value) / 0.02
        gradient = here.properties[name].gradient["cation"]
        assert gradient["K"] == pytest.approx(-gradient["Na"], abs=1e-12)
        assert gradient["K"] - gradient["Na"] == pytest.approx(slope, rel=2e-3), name
    ends = [at(x, store, temperature=700.0).properties["vibrational_free_energy"].value for x in (0.0, 1.0)]
    x = np.array([0.7, 0.3])
    ideal = 0.5 * BOLTZMANN * 700.0 * float(x @ np.log(x))
    found = {name: one.value for name, one in here.properties.items()}
    beside = found["mixing_free_energy"] - found["mixing_energy"] - ideal
    assert beside == pytest.approx(found["vibrational_free_energy"] - float(x @ ends), abs=2e-6)
    assert abs(beside) > 5e-4
    assert here.properties["mixing_free_energy"].gradient is not None
    assert here.cost.supercell_calls == 9  # of three crystals


def test_what_is_unstable_is_named_and_has_no_number(store):
    """SevenNet-0's curvature jumps where chlorine is 4.5 Å from chlorine, as it is in KCl."""
    found = at(0.5, store, potential="sevennet-0")
    assert "mixing_free_energy" not in found.properties
    assert set(NAMES) < set(found.properties)
    assert "the end member K has no harmonic vibrations" in found.message
    assert "i THz at q = (1/2, 1/2, 0)" in found.message
    assert "neighbours lie within 0.02 Å of 4.5 Å" in found.message
    gone = at(1.0, store, potential="sevennet-0")
    assert not set(gone.properties) & {*NAMES, "mixing_free_energy"}
    assert gone.converged
    assert "the crystal is dynamically unstable at rest" in gone.message
    assert ", ".join(["mixing_free_energy", *NAMES]) in gone.message


def test_the_tier_of_disorder_is_nearer_to_an_explicit_decoration(store):
    """By whole Hessians of 64 atoms benchmarks/miscibility_gap.py finds -12.7 (1.7) meV/atom of mixing at 800 K."""
    explicit = -12.7e-3
    ends = np.mean([values(at(x, store, temperature=800.0))[0] for x in (0.0, 1.0)])
    mean, disordered = (at(0.5, store, temperature=800.0, tier=t) for t in ("mean_field", "fluctuation"))
    error = [abs(values(one)[0] - ends - explicit) for one in (mean, disordered)]
    assert error[1] < 0.65 * error[0]
    assert error[1] < 5.5e-3
    assert disordered.properties["mixing_free_energy"].gradient is None
    assert disordered.properties["mixing_energy"].gradient is not None
    assert disordered.message is None
    assert disordered.cost.supercell_calls > mean.cost.supercell_calls + 20


def test_alike_atoms_of_other_mass_gain_nothing_by_disorder_when_hot_and_quantum_mechanics_when_cold():
    """Classically masses only add their logarithms; (h nu)^2 / 24 kT goes with the mean of 1/m beyond that."""
    lattice = PROTOTYPES["fcc"].build(["Cu"], a=2.5 * np.sqrt(2))
    crystal = build_crystal(lattice, [Sublattice(name="mix", sites=["Cu"], elements=["Cu", "Au"])])
    solver = ReferenceSolver(Morse(2.5), "none", Tolerance(), MemoryStore())
    x, q = np.array([0.5, 0.5]), np.zeros(1)
    hot, cold = (disorder_vibrations(solver, crystal, 0.0, t, x, q) for t in (30_000.0, 100.0))
    n = supercell_for_disorder(crystal).n_cells
    masses = np.array([63.546, 196.96657])
    mean = np.exp(np.mean(np.log(masses)))
    # All that is left is that the centre of mass is held: its mass is the sum, which goes as 1/n.
    held = np.log(masses + (n - 1) * mean) - np.log(n * mean * (masses / mean) ** (1 / n))
    left = 1.5 * BOLTZMANN * 30_000.0 * np.mean(held) * n / (n - 1)
    assert hot.values[0] == pytest.approx(left, rel=0.03)
    assert left < 5e-3 * BOLTZMANN * 30_000.0
    # Each atom has 3 modes of the mean square frequency 4 k/m by 4 springs of 3 eV/Å^2 that act along x, y and z.
    inverse = np.mean(1 / masses) - 1 / mean
    square = (PLANCK * THZ) ** 2 * 4 * 3.0 * inverse
    warm = disorder_vibrations(solver, crystal, 0.0, 1500.0, x, q)
    assert warm.values[0] - hot.values[0] / 20 == pytest.approx(
        3 * square / (24 * BOLTZMANN * 1500.0), rel=0.08
    )
    assert cold.values[0] > 0.0
