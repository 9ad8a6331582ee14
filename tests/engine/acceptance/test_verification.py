"""What problems may want verified by explicit supercells, and what it is estimated to cost."""

from __future__ import annotations

import pytest

from api_schemas.errors import ProblemInvalid
from engine.kinds.registry import KINDS
from engine.kinds.verification import holding
from engine.problem.limits import Limits

EVALUATE = {"kind": "evaluate", "objectives": [], "at": [{"cation": {"Al": 0.75, "Sc": 0.25}}]}
PLAIN = {"kind": "evaluate", "objectives": [], "sublattices": []}
FRONT = [
    {"property": "lattice_a", "target": 3.2, "tolerance": 0.001},
    {"property": "mixing_energy", "goal": "minimize"},
]


@pytest.mark.parametrize("changes", [{}, EVALUATE, {"kind": "scan", "objectives": []}, {"objectives": FRONT}])
def test_every_kind_over_compositions_may_be_verified(accepted, changes):
    assert accepted(**changes, verify={"supercells": 2, "sites": 32}).problem.verify.sites == 32


REFUSED = [
    ({**PLAIN, "verify": {}}, "/verify", "nothing-to-verify"),
    ({**EVALUATE, "at": [{"cation": {"Al": 1.0}}], "verify": {}}, "/verify", "nothing-to-verify"),
    ({"potential": {"mixing": "paired"}, "verify": {}}, "/verify", "needs-mean-field"),
    (
        {"structure": {"prototype": "spinel", "species": ["Mg", "Al", "O"]}, "verify": {"sites": 2}},
        "/verify/sites",
        "too-few-sites",
    ),
    (
        {"objectives": FRONT, "strategy": {"max_evaluations": 600}, "verify": {}},
        "/verify/supercells",
        "too-many-supercells",
    ),
    (
        {**EVALUATE, "at": [{"cation": {"Al": 0.98, "Sc": 0.02}}], "verify": {"sites": 8}},
        "/verify/sites",
        "composition-not-held",
    ),
    (
        {"kind": "scan", "objectives": [], "scan": {"points_per_edge": 41}, "verify": {"sites": 8}},
        "/verify/sites",
        "composition-not-held",
    ),
]


@pytest.mark.parametrize(("changes", "where", "kind"), REFUSED)
def test_what_supercells_cannot_verify_is_refused_at_its_field(faults, changes, where, kind):
    assert set(faults(**changes)) == {(where, kind)}


def test_a_supercell_that_is_too_large_is_refused_with_the_number_of_sites_that_fits(accepted):
    with pytest.raises(
        ProblemInvalid, match=r"/verify/sites: .* up to 152 atoms, more than 100; take sites: 36"
    ):
        accepted(Limits(max_supercell_atoms=100), verify={"sites": 64})
    assert accepted(Limits(max_supercell_atoms=100), verify={"sites": 36})


def test_memory_is_looked_at_for_the_supercell_by_itself(accepted):
    small = Limits(memory_bytes=int(1.0e9))
    assert accepted(small)
    with pytest.raises(ProblemInvalid, match=r"/verify/sites: a supercell of 640 atoms needs about"):
        accepted(small, verify={"sites": 256})


def test_the_sites_that_a_refusal_names_are_enough(accepted):
    few = {"cation": {"Al": 0.985, "Sc": 0.015}}
    resolved = accepted()
    x = resolved.space.to_vector(few)
    sites = int(holding.enough(resolved.crystal, x).removeprefix("take sites: "))
    assert not holding.lost(resolved.crystal, x, sites)
    assert holding.lost(resolved.crystal, x, sites - 2)
    fewer = resolved.space.to_vector({"cation": {"Al": 0.9999, "Sc": 0.0001}})
    assert holding.enough(resolved.crystal, fewer) == "256 sites would not be enough either"
    assert accepted(**{**EVALUATE, "at": [few]}, verify={"sites": sites})


def test_the_estimate_grows_by_the_supercells(accepted):
    def estimate(**changes):
        resolved = accepted(**changes)
        return KINDS[resolved.problem.kind].estimate(resolved)

    without, two, four = (
        estimate(**EVALUATE, **more) for more in ({}, {"verify": {}}, {"verify": {"supercells": 4}})
    )
    assert (without.evaluations, two.evaluations, four.evaluations) == (1, 3, 5)
    assert without.seconds < two.seconds < four.seconds < 2 * two.seconds - without.seconds
    assert estimate(objectives=FRONT, verify={}).evaluations == 40 + 40 * 2
    assert estimate(verify={}).evaluations == 40 + 2
