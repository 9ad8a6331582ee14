"""Formation energies and substrate mismatch: definitions, references, cautions."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from api_schemas.problem import Problem
from engine.campaign.evaluate import evaluate
from engine.mechanics.relax import Tolerance
from engine.references.store import MemoryStore
from orichalcum.display import evaluation

TIGHT = Tolerance(gradient=1e-8)


def evaluated(x, *, properties=("formation_energy",), name="sevennet-0", store=None, **conditions):
    asked = Problem.model_validate(
        {
            "kind": "evaluate",
            "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
            "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
            "at": [{"cation": {"Na": 1.0}}],
            "properties": list(properties),
            "potential": {"name": name},
            "conditions": conditions,
        }
    )
    return evaluate(asked, {"cation": {"Na": 1 - x, "K": x}}, tolerance=TIGHT, references=store)


def plain(prototype, species, properties=(), name="sevennet-0", **conditions):
    return evaluate(
        Problem.model_validate(
            {
                "kind": "evaluate",
                "structure": {"prototype": prototype, "species": species},
                "properties": list(properties),
                "potential": {"name": name},
                "conditions": conditions,
            }
        ),
        {},
    )


def test_a_formation_energy_is_the_enthalpy_less_that_of_the_elements_in_their_phases(weights_fetched):
    record = evaluated(0.4)
    sodium = plain("bcc", ["Na"]).energy_per_atom
    potassium = plain("bcc", ["K"]).energy_per_atom
    chlorine = float(record.references["Cl"].split(", ")[1].split()[0])
    expected = record.energy_per_atom - (0.6 * sodium + 0.4 * potassium + chlorine) / 2
    assert record.properties["formation_energy"].value == pytest.approx(expected, abs=1e-4)
    assert record.references["Cl"].startswith("Cl2 molecule")
    assert record.references["Na"].startswith("body-centred cubic")
    # Rocksalt NaCl forms with -2.13 eV/atom (NIST-JANAF: -411.1 kJ/mol); PBE binds it by some 10 % less.
    assert plain("rocksalt", ["Na", "Cl"], ["formation_energy"]).properties[
        "formation_energy"
    ].value == pytest.approx(-2.13, abs=0.3)


def test_the_gradient_of_a_formation_energy_agrees_with_differences(weights_fetched):
    gradient = evaluated(0.4).properties["formation_energy"].gradient["cation"]
    h = 0.002
    up, down = (evaluated(0.4 + step).properties["formation_energy"].value for step in (h, -h))
    assert gradient["K"] - gradient["Na"] == pytest.approx((up - down) / (2 * h), rel=1e-4)


def test_an_element_in_its_reference_phase_forms_without_energy(weights_fetched):
    record = plain("fcc", ["Cu"], ["formation_energy"])
    assert record.properties["formation_energy"].value == pytest.approx(0.0, abs=1e-6)
    assert record.message is None


def test_chemical_potentials_that_are_given_replace_the_phases(weights_fetched):
    given = {"Na": -1.3, "K": -1.1, "Cl": -1.8}
    store = MemoryStore()
    record = evaluated(0.4, chemical_potentials=given, store=store)
    expected = record.energy_per_atom - (0.6 * -1.3 + 0.4 * -1.1 - 1.8) / 2
    assert record.properties["formation_energy"].value == pytest.approx(expected, abs=1e-9)
    assert record.references == {e: f"given, {value:.4f} eV/atom" for e, value in given.items()}
    console = Console(width=200, file=io.StringIO())
    console.print(evaluation(record))
    assert "formation_energy refers to Cl: given, -1.8000 eV/atom; K: given" in console.file.getvalue()
    with_phases = evaluated(0.4, store=store)
    assert with_phases.cost.shared_calls > record.cost.shared_calls


def test_reference_phases_are_relaxed_once_and_counted_as_shared(weights_fetched):
    calls = []

    class CountingStore(MemoryStore):
        def put(self, key, value):
            calls.append(key)
            super().put(key, value)

    store = CountingStore()
    first = evaluated(0.4, store=store)
    before = len(calls)
    second = evaluated(0.6, store=store)
    assert len(calls) == before == 2 + 3
    assert first.cost.shared_calls == second.cost.shared_calls
    without = evaluated(0.4, properties=(), store=store)
    assert without.references is None
    assert without.cost.potential_calls == first.cost.potential_calls


@pytest.mark.parametrize(
    ("species", "warned"), [(["Ni", "O"], True), (["Mg", "O"], False), (["Ni", "N"], False)]
)
def test_mixed_functionals_of_the_training_data_are_pointed_out(weights_fetched, species, warned):
    # Whatever was asked for: lattice constants follow the functional, too.
    record = plain("rocksalt", species, [])
    assert any("GGA+U" in text for text in record.warnings) is warned


def test_the_mismatch_with_a_number_is_the_relative_difference_of_lengths(weights_fetched):
    record = evaluated(0.4, properties=["substrate_mismatch"], substrate={"value": 6.0})
    a = record.properties["lattice_a"]
    mismatch = record.properties["substrate_mismatch"]
    assert mismatch.value == pytest.approx(a.value / 6.0 - 1.0, rel=1e-12)
    assert mismatch.gradient["cation"]["K"] == pytest.approx(a.gradient["cation"]["K"] / 6.0, rel=1e-9)


def test_the_mismatch_with_another_crystal_is_taken_along_the_chosen_direction(weights_fetched):
    substrate = {"same_as": {"prototype": "wurtzite", "species": ["Ga", "N"]}}
    gallium, aluminium = plain("wurtzite", ["Ga", "N"]), plain("wurtzite", ["Al", "N"])
    for direction, name in (([1, 0, 0], "lattice_a"), ([0, 0, 1], "lattice_c")):
        record = plain(
            "wurtzite",
            ["Al", "N"],
            ["substrate_mismatch"],
            substrate={**substrate, "direction": direction},
        )
        expected = aluminium.properties[name].value / gallium.properties[name].value - 1.0
        assert record.properties["substrate_mismatch"].value == pytest.approx(expected, abs=1e-7)
    # In the (111) plane of a cubic crystal the repeat length is that of [1, -1, 0], sqrt(2) a.
    record = plain(
        "rocksalt", ["Na", "Cl"], ["substrate_mismatch"], substrate={"value": 8.0, "direction": [1, -1, 0]}
    )
    expected = np.sqrt(2.0) * record.properties["lattice_a"].value / 8.0 - 1.0
    assert record.properties["substrate_mismatch"].value == pytest.approx(expected, abs=1e-12)
