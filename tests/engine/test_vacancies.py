"""Vacancies: a column of the composition that has no atoms."""

from __future__ import annotations

import math

import pytest
from ase.data import atomic_masses, atomic_numbers

from api_schemas.errors import ProblemInvalid
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve
from engine.campaign.campaign import Campaign
from engine.campaign.evaluate import evaluate, evaluate_fixed_geometry
from engine.mechanics.relax import Tolerance

TIGHT = Tolerance(gradient=1e-8)
BOLTZMANN = 8.617333262e-5  # eV/K
KILOGRAMS = 1.66053906660  # 1 u/Å^3 in g/cm^3
SCALES = {"Å": 1.0, "Å^3/atom": 1.0, "eV/atom": 0.01, "g/cm^3": 1.0, "1": 1.0, "degree": 90.0, "GPa": 10.0}
EVERYTHING = (
    "lattice_a", "volume", "density", "energy", "enthalpy", "mixing_energy", "mixing_free_energy", "bulk_modulus",
)  # fmt: skip

# Wurtzite AlN with a site for Li in the channel: it breaks the symmetry, so that the site has a coordinate of its own.
CHANNEL = """LiAlN
1.0
3.11 0.0 0.0
-1.555 2.693339 0.0
0.0 0.0 4.98
Li Al N
1 2 2
Direct
0.0 0.0 0.2
0.333333333 0.666666667 0.0
0.666666667 0.333333333 0.5
0.333333333 0.666666667 0.382
0.666666667 0.333333333 0.882
"""


def carbide(elements=("C", "Vac"), **fields):
    """NbC with a sublattice on the sites of carbon."""
    return Problem.model_validate(
        {
            "kind": "evaluate",
            "structure": {"prototype": "rocksalt", "species": ["Nb", "C"]},
            "sublattices": [
                {
                    "name": "anion",
                    "sites": ["C"],
                    "elements": elements if isinstance(elements, dict) else list(elements),
                }
            ],
            "at": [{"anion": {"C": 1.0}}],
            "potential": {"name": "sevennet-l3i5"},
            "properties": ["enthalpy", "mixing_free_energy", "bulk_modulus"],
            "conditions": {"temperature": 1000},
        }
        | fields
    )


def plain(structure, **fields):
    """A crystal without sublattices."""
    return Problem.model_validate(
        {"kind": "evaluate", "structure": structure, "potential": {"name": "sevennet-l3i5"}} | fields
    )


def at(asked, vacant):
    return evaluate(asked, {"anion": {"C": 1.0 - vacant, "Vac": vacant}}, tolerance=TIGHT)


def test_an_empty_sublattice_equals_its_atoms_deleted(weights_fetched):
    emptied = at(carbide(), 1.0)
    niobium = plain({"prototype": "fcc", "species": ["Nb"]}, properties=["bulk_modulus"])
    deleted = evaluate(niobium, {}, tolerance=TIGHT)
    for name in ("lattice_a", "volume", "density", "energy", "bulk_modulus"):
        expected = deleted.properties[name].value
        assert emptied.properties[name].value == pytest.approx(expected, rel=1e-6), name
    assert emptied.energy_per_atom == pytest.approx(deleted.energy_per_atom, abs=1e-9)
    assert emptied.properties["mixing_energy"].value == pytest.approx(0.0, abs=1e-9)


def test_an_empty_site_with_a_coordinate_of_its_own_stays_where_it_is(weights_fetched):
    wanted, quick = ["bulk_modulus", "c33"], {"name": "sevennet-0"}
    lithium = [{"name": "channel", "sites": ["Li"], "elements": ["Li", "Vac"]}]
    empty = {"channel": {"Vac": 1.0}}
    asked = plain({"poscar": CHANNEL}, sublattices=lithium, at=[empty], properties=wanted, potential=quick)
    emptied = evaluate(asked, empty, tolerance=TIGHT)
    nitride = plain({"prototype": "wurtzite", "species": ["Al", "N"]}, properties=wanted, potential=quick)
    deleted = evaluate(nitride, {}, tolerance=TIGHT)
    assert emptied.converged
    assert emptied.stable
    for name in ("lattice_a", "lattice_c", "volume", "density", "energy", *wanted):
        assert emptied.properties[name].value == pytest.approx(deleted.properties[name].value, rel=1e-5), name
    assert emptied.properties["lattice_a"].gradient is not None


def test_every_gradient_agrees_with_differences_of_relaxed_cells(weights_fetched):
    asked, vacant = carbide(), 0.08
    here = at(asked, vacant)
    slopes = []
    for h in (0.004, 0.002):
        up, down = at(asked, vacant + h), at(asked, vacant - h)
        slopes.append([(up.properties[n].value - down.properties[n].value) / (2 * h) for n in EVERYTHING])
    for name, coarse, fine in zip(EVERYTHING, *slopes, strict=True):
        gradient = here.properties[name].gradient["anion"]
        assert set(gradient) == {"C", "Vac"}
        assert sum(gradient.values()) == pytest.approx(0.0, abs=1e-10)
        difference = (4 * fine - coarse) / 3
        scale = max(abs(difference), 1e-3 * SCALES[here.properties[name].unit])
        assert abs(gradient["Vac"] - gradient["C"] - difference) <= 2e-4 * scale, name


def test_three_columns_have_a_gradient_for_each_exchange(weights_fetched):
    asked = carbide(("C", "N", "Vac"), properties=[])
    here = evaluate(asked, {"anion": {"C": 0.6, "N": 0.3, "Vac": 0.1}}, tolerance=TIGHT)
    h = 0.002
    up = evaluate(asked, {"anion": {"C": 0.6, "N": 0.3 + h, "Vac": 0.1 - h}}, tolerance=TIGHT)
    down = evaluate(asked, {"anion": {"C": 0.6, "N": 0.3 - h, "Vac": 0.1 + h}}, tolerance=TIGHT)
    for name in ("lattice_a", "energy", "mixing_energy"):
        gradient = here.properties[name].gradient["anion"]
        difference = (up.properties[name].value - down.properties[name].value) / (2 * h)
        assert gradient["N"] - gradient["Vac"] == pytest.approx(difference, rel=2e-4, abs=1e-6), name


def test_quantities_per_atom_count_the_atoms_that_are_present(weights_fetched):
    asked, vacant = carbide(), 0.1
    full, emptied, here = at(asked, 0.0), at(asked, 1.0), at(asked, vacant)
    cell = here.properties["lattice_a"].value ** 3 / 4
    atoms = 2.0 - vacant
    masses = atomic_masses[atomic_numbers["Nb"]] + (1 - vacant) * atomic_masses[atomic_numbers["C"]]
    energy = here.energy_per_atom * atoms
    unmixed = (1 - vacant) * 2 * full.energy_per_atom + vacant * emptied.energy_per_atom
    entropy = -BOLTZMANN * (vacant * math.log(vacant) + (1 - vacant) * math.log(1 - vacant)) / atoms
    found = {name: value.value for name, value in here.properties.items()}
    assert found["volume"] == pytest.approx(cell / atoms, rel=1e-9)
    assert found["density"] == pytest.approx(KILOGRAMS * masses / cell, rel=1e-6)
    assert found["mixing_energy"] == pytest.approx((energy - unmixed) / atoms, abs=1e-8)
    assert found["mixing_energy"] - found["mixing_free_energy"] == pytest.approx(1000 * entropy, rel=1e-9)
    assert full.properties["mixing_free_energy"].gradient is None
    assert here.properties["mixing_free_energy"].gradient is not None


def test_the_structure_lists_atoms_and_no_vacancies(weights_fetched):
    sites = at(carbide(properties=[]), 0.1).structure.sites
    assert sites[0].species == {"Nb": 1.0}
    assert sites[1].species == {"C": pytest.approx(0.9)}


def test_at_a_fixed_geometry_the_vacancy_has_no_derivative_and_the_atom_its_own(weights_fetched):
    asked = carbide()
    here = evaluate_fixed_geometry(asked, {"anion": {"C": 0.9, "Vac": 0.1}})
    up = evaluate_fixed_geometry(asked, {"anion": {"C": 0.901, "Vac": 0.099}})
    down = evaluate_fixed_geometry(asked, {"anion": {"C": 0.899, "Vac": 0.101}})
    assert here.dE_dlam[0].keys() == {"Nb"}
    assert here.dE_dlam[1]["Vac"] == 0.0
    assert here.dE_dlam[1]["C"] == pytest.approx((up.energy - down.energy) / 0.002, rel=1e-5)


def test_a_search_finds_the_share_of_vacancies_that_meets_a_target(weights_fetched):
    wished = at(carbide(properties=[]), 0.13).properties["lattice_a"].value
    objective = {"property": "lattice_a", "target": wished, "tolerance": 0.0005}
    elements = {"C": [0.7, 1.0], "Vac": [0.0, 0.3]}
    asked = carbide(elements, kind="optimize", at=[], objectives=[objective], properties=[])
    campaign = Campaign(asked, seed=0)
    while batch := campaign.ask():
        campaign.tell([evaluate(asked, suggestion) for suggestion in batch])
    assert campaign.stopped.reason == "target_met"
    assert campaign.best.composition["anion"]["Vac"] == pytest.approx(0.13, abs=0.01)


def test_bounds_may_leave_a_sublattice_empty_for_good(weights_fetched):
    asked = carbide({"C": [0, 0], "Vac": [1, 1]}, at=[{"anion": {"Vac": 1}}], properties=[])
    niobium = plain({"prototype": "fcc", "species": ["Nb"]})
    found = evaluate(asked, asked.at[0])
    assert found.properties["lattice_a"].value == pytest.approx(
        evaluate(niobium, {}).properties["lattice_a"].value, rel=1e-5
    )


def test_a_sublattice_of_vacancies_alone_is_refused():
    with pytest.raises(ProblemInvalid) as refused:
        resolve(carbide(["Vac"], at=[{"anion": {"Vac": 1}}]))
    assert [(e.pointer, e.type) for e in refused.value.errors] == [
        ("/sublattices/0/elements", "only-vacancies")
    ]
    assert "leave its atoms out" in refused.value.errors[0].message


def test_vacancies_on_every_site_are_refused_because_an_empty_cell_has_no_energy():
    asked = carbide(
        sublattices=[
            {"name": "anion", "sites": ["C"], "elements": ["C", "Vac"]},
            {"name": "cation", "sites": ["Nb"], "elements": ["Nb", "Vac"]},
        ],
        at=[{"anion": {"C": 1}, "cation": {"Nb": 1}}],
    )
    with pytest.raises(ProblemInvalid) as refused:
        resolve(asked)
    found = [(e.pointer, e.type) for e in refused.value.errors]
    assert found == [("/sublattices/1/elements/Vac", "empty-cell")]
