"""Cells that move, with a real potential: against pressures at fixed volumes, and against the quasi-harmonic cell."""

from __future__ import annotations

import math

import numpy as np
import pytest

from api_schemas.dynamics import HarmonicTask, RestingCrystal
from api_schemas.evaluations import Suggestion
from api_schemas.free_energies import FreeEnergyAnswer
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve
from engine.campaign.evaluate import evaluate
from engine.campaign.run import run
from engine.dynamics.baoab import Langevin
from engine.dynamics.barostat import ISOTROPIC, Piston, piston_mass
from engine.dynamics.replicas import Replicas
from engine.dynamics.sampling import sample
from engine.dynamics.state import begin
from engine.evaluation.resting import Resting
from engine.references.store import MemoryStore
from engine.tiers.mean_field import evaluator_at
from engine.units.registry import UNITS
from engine.units.unit import Workplace
from tests.observing import Silent
from tests.soak import long

CELLS = [[2, 0, 0], [0, 2, 0], [0, 0, 1]]
HEAT = 8.617333262e-5 * 300.0
OXIDES = {
    "kind": "free_energy",
    "structure": {"prototype": "rocksalt", "species": ["Mg", "O"]},
    "sublattices": [{"name": "c", "sites": ["Mg"], "elements": ["Mg", "Ca"]}],
    "potential": {"name": "sevennet-0", "dtype": "float32"},
}
CHANGE = {"path": "composition", "from": {"c": {"Mg": 1}}, "to": {"c": {"Ca": 1}}, "atoms": 8}


@pytest.fixture(scope="module")
def oxide(weights_fetched):
    """MgO at rest, with what its tasks share."""
    problem = resolve(Problem.model_validate({**OXIDES, "free_energy": CHANGE}))
    store, composition = MemoryStore(), {"c": {"Mg": 1.0, "Ca": 0.0}}
    asked = Suggestion(index=0, origin="free_energy", composition=composition)
    record = evaluate(problem, asked, references=store)
    crystal = RestingCrystal(evaluation=0, composition=composition, q=record.relaxation.q)
    return problem, store, crystal


def model_at_rest(oxide):
    """The crystal at rest, and its model as trajectories see it."""
    problem, store, crystal = oxide
    evaluator = evaluator_at(problem, Workplace(references=store))
    rest = Resting.of(evaluator, crystal, CELLS, lambda: None)
    copies = problem.crystal.site_copies * rest.supercell.n_cells
    return rest, Replicas(evaluator.potential, rest.unstrained, copies, rest.weights)


def test_the_stiffness_of_a_cell_is_the_curvature_of_its_energy(oxide):
    """Nine times bulk modulus and volume; in rock salt no site moves as the cell is stretched."""
    problem, store, crystal = oxide
    task = HarmonicTask(
        index=0, crystal=crystal, matrix=CELLS, temperature=300.0, seed=0, pairs=0, stretched=True
    )
    (record,) = UNITS["harmonic"].perform(problem, [task], Workplace(references=store))
    rest, model = model_at_rest(oxide)
    logs = np.linspace(-0.02, 0.02, 9)
    strain = np.array([np.exp(log) * (np.eye(3) + rest.strain) - np.eye(3) for log in logs])
    energies = model.evaluate(np.stack([rest.inside] * len(logs)), strain, np.zeros(len(logs))).energy
    curvature = np.polynomial.Polynomial.fit(logs, energies, 4).deriv(2)(0.0)
    assert record.stiffness == pytest.approx(curvature, rel=0.01)
    bulk_modulus = record.stiffness / 9.0 / record.volume * 160.2176634
    assert 120.0 < bulk_modulus < 190.0  # GPa; 160 in experiment


@long
def test_volumes_of_an_oxide_are_those_that_pressures_at_fixed_volumes_foretell(oxide):
    """Of MgO at 300 K: the mean where the pressure vanishes, and the variance k_B T V / B_T by its slope there."""
    rest, model = model_at_rest(oxide)
    n, m = len(rest.inside), 8
    at_rest = np.log1p(np.trace(rest.strain) / 3.0)
    particles = Langevin(model.masses, 2.4, HEAT, 0.02, by_strain=True)

    def recorded(integrator, logs, steps, seed, modes=0):
        strain = np.expm1(at_rest + logs)[:, None, None] * np.eye(3)
        count = len(logs)
        begun = begin(
            np.stack([rest.inside] * count),
            model.masses,
            HEAT,
            seed,
            range(count),
            strain=strain,
            modes=modes,
        )
        return sample(model, begun, integrator, np.zeros(count), steps, rest.inside)[1].after(150)

    logs = np.array([-0.01, 0.005, 0.02])
    held = recorded(particles, np.repeat(logs, m), 450, 1)
    slopes = np.trace(held.virial, axis1=2, axis2=3).mean(axis=0).reshape(3, m) - 3.0 * (n - 1) * HEAT

    def foretold(of_replicas):
        """Mean and variance of ln V from derivatives of F by ln L, [3]."""
        fit = np.polynomial.Polynomial.fit(logs, of_replicas, 2).integ()
        fine = np.linspace(-0.06, 0.07, 4001)
        weight = np.exp(-(fit(fine) - fit(fine).min()) / HEAT + 3.0 * fine)
        weight /= weight.sum()
        mean = weight @ (3.0 * fine)
        return np.array([mean, weight @ (3.0 * fine - mean) ** 2])

    draw = np.random.default_rng(0)
    again = [
        foretold(slopes[np.arange(3)[:, None], draw.integers(0, m, (3, m))].mean(axis=1)) for _ in range(200)
    ]
    expected, of_expected = foretold(slopes.mean(axis=1)), np.std(again, axis=0)
    stiffness, _ = rest.stiffness()
    mass = piston_mass(stiffness / 9.0, 1.0, 120.0)
    volume = abs(np.linalg.det(rest.unstrained))
    piston = Piston(particles, volume, 0.0, mass, 0.1, ISOTROPIC, centre_held=True)
    moving = recorded(piston, np.full(16, 0.005), 650, 2, modes=1)
    found = np.log(moving.volume) - 3.0 * at_rest
    both = np.stack([found.mean(axis=0), ((found - expected[0]) ** 2).mean(axis=0)])
    error = np.hypot(both.std(axis=1, ddof=1) / 4.0, of_expected)
    assert error[0] < 0.3 * math.sqrt(expected[1])
    assert error[1] < 0.25 * expected[1]
    assert (np.abs(both.mean(axis=1) - expected) < 3.5 * error).all()


@long
def test_a_change_in_cells_that_move_is_that_in_quasi_harmonic_cells(weights_fetched):
    """MgO to CaO at 300 K, both nearly harmonic there."""
    found = []
    for cell in ("sampled", "quasi_harmonic"):
        options = {**CHANGE, "ensemble": "npt", "cell": cell, "temperatures": [300], "accuracy": 5e-4}
        options["budget"] = {"runs": 8, "steps": 200}
        result = run(Problem.model_validate({**OXIDES, "free_energy": options}), Silent())
        (one,) = FreeEnergyAnswer.model_validate(result.answer).free_energies
        found.append(one)
    sampled, other = found
    error = math.hypot(sampled.standard_error, other.standard_error)
    assert error < 2e-3
    assert abs(sampled.free_energy - other.free_energy) < 3.0 * error
    assert sampled.volume_error < 0.01 * sampled.volume_per_atom
    # Zero-point vibrations are in the quasi-harmonic volume alone.
    assert 0.005 < sampled.expansion < other.expansion + 3.0 * sampled.volume_error / other.volume_per_atom
