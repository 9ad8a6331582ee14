"""Paired mixing through an evaluation: relaxed, differentiated, and kept apart from the mean field."""

from __future__ import annotations

import pytest

from api_schemas.evaluations import Suggestion
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve
from engine.campaign.evaluate import evaluate, evaluate_fixed_geometry
from engine.evaluation.evaluator import Evaluator
from engine.mechanics.relax import Tolerance
from engine.references.store import MemoryStore

TIGHT = Tolerance(gradient=1e-8)
ALUMINIUM = [{"name": "cation", "sites": ["Al"], "elements": ["Al", "Ga"]}]


def problem(mixing="paired", name="sevennet-l3i5", **fields):
    return Problem.model_validate(
        {
            "kind": "evaluate",
            "structure": {"prototype": "wurtzite", "species": ["Al", "N"]},
            "sublattices": ALUMINIUM,
            "at": [{"cation": {"Al": 1.0}}],
            "potential": {"name": name, "mixing": mixing},
        }
        | fields
    )


def salt(mixing="paired", name="sevennet-0", **fields):
    """The same of (Na,K)Cl, which has two sites."""
    sodium = [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}]
    structure = {"prototype": "rocksalt", "species": ["Na", "Cl"]}
    at = [{"cation": {"Na": 1.0}}]
    return problem(mixing, name, **{"structure": structure, "sublattices": sodium, "at": at, **fields})


def at(asked, x, store=None):
    first, second = asked.sublattices[0].elements
    return evaluate(asked, {"cation": {first: 1 - x, second: x}}, tolerance=TIGHT, references=store)


def test_gradients_agree_with_differences_of_relaxed_cells(weights_fetched):
    asked, x = salt(name="sevennet-l3i5"), 0.4
    gradients = {name: p.gradient["cation"] for name, p in at(asked, x).properties.items() if p.gradient}
    names = ("lattice_a", "volume", "density", "energy", "mixing_energy")
    slopes = []
    for h in (0.004, 0.002):
        up, down = at(asked, x + h).properties, at(asked, x - h).properties
        slopes.append([(up[name].value - down[name].value) / (2 * h) for name in names])
    for name, coarse, fine in zip(names, *slopes, strict=True):
        difference = (4 * fine - coarse) / 3
        found = gradients[name]["K"] - gradients[name]["Na"]
        assert found == pytest.approx(difference, rel=1e-4, abs=1e-7), name


def test_what_one_rule_stores_is_not_used_by_the_other(weights_fetched):
    shared = MemoryStore()
    paired, mean_field = salt(), salt("mean_field")
    at(mean_field, 0.4, shared)
    after, alone = at(paired, 0.4, shared), at(paired, 0.4, MemoryStore())
    assert after.relaxation.q == alone.relaxation.q
    assert after.cost.potential_calls == alone.cost.potential_calls
    assert at(mean_field, 0.4, shared).properties["lattice_a"].value != pytest.approx(
        alone.properties["lattice_a"].value, abs=1e-4
    )


def test_an_end_member_is_the_plain_crystal(weights_fetched):
    gallium = problem(
        name="sevennet-0",
        structure={"prototype": "wurtzite", "species": ["Ga", "N"]},
        sublattices=[],
        at=[{}],
    )
    plain = evaluate(gallium, {}, tolerance=TIGHT)
    assert at(problem(name="sevennet-0"), 1.0).energy_per_atom == pytest.approx(
        plain.energy_per_atom, abs=1e-8
    )


def test_several_compositions_at_once_equal_one_at_a_time(weights_fetched):
    asked = salt(kind="scan", at=[], scan={"points_per_edge": 3})
    together = Evaluator(resolve(asked), tolerance=TIGHT, references=MemoryStore())
    shares = (0.25, 0.75)
    suggestions = [
        Suggestion(index=index, composition={"cation": {"Na": 1 - x, "K": x}})
        for index, x in enumerate(shares)
    ]
    for x, batched in zip(shares, together.evaluate(suggestions), strict=True):
        alone = at(asked, x)
        assert batched.properties["lattice_a"].value == pytest.approx(
            alone.properties["lattice_a"].value, abs=1e-8
        )


def test_a_fixed_geometry_uses_the_rule_too(weights_fetched):
    composition = {"cation": {"Al": 0.5, "Ga": 0.5}}
    paired, mean_field = (
        evaluate_fixed_geometry(problem(rule), composition).energy for rule in ("paired", "mean_field")
    )
    assert abs(paired - mean_field) > 1e-3
