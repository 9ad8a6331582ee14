"""Crystals with soft modes: relaxed again from a displacement along them, and kept where that is lower."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.filters import FrechetCellFilter
from ase.optimize import LBFGS

from api_schemas.decorations import ExplicitDecoration
from api_schemas.problem import Problem
from api_schemas.supercells import SupercellTask
from engine.acceptance.resolve import resolve
from engine.crystals.decorations import explicit_crystal
from engine.evaluation.supercell import STARTS
from engine.mechanics.ase_calculator import AlchemicalCalculator
from engine.references.store import MemoryStore
from engine.units.registry import UNITS
from engine.units.unit import Workplace

HALIDE = ("perovskite", ["Cs", "Pb", "I"], 6.3, ["Pb", "Sn"])
METAL = ("fcc", ["Cu"], 3.9, ["Cu", "Au"])
TWO = [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
LAYERS = [[1, 0, 0], [0, 1, 0], [0, 0, 2]]


def resolved(prototype, species, a, elements):
    return resolve(
        Problem.model_validate(
            {
                "kind": "order",
                "structure": {"prototype": prototype, "species": species, "a": a},
                "sublattices": [{"name": "mix", "sites": [elements[0]], "elements": elements}],
                "at": [{"mix": dict.fromkeys(elements, 0.5)}],
                "potential": {"name": "sevennet-0"},
            }
        )
    )


def performed(problem, store, matrix, columns, lowers=True, seed=0, **workplace):
    task = SupercellTask(
        index=0, composition=problem.problem.at[0], evaluation=0, decoration=0, sites=2, seed=seed,
        explicit=ExplicitDecoration(matrix=matrix, columns=columns), host=matrix, lowers_symmetry=lowers,
    )  # fmt: skip
    (record,) = UNITS["supercell"].perform(problem, [task], Workplace(references=store, **workplace))
    return record.model_copy(update={"cost": record.cost.model_copy(update={"seconds": 0.0})})


@pytest.fixture(scope="module")
def halide(weights_fetched):
    """Cs2PbSnI6 with octahedra that want to tilt: the problem, a store, and the symmetric relaxation."""
    problem, store = resolved(*HALIDE), MemoryStore()
    columns = np.full(10, -1)
    columns[[1, 6]] = 0, 1
    return problem, store, columns.tolist()


def test_soft_modes_are_followed_to_a_lower_crystal_that_is_at_rest(sevennet0, halide):
    problem, store, columns = halide
    straight = performed(problem, store, TWO, columns, lowers=False)
    tilted = performed(problem, store, TWO, columns)
    assert straight.converged
    assert tilted.converged
    assert tilted.energy_per_atom < straight.energy_per_atom - 0.005
    assert tilted.cost.potential_calls > straight.cost.potential_calls
    assert not tilted.left_parent  # the octahedra tilted: every atom keeps its neighbours
    assert "soft modes" in tilted.message
    # ASE finds it at rest, and nothing lower near by; from the symmetric crystal it does not get there.
    for record, moves in ((tilted, 0.002), (straight, 0.001)):
        atoms = Atoms(
            [next(iter(site.species)) for site in record.structure.sites],
            scaled_positions=[site.frac for site in record.structure.sites],
            cell=record.structure.lattice,
            pbc=True,
        )
        made = explicit_crystal(atoms.cell.array, atoms.positions, atoms.numbers)
        atoms.calc = AlchemicalCalculator(sevennet0, made, np.zeros(0))
        assert np.linalg.norm(atoms.get_forces(), axis=1).max() < 0.03
        LBFGS(FrechetCellFilter(atoms), logfile=None).run(fmax=0.005, steps=40)
        assert atoms.get_potential_energy() / 10 == pytest.approx(record.energy_per_atom, abs=moves)


def test_without_soft_modes_no_call_is_added(weights_fetched):
    problem, store, calls = resolved(*METAL), MemoryStore(), []
    found = []
    for lowers in (False, True):
        calls.clear()
        performed(problem, store, LAYERS, [0, 1], lowers=lowers)  # the host is in the store now
        calls.clear()
        record = performed(problem, store, LAYERS, [0, 1], lowers=lowers, on_call=lambda: calls.append(1))
        found.append((record, len(calls)))
    assert found[0] == found[1]
    assert found[0][1] == found[0][0].cost.supercell_calls


def test_from_a_checkpoint_of_either_phase_it_goes_on_bit_for_bit(halide):
    problem, store, columns = halide
    saved = []
    whole = performed(problem, store, TWO, columns, save=saved.append)
    second = [number for number, state in enumerate(saved) if "first.q" in state]
    assert 0 < second[0] < second[-1] == len(saved) - 1
    assert whole.cost.supercell_calls == len(saved) + STARTS
    for number in {0, second[0] - 1, second[0], second[len(second) // 2], len(saved) - 1}:
        calls = []
        again = performed(
            problem, MemoryStore() if number == second[0] else store, TWO, columns,
            checkpoint=saved[number], on_call=lambda calls=calls: calls.append(1),
        )  # fmt: skip
        if number == second[0]:
            again = again.model_copy(update={"cost": whole.cost, "properties": whole.properties})
        assert again == whole
        if number != second[0]:
            looks = STARTS if number < second[0] else 0
            assert len(calls) == len(saved) - 1 - number + looks


def test_another_seed_displaces_otherwise_and_the_same_one_the_same(halide):
    problem, store, columns = halide
    one, same = (performed(problem, store, TWO, columns, seed=3) for _ in range(2))
    assert one == same
    assert one != performed(problem, store, TWO, columns, seed=4)
