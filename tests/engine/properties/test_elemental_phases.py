"""Reference phases relaxed with SevenNet-l3i5 against experiment, and what the potential cannot do said plainly.

Lattice constants of close-packed and diamond-like elements are compared with ASE's own table (Ashcroft and Mermin),
which is not the one that the phases were taken from. Where molecules or chains are held together by dispersion forces,
which the potential's training data (PBE) lack, the bonds within them are compared instead of the cell.
"""

from __future__ import annotations

import numpy as np
import pytest
from ase.data import atomic_numbers, reference_states
from vesin import NeighborList

from api_schemas.elements import SYMBOLS
from engine.crystals.conventional import cell_parameters
from engine.crystals.crystal import build_crystal
from engine.mechanics.relax import Tolerance
from engine.potentials.registry import POTENTIALS
from engine.properties.elemental_phases import BOX, ELEMENTAL_PHASES
from engine.reference_solver import ReferenceSolver
from engine.references import MemoryStore

FCC = ("Al", "Ca", "Ni", "Cu", "Sr", "Rh", "Pd", "Yb", "Ir", "Pt", "Pb", "Th")
BCC = ("V", "Cr", "Fe", "Nb", "Mo", "Ba", "Ta", "W")
HCP = ("Be", "Mg", "Sc", "Ti", "Y", "Zr", "Tc", "Ru", "Gd", "Hf", "Re", "Os")
DIAMOND = ("Si", "Ge")


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
        ("B", (4.927, 4.927, 12.564)),  # Slack, Hejna, Garbauskas, Kasper 1988
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
        ("S", 2.055, 32, 0.02),
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


def test_two_known_failures_of_the_potential_have_not_changed(relaxed):
    # The fluorine molecule comes out 14 % long, and alpha manganese 3 % small: energies that refer to them carry these
    # errors, which the docs state.
    lattice, frac, _ = relaxed("F")
    assert shortest(lattice, frac, 1) == pytest.approx(1.604, abs=0.01)
    lattice, _, crystal = relaxed("Mn")
    assert cell_parameters(np.asarray(crystal.conventional) @ lattice)[0] == pytest.approx(8.62, abs=0.02)


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
