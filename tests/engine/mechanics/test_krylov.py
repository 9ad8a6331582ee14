"""Implicit derivatives by Hessian-vector products against whole Hessians, and on a crystal without symmetry."""

from __future__ import annotations

import numpy as np
import pytest

from api_schemas.problem import Problem
from api_schemas.sublattices import Sublattice
from engine.campaign.evaluate import evaluate
from engine.crystals.crystal import build_crystal
from engine.crystals.prototypes import PROTOTYPES
from engine.mechanics import relax as relaxation
from engine.mechanics.coordinates import symmetry_coordinates
from engine.mechanics.landscape import Landscape
from engine.mechanics.relax import Start, Tolerance, relax
from engine.mechanics.sensitivity import coordinate_response

TANGENT = np.array([[-1.0], [1.0]]) / np.sqrt(2.0)


def test_products_give_the_response_that_the_whole_hessian_gives(sevennet0, monkeypatch):
    parent = PROTOTYPES["wurtzite"].build(["Al", "N"])
    crystal = build_crystal(parent, [Sublattice(name="mixed", sites=["Al"], elements=["Al", "Ga"])])
    coordinates = symmetry_coordinates(crystal)
    lam = crystal.weights(np.array([0.6, 0.4]))[None]

    def relaxed():
        landscape = Landscape(sevennet0, crystal, coordinates)
        directions = crystal.weights_matrix @ TANGENT
        return relax(landscape, lam, [Start(np.zeros(3))], Tolerance(gradient=1e-8), directions)[0]

    whole = relaxed()
    monkeypatch.setattr(relaxation, "WHOLE_HESSIAN_UP_TO", 1)
    monkeypatch.setattr(relaxation, "PRODUCTS_PER_DIRECTION", 0)
    products = relaxed()
    assert products.stable is None
    exact = coordinate_response(whole, crystal.weights_matrix) @ TANGENT
    np.testing.assert_allclose(products.response, exact, rtol=1e-5, atol=1e-8)
    assert products.enthalpy == pytest.approx(whole.enthalpy, abs=1e-9)


def test_a_crystal_with_many_coordinates_has_the_gradient_of_differences(weights_fetched, monkeypatch):
    monkeypatch.setattr(relaxation, "WHOLE_HESSIAN_UP_TO", 10)  # this one has 15
    monkeypatch.setattr(relaxation, "PRODUCTS_PER_DIRECTION", 1)
    rng = np.random.default_rng(3)
    lines = ["NaCl", "1.0", "4.07 0.02 0.0", "0.0 4.03 0.03", "0.01 0.0 5.65", "Na Cl", "2 2", "Direct"]
    for site in ([0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0, 0, 0.5]):
        place = np.array(site) + 0.01 * rng.normal(size=3)
        lines.append(" ".join(f"{value:.8f}" for value in place % 1.0))
    asked = Problem.model_validate(
        {
            "kind": "evaluate",
            "structure": {"poscar": "\n".join(lines) + "\n"},
            "sublattices": [
                {"name": "first", "sites": [0], "elements": ["Na", "K"]},
                {"name": "second", "sites": [3], "elements": ["Cl", "Br"]},
            ],
            "at": [{"first": {"Na": 1.0}, "second": {"Cl": 1.0}}],
            "potential": {"name": "sevennet-0"},
        }
    )
    tight = Tolerance(gradient=1e-6, max_steps=200)

    def at(x):
        return evaluate(
            asked, {"first": {"Na": 1 - x, "K": x}, "second": {"Cl": 0.6, "Br": 0.4}}, tolerance=tight
        )

    here, h = at(0.5), 0.01
    assert here.converged
    up, down = at(0.5 + h), at(0.5 - h)
    for name in ("lattice_a", "lattice_c", "volume", "mixing_energy"):
        gradient = here.properties[name].gradient["first"]
        difference = (up.properties[name].value - down.properties[name].value) / (2 * h)
        assert gradient["K"] - gradient["Na"] == pytest.approx(difference, rel=5e-3, abs=1e-5), name
    assert here.stable is None
