"""Reference phases relaxed with SevenNet-l3i5 against experiment, and what the potential cannot do said plainly.

Lattice constants of close-packed and diamond-like elements are compared with ASE's own table (Ashcroft and Mermin),
which is not the one that the phases were taken from. Where molecules or chains are held together by dispersion forces,
which the potential's training data (PBE) lack, the bonds within them are compared instead of the cell. That what is off
is off because of the potential is shown by sevenn's own calculator, which relaxes the same cells to the same numbers.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ase.data import atomic_numbers, reference_states
from vesin import NeighborList

from api_schemas.symbols import SYMBOLS
from engine.crystals.conventional import cell_parameters
from engine.crystals.crystal import build_crystal
from engine.mechanics.relax import Tolerance
from engine.potentials.registry import POTENTIALS
from engine.references.elemental_phases import BOX, ELEMENTAL_PHASES
from engine.references.solver import ReferenceSolver
from engine.references.store import MemoryStore
from tests.soak import later

FCC = ("Al", "Ca", "Ni", "Cu", "Sr", "Rh", "Pd", "Yb", "Ir", "Pt", "Pb", "Th")
BCC = ("V", "Cr", "Fe", "Nb", "Mo", "Ba", "Ta", "W")
HCP = ("Be", "Mg", "Sc", "Ti", "Y", "Zr", "Tc", "Ru", "Gd", "Hf", "Re", "Os")
DIAMOND = ("Si", "Ge")
GOLDEN = json.loads((Path(__file__).parents[2] / "data" / "elemental_golden.json").read_text())["phases"]

# Measured errors beyond 2 %, in per cent: of the lattice constants of crystals that are not held by dispersion forces,
# and of bonds. These are errors of the potential, not of the relaxation: sevenn has the same ones.
CELLS_OFF = {"Ga": (2.06, 1.43, 0.45), "Mn": (-3.26, -3.26, -3.26), "Te": (2.16, 2.16, -0.20)}
BONDS_OFF = {"F": 13.59, "O": 2.69, "Br": 5.43, "I": 3.01}
# Molecules, chains and layers that PBE, without dispersion, leaves too far apart.
LOOSE_CELLS_OFF = {
    "P": (-0.21, 7.07, 3.59), "Se": (12.13, 12.13, 1.44), "Br": (23.55, -1.74, -2.18), "C": (0.15, 0.15, 20.15),
    "S": (14.7, 20.9, 1.1),
}  # fmt: skip

LARGE = ("B", "Mn", "S")
"""Cells of 12 to 32 atoms take longer to relax than all others together."""


def large_later(symbols):
    """Parameters of which the large cells are relaxed in a soak only."""
    return [later(symbol) if symbol in LARGE else symbol for symbol in symbols]


@pytest.fixture(scope="module")
def relaxed(l3i5):
    solver = ReferenceSolver(l3i5, "", Tolerance(), MemoryStore())

    def relax(symbol):
        """Lattice, fractional coordinates and the crystal before it was relaxed."""
        phase = ELEMENTAL_PHASES[symbol]
        crystal = build_crystal(phase.build())
        options = {"fixed_cell": phase.is_molecule}
        reference = solver.relaxed(crystal, [np.zeros(0)], 0.0, max_steps=200, **options)[0]
        assert reference.converged
        return *solver.coordinates(crystal, **options).geometry(reference.q), crystal

    return relax


def shortest(lattice, frac, count, cutoff=3.2):
    """Mean of the shortest distances."""
    finder = NeighborList(cutoff=cutoff, full_list=False)
    points, box = np.ascontiguousarray(frac @ lattice), np.ascontiguousarray(lattice)
    (found,) = finder.compute(points=points, box=box, periodic=True, quantities="d")
    return np.sort(found)[:count].mean()


def test_every_element_that_a_potential_knows_has_a_phase_but_those_never_crystallised():
    assert set(SYMBOLS[1:95]) - set(ELEMENTAL_PHASES) == {"At", "Fr"}
    for potential in POTENTIALS:
        assert set(potential.elements) & set(SYMBOLS[1:95]) <= set(ELEMENTAL_PHASES) | {"At", "Fr"}


def test_every_phase_is_a_crystal_of_its_element_with_atoms_apart():
    for symbol, phase in ELEMENTAL_PHASES.items():
        parent = phase.build()
        assert set(parent.symbols) == {symbol}
        if len(parent.symbols) > 1:
            assert shortest(parent.lattice, parent.frac, 1, 5.0) > (0.7 if phase.is_molecule else 1.4)


@pytest.mark.parametrize("symbol", [*FCC, *BCC, *HCP, *DIAMOND])
def test_lattice_constants_are_within_two_percent_of_experiment(relaxed, symbol):
    lattice, _, crystal = relaxed(symbol)
    measured = reference_states[atomic_numbers[symbol]]
    a, _, c, *_ = cell_parameters(np.asarray(crystal.conventional) @ lattice)
    assert a == pytest.approx(measured["a"], rel=0.02)
    assert c == pytest.approx(measured["a"] * measured.get("c/a", 1.0), rel=0.02)


@pytest.mark.parametrize(
    ("symbol", "constants"),
    [
        later("B", (4.927, 4.927, 12.564)),  # Slack, Hejna, Garbauskas, Kasper 1988
        ("Sn", (5.831, 5.831, 3.182)),  # Lee and Raynor 1954
    ],
)
def test_complex_crystals_too_are_within_two_percent_of_experiment(relaxed, symbol, constants):
    lattice, _, crystal = relaxed(symbol)
    found = cell_parameters(np.asarray(crystal.conventional) @ lattice)[:3]
    np.testing.assert_allclose(found, constants, rtol=0.02)


def test_the_volume_of_gallium_is_right_within_two_percent_of_length(relaxed):
    lattice, _, crystal = relaxed("Ga")
    volume = abs(np.linalg.det(lattice)) / crystal.n_sites
    assert volume ** (1 / 3) == pytest.approx(19.59 ** (1 / 3), rel=0.02)  # 19.59 Å^3/atom, Barrett 1962


@pytest.mark.parametrize(
    ("symbol", "bond", "count", "within"),
    [
        ("P", 2.224, 4, 0.02),
        later("S", 2.055, 32, 0.02),
        ("Se", 2.373, 3, 0.02),
        ("Te", 2.835, 3, 0.02),
        ("I", 2.715, 2, 0.04),
        ("N", 1.0977, 1, 0.02),
        ("Cl", 1.9879, 1, 0.02),
        ("H", 0.7414, 1, 0.02),
        ("O", 1.2075, 1, 0.03),
    ],
)
def test_bonds_within_molecules_chains_and_layers_are_near_experiment(relaxed, symbol, bond, count, within):
    lattice, frac, _ = relaxed(symbol)
    assert shortest(lattice, frac, count) == pytest.approx(bond, rel=within)


def errors_of_cell(crystal, lattice, start):
    """Errors of a, b and c, per cent."""
    found, expected = (
        cell_parameters(np.asarray(crystal.conventional) @ cell)[:3] for cell in (lattice, start)
    )
    return 100 * (np.array(found) / np.array(expected) - 1)


@pytest.mark.parametrize("symbol", large_later(GOLDEN))
def test_phases_relax_to_what_sevenn_relaxes_them_to(relaxed, symbol):
    lattice, frac, crystal = relaxed(symbol)
    golden = GOLDEN[symbol]
    conventional = np.asarray(crystal.conventional)
    ours, theirs = (cell_parameters(conventional @ np.asarray(cell)) for cell in (lattice, golden["cell"]))
    # Between the layers of iodine is nothing but what lies beyond the cutoff: where they stop is chance.
    kept = slice(1, 3) if symbol == "I" else slice(3)
    flat = 2e-3 if symbol == "S" else 1e-4
    np.testing.assert_allclose(ours[kept], theirs[kept], rtol=flat)
    if len(frac) > 1:
        bonds = [
            shortest(np.asarray(cell), np.asarray(places), 1)
            for cell, places in ((lattice, frac), (golden["cell"], golden["frac"]))
        ]
        assert bonds[0] == pytest.approx(bonds[1], abs=1e-3)


@pytest.mark.parametrize("symbol", large_later([*CELLS_OFF, *LOOSE_CELLS_OFF]))
def test_cells_that_are_off_are_off_by_what_the_docs_say(relaxed, symbol):
    lattice, _, crystal = relaxed(symbol)
    found = errors_of_cell(crystal, lattice, ELEMENTAL_PHASES[symbol].build().lattice)
    expected = CELLS_OFF.get(symbol) or LOOSE_CELLS_OFF[symbol]
    np.testing.assert_allclose(found, expected, atol=0.3 if symbol == "S" else 0.05)
    assert np.abs(found).max() > 2.0


@pytest.mark.parametrize("symbol", large_later(s for s in GOLDEN if len(GOLDEN[s]["frac"]) > 1))
def test_bonds_are_within_two_percent_of_experiment_but_those_named(relaxed, symbol):
    """The shortest distance, the one within molecules, chains and layers."""
    lattice, frac, _ = relaxed(symbol)
    parent = ELEMENTAL_PHASES[symbol].build()
    error = 100 * (shortest(lattice, frac, 1) / shortest(parent.lattice, parent.frac, 1) - 1)
    if symbol in BONDS_OFF:
        assert error == pytest.approx(BONDS_OFF[symbol], abs=0.1)
    elif symbol not in CELLS_OFF:
        assert abs(error) < 2.0


def test_a_molecule_does_not_see_its_images(l3i5):
    energies = []
    for box in (BOX, BOX + 3.0):
        phase = ELEMENTAL_PHASES["N"]
        parent = phase.build()
        larger = type(parent)(
            np.eye(3) * box, parent.frac @ parent.lattice @ np.linalg.inv(np.eye(3) * box), parent.symbols
        )
        solver = ReferenceSolver(l3i5, "", Tolerance(), MemoryStore())
        energies.append(
            solver.relaxed(build_crystal(larger), [np.zeros(0)], 0.0, fixed_cell=True)[0].enthalpy
        )
    assert energies[0] == pytest.approx(energies[1], abs=1e-9)
