"""What follows from a composition alone: price, mass fractions, supply risk, against sums by hand and differences."""

from __future__ import annotations

import numpy as np
import pytest

from api_schemas.errors import ProblemInvalid
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve
from engine.campaign.evaluate import evaluate
from engine.crystals.crystal import build_crystal
from engine.crystals.structure_input import read_structure
from engine.mechanics.coordinates import symmetry_coordinates
from engine.optimize.surrogates.known_parts import known_parts
from engine.properties.costs import element_data
from engine.properties.gradients import RelaxedPoint, property_values
from engine.properties.inputs import Surroundings
from engine.properties.table import catalogue, listed

# u, from the CRC Handbook of Chemistry and Physics
MASS = {"Na": 22.990, "K": 39.098, "Cl": 35.45, "Br": 79.904}


def problem(**more):
    return {
        "kind": "evaluate",
        "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
        "sublattices": [
            {"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]},
            {"name": "anion", "sites": ["Cl"], "elements": ["Cl", "Br"]},
        ],
        "at": [{"cation": {"Na": 0.7, "K": 0.3}, "anion": {"Cl": 0.6, "Br": 0.4}}],
        "potential": {"name": "sevennet-0"},
        **more,
    }


COSTS = ["price_per_kg", "supply_risk", "mass_fraction:Na", "mass_fraction:Br"]


@pytest.fixture(scope="module")
def values_at():
    """Values and gradients of the costs at (Na, K, Cl, Br), at a cell that was never relaxed."""
    asked = Problem.model_validate(problem(properties=COSTS, conditions={"element_prices": {"K": 20.0}}))
    crystal = build_crystal(read_structure(asked.structure), asked.sublattices)
    coordinates = symmetry_coordinates(crystal)

    def values(x):
        around = Surroundings(0.0, 300.0, element_data=element_data(asked.conditions))
        point = RelaxedPoint(np.zeros(coordinates.n_q), np.asarray(x, float), -1.0, None, np.zeros(4), around)
        return property_values(COSTS, crystal, coordinates, point, [])

    return values


def by_hand(x, of_element):
    amounts = dict(zip(MASS, x, strict=True))
    mass = sum(amounts[e] * MASS[e] for e in MASS)
    return sum(amounts[e] * MASS[e] * of_element[e] for e in MASS) / mass


def test_costs_are_means_by_mass(values_at):
    x = [0.7, 0.3, 0.6, 0.4]
    found = values_at(x)
    prices = {"Na": 3.43, "K": 20.0, "Cl": 0.082, "Br": 4.39}
    risks = {"Na": 0.11, "K": 0.17, "Cl": 0.15, "Br": 0.33}
    assert found["price_per_kg"].value == pytest.approx(by_hand(x, prices), rel=1e-4)
    assert found["supply_risk"].value == pytest.approx(by_hand(x, risks), rel=1e-4)
    assert found["mass_fraction:Br"].value == pytest.approx(
        by_hand(x, {"Na": 0, "K": 0, "Cl": 0, "Br": 1}), rel=1e-4
    )


@pytest.mark.parametrize("name", COSTS)
def test_gradients_of_costs_are_those_of_differences_and_need_no_relaxation(values_at, name):
    x, step = np.array([0.7, 0.3, 0.6, 0.4]), 1e-4
    gradient = values_at(x)[name].gradient
    for move in (np.array([1.0, -1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0, -1.0])):
        difference = (values_at(x + step * move)[name].value - values_at(x - step * move)[name].value) / (
            2 * step
        )
        assert gradient @ move == pytest.approx(difference, rel=1e-6, abs=1e-9)


def test_searches_know_costs_without_evaluating_them(values_at):
    asked = Problem.model_validate(problem(properties=COSTS, conditions={"element_prices": {"K": 20.0}}))
    known = known_parts(resolve(asked))
    x = np.array([0.7, 0.3, 0.6, 0.4])
    for name in COSTS:
        value, gradient = known[name].value_and_gradient(x)
        assert value == pytest.approx(values_at(x)[name].value, rel=1e-12)
        np.testing.assert_allclose(gradient, values_at(x)[name].gradient, rtol=1e-9, atol=1e-12)


def test_an_evaluation_holds_the_costs_asked_for_with_tangent_space_gradients(weights_fetched):
    found = evaluate(
        Problem.model_validate(problem(properties=COSTS)),
        {"cation": {"Na": 0.7, "K": 0.3}, "anion": {"Cl": 0.6, "Br": 0.4}},
    ).properties
    assert found["price_per_kg"].unit == "USD/kg"
    for name in COSTS:
        for part in found[name].gradient.values():
            assert sum(part.values()) == pytest.approx(0.0, abs=1e-12)
    assert found["mass_fraction:Na"].gradient["cation"]["Na"] > 0.0


def faults(**more):
    with pytest.raises(ProblemInvalid) as caught:
        resolve(Problem.model_validate(problem(**more)))
    return {error.pointer: error.message for error in caught.value.errors}


def test_an_element_without_a_price_is_refused_by_name_until_one_is_given():
    zirconium = {
        "structure": {"prototype": "fluorite", "species": ["Zr", "O"]},
        "sublattices": [{"name": "cation", "sites": ["Zr"], "elements": ["Zr", "Ce"]}],
        "at": [{"cation": {"Zr": 0.5, "Ce": 0.5}}],
        "properties": ["price_per_kg"],
    }
    told = faults(**zirconium)["/properties/0"]
    assert "no price of Zr" in told
    assert "conditions: {element_prices: {Zr: <USD/kg>}}" in told
    resolve(Problem.model_validate(problem(**zirconium, conditions={"element_prices": {"Zr": 36.0}})))


@pytest.mark.parametrize(
    ("more", "where", "mend"),
    [
        ({"properties": ["mass_fraction:Cu"]}, "/properties/0", "never holds Cu"),
        ({"properties": ["mass_fraction:na"]}, "/properties/0", "mass_fraction:Na"),
        ({"properties": ["mass_fraction"]}, "/properties/0", "mass_fraction:ELEMENT"),
        ({"properties": ["mass_fraction:ELEMENT"]}, "/properties/0", "e.g. mass_fraction:Sc"),
        ({"properties": ["massfraction:Na"]}, "/properties/0", "mass_fraction:Na"),
        ({"properties": ["price_per_Kg"]}, "/properties/0", "price_per_kg"),
        ({"conditions": {"element_prices": {"Na": 3.0}}}, "/conditions/element_prices", "price_per_kg"),
        (
            {"properties": ["supply_risk"], "conditions": {"supply_risks": {"Cu": 0.5}}},
            "/conditions/supply_risks/Cu",
            "holds no Cu",
        ),
    ],
)
def test_what_makes_no_sense_about_costs_is_refused_with_the_mend(more, where, mend):
    assert mend in faults(**more)[where]


def test_the_catalogue_has_one_entry_for_all_mass_fractions():
    names = [row.name for row in catalogue()]
    assert {"price_per_kg", "supply_risk", "mass_fraction:ELEMENT"} <= set(names)
    assert sum(name.startswith("mass_fraction") for name in names) == 1
    assert listed().count("mass_fraction") == 1
