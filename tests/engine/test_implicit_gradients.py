"""Implicit gradients against Richardson differences of fully relaxed cells (science.md, section 2)."""

from __future__ import annotations

import pytest

from api_schemas.problem import Problem
from engine.campaign.evaluate import evaluate
from engine.mechanics.relax import Tolerance

TIGHT = Tolerance(gradient=1e-8)
SCALES = {"Å": 1.0, "Å^3/atom": 1.0, "eV/atom": 0.01, "g/cm^3": 1.0, "1": 1.0, "degree": 90.0}
EVERYTHING = (
    "lattice_a", "lattice_b", "lattice_c", "alpha", "beta", "gamma", "c_over_a", "volume", "density",
    "energy", "enthalpy", "mixing_energy", "mixing_free_energy",
)  # fmt: skip


def problem(prototype, species, site, elements, name="sevennet-l3i5", pressure=0.0):
    return Problem.model_validate(
        {
            "kind": "evaluate",
            "structure": {"prototype": prototype, "species": species},
            "sublattices": [{"name": "mixed", "sites": [site], "elements": elements}],
            "at": [{"mixed": {elements[0]: 1.0}}],
            "properties": ["enthalpy", "mixing_free_energy"],
            "potential": {"name": name},
            "conditions": {"pressure": pressure},
        }
    )


def at(asked, first, x):
    elements = list(asked.sublattices[0].elements)
    rest = 1.0 - first
    composition = {
        elements[0]: first,
        elements[1]: x,
        **({elements[2]: rest - x} if len(elements) > 2 else {}),
    }
    return evaluate(asked, {"mixed": composition}, tolerance=TIGHT)


def richardson(asked, x, names):
    """Derivative along moving fraction from the second element to the first, by differences of relaxed cells."""
    slopes = []
    for h in (0.004, 0.002):
        up, down = at(asked, x + h, 1 - x - h), at(asked, x - h, 1 - x + h)
        slopes.append([(up.properties[n].value - down.properties[n].value) / (2 * h) for n in names])
    return {n: (4 * fine - coarse) / 3 for n, coarse, fine in zip(names, *slopes, strict=True)}


@pytest.mark.parametrize(
    ("prototype", "species", "site", "elements", "x", "pressure"),
    [
        ("wurtzite", ["Al", "N"], "Al", ["Al", "Ga"], 0.6, 0.0),
        ("rocksalt", ["Na", "Cl"], "Na", ["Na", "K"], 0.55, 0.0),
        ("rocksalt", ["Na", "Cl"], "Na", ["Na", "K"], 0.55, 2.0),
    ],
)
def test_every_gradient_agrees_with_differences_of_relaxed_cells(
    weights_fetched, prototype, species, site, elements, x, pressure
):
    asked = problem(prototype, species, site, elements, pressure=pressure)
    here = at(asked, x, 1 - x)
    differences = richardson(asked, x, EVERYTHING)
    for name in EVERYTHING:
        gradient = here.properties[name].gradient["mixed"]
        assert sum(gradient.values()) == pytest.approx(0.0, abs=1e-12)
        analytic = gradient[elements[0]] - gradient[elements[1]]
        scale = max(abs(differences[name]), 1e-3 * SCALES[here.properties[name].unit])
        assert abs(analytic - differences[name]) <= 1e-4 * scale, name


def test_three_elements_have_a_gradient_for_each_exchange(weights_fetched):
    asked = problem("rocksalt", ["Na", "Cl"], "Na", ["Na", "K", "Li"], name="sevennet-0")
    here = evaluate(asked, {"mixed": {"Na": 0.5, "K": 0.3, "Li": 0.2}}, tolerance=TIGHT)
    gradient = here.properties["lattice_a"].gradient["mixed"]
    h = 0.002
    up = evaluate(asked, {"mixed": {"Na": 0.5, "K": 0.3 + h, "Li": 0.2 - h}}, tolerance=TIGHT)
    down = evaluate(asked, {"mixed": {"Na": 0.5, "K": 0.3 - h, "Li": 0.2 + h}}, tolerance=TIGHT)
    difference = (up.properties["lattice_a"].value - down.properties["lattice_a"].value) / (2 * h)
    assert gradient["K"] - gradient["Li"] == pytest.approx(difference, rel=1e-4)


def test_two_sublattices_have_gradients_of_their_own(weights_fetched):
    asked = Problem.model_validate(
        {
            "kind": "evaluate",
            "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
            "sublattices": [
                {"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]},
                {"name": "anion", "sites": ["Cl"], "elements": ["Cl", "Br"]},
            ],
            "at": [{"cation": {"Na": 1.0}, "anion": {"Cl": 1.0}}],
            "potential": {"name": "sevennet-0"},
        }
    )

    def relaxed(k, br):
        return evaluate(
            asked, {"cation": {"Na": 1 - k, "K": k}, "anion": {"Cl": 1 - br, "Br": br}}, tolerance=TIGHT
        )

    here, h = relaxed(0.3, 0.4), 0.002
    for name in ("lattice_a", "mixing_energy"):
        gradient = here.properties[name].gradient
        by_k = (
            relaxed(0.3 + h, 0.4).properties[name].value - relaxed(0.3 - h, 0.4).properties[name].value
        ) / (2 * h)
        by_br = (
            relaxed(0.3, 0.4 + h).properties[name].value - relaxed(0.3, 0.4 - h).properties[name].value
        ) / (2 * h)
        assert gradient["cation"]["K"] - gradient["cation"]["Na"] == pytest.approx(by_k, rel=2e-4)
        assert gradient["anion"]["Br"] - gradient["anion"]["Cl"] == pytest.approx(by_br, rel=2e-4)
