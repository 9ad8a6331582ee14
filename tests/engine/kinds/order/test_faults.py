"""What is wrong with a problem of kind order: each fault at its field, with its mend, before much is computed."""

from __future__ import annotations

import pytest

from api_schemas.errors import ProblemInvalid, parse
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve
from tests.counting import MOST_CALLS, counted

ELEMENTS = [
    "Cu", "Au", "Ag", "Pd", "Pt", "Ni", "Al", "Fe", "Co", "Mn", "Cr", "V", "Ti", "Zr", "Hf", "Nb", "Mo", "Ta", "W",
    "Re",
]  # fmt: skip
HALF = {"mix": {"Cu": 0.5, "Au": 0.5}}
ONLY = {"search": None, "random": None, "probability": None, "enumerate": None}
PROBLEM = {
    "kind": "order",
    "structure": {"prototype": "fcc", "species": ["Cu"]},
    "sublattices": [{"name": "mix", "sites": ["Cu"], "elements": ["Cu", "Au"]}],
    "at": [HALF],
    "potential": {"name": "sevennet-0"},
}
SALT = {
    "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
    "sublattices": [{"name": "mix", "sites": ["Na"], "elements": ["Na", "Vac"]}],
    "at": [{"mix": {"Na": 0.5, "Vac": 0.5}}],
}
NITRIDE = {
    "structure": {"prototype": "wurtzite", "species": ["Al", "N"]},
    "sublattices": [{"name": "mix", "sites": ["Al"], "elements": ["Al", "Ga"]}],
    "at": [{"mix": {"Al": 0.5, "Ga": 0.5}}],
}


def mixed(*elements):
    return [{"name": "mix", "sites": ["Cu"], "elements": list(elements)}]


def order(**options):
    return {"order": {**ONLY, **options}}


def cell(*rows):
    return {"cell": [list(row) for row in rows]}


def evenly(elements):
    return [{"mix": {element: 1 / len(elements) for element in elements}}]


CUBE_OF_64 = cell((64, 0, 0), (0, 64, 0), (0, 0, 64))
REFUSED = {
    "one element": (
        {"sublattices": mixed("Cu"), "at": [{"mix": {"Cu": 1.0}}]}, "/sublattices", "nothing-mixed", "two elements"),
    "no sublattice": ({"sublattices": [], "at": []}, "/sublattices", "nothing-mixed", "use kind evaluate"),
    "a pure composition": ({"at": [HALF, {"mix": {"Au": 1.0}}]}, "/at/1", "nothing-mixed", "remove it"),
    "the same composition": (
        {"at": [HALF, {"mix": {"Cu": 0.25, "Au": 0.75}}, HALF]}, "/at/2", "duplicate-composition", "of /at/0 already"),
    "constraints beside compositions": (
        {"constraints": {"charge_neutrality": {"Cu": 1, "Au": 1}}}, "/constraints", "unused-field", "at"),
    "another element": ({"at": [{"mix": {"Cu": 0.5, "Ag": 0.5}}]}, "/at/0/mix/Ag", "bad-composition", "Cu, Au"),
    "one site": (order(enumerate={"sites": 1}), "/order/enumerate/sites", "composition-not-held", "2, 4, 6"),
    "a cell of odd sites": (
        order(enumerate=cell((3, 0, 0), (0, 1, 0), (0, 0, 1))),
        "/order/enumerate/cell", "composition-not-held", "3 mixed sites"),
    "a probability of odd sites": (
        order(probability=cell((3, 0, 0), (0, 1, 0), (0, 0, 1))),
        "/order/probability/cell", "composition-not-held", "cells with 2, 4"),
    "thirds in a probability cell of eight": (
        {"at": [{"mix": {"Cu": 0.3333, "Au": 0.6667}}],
         **order(probability=cell((2, 0, 0), (0, 2, 0), (0, 0, 2)))},
        "/order/probability/cell", "composition-not-held", "3, 6, 9"),
    "a hundredth in a search": (
        {"at": [{"mix": {"Cu": 0.99, "Au": 0.01}}], **order(search={"sites": 32})},
        "/order/search/sites", "composition-not-held", "small whole numbers"),
    "a twentieth in eight random sites": (
        {"at": [{"mix": {"Cu": 0.95, "Au": 0.05}}], **order(random={"sites": 8})},
        "/order/random/sites", "composition-not-held", "20, 40"),
    "fewer sites than a cell has": (
        {**NITRIDE, **order(search={"sites": 2, "seeds": 1}), "sublattices": [
            *NITRIDE["sublattices"], {"name": "anion", "sites": ["N"], "elements": ["N", "P"]}],
         "at": [{**NITRIDE["at"][0], "anion": {"N": 0.5, "P": 0.5}}]},
        "/order/search/sites", "too-few-sites", "4 mixed sites already"),
    "paired mixing": (
        {"potential": {"name": "sevennet-0", "mixing": "paired"}}, "/potential/mixing", "needs-mean-field", "remove"),
    "a tier": (
        {"potential": {"name": "sevennet-0", "tier": "fluctuation"}}, "/potential/tier", "unused-field", "remove tier"),
    "a transition": ({"order": {"transition": {}}}, "/order/transition", "not-available-yet", "remove it"),
    "an ordering vector": ({"order": {"ordering_vector": True}}, "/order/ordering_vector", "not-available-yet", ""),
    "short-range order": (
        {"order": {"short_range_order": {"temperature": 900}}}, "/order/short_range_order", "not-available-yet", ""),
    "a search nowhere": ({"at": [], "order": {"search": {"sites": 8}}}, "/order/search", "needs-compositions", "at"),
    "random nowhere": ({"at": [], "order": {"random": {"sites": 8}}}, "/order/random", "needs-compositions", "at"),
    "a probability nowhere": (
        {"at": [], "order": {"probability": {"sites": 8}}}, "/order/probability", "needs-compositions", "list them"),
    "nothing asked": (order(), "/order", "nothing-asked", "enumerate, search, random"),
    "nothing asked nowhere": ({"at": [], **order()}, "/order/enumerate", "nothing-asked", "list compositions"),
    "an unknown option": ({"order": {"serch": {}}}, "/order/serch", "unknown-field", "did you mean search"),
    "an unknown part": ({"order": {"search": {"seed": 3}}}, "/order/search/seed", "unknown-field", "mean seeds"),
    "options that are a list": ({"order": []}, "/order", "invalid-value", "mapping"),
    "none relaxed": ({"order": {"relax": 0}}, "/order/relax", "bad-choice", "or all"),
    "true relaxed": ({"order": {"relax": True}}, "/order/relax", "bad-choice", "or all"),
    "al relaxed": ({"order": {"relax": "al"}}, "/order/relax", "bad-choice", "or all"),
    "sites and a cell": (
        order(enumerate={"sites": 4, **cell((2, 0, 0), (0, 1, 0), (0, 0, 1))}), "/order/enumerate", "bad-cells",
        "either"),
    "neither": (order(enumerate={}), "/order/enumerate", "bad-cells", "either"),
    "a flat cell": (
        order(enumerate=cell((1, 0, 0), (0, 1, 0), (1, 1, 0))), "/order/enumerate/cell", "bad-cells", "volume"),
    "a fraction in a cell": (
        order(enumerate=cell((1.5, 0, 0), (0, 2, 0), (0, 0, 1))), "/order/enumerate/cell/0/0", "invalid-value", ""),
    "a cell of two rows": (
        order(enumerate=cell((1, 0, 0), (0, 1, 0))), "/order/enumerate/cell", "invalid-value", "at least 3"),
    "objectives": (
        {"objectives": [{"property": "lattice_a", "target": 3.9, "tolerance": 0.1}]}, "/objectives", "unused-field",
        "kind optimize"),
    "properties": ({"properties": ["density"]}, "/properties", "unused-field", "kind evaluate"),
    "verify": ({"verify": {}}, "/verify", "unused-field", "order.random"),
    "scan": ({"scan": {"points_per_edge": 3}}, "/scan", "unused-field", "remove scan"),
    "a strategy": ({"strategy": {"name": "gradient"}}, "/strategy/name", "unused-field", "remove it"),
    "options of order for a scan": (
        {"kind": "scan", "at": [], "order": {"relax": 3}}, "/order", "unused-field", "kind order"),
}  # fmt: skip


def faults(changes):
    with pytest.raises(ProblemInvalid) as caught:
        resolve(parse(Problem, {**PROBLEM, **changes}))
    return caught.value.errors


@pytest.mark.parametrize("case", REFUSED)
def test_a_fault_is_told_at_its_field_with_the_mend(case):
    changes, where, slug, words = REFUSED[case]
    found = [error for error in faults(changes) if error.pointer == where]
    assert [error.type for error in found] == [slug]
    assert words in found[0].message


HOSTILE = {
    "20 elements on 16 sites": (
        {"sublattices": mixed(*ELEMENTS), "at": [], **order(enumerate={"sites": 16})},
        "/order/enumerate/sites", "too-many-decorations"),
    "16 elements evenly on 16 sites": (
        {"sublattices": mixed(*ELEMENTS[:16]), "at": evenly(ELEMENTS[:16]), **order(enumerate={"sites": 16})},
        "/order/enumerate/sites", "too-many-decorations"),
    "20 elements in a cell of 216": (
        {"sublattices": mixed(*ELEMENTS), "at": [],
         **order(enumerate=cell((6, 0, 0), (0, 6, 0), (0, 0, 6)))},
        "/order/enumerate/cell", "too-many-decorations"),
    "levels without number": (
        order(probability=cell((4, 0, 0), (0, 4, 0), (0, 0, 4))), "/order/probability/cell", "too-many-decorations"),
    "a cube of 64": (order(enumerate=CUBE_OF_64), "/order/enumerate/cell", "does-not-fit"),
    "the probability in a cube of 64": (order(probability=CUBE_OF_64), "/order/probability/cell", "does-not-fit"),
    "a cell of 512 sites": (
        order(enumerate=cell((64, 0, 0), (0, 4, 0), (0, 0, 2))), "/order/enumerate/cell", "too-many-decorations"),
    "searches without number": (order(search={"seeds": 10**30}), "/order/search/seeds", "invalid-value"),
    "random cells without number": (order(random={"cells": 10**9}), "/order/random/cells", "invalid-value"),
    "a large search": (order(search={"sites": 10**6}), "/order/search/sites", "invalid-value"),
    "a seed of thirty digits": ({"strategy": {"seed": 10**30}}, "/strategy/seed", "invalid-value"),
    "an entry of thirty digits": (
        order(enumerate=cell((10**30, 0, 0), (0, 1, 0), (0, 0, 1))), "/order/enumerate/cell/0/0", "invalid-value"),
    "compositions without number": ({"at": [HALF] * 5000}, "/at", "too-many-points"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_too_large_is_refused_before_anything_is_made(case, monkeypatch):
    """Neither is a decoration made, nor are the operations of any supercell looked at."""
    for name in ("orderings_up_to", "orderings_in_cell"):
        monkeypatch.setattr(f"engine.kinds.order.looked_at.{name}", None)
    monkeypatch.setattr("engine.crystals.enumeration.MixedCell", None)
    changes, where, slug = HOSTILE[case]
    found, calls = counted(faults, changes)
    assert calls < MOST_CALLS
    assert (where, slug) in {(error.pointer, error.type) for error in found}
    assert all(len(error.message) < 400 for error in found)


@pytest.mark.parametrize(
    "changes",
    [
        {**SALT, **order(enumerate={"sites": 4})},
        order(enumerate={"sites": 3}, probability={"sites": 3}),
        order(enumerate=cell((0, 2, 0), (2, 0, 0), (0, 0, 1))),  # left-handed
        {"at": [{"mix": {"Cu": 0.333, "Au": 0.667}}], **order(enumerate={"sites": 3})},
        {"at": [HALF, {"mix": {"Cu": 0.25, "Au": 0.75}}], **order(enumerate={"sites": 4})},
        {"order": None},
        {"at": [], "order": {"enumerate": {"sites": 2}, "search": None}},
    ],
)
def test_what_can_be_done_is_accepted_and_estimated(changes):
    from engine.kinds.registry import KINDS

    resolved = resolve(parse(Problem, {**PROBLEM, **changes}))
    estimate = KINDS["order"].estimate(resolved)
    assert estimate.evaluations > 0
    assert estimate.seconds > 0.0
    plan = KINDS["order"].plan(resolved, 0, shared=True)
    assert 0 < plan.planned <= 10 * estimate.evaluations


def test_a_sheet_in_vacuum_is_refused():
    """Nothing holds the cell across the gap: a supercell would close it, or not."""
    cell = "2.46 0 0\n-1.23 2.1304 0\n0 0 20"
    sheet = f"C sheet\n1.0\n{cell}\nC\n2\nDirect\n0.333333 0.666667 0.5\n0.666667 0.333333 0.5\n"
    problem = {
        "structure": {"poscar": sheet},
        "sublattices": [{"name": "mix", "sites": ["C"], "elements": ["C", "N"]}],
        "at": [{"mix": {"C": 0.5, "N": 0.5}}],
    }
    (found,) = faults(problem)
    assert (found.pointer, found.type) == ("/structure", "not-available-yet")
    assert "close the gap" in found.message
