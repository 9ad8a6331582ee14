"""Cells that move, with a real potential: their stiffness against energies of stretched cells."""

from __future__ import annotations

import numpy as np
import pytest

from api_schemas.dynamics import HarmonicTask, RestingCrystal
from api_schemas.evaluations import Suggestion
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve
from engine.campaign.evaluate import evaluate
from engine.dynamics.replicas import Replicas
from engine.evaluation.resting import Resting
from engine.references.store import MemoryStore
from engine.tiers.mean_field import evaluator_at
from engine.units.registry import UNITS
from engine.units.unit import Workplace

CELLS = [[2, 0, 0], [0, 2, 0], [0, 0, 1]]
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
