"""What holds a cell: fragments and directions of sheets, chains, molecules and crystals."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, graphene, molecule, mx2

from api_schemas.errors import ProblemInvalid
from api_schemas.problem import Problem
from engine import evaluate
from engine.acceptance.resolve import resolve
from engine.crystals import connections as module
from engine.crystals.connections import connections


def boxed(atoms, cell):
    atoms.set_cell(cell)
    atoms.center()
    atoms.pbc = True
    return atoms


def chain(length):
    places = [[0, 0, 0], [2.8, 0, 0]]
    return boxed(Atoms("NaCl", positions=places), [5.6, length, length])


def problem(atoms, **more):
    atoms.pbc = True
    return Problem.model_validate(
        {"kind": "evaluate", "structure": atoms, "potential": {"name": "sevennet-0"}, **more}
    )


@pytest.mark.parametrize(
    ("atoms", "held", "fragments"),
    [
        (bulk("Cu", "fcc", a=3.6), 3, 1),
        (bulk("NaCl", "rocksalt", a=5.64), 3, 1),
        (graphene(vacuum=8.0), 2, 1),
        (mx2("MoS2", vacuum=8.0), 2, 1),
        (chain(15.0), 1, 1),
        (boxed(molecule("C6H6"), [14, 14, 14]), 0, 1),
        (boxed(Atoms("Ar"), [12, 12, 12]), 0, 1),
        (Atoms("Ar2", scaled_positions=[[0, 0, 0], [0.5, 0.5, 0.5]], cell=[12, 12, 12], pbc=True), 0, 2),
    ],
)
def test_the_directions_that_are_held_are_those_of_chains_of_neighbours(atoms, held, fragments):
    atoms.pbc = True
    found = connections(atoms.cell.array, atoms.get_scaled_positions(), 5.0)
    if held == 3:
        assert found is None
        return
    assert (len(found.held), len(found.fragments)) == (held, fragments)
    # ASE's dimensionality of a bonded component, for those in one piece.
    from ase.geometry.dimensionality import analyze_dimensionality

    if len(atoms) > 1 and fragments == 1:
        assert analyze_dimensionality(atoms, method="RDA")[0].dimtype == f"{held}D"


def test_layers_within_reach_hold_each_other():
    cell = [[2.46, 0, 0], [-1.23, 2.1304, 0], [0, 0, 6.7]]
    places = [[0, 0, 0.25], [1 / 3, 2 / 3, 0.25], [0, 0, 0.75], [2 / 3, 1 / 3, 0.75]]
    graphite = Atoms("C4", cell=cell, scaled_positions=places, pbc=True)
    assert connections(graphite.cell.array, graphite.get_scaled_positions(), 5.0) is None
    assert len(connections(graphite.cell.array, graphite.get_scaled_positions(), 3.0).held) == 2


def calls_made(function, *arguments):
    """What a function gives, and how many calls the module of connections makes meanwhile."""
    made = 0

    def watch(frame, event, _):
        nonlocal made
        caller = frame if event == "c_call" else frame.f_back
        if event in ("call", "c_call") and caller is not None:
            made += caller.f_code.co_filename == module.__file__

    sys.setprofile(watch)
    try:
        found = function(*arguments)
    finally:
        sys.setprofile(None)
    return found, made


def test_the_work_on_a_flat_cell_grows_with_its_sites_not_with_their_neighbours():
    cell = np.diag([0.55, 0.55, 100.0])
    places = np.array([(0.0, 0.0, site * 0.0055) for site in range(12)])
    found, made = calls_made(connections, cell, places, 5.0)
    assert (len(found.fragments), found.held.shape, found.held[:, 2].tolist()) == (1, (2, 3), [0, 0])
    assert made < 150 * len(places)  # 26854 neighbours


def test_translations_are_independent_exactly():
    rng = np.random.default_rng(5)
    for _ in range(200):
        found = rng.integers(-3, 4, size=(rng.integers(1, 6), 3)) * rng.integers(1, 4)
        independent = module._with(np.zeros((0, 3), dtype=np.int64), found)
        assert len(independent) == np.linalg.matrix_rank(found)
        assert np.linalg.matrix_rank(independent) == len(independent) or len(independent) == 0


def test_movements_that_cost_nothing_are_those_of_whole_fragments():
    water = boxed(molecule("H2O"), [12, 12, 12])
    found = connections(water.cell.array, water.get_scaled_positions(), 5.0)
    modes = found.floating_modes(water.cell.array, water.positions)
    assert len(modes) == 6
    for mode in modes:
        moved = water.positions + 1e-4 * mode
        before, after = (np.linalg.norm(p[:, None] - p[None], axis=2) for p in (water.positions, moved))
        np.testing.assert_allclose(after, before, atol=1e-8)


def test_a_sheet_does_not_see_how_much_vacuum_there_is():
    sheets = [evaluate(problem(graphene(vacuum=vacuum)), {}) for vacuum in (4.0, 9.0)]
    for name in ("lattice_a", "energy"):
        near, far = (sheet.properties[name].value for sheet in sheets)
        assert near == pytest.approx(far, abs=2e-6)
    assert all(sheet.stable for sheet in sheets)
    assert all(sheet.message.startswith("nothing holds the cell along c (vacuum") for sheet in sheets)


def test_a_molecule_in_a_box_relaxes_and_has_an_energy_only():
    water = boxed(molecule("H2O"), [12.0, 12.5, 13.0])
    found = evaluate(problem(water), {})
    assert found.converged
    assert found.stable is True
    assert set(found.properties) == {"energy", "mixing_energy"}
    assert "nothing holds the cell in any direction" in found.message


def test_gradients_in_the_plane_are_those_of_finite_differences():
    sheet = Atoms("BN", cell=[[2.51, 0, 0], [-1.255, 2.1737, 0], [0, 0, 15]], pbc=True,
                  scaled_positions=[[0, 0, 0.5], [1 / 3, 2 / 3, 0.5]])  # fmt: skip
    mixed = problem(sheet, sublattices=[{"name": "m", "sites": ["B"], "elements": ["B", "Al"]}])
    low, middle, high = (evaluate(mixed, {"m": {"B": 1 - x, "Al": x}}) for x in (0.099, 0.1, 0.101))
    for name in ("lattice_a", "energy"):
        slope = (high.properties[name].value - low.properties[name].value) / 0.002
        gradient = middle.properties[name].gradient["m"]
        assert gradient["Al"] - gradient["B"] == pytest.approx(slope, rel=2e-4)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"objectives": [{"property": "lattice_c", "target": 12, "tolerance": 1}]}, "/objectives/0/property"),
        ({"objectives": [{"property": "bulk_modulus", "goal": "maximize"}]}, "/objectives/0/property"),
        ({"conditions": {"pressure": 1.0}}, "/conditions/pressure"),
        ({"sublattices": [{"name": "m", "sites": ["C"], "elements": ["C", "B"]}],
          "at": [{"m": {"C": 0.5, "B": 0.5}}], "verify": {"sites": 8}}, "/verify"),
        ({"potential": {"name": "sevennet-0", "tier": "fluctuation"}}, "/potential/tier"),
    ],
)  # fmt: skip
def test_what_vacuum_leaves_without_a_meaning_is_refused_where_it_is_sought(changes, where):
    with pytest.raises(ProblemInvalid) as refusal:
        resolve(problem(graphene(vacuum=8.0), **changes))
    assert where in {fault.pointer for fault in refusal.value.errors}
    assert "nothing holds the cell along c" in str(refusal.value)
