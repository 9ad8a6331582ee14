"""The unit `supercell`: a decoration of a mixed crystal from the task to the record."""

from __future__ import annotations

import dataclasses
import json
from functools import partial
from pathlib import Path

import gemmi
import numpy as np
import pytest

from api_schemas.errors import ProblemInvalid
from api_schemas.supercells import SupercellRecord, SupercellTask
from engine.campaign.evaluate import evaluate
from engine.crystals.cif import read_cif
from engine.crystals.sqs_process import DecorationsUnavailable
from engine.crystals.symmetry import hessian_rows
from engine.references.store import MemoryStore
from engine.tiers.mean_field import evaluator_at
from engine.units.estimate import PROCESS_MEMORY
from engine.units.registry import UNITS
from engine.units.supercell_size import estimate_supercells, supercell_size
from engine.units.unit import Workplace
from orichalcum.structure_texts import cif_text
from tests.engine.units_of_work import (
    HALF,
    assert_it_goes_on_bit_for_bit,
    performed,
    problem,
    timeless,
)
from tests.soak import later, longer

TRUTH = json.loads((Path(__file__).parents[1] / "data" / "supercell_truth.json").read_text())["records"]
PARENTS = {
    "NaKCl": ("rocksalt", ["Na", "Cl"], "Na"),
    "CuNi": ("fcc", ["Cu"], "Cu"),
    "AlGaN": ("wurtzite", ["Al", "N"], "Al"),
}


def task(composition, sites=8, decoration=0, **more):
    return SupercellTask(
        index=0, composition=composition, evaluation=4, decoration=decoration, sites=sites, seed=0, **more
    )


@longer
@pytest.mark.parametrize(
    ("potential", "system", "x", "sites", "decorations"),
    [
        ("sevennet-0", "NaKCl", 0.25, 16, 1),
        ("sevennet-0", "CuNi", 0.5, 16, 2),
        ("sevennet-0", "AlGaN", 0.5, 12, 1),
        later("sevennet-l3i5", "NaKCl", 0.5, 32, 2),
        later("sevennet-0", "NaKCl", 0.5, 32, 2),
        later("sevennet-0", "CuNi", 0.75, 32, 3),
        later("sevennet-0", "AlGaN", 0.5, 32, 2),
    ],
)
def test_supercells_have_the_lattice_and_the_energy_that_another_code_computed(
    weights_fetched, potential, system, x, sites, decorations
):
    """Lattice constants within 0.2 % and mixing energies within 4 meV/atom of other decorations' mean.

    The other relaxations were ended by 0.02 eV/Å of ASE's cell filter, which is 7e-4 eV/Å^3 of 64 atoms: 0.15 % of the
    length of (Na,K)Cl, 0.02 % of a nitride's. Energies of decorations of 32 sites differ by 0.3 (salts) to 2 meV/atom
    (Cu-Ni), of 16 sites by twice that.
    """
    truth = next(r for r in TRUTH if (r["potential"], r["system"], r["x"][0]) == (potential, system, x))
    prototype, species, site = PARENTS[system]
    resolved = problem(prototype, species, {"mixed": (site, truth["elements"])}, potential)
    composition = {"mixed": dict(zip(truth["elements"], truth["x"], strict=True))}
    store = MemoryStore()
    found = [performed(resolved, task(composition, sites, n), references=store) for n in range(decorations)]
    for record in found:
        assert (record.converged, record.left_parent, record.message) == (True, False, None)
        assert record.cost.supercell_calls <= 9
        assert record.composition == composition
    expected = truth["supercell"]
    mean = {name: np.mean([r.properties[name] for r in found]) for name in found[0].properties}
    assert mean["lattice_a"] == pytest.approx(expected["a"], rel=2e-3)
    assert mean["lattice_c"] == pytest.approx(expected["c"], rel=2e-3)
    margin = 4.0 + expected["spread_meV"]
    assert 1000 * mean["mixing_energy"] == pytest.approx(expected["mixing_energy_meV"], abs=margin)


def test_a_task_that_is_killed_goes_on_bit_for_bit_from_every_checkpoint(weights_fetched):
    perform, saved = partial(performed, problem(), task(HALF), references=MemoryStore()), []
    whole = perform(save=saved.append)
    assert len(saved) == whole.cost.supercell_calls >= 3
    assert_it_goes_on_bit_for_bit(perform, whole, saved)


def test_the_same_task_gives_the_same_record_with_what_is_shared_in_the_store_or_not(weights_fetched):
    resolved, store = problem(conditions={"pressure": 2.0}, properties=["enthalpy"]), MemoryStore()
    first, second, fresh = (
        timeless(performed(resolved, task(HALF), references=each)) for each in (store, store, MemoryStore())
    )
    assert first == second == fresh
    assert SupercellRecord.model_validate_json(first.model_dump_json()) == first
    work = first.properties["enthalpy"] - first.energy_per_atom
    assert work == pytest.approx(2.0 / 160.21766208 * first.properties["volume"], rel=1e-9)


def test_the_record_says_what_was_computed(weights_fetched):
    resolved, said, calls = problem(), [], []
    asked = task({"mixed": {"Na": 0.45, "K": 0.55}}, decoration=1)
    unit = UNITS["supercell"]
    record = performed(
        resolved, asked, references=MemoryStore(), say=said.append, on_call=lambda: calls.append(1)
    )
    assert unit.words(resolved, asked) == "decoration 2 of evaluation 5, 18 atoms"
    assert said[-1] == f"decoration 2 of evaluation 5, 18 atoms, step {len(calls)}"
    assert record.composition == {"mixed": {"Na": pytest.approx(4 / 9), "K": pytest.approx(5 / 9)}}
    assert record.message == "the sites of the supercell hold mixed:Na 0.4444, mixed:K 0.5556"
    assert record.sites == {"mixed": 9}
    assert round(np.linalg.det(record.matrix)) == 9
    assert record.cost.primitive_equivalents == 9 * record.cost.supercell_calls
    assert record.cost.potential_calls == record.cost.supercell_calls
    assert record.cost.potential_calls + record.cost.shared_calls >= len(calls)
    assert {name for name in record.properties if name != "mixing_energy"} >= {
        "lattice_a",
        "volume",
        "density",
    }
    assert 0.0 < record.largest_displacement < 0.4
    assert record.changed_coordination == 0.0
    assert [(one.elements, one.shell) for one in record.warren_cowley] == [
        (["Na", "K"], n) for n in (1, 2, 3)
    ]
    assert record.warren_cowley[0].distance == pytest.approx(
        record.properties["lattice_a"] / 2**0.5, rel=0.01
    )
    # Every property follows from the structure.
    lattice = np.array(record.structure.lattice)
    elements = [next(iter(site.species)) for site in record.structure.sites]
    assert {e: elements.count(e) for e in set(elements)} == {"Na": 4, "K": 5, "Cl": 9}
    volume = abs(np.linalg.det(lattice)) / 18
    assert record.properties["volume"] == pytest.approx(volume, rel=1e-9)
    assert record.properties["lattice_a"] == pytest.approx((8 * volume) ** (1 / 3), rel=1e-9)


def test_the_mixing_energy_is_against_the_relaxed_end_members(weights_fetched):
    resolved = problem()
    store = MemoryStore()
    record = performed(resolved, task(HALF), references=store)
    ends = [
        evaluate(resolved.problem, {"mixed": {"Na": share, "K": 1 - share}}).energy_per_atom
        for share in (1.0, 0.0)
    ]
    expected = record.energy_per_atom - np.mean(ends)
    assert record.properties["mixing_energy"] == pytest.approx(expected, abs=1e-7)


def test_it_starts_from_the_evaluation_that_it_is_an_explicit_crystal_of(weights_fetched):
    resolved = problem()
    evaluator = evaluator_at(resolved, Workplace())
    from api_schemas.evaluations import Suggestion

    (evaluation,) = evaluator.evaluate([Suggestion(index=4, composition=HALF)])
    warm = performed(resolved, task(HALF, warm_start=evaluation.relaxation), references=MemoryStore())
    cold = performed(resolved, task(HALF), references=MemoryStore())
    assert warm.cost.shared_calls < cold.cost.shared_calls
    assert warm.energy_per_atom == pytest.approx(cold.energy_per_atom, abs=1e-6)


@pytest.mark.parametrize(
    ("sublattices", "composition", "atoms", "shells"),
    [
        (
            {"cation": ("Na", ["Na", "K"]), "anion": ("Cl", ["Cl", "Br"])},
            {"cation": {"Na": 0.5, "K": 0.5}, "anion": {"Cl": 0.75, "Br": 0.25}},
            {"Na": 2, "K": 2, "Cl": 3, "Br": 1},
            6,
        ),
        (
            {"cation": ("Na", ["Na", "Vac"])},
            {"cation": {"Na": 0.75, "Vac": 0.25}},
            {"Na": 6, "Cl": 8},
            3,
        ),
    ],
)
def test_several_sublattices_and_empty_sites(weights_fetched, sublattices, composition, atoms, shells):
    record = performed(problem(sublattices=sublattices), task(composition), references=MemoryStore())
    elements = [next(iter(site.species)) for site in record.structure.sites]
    assert {element: elements.count(element) for element in atoms} == atoms
    assert len(elements) == sum(atoms.values())
    assert len(record.warren_cowley) == shells
    assert record.converged
    assert record.composition == composition
    assert set(record.sites.values()) == {4} if "anion" in sublattices else {8}


def test_a_crystal_that_leaves_its_lattice_says_so(weights_fetched):
    resolved = problem("hcp", ["Ti"], {"mixed": ("Ti", ["Ti", "Zr"])})
    record = performed(resolved, task({"mixed": {"Ti": 0.5, "Zr": 0.5}}, 12), references=MemoryStore())
    assert record.left_parent
    assert record.changed_coordination > 0.05
    assert "left the parent lattice" in record.message


def test_the_cif_of_a_supercell_is_read_back(weights_fetched):
    record = performed(problem(), task(HALF, 4), references=MemoryStore())
    text = cif_text(record.structure, "a verified answer, 1")
    assert text.startswith("# a verified answer, 1\ndata_")
    parent = read_cif(text, max_atoms=100)
    lattice = np.array(record.structure.lattice)
    np.testing.assert_allclose(parent.lattice @ parent.lattice.T, lattice @ lattice.T, atol=1e-5)
    assert list(parent.symbols) == [next(iter(site.species)) for site in record.structure.sites]
    off = parent.frac - np.array([site.frac for site in record.structure.sites])
    np.testing.assert_allclose(off, np.round(off), atol=1e-7)


def test_a_cif_lists_what_shares_a_site(weights_fetched):
    evaluation = evaluate(problem().problem, HALF)
    block = gemmi.cif.read_string(cif_text(evaluation.structure)).sole_block()
    assert list(block.find_values("_atom_site_type_symbol")) == ["Na", "K", "Cl"]
    assert [float(value) for value in block.find_values("_atom_site_occupancy")] == [0.5, 0.5, 1.0]


def test_what_supercells_take_is_estimated_before(weights_fetched):
    resolved = problem()
    size = supercell_size(resolved, HALF, 32)
    assert (size.cells, size.sites, size.atoms, size.composition) == (32, 64, 64, HALF)
    small, large = (
        estimate_supercells(resolved, supercell_size(resolved, HALF, sites).cells, 4) for sites in (8, 128)
    )
    assert large.memory_bytes - PROCESS_MEMORY > 3 * (small.memory_bytes - PROCESS_MEMORY)
    store = MemoryStore()
    records = [performed(resolved, task(HALF, 8, n), references=store) for n in range(2)]
    ends = sum(member.calls for member in members(resolved, store))
    taken = records[0].cost.shared_calls - ends + sum(2 * r.cost.potential_calls for r in records)
    assert taken == pytest.approx(small.potential_calls, rel=0.4)
    assert hessian_rows(resolved.crystal) == 2


def members(resolved, store):
    from engine.references.shared_values import shared_values

    evaluator = evaluator_at(resolved, dataclasses.replace(Workplace(), references=store))
    return shared_values(resolved, evaluator.solver).members


def test_where_no_decorations_can_be_made_the_problem_says_so(weights_fetched, monkeypatch):
    def without(*_):
        raise DecorationsUnavailable("no random decorations could be made: sqsgenerator is missing")

    monkeypatch.setattr("engine.evaluation.supercell.decorate", without)
    with pytest.raises(ProblemInvalid, match=r"/verify: .*sqsgenerator is missing; remove verify"):
        performed(problem(), task(HALF))
