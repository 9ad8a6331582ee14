"""The tier fluctuation through an evaluation: every property with its gradient, and what is told of it."""

from __future__ import annotations

import pytest

from api_schemas.evaluations import Suggestion
from api_schemas.problem import Problem
from engine.campaign.evaluate import evaluate

HALF = {"cation": {"Na": 0.5, "K": 0.5}}


def problem(tier="fluctuation", at=HALF, **fields):
    return Problem.model_validate(
        {
            "kind": "evaluate",
            "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
            "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
            "at": [at],
            "properties": ["bulk_modulus", "enthalpy", "mixing_free_energy"],
            "potential": {"name": "sevennet-0", "tier": tier},
            **fields,
        }
    )


@pytest.fixture(scope="module")
def found(weights_fetched):
    return evaluate(problem(), HALF)


@pytest.fixture(scope="module")
def plain(weights_fetched):
    return evaluate(problem("mean_field"), HALF)


def test_an_evaluation_is_nearer_to_supercells_and_says_what_it_cost(found, plain):
    assert found.converged
    assert found.stable
    # Explicit supercells of this potential: 6.0704 Å and 25.8 meV/atom.
    assert found.properties["lattice_a"].value == pytest.approx(6.0704, rel=1.5e-3)
    assert 1000 * found.properties["mixing_energy"].value == pytest.approx(25.8, abs=4.0)
    assert plain.properties["lattice_a"].value > 1.004 * 6.0704
    assert found.properties.keys() == plain.properties.keys()
    for value in found.properties.values():
        assert value.gradient is not None
        assert sum(value.gradient["cation"].values()) == pytest.approx(0.0, abs=1e-9)
    assert found.properties["bulk_modulus"].value == pytest.approx(
        plain.properties["bulk_modulus"].value, rel=0.25
    )
    assert 6 <= found.cost.supercell_calls <= 12
    assert found.cost.potential_calls > found.cost.supercell_calls
    assert found.cost.primitive_equivalents == 27 * found.cost.supercell_calls
    assert plain.cost.supercell_calls == 0


def test_neighbours_start_from_the_mean_field_crystal(found, plain):
    assert found.relaxation.q == pytest.approx(plain.relaxation.q, abs=1e-5)


def test_what_is_mixed_nowhere_is_computed_as_it_is(weights_fetched):
    plain = problem(sublattices=[], at={})
    found = evaluate(plain.model_copy(update={"at": []}), {})
    assert found.converged
    assert found.cost.supercell_calls == 0


def test_what_a_neighbour_left_travels_with_the_task(found):
    near = {"cation": {"Na": 0.55, "K": 0.45}}
    task = Suggestion(
        index=1,
        composition=near,
        warm_start=found.relaxation.model_validate_json(found.relaxation.model_dump_json()),
        warm_start_composition=HALF,
    )
    warm = evaluate(problem(), task)
    assert warm.converged
    assert warm.cost.supercell_calls < 0.75 * found.cost.supercell_calls
