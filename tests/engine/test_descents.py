"""The unit `descent`: a search for an ordering from the task to the record."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from ase import Atoms

from api_schemas.descents import DescentRecord, DescentTask
from api_schemas.evaluations import Suggestion
from engine.crystals.decorations import explicit_crystal
from engine.mechanics.ase_calculator import AlchemicalCalculator
from engine.potentials.loading import load_potential
from engine.references.store import MemoryStore
from engine.tiers.mean_field import evaluator_at
from engine.units.unit import Workplace
from tests.engine.units_of_work import (
    HALF,
    SALT,
    assert_it_goes_on_bit_for_bit,
    performed,
    problem,
)

DOUBLED = [[2, 0, 0], [0, 2, 0], [0, 0, 2]]


def task(composition, matrix=DOUBLED, **more):
    return DescentTask(index=0, composition=composition, matrix=matrix, number=1, seed=0, **more)


def plain_energy(resolved, record, lattice):
    """eV/atom of the decoration as an ordered crystal, with ASE, in a parent cell [3, 3] Å whose sites are at rest."""
    crystal = resolved.crystal
    cells = round(abs(np.linalg.det(record.matrix)))
    from engine.crystals.supercells import Supercell

    supercell = Supercell(np.array(record.matrix))
    symbols = list(crystal.parent_symbols) * cells
    for site, column in enumerate(record.columns):
        if column >= 0:
            symbols[site] = crystal.columns[column].split(":")[1]
    frac = (supercell.cells[:, None, :] + crystal.frac[None]).reshape(-1, 3)
    here = [n for n, symbol in enumerate(symbols) if symbol != "Vac"]
    atoms = Atoms(
        [symbols[n] for n in here],
        positions=(frac @ lattice)[here],
        cell=np.array(record.matrix) @ lattice,
        pbc=True,
    )
    ordered = explicit_crystal(atoms.cell.array, atoms.positions, atoms.numbers)
    atoms.calc = AlchemicalCalculator(load_potential("sevennet-0"), ordered, np.zeros(0))
    return atoms.get_potential_energy() / len(atoms)


@pytest.mark.parametrize(
    ("sublattices", "composition", "counts"),
    [
        (SALT, HALF, [4, 4]),
        (
            {"cation": ("Na", ["Na", "K", "Rb"]), "anion": ("Cl", ["Cl", "Br"])},
            {"cation": {"Na": 0.5, "K": 0.25, "Rb": 0.25}, "anion": {"Cl": 0.75, "Br": 0.25}},
            [4, 2, 2, 6, 2],
        ),
        ({"cation": ("Na", ["Na", "Vac"])}, {"cation": {"Na": 0.75, "Vac": 0.25}}, [6, 2]),
        ({"cation": ("Na", ["Na", "K", "Li"])}, {"cation": {"Na": 0.5, "K": 0.5}}, [4, 4, 0]),
    ],
)
def test_what_is_found_has_the_energy_of_its_ordered_crystal(
    weights_fetched, sublattices, composition, counts
):
    resolved = problem(sublattices=sublattices)
    evaluator = evaluator_at(resolved, Workplace(references=MemoryStore()))
    (mean,) = evaluator.evaluate([Suggestion(index=0, composition=composition)])
    record = performed(resolved, task(composition, warm_start=mean.relaxation))
    assert record.ended == "ordered"
    assert record.message is None
    assert record.composition == {
        n: {**dict.fromkeys(resolved.space.elements[i], 0.0), **composition[n]}
        for i, n in enumerate(resolved.space.names)
    }
    owner = resolved.crystal.site_sublattice.tolist() * 8
    assert [column < 0 for column in record.columns] == [number < 0 for number in owner]
    columns = np.array([column for column in record.columns if column >= 0])
    np.testing.assert_array_equal(np.bincount(columns, minlength=len(counts)), counts)
    lattice = np.array(mean.structure.lattice)
    assert record.energy_per_atom == pytest.approx(plain_energy(resolved, record, lattice), abs=1e-8)
    assert record.energy_per_atom < mean.energy_per_atom + 0.05
    assert all(step.after < step.before for step in record.steps)
    assert DescentRecord.model_validate_json(record.model_dump_json()) == record
    assert record.cost.potential_calls == record.cost.supercell_calls <= 25
    assert record.cost.primitive_equivalents == 8 * record.cost.supercell_calls


def test_a_search_that_is_killed_goes_on_bit_for_bit_from_every_checkpoint(weights_fetched):
    resolved, saved, said, calls = problem(), [], [], []
    asked = task(HALF)
    whole = performed(resolved, asked, save=saved.append, say=said.append, on_call=lambda: calls.append(1))
    assert len(saved) == whole.cost.potential_calls >= 3
    assert said[-1] == f"ordering search 2, step {len(calls)}"
    assert whole.cost.potential_calls < len(calls) <= whole.cost.potential_calls + whole.cost.shared_calls
    assert_it_goes_on_bit_for_bit(partial(performed, resolved, asked), whole, saved)


def test_searches_start_differently_and_a_warm_start_saves_calls(weights_fetched):
    resolved = problem()
    evaluator = evaluator_at(resolved, Workplace(references=MemoryStore()))
    (mean,) = evaluator.evaluate([Suggestion(index=0, composition=HALF)])
    cold = performed(resolved, task(HALF))
    warm = performed(resolved, task(HALF, warm_start=mean.relaxation))
    other = performed(resolved, task(HALF).model_copy(update={"number": 2}))
    assert warm.cost.shared_calls < cold.cost.shared_calls
    assert warm.energy_per_atom == pytest.approx(cold.energy_per_atom, abs=1e-6)
    assert other.start_energy_per_atom != cold.start_energy_per_atom


def test_a_start_from_outside_is_where_the_search_begins(weights_fetched):
    resolved, layers = problem(), [0, 0, 1, 1] * 2
    columns = [column for first in layers for column in (first, -1)]
    given = performed(resolved, task(HALF, decoration=columns))
    lattice = plain_lattice(resolved, HALF)
    as_record = given.model_copy(update={"columns": columns})
    assert given.start_energy_per_atom == pytest.approx(plain_energy(resolved, as_record, lattice), abs=1e-6)
    assert given.energy_per_atom <= given.start_energy_per_atom
    assert given.steps == []
    assert given.swaps_tried >= given.swaps_accepted
    wave = [[0.0, 0.0] if column < 0 else [0.95 - 0.9 * column, 0.05 + 0.9 * column] for column in columns]
    waved = performed(resolved, task(HALF, start=wave))
    uniform = performed(resolved, task(HALF, start=[[w and 0.5 for w in row] for row in wave]))
    assert abs(waved.start_energy_per_atom - given.start_energy_per_atom) < abs(
        uniform.start_energy_per_atom - given.start_energy_per_atom
    )


def plain_lattice(resolved, composition):
    (mean,) = evaluator_at(resolved, Workplace(references=MemoryStore())).evaluate(
        [Suggestion(index=0, composition=composition)]
    )
    return np.array(mean.structure.lattice)


def test_what_cannot_be_a_start_is_refused(weights_fetched):
    resolved = problem()
    with pytest.raises(ValueError, match=r"decoration has 3 entries; the supercell has 16 sites"):
        performed(resolved, task(HALF, decoration=[0, -1, 1]))
    with pytest.raises(ValueError, match="a column of its own sublattice"):
        performed(resolved, task(HALF, decoration=[0, 1] * 8))
    with pytest.raises(ValueError, match=r"start has the shape \[1, 2\]"):
        performed(resolved, task(HALF, start=[[0.5, 0.5]]))


def test_a_search_whose_calls_are_spent_says_so_and_names_a_decoration(weights_fetched):
    resolved = problem()
    record = performed(resolved, task({"mixed": {"Na": 0.45, "K": 0.55}}, calls=2))
    assert record.ended == "budget"
    assert record.cost.potential_calls == 2
    assert record.energy_per_atom == pytest.approx(
        plain_energy(resolved, record, plain_lattice(resolved, HALF)), abs=1e-5
    )
    assert record.message == (
        "the sites of the supercell hold mixed:Na 0.5, mixed:K 0.5; given up after 2 calls: exchanges of sites may "
        "lower the energy"
    )
