"""Path phases with a real potential, end to end: each phase is the crystal by itself, and nothing is mixed up."""

from __future__ import annotations

import math

import numpy as np
import pytest

from api_schemas.errors import parse
from api_schemas.free_energies import FreeEnergyAnswer
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve
from engine.campaign.evaluate import evaluate
from engine.campaign.run import run
from engine.kinds.free_energy.phases import PhasesPlan
from tests.observing import Silent

BOLTZMANN = 8.617333262e-5
SALT = {"prototype": "rocksalt", "species": ["Na", "Cl"]}
BLENDE = {"prototype": "zincblende", "species": ["Na", "Cl"]}
DOCUMENT = {
    "kind": "free_energy",
    "structure": SALT,
    "potential": {"name": "sevennet-0"},
    "free_energy": {"path": "phases", "phases": [SALT, BLENDE], "temperatures": [50], "atoms": 8, "accuracy": 0.02},
}  # fmt: skip


class Kept(Silent):
    """Keeps what is computed."""

    def __init__(self):
        super().__init__()
        self.records = []

    def recorded(self, record):
        self.records.append(record)


@pytest.fixture(scope="module")
def compared(weights_fetched):
    kept = Kept()
    result = run(parse(Problem, DOCUMENT), kept)
    return FreeEnergyAnswer.model_validate(result.answer), kept.records


def alone(structure, seed):
    options = {"path": "absolute", "temperatures": [50], "atoms": 8, "accuracy": 0.02 / math.sqrt(2.0)}
    document = {**DOCUMENT, "structure": structure, "free_energy": options, "strategy": {"seed": seed}}
    (one,) = FreeEnergyAnswer.model_validate(run(parse(Problem, document), Silent()).answer).free_energies
    return one


def test_each_phase_is_the_crystal_by_itself(compared):
    answer, _ = compared
    for one, structure, seed in zip(answer.free_energies, (SALT, BLENDE), (0, 1), strict=True):
        other = alone(structure, seed)
        assert one.free_energy == pytest.approx(other.free_energy, abs=1e-9)
        assert one.volume_per_atom == pytest.approx(other.volume_per_atom, rel=1e-9)


def test_structures_of_evaluations_are_those_of_their_phase(compared):
    """By the shortest bonds: six of rock salt, four of zinc blende."""
    _, records = compared
    coordination = {}
    for record in records:
        if record.unit == "relaxation":
            lattice = np.array(record.structure.lattice)
            sites = np.array([site.frac for site in record.structure.sites]) @ lattice
            shifts = np.stack(np.meshgrid(*[range(-2, 3)] * 3), -1).reshape(-1, 3) @ lattice
            lengths = np.linalg.norm(sites[1] + shifts - sites[0], axis=1)
            coordination[record.index] = int((lengths < 1.05 * lengths.min()).sum())
    assert coordination == {0: 6, 1: 4}


def test_the_difference_is_of_the_two_statics_and_vibrations(compared):
    answer, _ = compared
    (one,) = answer.comparison.differences
    first, second = answer.free_energies
    problem = parse(Problem, DOCUMENT)
    energies = [
        evaluate(parse(Problem, {"kind": "evaluate", "structure": structure, "potential": DOCUMENT["potential"],
                                 "properties": ["energy"]}), {}).energy_per_atom
        for structure in (SALT, BLENDE)
    ]  # fmt: skip
    assert one.contributions.static == pytest.approx(energies[1] - energies[0], abs=2e-6)
    # 3 N vibrations for 3 N - 3 of N = 8 atoms.
    vibrations = [
        sum(getattr(each.contributions, name) for name in ("harmonic", "anharmonic", "quantum"))
        for each in (first, second)
    ]
    whole = energies[1] - energies[0] + (vibrations[1] - vibrations[0]) * 8 / 7
    assert one.difference == pytest.approx(whole, abs=2e-6)
    assert one.lower == "rocksalt"
    assert isinstance(resolve(problem).phases, tuple)
    assert len(PhasesPlan(resolve(problem), 0).ask()) == 2
