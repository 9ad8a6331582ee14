"""The test of stability in a supercell against ASE's finite displacements and frozen modes of explicit crystals."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, make_supercell
from ase.phonons import Phonons
from rich.console import Console

from api_schemas.errors import ProblemInvalid
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve
from engine.campaign.evaluate import evaluate
from engine.crystals.crystal import build_crystal
from engine.crystals.parent import ParentCrystal
from engine.mechanics.ase_calculator import AlchemicalCalculator
from engine.references.store import MemoryStore
from orichalcum import display

HBAR_THZ = 4.135667696e-3  # eV of a quantum of 1 THz
THZ2 = 15.6333042**2  # of eV/Å^2/u
NAME = "stable_supercell"


def problem(prototype, species, **fields):
    return Problem.model_validate(
        {
            "kind": "evaluate",
            "structure": {"prototype": prototype, "species": species},
            "sublattices": [],
            "potential": {"name": "sevennet-0"},
            "properties": [NAME],
            **fields,
        }
    )


def calculator(potential, atoms):
    """Of the plain crystal: every atom is whole."""
    cell = ParentCrystal(atoms.cell.array, atoms.get_scaled_positions(), tuple(atoms.symbols))
    return AlchemicalCalculator(potential, build_crystal(cell), np.zeros(0))


class Explicit:
    """A calculator for whatever crystal it is given."""

    def __init__(self, potential):
        self._potential = potential

    def get_forces(self, atoms):
        return calculator(self._potential, atoms).get_forces(atoms)


@pytest.fixture(scope="module")
def chloride(weights_fetched):
    return evaluate(problem("cscl", ["Na", "Cl"]), {}, references=MemoryStore())


@pytest.fixture(scope="module")
def iodide(weights_fetched):
    return evaluate(problem("perovskite", ["Cs", "Pb", "I"]), {}, references=MemoryStore())


def test_the_lowest_eigenvalue_is_that_of_finite_displacements(chloride, sevennet0, tmp_path):
    """NaCl as caesium chloride: ASE's Phonons in 16 atoms, exact at the waves that they hold."""
    atoms = bulk("NaCl", "cesiumchloride", a=chloride.properties["lattice_a"].value)
    phonons = Phonons(
        atoms, Explicit(sevennet0), supercell=(2, 2, 2), delta=0.005, name=str(tmp_path / "phonons")
    )
    phonons.run()
    phonons.read(acoustic=True)
    waves = np.array([[0.5, 0.5, 0.0], [0.5, 0.0, 0.0], [0.5, 0.5, 0.5]])
    frequencies = phonons.band_structure(waves, verbose=False) / HBAR_THZ
    lowest = (np.sign(frequencies) * frequencies**2).min(axis=1)
    assert chloride.softest_mode.q == ["1/2", "1/2", "0"]
    assert lowest.argmin() == 0
    assert chloride.properties[NAME].value == pytest.approx(lowest[0], rel=5e-3)
    assert chloride.stable is False


def test_cubic_caesium_lead_iodide_is_not_stable_for_its_octahedra_tilt(iodide, sevennet0):
    """The energy of 40 atoms in which octahedra turn about z, neighbours against each other, falls as it says."""
    assert iodide.stable is False
    assert iodide.stable_against == "distortions in a supercell"
    assert iodide.softest_mode.q == ["1/2", "1/2", "1/2"]
    assert "dynamically unstable in a supercell of 80 sites" in iodide.message
    assert "moving I 100 %" in iodide.message
    structure = iodide.structure
    names = [next(iter(site.species)) for site in structure.sites]
    cell = Atoms(
        names, scaled_positions=[site.frac for site in structure.sites], cell=structure.lattice, pbc=True
    )
    lead = cell.get_scaled_positions()[names.index("Pb")]
    large = make_supercell(cell, 2 * np.eye(3))
    u = np.zeros((len(large), 3))
    for k, (symbol, place) in enumerate(zip(large.symbols, large.get_scaled_positions() * 2, strict=True)):
        if symbol == "I":
            arm = (place - lead + 0.5) % 1.0 - 0.5
            u[k] = (-1.0) ** np.floor(place + 1e-6).sum() * np.cross([0.0, 0.0, 1.0], 2 * np.abs(arm))
    large.calc = calculator(sevennet0, large)
    rest, step, energies = large.positions.copy(), 0.005, []  # iodines 4.52 Å apart come no nearer than 4.5
    for sign in (-2.0, -1.0, 0.0, 1.0, 2.0):
        large.positions = rest + sign * step * u
        energies.append(large.get_potential_energy())
    curvature = np.dot([-1.0, 16.0, -30.0, 16.0, -1.0], energies) / (12.0 * step**2)
    expected = THZ2 * curvature / (126.90447 * (u**2).sum())
    assert iodide.properties[NAME].value == pytest.approx(expected, rel=0.01)


def test_without_being_asked_only_symmetric_distortions_are_tested_and_that_is_said(weights_fetched):
    plain = problem("perovskite", ["Cs", "Pb", "I"], properties=[])
    found = evaluate(plain, {}, references=MemoryStore())
    assert found.stable is True
    assert found.stable_against == "symmetric distortions"
    assert found.softest_mode is None


def test_a_mixed_crystal_is_tested_and_vibrations_cost_no_more(weights_fetched):
    fields = {
        "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
        "conditions": {"vibrations": "harmonic"},
    }
    asked = problem("rocksalt", ["Na", "Cl"], **fields, properties=["heat_capacity", NAME])
    bare = problem("rocksalt", ["Na", "Cl"], **fields, properties=["heat_capacity"])
    mixed, store = {"cation": {"Na": 0.7, "K": 0.3}}, MemoryStore()
    both, alone = evaluate(asked, mixed, references=store), evaluate(bare, mixed, references=store)
    assert both.properties[NAME].value > 0.0
    assert both.properties[NAME].gradient is None
    assert both.stable is True
    assert both.cost.supercell_calls == alone.cost.supercell_calls
    assert both.properties["heat_capacity"] == alone.properties["heat_capacity"]


@pytest.mark.parametrize(
    ("fields", "pointer", "mend"),
    [
        ({"potential": {"name": "sevennet-0", "dtype": "float32"}}, "/potential/dtype", "remove dtype"),
        (
            {"sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "Vac"]}],
             "at": [{"cation": {"Na": 1.0}}]},
            "/properties/0",
            "remove Vac",
        ),
        ({"properties": ["stable_supercel"]}, "/properties/0", "did you mean stable_supercell?"),
    ],
)  # fmt: skip
def test_what_cannot_be_tested_is_refused_with_the_mend(fields, pointer, mend):
    with pytest.raises(ProblemInvalid) as caught:
        resolve(problem("rocksalt", ["Na", "Cl"], **fields))
    said = {one.pointer: one.message for one in caught.value.errors}
    assert mend in said[pointer]


def test_the_command_line_names_what_was_tested_and_the_wave(iodide):
    console = Console(width=120)
    with console.capture() as captured:
        console.print(display.evaluation(iodide))
    text = captured.get()
    assert "unstable against distortions in a supercell" in text
    assert "softest mode 0.25i THz at q = (1/2, 1/2, 1/2), supercell of 80 sites" in text
    assert "THz^2" in text
