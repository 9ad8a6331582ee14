"""Unit thermal_cell with a real potential: against the lowest point of free energies at many cells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from ase.build import make_supercell

from api_schemas.dynamics import RestingCrystal, ThermalCellTask
from api_schemas.evaluations import Suggestion
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve
from engine.campaign.evaluate import evaluate
from engine.crystals.decorations import explicit_crystal
from engine.dynamics.oscillators import quantum
from engine.evaluation.resting import Resting
from engine.mechanics.ase_calculator import AlchemicalCalculator
from engine.references.store import MemoryStore
from engine.tiers.mean_field import evaluator_at
from engine.units.registry import UNITS
from engine.units.unit import Workplace
from tests.soak import later, long

CELLS = [[2, 0, 0], [0, 1, 0], [0, 0, 1]]
BOLTZMANN, PLANCK = 8.617333262e-5, 4.135667696e-3


def at_rest(document, **conditions):
    problem = resolve(
        Problem.model_validate(
            {
                "kind": "free_energy",
                "sublattices": [],
                "potential": {"name": "sevennet-0"},
                "conditions": conditions,
                "free_energy": {"path": "absolute", "temperatures": [300], "ensemble": "npt", "atoms": 8},
                **document,
            }
        )
    )
    store = MemoryStore()
    found = evaluate(problem, Suggestion(index=0, origin="free_energy", composition={}), references=store)
    return problem, store, RestingCrystal(evaluation=0, composition={}, q=found.relaxation.q)


def cell_of(problem, store, crystal, temperature, matrix=CELLS):
    task = ThermalCellTask(index=0, crystal=crystal, matrix=matrix, temperature=temperature)
    (record,) = UNITS["thermal_cell"].perform(problem, [task], Workplace(references=store))
    return record


def free_energy(supercell_of, strain, temperature, pressure=0.0):
    """EV an atom of a cubic crystal, from ASE's finite differences of forces."""
    atoms = supercell_of(strain)
    n = len(atoms)
    hessian = np.zeros((3 * n, 3 * n))
    for number in range(n):
        for axis in range(3):
            forces = []
            for sign in (1, -1):
                moved = atoms.copy()
                moved.calc = atoms.calc
                moved.positions[number, axis] += sign * 0.005
                forces.append(moved.get_forces().ravel())
            hessian[3 * number + axis] = -(forces[0] - forces[1]) / 0.01
    root = np.repeat(atoms.get_masses(), 3) ** -0.5
    values = np.linalg.eigvalsh(0.5 * (hessian + hessian.T) * root[:, None] * root[None])[3:]
    quanta = PLANCK * 15.633302 * np.sqrt(values)
    heat = BOLTZMANN * temperature
    vibrations = (quanta / 2 + heat * np.log1p(-np.exp(-quanta / heat))).sum()
    return (atoms.get_potential_energy() + vibrations + pressure / 160.2176634 * atoms.get_volume()) / n


@pytest.mark.parametrize("pressure", [0.0, later(10.0)])
def test_the_cell_is_where_ase_finds_the_free_energy_lowest(sevennet0, pressure):
    """From forces and volumes at five cells, without symmetry, strains or Hessians of ours."""
    problem, store, crystal = at_rest(
        {"structure": {"prototype": "rocksalt", "species": ["Mg", "O"]}}, pressure=pressure
    )
    temperature = 600.0
    record = cell_of(problem, store, crystal, temperature)
    assert record.failed is None
    lattice = problem.crystal.lattice

    def supercell_of(strain):
        cell = lattice * (1.0 + strain)
        found = make_supercell(
            Atoms("MgO", cell=cell, scaled_positions=problem.crystal.frac, pbc=True), CELLS
        )
        made = explicit_crystal(found.cell.array, found.positions, found.numbers)
        found.calc = AlchemicalCalculator(sevennet0, made, np.zeros(0))
        return found

    def strain_of(q):
        return q[0] / np.sqrt(3.0)  # orthonormal in the Frobenius product

    near = strain_of(record.q)
    strains = near + np.linspace(-0.006, 0.006, 5)
    energies = [free_energy(supercell_of, one, temperature, pressure) for one in strains]
    fitted = np.polynomial.Polynomial.fit(strains, energies, 4).deriv().roots()
    lowest = min((float(root.real) for root in fitted if abs(root.imag) < 1e-9), key=lambda x: abs(x - near))
    assert near == pytest.approx(lowest, abs=2e-4)
    assert record.expansion == pytest.approx(((1 + near) / (1 + strain_of(crystal.q))) ** 3 - 1, rel=1e-6)
    assert record.expansion > 0.01


@long
def test_a_cell_of_two_lengths_is_where_no_strain_lowers_the_free_energy(weights_fetched):
    """Hexagonal ZnO: derivatives by both strains vanish, by differences twice as wide as those of the search."""
    problem, store, crystal = at_rest({"structure": {"prototype": "wurtzite", "species": ["Zn", "O"]}})
    matrix = [[2, 0, 0], [0, 2, 0], [0, 0, 1]]
    record = cell_of(problem, store, crystal, 300.0, matrix)
    assert record.failed is None
    evaluator = evaluator_at(problem, Workplace(references=store))
    resting = Resting.of(evaluator, crystal, matrix, lambda: None)
    landscape = evaluator.solver.landscape(problem.crystal, 0.0)
    lam = problem.crystal.weights(resting.x)[None]

    def lowest(q):
        """Enthalpy and vibrations a cell, sites relaxed in it."""
        q = np.array(q)
        for _ in range(4):
            first = landscape.first(q[None], lam)
            hessian = landscape.second(first).hessian[0]
            q[2:] -= np.linalg.solve(hessian[2:, 2:], first.dh_dq[0][2:])
        here = replace(resting, q=q)
        free = quantum(here.harmonic.vibrations, [300.0]).free_energy[0] / 4
        return float(landscape.first(q[None], lam).enthalpy[0] + free)

    for number in range(2):
        step = np.zeros(len(record.q))
        step[number] = 0.008
        ahead, here, behind = (lowest(record.q + sign * step) for sign in (1.0, 0.0, -1.0))
        # How far from the lowest point along this strain, with the other held.
        assert abs((ahead - behind) / (ahead + behind - 2 * here)) * 0.004 < 5e-4


def test_a_cell_that_vibrations_tear_apart_is_told(weights_fetched):
    """NaCl with sevennet-0: the free energy falls until a shell of neighbours leaves the cutoff."""
    problem, store, crystal = at_rest({"structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]}})
    record = cell_of(problem, store, crystal, 600.0, [[2, 0, 0], [0, 2, 0], [0, 0, 2]])
    assert record.q == crystal.q
    assert record.expansion == 0.0
    assert "600 K" in record.failed
