"""Al-Sc-N in wurtzite: beyond Sc 0.45 relaxations become layered, and are told to have left their parent."""

from __future__ import annotations

import numpy as np
import pytest
import spglib
from ase import Atoms
from ase.neighborlist import neighbor_list

from api_schemas.problem import Problem
from engine.campaign.campaign import Campaign
from engine.campaign.evaluate import evaluate

SHARES = (0.0, 0.25, 0.45, 0.5)


@pytest.fixture(scope="module")
def told(weights_fetched):
    document = {
        "kind": "evaluate",
        "structure": {"prototype": "wurtzite", "species": ["Al", "N"]},
        "sublattices": [{"name": "cation", "sites": ["Al"], "elements": {"Al": [0, 1], "Sc": [0, 0.5]}}],
        "at": [{"cation": {"Al": 1 - share, "Sc": share}} for share in SHARES],
        "potential": {"name": "sevennet-0"},
    }
    campaign = Campaign(Problem.model_validate(document), shared=True)
    while asked := campaign.ask():
        campaign.tell([evaluate(campaign.resolved, task) for task in asked])
    return campaign


def seen(evaluation):
    """Neighbours within a fifth more than the shortest bond, and the space group, by other codes."""
    lattice = np.array(evaluation.structure.lattice)
    frac = np.array([site.frac for site in evaluation.structure.sites])
    kinds = ["N" if "N" in site.species else "Al" for site in evaluation.structure.sites]
    atoms = Atoms(kinds, scaled_positions=frac, cell=lattice, pbc=True)
    first, distance = neighbor_list("id", atoms, 3.0)
    counts = np.bincount(first[distance < 1.2 * distance.min()], minlength=4)
    group = spglib.get_spacegroup((lattice, frac, atoms.numbers), symprec=1e-2)
    return set(counts.tolist()), group


def test_an_evaluation_says_that_it_left_its_parent_and_what_changed(told):
    evaluations = told.result().evaluations
    for evaluation in evaluations[:3]:
        assert evaluation.left_parent is False
        assert seen(evaluation) == ({4}, "P6_3mc (186)")
    layered = evaluations[3]
    assert layered.left_parent is True
    assert seen(layered) == ({5}, "P6_3/mmc (194)")
    assert "cation and N have 5 neighbours instead of 4" in layered.message
    assert "P6_3/mmc (194) from P6_3mc (186)" in layered.message


def test_the_mixing_energy_says_that_its_end_member_is_of_another_phase(told):
    pure, *mixed = told.result().evaluations
    assert pure.message is None
    for evaluation in mixed:
        assert "the end member ScN relaxes to another phase (P6_3/mmc (194)" in evaluation.message
    (note,) = told.result().notes
    assert note.startswith("1 of 4 relaxations left the parent's phase")


def test_what_was_not_evaluated_beyond_the_jump_is_held_by_the_band(told):
    """The evaluation at 0.5 lay 450 of the band's deviations off where surrogates bridged the jump."""
    before = Campaign(told.problem, shared=True)
    before.plan._plan.tell_members(told.plan._plan._members)
    before.plan._plan.tell(told.records[:3])
    left_out = told.records[3]
    for name in ("lattice_a", "lattice_c", "c_over_a", "volume"):
        (found,) = before.predict(left_out.composition, name)
        assert abs(left_out.properties[name].value - found.mean) <= 2.0 * found.deviation, name
