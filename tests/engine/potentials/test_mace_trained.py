"""The small trained MACE of the examples: physically meaningful, through the whole engine."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from ase.build import bulk

from api_schemas.problem import Problem
from engine import Campaign, evaluate
from engine.acceptance.resolve import resolved_problem
from engine.crystals.graph import build_graph
from engine.evaluation.evaluator import Evaluator
from engine.potentials.loading import load_chosen
from engine.potentials.mace import loading

MODEL = Path(__file__).parents[3] / "examples" / "models" / "alkali_halides" / "alkali-halides.model"
MACE = {"name": "mace", "file": str(MODEL)}


def problem(potential, **changes):
    content = {
        "kind": "evaluate",
        "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
        "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
        "at": [{"cation": {"Na": 0.5, "K": 0.5}}],
        "potential": potential,
    }
    return Problem.model_validate(content | changes)


def at(potassium):
    return {"cation": {"Na": 1.0 - potassium, "K": potassium}}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    torch.set_num_threads(1)


def test_the_model_is_small():
    assert MODEL.stat().st_size < 2_000_000


def test_a_decorated_supercell_equals_mace_torch():
    random = np.random.default_rng(4)
    atoms = bulk("NaCl", "rocksalt", a=5.9, cubic=True)
    atoms.numbers[atoms.numbers == 11] = random.choice([3, 11, 19], 4)
    atoms.numbers[atoms.numbers == 17] = random.choice([17, 35], 4)
    atoms.positions += random.normal(scale=0.1, size=(8, 3))
    copies = [(3, 11, 19) if z in (3, 11, 19) else (17, 35) for z in atoms.numbers]
    potential = load_chosen(problem(MACE).potential)
    found = build_graph([atoms.cell.array], [atoms.positions], [copies], potential.cutoff)
    positions, strain = found.positions.clone().requires_grad_(), found.strain.clone().requires_grad_()
    weights = torch.tensor(
        [float(z == k) for z, of_site in zip(atoms.numbers, copies, strict=True) for k in of_site],
        dtype=torch.float64,
    )
    energy = potential.energy(found.graph, positions, strain, weights).sum()
    by_position, by_strain = torch.autograd.grad(energy, (positions, strain))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mace.calculators import MACECalculator

        before = torch.get_default_dtype()
        try:
            atoms.calc = MACECalculator(model_paths=str(MODEL), device="cpu", default_dtype="float64")
            expected = atoms.get_potential_energy(), atoms.get_forces(), atoms.get_stress(voigt=False)
        finally:
            torch.set_default_dtype(before)
    assert float(energy.detach()) == pytest.approx(expected[0], abs=1e-10)
    assert np.allclose(-by_position.numpy(), expected[1], atol=1e-10)
    stress = (by_strain[0] + by_strain[0].T).numpy() / 2 / atoms.get_volume()
    assert np.allclose(stress, expected[2], atol=1e-10)


@pytest.mark.parametrize("potassium", [0.0, 0.5, 1.0])
def test_lattice_constants_are_within_one_percent_of_sevennet(weights_fetched, potassium):
    found = evaluate(problem(MACE), at(potassium))
    expected = evaluate(problem({"name": "sevennet-l3i5"}), at(potassium))
    assert found.converged
    assert found.stable
    assert found.properties["lattice_a"].value == pytest.approx(
        expected.properties["lattice_a"].value, rel=0.01
    )


def test_gradients_of_relaxed_properties_are_those_of_differences():
    named = problem(MACE, properties=["bulk_modulus"])
    middle = evaluate(named, at(0.5)).properties
    step = 0.004
    low, high = (evaluate(named, at(0.5 + sign * step)).properties for sign in (-1, 1))
    for name in ("lattice_a", "mixing_energy", "bulk_modulus"):
        gradient = middle[name].gradient["cation"]
        difference = (high[name].value - low[name].value) / (2 * step)
        assert gradient["K"] - gradient["Na"] == pytest.approx(difference, rel=2e-3, abs=1e-5)


def test_the_optimizer_reaches_a_lattice_constant():
    resolved = resolved_problem(
        problem(
            MACE,
            kind="optimize",
            at=[],
            objectives=[{"property": "lattice_a", "target": 6.0, "tolerance": 0.002}],
        )
    )
    campaign, evaluator = Campaign(resolved, seed=0), Evaluator(resolved)
    while batch := campaign.ask(1):
        campaign.tell(evaluator.evaluate(batch))
    result = campaign.result()
    assert result.stopped.reason == "target_met"
    assert result.best.properties["lattice_a"].value == pytest.approx(6.0, abs=0.002)
    assert result.provenance.potential.name == "mace"
    assert len(result.provenance.potential.sha256) == 64


def test_a_model_is_read_once_in_a_process_whatever_the_number_of_compositions(tmp_path, monkeypatch):
    fresh = shutil.copy(MODEL, tmp_path / "fresh.model")
    made = []
    whole = loading.Mace

    def counting(*arguments, **options):
        made.append(arguments)
        return whole(*arguments, **options)

    monkeypatch.setattr(loading, "Mace", counting)
    mine = {"name": "mace", "file": str(fresh)}
    for potassium in (0.0, 0.3, 0.6):
        assert evaluate(problem(mine), at(potassium)).converged
    assert len(made) == 1
