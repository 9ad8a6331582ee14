"""Fields that a kind does not use are refused, and limits that nobody set are not mistaken for one."""

from __future__ import annotations

import json

import pytest

from api_schemas.errors import ProblemInvalid, parse
from api_schemas.kinds import KINDS, KindSchema
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve
from engine.acceptance.unused import unused_fields
from engine.crystals.crystal import build_crystal
from engine.crystals.prototypes import PROTOTYPES
from engine.crystals.structure_input import read_structure
from engine.mechanics.coordinates import symmetry_coordinates
from engine.units.estimate import coordinate_count

AT = {"cation": {"Al": 0.8, "Sc": 0.2}}
THREE = [{"name": "cation", "sites": ["Al"], "elements": ["Al", "Sc", "Ga"]}]

UNUSED = [
    ({"kind": "evaluate", "at": [AT], "scan": {"points_per_edge": 5}}, "/scan"),
    ({"kind": "evaluate", "at": [AT], "strategy": {"name": "random"}}, "/strategy/name"),
    (
        {"kind": "evaluate", "at": [AT], "constraints": {"max_elements": {"cation": 2}}},
        "/constraints/max_elements",
    ),
    ({"kind": "evaluate", "at": [AT], "constraints": {"resolution": 0.1}}, "/constraints/resolution"),
    ({"kind": "scan", "at": [AT]}, "/at"),
    ({"kind": "scan", "constraints": {"resolution": 0.1}}, "/constraints/resolution"),
]


@pytest.mark.parametrize(("changes", "where"), UNUSED)
def test_a_field_that_the_kind_does_not_use_is_refused_with_the_mend(document, changes, where):
    with pytest.raises(ProblemInvalid) as refused:
        resolve(parse(Problem, document(**changes)))
    (fault,) = [error for error in refused.value.errors if error.pointer == where]
    assert fault.type == "unused-field"
    assert "remove" in fault.message


def test_defaults_that_are_written_out_are_not_refused(accepted, document):
    written = json.loads(parse(Problem, document(kind="evaluate", at=[AT])).model_dump_json())
    assert accepted(**written).planned == 1


def test_forty_is_a_limit_where_somebody_set_it(accepted, faults):
    assert accepted(kind="scan", sublattices=THREE).planned == 66
    told = faults(kind="scan", sublattices=THREE, strategy={"max_evaluations": 40})
    assert told == [("/strategy/max_evaluations", "budget-too-small")]
    assert accepted(kind="scan", sublattices=THREE, strategy={"max_evaluations": 66}).planned == 66


def test_the_normalised_problem_of_a_kind_that_counts_for_itself_says_how_many(accepted):
    assert accepted(kind="scan", sublattices=THREE).problem.strategy.max_evaluations == 66
    assert accepted().problem.strategy.max_evaluations == 40


def test_every_field_that_a_kind_names_is_one_of_a_problem():
    for kind in KINDS:
        for path in kind.uses:
            first, _, inner = path.partition(".")
            field = Problem.model_fields[first]
            if inner:
                assert inner in field.annotation.model_fields, path


@pytest.mark.parametrize("displaced", [0.0, 0.003])
def test_the_estimate_counts_the_coordinates_that_a_relaxation_has(displaced):
    # A displacement below the tolerance of symmetry is none, for both alike: perovskite moved by 3 mÅ.
    parent = PROTOTYPES["perovskite"].build(("Sr", "Ti", "O"))
    lattice = [list(map(float, row)) for row in parent.lattice]
    length = lattice[0][0]
    sites = [
        {"species": [{"element": symbol, "occu": 1}], "abc": [float(value) for value in frac]}
        for symbol, frac in zip(parent.symbols, parent.frac, strict=True)
    ]
    sites[1]["abc"][0] += displaced / length
    from api_schemas.structures import Structure

    structure = Structure.model_validate({"pymatgen": {"lattice": {"matrix": lattice}, "sites": sites}})
    crystal = build_crystal(read_structure(structure))
    assert coordinate_count(crystal) == symmetry_coordinates(crystal).n_q == 1


def test_a_kind_that_uses_some_fields_of_a_part_is_refused_the_others():
    uses = frozenset({"kind", "name", "structure", "conditions.temperature"})
    kind = KindSchema(name="warm", summary="Only for this test.", uses=uses)
    structure = {"prototype": "rocksalt", "species": ["Na", "Cl"]}
    with KINDS.having(kind):
        problem = parse(
            Problem,
            {"kind": "warm", "structure": structure, "conditions": {"temperature": 900.0, "pressure": 2.0}},
        )
        assert [fault.pointer for fault in unused_fields(problem)] == ["/conditions/pressure"]
