"""Problems resolved: what is built, and every way in which a problem can be at fault."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from tests.waiting import HANG_SECONDS

WURTZITE = {"prototype": "wurtzite", "species": ["Al", "N"]}
NUMBER = {"property": "lattice_a", "target": 3.2, "tolerance": 0.01}
SC = {"cation": {"Al": 0.8, "Sc": 0.2}}


def cation(elements, name="cation", sites=("Al",)):
    return {"name": name, "sites": list(sites), "elements": elements}


def test_the_demonstration_resolves(accepted):
    resolved = accepted()
    assert resolved.crystal.columns == resolved.space.columns == ("cation:Al", "cation:Sc")
    assert resolved.same_as[0].parent_symbols == ("Ga", "N", "Ga", "N")
    assert resolved.potential.name == "sevennet-l3i5"
    assert resolved.planned == 40


def test_targets_with_the_same_crystal_share_it(accepted):
    target = {"same_as": {"prototype": "wurtzite", "species": ["Ga", "N"]}}
    objectives = [
        {"property": name, "target": target, "tolerance": 0.01, "weight": 1}
        for name in ("lattice_a", "lattice_c")
    ]
    resolved = accepted(objectives=[*objectives, {"property": "energy", "goal": "minimize", "weight": 1}])
    assert resolved.same_as[0] is resolved.same_as[1]
    assert resolved.same_as[2] is None


def test_a_plain_crystal_can_be_evaluated(accepted):
    resolved = accepted(kind="evaluate", sublattices=[], objectives=[])
    assert resolved.crystal.n_columns == 0
    assert resolved.planned == 1


def test_compositions_to_evaluate_may_lie_outside_the_bounds(accepted):
    resolved = accepted(kind="evaluate", at=[{"cation": {"Sc": 1}}])
    assert resolved.planned == 1


def test_a_scan_has_eleven_points_an_edge_where_it_does_not_say(accepted):
    assert accepted(kind="scan").planned == 6
    assert accepted(kind="scan", scan={"points_per_edge": 5}).planned == 3


def test_a_scan_may_have_more_points_than_the_default_budget(accepted):
    elements = ["Al", "Sc", "Ga"]
    assert accepted(kind="scan", sublattices=[cation(elements)]).planned == 66


def test_a_grid_search_uses_the_finest_grid_that_the_budget_allows(accepted):
    resolved = accepted(strategy={"name": "grid", "max_evaluations": 30})
    assert resolved.space.grid_size(resolved.points_per_edge) <= 30
    assert resolved.space.grid_size(resolved.points_per_edge + 2) > 30


FRONT = [NUMBER, {"property": "energy", "goal": "minimize"}]
NOT_YET = [
    ({"potential": {"tier": "single_site"}}, "/potential/tier"),
    ({"objectives": FRONT, "kind": "scan"}, "/objectives"),
    ({"objectives": FRONT, "strategy": {"name": "hybrid"}}, "/strategy/name"),
]


@pytest.mark.parametrize(("changes", "where"), NOT_YET)
def test_what_is_promised_and_not_built_is_refused_at_its_field(faults, changes, where):
    assert faults(**changes) == [(where, "not-available-yet")]


FAULTS = [
    ({"objectives": [{"property": "latice_a", "goal": "minimize"}]}, ("/objectives/0/property", "unknown-property")),
    ({"properties": ["colour"]}, ("/properties/0", "unknown-property")),
    ({"potential": {"name": "sevenet-0"}}, ("/potential/name", "unknown-potential")),
    ({"structure": {"prototype": "wurzite", "species": ["Al", "N"]}}, ("/structure/prototype", "unknown-prototype")),
    ({"structure": {**WURTZITE, "b": 3.1}}, ("/structure/b", "bad-structure")),
    ({"structure": {"cif": "rubbish"}}, ("/structure/cif", "bad-structure")),
    ({"sublattices": [cation(["Al", "Sc"], sites=["Ga"])]}, ("/sublattices/0/sites/0", "unknown-site")),
    ({"sublattices": [cation(["Al", "Po"])]}, ("/sublattices/0/elements/Po", "unknown-to-potential")),
    ({"sublattices": [cation(["Al"])]}, ("/sublattices", "nothing-to-vary")),
    ({"sublattices": [cation({"Al": [0.8, 1], "Sc": [0.2, 0.2]})]}, ("/sublattices", "nothing-to-vary")),
    ({"structure": {"prototype": "wurtzite", "species": ["Al", "At"]}}, ("/structure/prototype",
     "unknown-to-potential")),
    ({"objectives": [{**NUMBER, "target": -3.2}]}, ("/objectives/0/target", "bad-objective")),
    ({"objectives": [{**NUMBER, "target": 0}]}, ("/objectives/0/target", "bad-objective")),
    ({"objectives": [{"property": "gamma", "target": 190, "tolerance": 1}]}, ("/objectives/0/target", "bad-objective")),
    ({"objectives": [{"property": "mixing_energy", "target": {"same_as": WURTZITE}, "tolerance": 1}]},
     ("/objectives/0/target", "bad-objective")),
    ({"objectives": [{**NUMBER, "target": {"same_as": {"prototype": "nacl", "species": ["Na", "Cl"]}}}]},
     ("/objectives/0/target/same_as/prototype", "unknown-prototype")),
    ({"objectives": [{**NUMBER, "target": {"same_as": {"prototype": "fcc", "species": ["Po"]}}}]},
     ("/objectives/0/target/same_as/prototype", "unknown-to-potential")),
    ({"potential": {"mixing": "paired"}, "sublattices": [cation({"Al": [0, 1], "Vac": [0, 0.1]})]},
     ("/potential/mixing", "no-vacancies-when-paired")),
    ({"properties": ["c21"]}, ("/properties/0", "unknown-property")),
    ({"objectives": [{"property": "bulk_modulus", "target": 0, "tolerance": 1}]},
     ("/objectives/0/target", "bad-objective")),
    ({"conditions": {"chemical_potentials": {"Al": -3.7}}}, ("/conditions/chemical_potentials", "unused-field")),
    ({"properties": ["formation_energy"], "conditions": {"chemical_potentials": {"Ga": -3}}},
     ("/conditions/chemical_potentials/Ga", "unused-field")),
    ({"properties": ["formation_energy"], "sublattices": [cation(["Al", "At"])]},
     ("/properties/0", "no-reference-phase")),
    ({"properties": ["substrate_mismatch"]}, ("/conditions/substrate", "missing-field")),
    ({"conditions": {"substrate": {"value": 3.2}}}, ("/conditions/substrate", "unused-field")),
    ({"properties": ["substrate_mismatch"], "conditions": {"substrate": {"same_as": {"cif": "rubbish"}}}},
     ("/conditions/substrate/same_as/cif", "bad-structure")),
    ({"properties": ["substrate_mismatch"],
      "conditions": {"substrate": {"same_as": {"prototype": "fcc", "species": ["Po"]}}}},
     ("/conditions/substrate/same_as/prototype", "unknown-to-potential")),
    ({"scan": {"points_per_edge": 5}}, ("/scan", "unused-field")),
    ({"kind": "evaluate", "at": [SC], "scan": {}}, ("/scan", "unused-field")),
    ({"kind": "scan", "at": [SC]}, ("/at", "unused-field")),
    ({"kind": "evaluate", "at": [SC], "strategy": {"name": "gradient"}}, ("/strategy/name", "unused-field")),
    ({"kind": "scan", "strategy": {"name": "gradient"}}, ("/strategy/name", "unused-field")),
    ({"kind": "scan", "strategy": {"name": "hybrid"}}, ("/strategy/name", "unused-field")),
    ({"kind": "evaluate"}, ("/at", "missing-field")),
    ({"kind": "evaluate", "at": [{"cation": {"Al": 0.8, "Sc": 0.1}}]}, ("/at/0/cation", "bad-composition")),
    ({"kind": "evaluate", "at": [SC, {"anion": {"N": 1}}]}, ("/at/1/anion", "bad-composition")),
    ({"at": [{"cation": {"Al": 0.4, "Sc": 0.6}}]}, ("/at/0/cation/Sc", "bad-composition")),
    ({"strategy": {"batch_size": 50}}, ("/strategy/batch_size", "invalid-value")),
    ({"kind": "scan", "strategy": {"max_evaluations": 5}}, ("/strategy/max_evaluations", "budget-too-small")),
    ({"kind": "evaluate", "at": [SC, SC], "strategy": {"max_evaluations": 1}},
     ("/strategy/max_evaluations", "budget-too-small")),
    ({"strategy": {"name": "grid", "max_evaluations": 5}, "scan": {"points_per_edge": 11}},
     ("/strategy/max_evaluations", "budget-too-small")),
    ({"kind": "scan", "sublattices": [cation({"Al": [0.33, 0.34], "Sc": [0.66, 0.67]})]},
     ("/scan/points_per_edge", "empty-grid")),
    ({"kind": "scan", "scan": {"points_per_edge": 1001}, "sublattices": [cation(["Al", "Sc", "Ga"])]},
     ("/scan/points_per_edge", "too-many-points")),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), FAULTS)
def test_a_fault_is_reported_at_its_field(faults, changes, expected):
    assert expected in faults(**changes)


@pytest.mark.parametrize(
    "name",
    [
        "lattice_a", "lattice_b", "lattice_c", "alpha", "beta", "gamma", "c_over_a", "volume", "density", "energy",
        "enthalpy", "formation_energy", "mixing_energy", "mixing_free_energy", "bulk_modulus", "c11", "c12", "c66",
        "poisson_ratio", "substrate_mismatch",
    ],
)  # fmt: skip
def test_every_property_of_the_contract_can_be_asked_for(document, name):
    from api_schemas.errors import parse
    from api_schemas.problem import Problem
    from engine.acceptance.validate import validate

    conditions = {"substrate": {"value": 3.2}} if name == "substrate_mismatch" else {}
    assert validate(parse(Problem, document(properties=[name], conditions=conditions))).valid


def test_every_fault_is_reported_at_once(faults):
    found = faults(
        kind="evaluate",
        structure={"prototype": "wurzite", "species": ["Al", "N"]},
        potential={"name": "sevenet-0", "tier": "single_site"},
        properties=["colour", "c77"],
        at=[{"cation": {"Al": 2 / 3}}],
    )
    assert {where for where, _ in found} == {
        "/structure/prototype", "/potential/name", "/potential/tier", "/properties/0", "/properties/1",
        "/at/0/cation",
    }  # fmt: skip
    assert len(found) == len(set(found))


def test_parent_elements_that_are_replaced_need_not_be_known(accepted):
    # Astatine stands only on sites that the sublattice fills with other elements.
    resolved = accepted(
        structure={"prototype": "rocksalt", "species": ["At", "N"], "a": 4.3},
        sublattices=[cation(["Al", "Sc"], sites=["At"])],
        objectives=[NUMBER],
    )
    assert resolved.crystal.species_symbols() == {"Al", "Sc", "N"}


def test_too_many_end_members_are_refused(faults, small):
    many = [
        cation(["Al", "Sc", "Ga", "In"], name="one", sites=[0]),
        cation(["Al", "Sc", "Ga"], name="two", sites=[2]),
    ]
    assert ("/sublattices", "does-not-fit") in faults(small(max_end_members=11), sublattices=many)


def test_a_cell_that_does_not_fit_in_memory_is_refused(faults, small):
    assert faults(small(memory_bytes=2**20)) == [("/structure", "does-not-fit")]


def test_a_job_that_takes_too_long_is_refused(faults, small):
    assert faults(small(seconds=1.0)) == [("/strategy/max_evaluations", "does-not-fit")]


def test_more_atoms_than_allowed_are_refused(faults, small):
    assert faults(small(max_atoms=3))[0] == ("/structure/prototype", "too-many-atoms")


def test_the_normalised_problem_resolves_to_the_same(accepted, document):
    from api_schemas.errors import parse
    from api_schemas.problem import Problem
    from engine.acceptance.resolve import resolve

    first = parse(Problem, document(kind="scan", sublattices=[cation(["Al", "Sc", "Ga"])]))
    again = Problem.model_validate_json(resolve(first).problem.model_dump_json(exclude_none=True))
    assert resolve(parse(Problem, first.document())).planned == 66
    assert resolve(again).planned == resolve(first).planned == 66
    np.testing.assert_array_equal(resolve(again).crystal.lattice, resolve(first).crystal.lattice)


def test_checking_problems_does_not_import_torch():
    code = (
        "import sys, engine.acceptance.validate as v, api_schemas.problem as p\n"
        "s = {'prototype': 'fcc', 'species': ['Cu']}\n"
        "good = p.Problem.model_validate({'kind': 'evaluate', 'structure': s})\n"
        "bad = p.Problem.model_validate({'kind': 'free_energy', 'structure': s})\n"
        "hot = p.Problem.model_validate({'kind': 'free_energy', 'structure': s, 'free_energy': {'path': 'absolute'}})\n"
        "assert v.validate(good).valid and not v.validate(bad).valid and v.validate(hot).valid\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=HANG_SECONDS)
