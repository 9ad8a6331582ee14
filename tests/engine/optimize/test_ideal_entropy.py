"""The known part of a mixing free energy: its closed form, and searches whose optimum nearly lacks an element."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from api_schemas.problem import Problem
from engine.acceptance.resolve import resolved_problem
from engine.campaign.campaign import Campaign
from engine.optimize.known_part import SMOOTH
from engine.optimize.surrogates.known_parts import known_parts
from engine.properties.energetic import ideal_entropy

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import problem, record, run

BOLTZMANN = 8.617333262e-5
GOAL = [{"property": "mixing_free_energy", "goal": "minimize", "scale": 1e-3}]


def test_the_known_part_is_minus_t_s_of_the_engine_with_vacancies_and_fixed_atoms():
    asked = Problem.model_validate(
        {
            "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
            "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K", "Vac"]}],
            "objectives": GOAL,
            "conditions": {"temperature": 700.0},
        }
    )
    resolved = resolved_problem(asked)
    known = known_parts(resolved)["mixing_free_energy"]
    x = np.array([0.5, 0.3, 0.2])
    weights = torch.tensor(x)[torch.tensor(resolved.crystal.copy_column)]
    weights = torch.where(torch.tensor(resolved.crystal.copy_column) < 0, 1.0, weights)
    vacancies = torch.full((int(known.sites[2]),), x[2], dtype=torch.float64)
    expected = -700.0 * float(ideal_entropy(weights, vacancies))
    assert known.value_and_gradient(x)[0] == pytest.approx(expected, rel=1e-12)


def test_gradients_of_the_known_part_agree_with_differences_on_both_sides_of_its_parabola():
    asked = problem(["Na", "K", "Li"], GOAL, conditions={"temperature": 1000.0})
    known = known_parts(resolved_problem(asked))["mixing_free_energy"]
    for x in (np.array([0.6, 0.3, 0.1]), np.array([0.6, 0.39997, 3e-5]), np.array([0.6, 0.4, 0.0])):
        _, gradient = known.value_and_gradient(x)
        step = 1e-7
        for i, unit in enumerate(np.eye(3)):
            up, down = (known.value_and_gradient(x + sign * step * unit)[0] for sign in (1, -1))
            assert (up - down) / (2 * step) == pytest.approx(gradient[i], rel=1e-4)
    assert SMOOTH < 1e-3


@pytest.mark.parametrize("name", ["gradient", "bayesian"])
def test_a_free_energy_is_minimised_where_an_element_nearly_vanishes(name):
    """Ideal entropy and a linear term: the minimum is Boltzmann's distribution, here down to a fraction of 5e-4."""
    heat = 0.5 * BOLTZMANN * 1000.0
    levels = np.array([0.0, 0.06, 0.3])
    expected = np.exp(-levels / heat)
    expected /= expected.sum()

    def free_energy(x):
        logs = np.log(np.maximum(x, 1e-300))
        return float(levels @ x + heat * x @ logs), levels + heat * (logs + 1.0)

    asked = problem(
        ["Na", "K", "Li"],
        GOAL,
        strategy={"name": name, "max_evaluations": 12},
        conditions={"temperature": 1000.0},
        at=[{"cation": {"Na": 0.05, "K": 0.05, "Li": 0.9}}],
    )
    campaign = run(asked, {"mixing_free_energy": free_energy})
    best = campaign.space.to_vector(campaign.best.composition)
    np.testing.assert_allclose(best, expected, atol=5e-3)
    least = -heat * np.log(np.exp(-levels / heat).sum())
    assert campaign.best.properties["mixing_free_energy"] == pytest.approx(least, abs=1e-5)


def test_suggestions_for_a_free_energy_keep_off_the_edges_where_it_has_no_gradient():
    asked = problem(["Na", "K", "Li"], GOAL, conditions={"temperature": 300.0}, strategy={"name": "bayesian"})
    campaign = Campaign(asked)
    steep = {"mixing_free_energy": lambda x: (5.0 * x[1] + 9.0 * x[2], [0.0, 5.0, 9.0])}
    for _ in range(3):
        (suggestion,) = campaign.ask(1)
        assert min(suggestion.composition["cation"].values()) > 0.0
        assert sum(suggestion.composition["cation"].values()) == pytest.approx(1.0, abs=1e-9)
        campaign.tell([record(campaign, suggestion, steep)])
