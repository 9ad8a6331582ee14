"""Verification with the real unit: a plan asked and told by hand, against supercells that another code relaxed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api_schemas.errors import parse
from api_schemas.problem import Problem
from engine import Campaign, evaluate

TRUTH = json.loads((Path(__file__).parents[2] / "data" / "supercell_truth.json").read_text())["records"]
NA_K_CL = {
    "kind": "evaluate",
    "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
    "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
    "objectives": [{"property": "lattice_a", "target": 6.2, "tolerance": 0.002}],
    "at": [{"cation": {"Na": 0.25, "K": 0.75}}],
    "potential": {"name": "sevennet-0"},
    "verify": {"supercells": 2, "sites": 16},
}


@pytest.fixture(scope="module")
def result(weights_fetched):
    campaign = Campaign(parse(Problem, NA_K_CL))
    while batch := campaign.ask():
        campaign.tell([evaluate(campaign.resolved, task) for task in batch])
    return campaign.result()


def test_the_loop_over_what_a_campaign_asks_verifies_the_answer(result):
    entry = result.verification[0]
    assert (entry.property, entry.explicit.decorations, entry.evaluation) == ("lattice_a", 2, 0)
    assert result.cost.evaluations == 1
    assert result.cost.supercell_calls == sum(one.potential_calls for one in entry.supercells) > 0
    assert result.best.left_parent is any(one.left_parent for one in entry.supercells)


def test_the_explicit_values_are_those_of_supercells_that_another_code_relaxed(result):
    (truth,) = (one for one in TRUTH if one["system"] == "NaKCl" and one["x"] == [0.25, 0.75])
    of = {one.property: one for one in result.verification}
    assert of["lattice_a"].at_answer == pytest.approx(truth["supercell"]["a"], abs=0.004)
    assert of["mixing_energy"].at_answer == pytest.approx(
        truth["supercell"]["mixing_energy_meV"] / 1000, abs=0.003
    )
    # The mean field is off by more, and the objective's tolerance tells.
    assert of["lattice_a"].alchemical == pytest.approx(truth["mean_field"]["a"], abs=0.001)
    assert of["lattice_a"].holds is False
    assert of["lattice_a"].composition_would_move["cation"]["K"] > 0


def test_the_structures_are_explicit_crystals_of_the_composition_that_they_hold(result):
    first, *others = result.verification
    for one in first.supercells:
        held = [next(iter(site.species)) for site in one.structure.sites]
        sites = one.sites["cation"]
        assert held.count("Cl") == sites
        assert held.count("K") / sites == one.composition["cation"]["K"]
    assert all(one.structure is None for entry in others for one in entry.supercells)
