"""Moduli against equations of state, stress differences of strained cells, symmetry, and differences of themselves."""

from __future__ import annotations

import numpy as np
import pytest
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS
from ase.stress import voigt_6_to_full_3x3_stress

from api_schemas.problem import Problem
from api_schemas.sublattices import Sublattice
from engine.acceptance.resolve import resolve
from engine.campaign.evaluate import evaluate
from engine.crystals.crystal import build_crystal
from engine.crystals.prototypes import PROTOTYPES
from engine.mechanics.ase_calculator import AlchemicalCalculator, parent_atoms
from engine.mechanics.curvature import bulk_modulus
from engine.mechanics.relax import Start, Tolerance, relax
from engine.properties.moduli import Curved, modulus_values
from engine.references.solver import ReferenceSolver
from engine.references.store import MemoryStore
from tests.soak import later

GPA = 160.21766208
TIGHT = Tolerance(gradient=1e-8)
CONSTANTS = tuple(f"c{i}{j}" for i in range(1, 7) for j in range(i, 7))


def problem(prototype, species, elements, properties, name="sevennet-0", pressure=0.0, **structure):
    return Problem.model_validate(
        {
            "kind": "evaluate",
            "structure": {"prototype": prototype, "species": species, **structure},
            "sublattices": [{"name": "mixed", "sites": [species[0]], "elements": elements}],
            "at": [{"mixed": {elements[0]: 1.0}}],
            "properties": properties,
            "potential": {"name": name},
            "conditions": {"pressure": pressure},
        }
    )


def at(asked, first, tolerance=TIGHT):
    elements = list(asked.sublattices[0].elements)
    return evaluate(
        asked, {"mixed": {elements[0]: first, elements[1]: round(1.0 - first, 12)}}, tolerance=tolerance
    )


@pytest.fixture(scope="module")
def nitride(weights_fetched):
    """(Al,Ga)N of SevenNet-0 with all its elastic constants and what is made of them."""
    names = [*CONSTANTS, "bulk_modulus", "poisson_ratio"]
    return at(problem("wurtzite", ["Al", "N"], ["Al", "Ga"], names), 0.6)


def calculated(potential, prototype, species, elements, x, near):
    """ASE atoms of the parent with a calculator of the composition, relaxed without symmetry from cell edges."""
    edges = {name: near.properties[f"lattice_{name}"].value for name in ("a", "c")}
    parent = PROTOTYPES[prototype].build(species, **edges)
    crystal = build_crystal(parent, [Sublattice(name="mixed", sites=[species[0]], elements=elements)])
    atoms = parent_atoms(crystal)
    atoms.calc = AlchemicalCalculator(potential, crystal, np.array(x))
    BFGS(FrechetCellFilter(atoms), logfile=None).run(fmax=1e-5, steps=300)
    return atoms


def moduli_alone(potential, asked, first, near):
    """Moduli of a composition relaxed tightly from a neighbour, without gradients."""
    crystal = resolve(asked).crystal
    solver = ReferenceSolver(potential, "", TIGHT, MemoryStore())
    landscape = solver.landscape(crystal, asked.conditions.pressure)
    lam = crystal.weights(np.array([first, 1.0 - first]))
    relaxed = relax(landscape, lam[None], [Start(np.array(near.relaxation.q))], TIGHT)[0]
    point = Curved(relaxed.q, lam, relaxed.hessian, exact=True, dq_dx=None)
    found = modulus_values(asked.properties, landscape, point)
    return np.array([found.values[name].value for name in asked.properties])


def gradients_by_differences(potential, asked, x, near):
    """Richardson over h = 0.004 and 0.002, along moving fraction from the second element to the first."""
    coarse, fine = (
        (moduli_alone(potential, asked, x + h, near) - moduli_alone(potential, asked, x - h, near)) / (2 * h)
        for h in (0.004, 0.002)
    )
    return dict(zip(asked.properties, (4 * fine - coarse) / 3, strict=True))


def test_the_bulk_modulus_is_that_of_the_equation_of_state_of_relaxed_energies(l3i5):
    # Volumes are held one after the other, with shape and sites relaxed: constant-volume strain masks of ASE.
    elements, x = ["Al", "Ga"], [0.6, 0.4]
    asked = problem("wurtzite", ["Al", "N"], elements, ["bulk_modulus"], "sevennet-l3i5")
    record = at(asked, 0.6)
    atoms = calculated(l3i5, "wurtzite", ["Al", "N"], elements, x, record)
    cell, volume = atoms.cell.array.copy(), atoms.get_volume()
    volumes, energies = [], []
    for stretch in (-0.01, -0.005, 0.0, 0.005, 0.01):
        atoms.set_cell(cell * (1 + stretch) ** (1 / 3), scale_atoms=True)
        BFGS(FrechetCellFilter(atoms, constant_volume=True), logfile=None).run(fmax=1e-5, steps=100)
        volumes.append(atoms.get_volume())
        energies.append(atoms.get_potential_energy())
    fit = np.polynomial.Polynomial.fit(np.array(volumes) - volume, energies, 4)
    bulk = volume * fit.deriv(2)(0.0) * GPA
    assert record.properties["bulk_modulus"].value == pytest.approx(bulk, rel=1e-3)


@pytest.mark.parametrize(
    ("prototype", "species", "elements", "x", "name", "pressure", "names"),
    [
        later("fcc", ["Cu"], ["Cu", "Au"], 0.6, "sevennet-l3i5", 0.0, ["bulk_modulus", "c11", "c12", "c44"]),
        ("rocksalt", ["Na", "Cl"], ["Na", "K"], 0.55, "sevennet-l3i5", 3.0, ["bulk_modulus", "c44"]),
        ("wurtzite", ["Al", "N"], ["Al", "Ga"], 0.6, "sevennet-0", 0.0,
         ["bulk_modulus", "c13", "c33", "c44", "poisson_ratio"]),
    ],
)  # fmt: skip
def test_the_gradients_of_moduli_agree_with_differences(
    request, load, prototype, species, elements, x, name, pressure, names
):
    asked = problem(prototype, species, elements, names, name, pressure)
    here = request.getfixturevalue("nitride") if prototype == "wurtzite" else at(asked, x)
    differences = gradients_by_differences(load(name), asked, x, here)
    for wanted in names:
        gradient = here.properties[wanted].gradient["mixed"]
        assert sum(gradient.values()) == pytest.approx(0.0, abs=1e-9)
        analytic = gradient[elements[0]] - gradient[elements[1]]
        scale = max(abs(differences[wanted]), 1e-3 * abs(here.properties[wanted].value))
        assert abs(analytic - differences[wanted]) <= 3e-4 * scale, wanted


def strained_stresses(atoms, size):
    """C [6, 6] in GPa from stresses of cells strained both ways, sites relaxed each time."""
    cell, positions = atoms.cell.array.copy(), atoms.positions.copy()
    columns = []
    for index in range(6):
        strain = np.zeros(6)
        strain[index] = size
        engineering = voigt_6_to_full_3x3_stress(strain * np.array([1, 1, 1, 0.5, 0.5, 0.5]))
        found = []
        for sign in (1, -1):
            deform = np.eye(3) + sign * engineering
            atoms.set_cell(cell @ deform.T)
            atoms.set_positions(positions @ deform.T)
            BFGS(atoms, logfile=None).run(fmax=1e-6, steps=200)
            found.append(atoms.get_stress())
        columns.append((found[0] - found[1]) / (2 * size) * GPA)
    return np.array(columns).T


def test_elastic_constants_are_stress_differences_of_strained_relaxed_cells(sevennet0, nitride):
    atoms = calculated(sevennet0, "wurtzite", ["Al", "N"], ["Al", "Ga"], [0.6, 0.4], nitride)
    stiffness = strained_stresses(atoms, 1e-3)
    for name in CONSTANTS:
        i, j = int(name[1]) - 1, int(name[2]) - 1
        assert nitride.properties[name].value == pytest.approx(stiffness[i, j], rel=2e-3, abs=0.2), name


def test_under_pressure_elastic_constants_are_still_stress_strain_coefficients(sevennet0):
    elements, x, pressure = ["Na", "K"], [0.5, 0.5], 5.0
    record = at(problem("rocksalt", ["Na", "Cl"], elements, ["c11", "c12", "c44"], pressure=pressure), 0.5)
    parent = PROTOTYPES["rocksalt"].build(["Na", "Cl"])
    crystal = build_crystal(parent, [Sublattice(name="mixed", sites=["Na"], elements=elements)])
    atoms = parent_atoms(crystal)
    atoms.calc = AlchemicalCalculator(sevennet0, crystal, np.array(x))
    BFGS(FrechetCellFilter(atoms, scalar_pressure=pressure / GPA), logfile=None).run(fmax=1e-5, steps=200)
    stiffness = strained_stresses(atoms, 1e-3)
    assert record.properties["c11"].value == pytest.approx(stiffness[0, 0], rel=2e-3)
    assert record.properties["c12"].value == pytest.approx(stiffness[0, 1], rel=2e-3)
    assert record.properties["c44"].value == pytest.approx(stiffness[3, 3], rel=2e-3)


def test_a_cubic_crystal_has_three_elastic_constants_that_give_its_moduli(weights_fetched):
    names = [*CONSTANTS, "bulk_modulus", "poisson_ratio"]
    record = at(problem("rocksalt", ["Na", "Cl"], ["Na", "K"], names), 0.5)
    c = {name: record.properties[name].value for name in CONSTANTS}
    for same in (("c11", "c22", "c33"), ("c12", "c13", "c23"), ("c44", "c55", "c66")):
        assert np.ptp([c[name] for name in same]) < 1e-6
    others = set(CONSTANTS) - {"c11", "c22", "c33", "c12", "c13", "c23", "c44", "c55", "c66"}
    assert max(abs(c[name]) for name in others) < 1e-6
    bulk = (c["c11"] + 2 * c["c12"]) / 3
    assert record.properties["bulk_modulus"].value == pytest.approx(bulk, rel=1e-9)
    # Closed forms of the cubic averages (Hill 1952).
    split = c["c11"] - c["c12"]
    shear = ((split + 3 * c["c44"]) / 5 + 5 * split * c["c44"] / (4 * c["c44"] + 3 * split)) / 2
    ratio = (3 * bulk - 2 * shear) / (6 * bulk + 2 * shear)
    assert record.properties["poisson_ratio"].value == pytest.approx(ratio, rel=1e-9)


def test_a_hexagonal_crystal_is_isotropic_about_its_axis(nitride):
    c = {name: nitride.properties[name].value for name in CONSTANTS}
    assert c["c66"] == pytest.approx((c["c11"] - c["c12"]) / 2, rel=1e-6)
    for one, other in (("c11", "c22"), ("c13", "c23"), ("c44", "c55")):
        assert c[one] == pytest.approx(c[other], rel=1e-6)
    assert abs(c["c14"]) + abs(c["c16"]) < 1e-6
    slope = {name: nitride.properties[name].gradient["mixed"]["Al"] for name in ("c11", "c12", "c66")}
    assert slope["c66"] == pytest.approx((slope["c11"] - slope["c12"]) / 2, rel=1e-6)


def rotated_poscar(angle):
    """NaCl with its primitive vectors turned about z and its axes not along x, y, z."""
    c, s = np.cos(angle), np.sin(angle)
    lattice = np.array([[0.0, 2.85, 2.85], [2.85, 0.0, 2.85], [2.85, 2.85, 0.0]])
    lattice = lattice @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    rows = "\n".join(" ".join(f"{value:.12f}" for value in row) for row in lattice)
    return f"NaCl\n1.0\n{rows}\nNa Cl\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n"


def test_elastic_constants_belong_to_the_crystal_whichever_way_the_input_is_turned(weights_fetched):
    names = ["c11", "c12", "c44", "c14", "c16"]
    found = []
    for angle in (0.0, 0.4):
        asked = Problem.model_validate(
            {
                "kind": "evaluate",
                "structure": {"poscar": rotated_poscar(angle)},
                "sublattices": [{"name": "mixed", "sites": ["Na"], "elements": ["Na", "K"]}],
                "at": [{"mixed": {"Na": 0.5, "K": 0.5}}],
                "properties": names,
                "potential": {"name": "sevennet-0"},
            }
        )
        record = evaluate(asked, {"mixed": {"Na": 0.5, "K": 0.5}})
        found.append(
            [(record.properties[n].value, record.properties[n].gradient["mixed"]["K"]) for n in names]
        )
    np.testing.assert_allclose(found[0], found[1], atol=1e-3)


def copper(potential, a):
    """Curvature of the energy of fcc copper by its volume at a lattice constant, as a bulk modulus in GPa."""
    crystal = build_crystal(PROTOTYPES["fcc"].build(["Cu"], a=a))
    solver = ReferenceSolver(potential, "", TIGHT, MemoryStore())
    landscape = solver.landscape(crystal, 0.0)
    return bulk_modulus(landscape, np.zeros(1), np.ones(1), np.eye(1), exact=False).value * GPA


def test_the_curvature_of_sevennet_0_jumps_where_a_shell_of_copper_crosses_its_cutoff(sevennet0, l3i5):
    # The fourth shell of fcc lies at sqrt(2) a: at 5.0 Å for a = 3.5355 Å.
    inside, outside = 5.0 / np.sqrt(2.0) - 1e-5, 5.0 / np.sqrt(2.0) + 1e-5
    assert copper(sevennet0, inside) - copper(sevennet0, outside) == pytest.approx(211 - 198, abs=3)
    assert copper(l3i5, inside) == pytest.approx(copper(l3i5, outside), abs=0.05)


@pytest.mark.parametrize(("pressure", "near"), [(12.0, True), (18.0, False)])
def test_an_evaluation_says_where_the_curvature_of_sevennet_0_jumps(weights_fetched, pressure, near):
    asked = Problem.model_validate(
        {
            "kind": "evaluate",
            "structure": {"prototype": "fcc", "species": ["Cu"]},
            "properties": ["bulk_modulus"],
            "potential": {"name": "sevennet-0"},
            "conditions": {"pressure": pressure},
        }
    )
    record = evaluate(asked, {})
    shell = np.sqrt(2.0) * record.properties["lattice_a"].value
    assert bool(abs(shell - 5.0) < 0.02) is near
    assert ("jumps" in (record.message or "")) is near


def test_vacancies_and_paired_mixing_have_moduli_with_gradients(load):
    names = ["bulk_modulus", "c12"]
    for elements, x, mixing in ((["Na", "Vac"], 0.95, "mean_field"), (["Na", "K"], 0.6, "paired")):
        asked = problem("rocksalt", ["Na", "Cl"], elements, names)
        asked = asked.model_copy(update={"potential": asked.potential.model_copy(update={"mixing": mixing})})
        here, h = at(asked, x), 0.002
        up, down = at(asked, x + h), at(asked, x - h)
        for name in names:
            gradient = here.properties[name].gradient["mixed"]
            slope = (up.properties[name].value - down.properties[name].value) / (2 * h)
            assert gradient[elements[0]] - gradient[elements[1]] == pytest.approx(slope, rel=2e-3), name


def test_a_modulus_can_be_the_target_of_another_crystal(weights_fetched):
    asked = Problem.model_validate(
        {
            "kind": "evaluate",
            "structure": {"prototype": "rocksalt", "species": ["Mg", "O"]},
            "properties": ["bulk_modulus"],
            "objectives": [
                {
                    "property": "bulk_modulus",
                    "target": {"same_as": {"prototype": "rocksalt", "species": ["Mg", "O"]}},
                    "tolerance": 1.0,
                }
            ],
            "potential": {"name": "sevennet-0"},
        }
    )
    record = evaluate(asked, {})
    assert record.targets == [pytest.approx(record.properties["bulk_modulus"].value, rel=1e-4)]
    assert record.cost.shared_calls > 0


def test_moduli_are_computed_only_when_named_and_their_calls_counted(weights_fetched):
    plain = at(problem("rocksalt", ["Na", "Cl"], ["Na", "K"], []), 0.5)
    curved = at(problem("rocksalt", ["Na", "Cl"], ["Na", "K"], ["bulk_modulus"]), 0.5)
    stiff = at(problem("rocksalt", ["Na", "Cl"], ["Na", "K"], ["c11"]), 0.5)
    assert "bulk_modulus" not in plain.properties
    assert set(curved.properties) - set(plain.properties) == {"bulk_modulus"}
    # An energy, a row and a backward pass through it; then 6 + 3 rows of the whole Hessian, a row and a pass.
    assert curved.cost.potential_calls - plain.cost.potential_calls == 1 + 2 + 4
    assert stiff.cost.potential_calls - plain.cost.potential_calls == (1 + 2 * 9) + (1 + 2 + 4)
