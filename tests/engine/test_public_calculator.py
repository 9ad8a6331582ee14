"""The public ASE calculator against sevenn's own numbers, finite differences, and explicit crystals."""

import json
from pathlib import Path

import ase
import numpy as np
import pytest
from ase import units
from ase.build import bulk, make_supercell
from ase.calculators.fd import calculate_numerical_stress
from ase.md.verlet import VelocityVerlet
from ase.phonons import Phonons

import orichalcum
from api_schemas.errors import ProblemInvalid
from engine.crystals.mapping import NotASupercell
from orichalcum.ase import AlchemicalCalculator

DATA = Path(__file__).resolve().parents[1] / "data"
GOLDEN = json.loads((DATA / "sevennet_golden.json").read_text())["crystals"]
PHONONS = json.loads((DATA / "sevennet_phonons.json").read_text())
HALF = {"cation": {"Na": 0.6, "K": 0.4}}
NAKCL = {
    "structure": bulk("NaCl", "rocksalt", a=5.9),
    "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
    "potential": {"name": "sevennet-0"},
}
ROWS = [[1, 0, 0], [0, 2, 0], [0, 1, 1]]

pytestmark = pytest.mark.usefixtures("weights_fetched")


@pytest.fixture(scope="module")
def mixed(weights_fetched):
    return AlchemicalCalculator(NAKCL, HALF)


@pytest.fixture
def calculator(mixed):
    """The mixed crystal as it was made."""
    mixed.set_composition(HALF)
    return mixed


def rattled(calculator, matrix=ROWS, seed=0):
    """A supercell whose atoms are off their sites, in another order, wrapped into the cell."""
    atoms = make_supercell(calculator.parent_atoms(), matrix)
    atoms = atoms[np.random.default_rng(seed).permutation(len(atoms))]
    atoms.rattle(0.08, seed=seed)
    atoms.wrap()
    atoms.calc = calculator
    return atoms


@pytest.mark.parametrize("name", ["NaCl_rattled", "W_strained", "CeO2"])
def test_plain_crystals_are_those_of_sevenn(name):
    given = GOLDEN[name]
    atoms = ase.Atoms(numbers=given["numbers"], positions=given["positions"], cell=given["cell"], pbc=True)
    atoms.calc = AlchemicalCalculator({"structure": atoms, "potential": {"name": "sevennet-0"}})
    found = given["7net-0"]["float64"]
    assert atoms.get_potential_energy() == pytest.approx(found["energy"], abs=1e-7)
    np.testing.assert_allclose(atoms.get_forces(), found["forces"], atol=1e-7)
    np.testing.assert_allclose(atoms.get_stress(), found["stress"], atol=1e-8)


def test_phonons_by_ase_are_those_that_sevenn_has(tmp_path):
    """54 atoms; frequencies in THz."""
    parent = bulk("NaCl", "rocksalt", a=PHONONS["a"])
    calculator = AlchemicalCalculator({"structure": parent, "potential": {"name": "sevennet-0"}})
    phonons = Phonons(parent, calculator, supercell=(3, 3, 3), delta=0.02, name=str(tmp_path / "phonons"))
    phonons.run()
    phonons.read(acoustic=True)
    energies = phonons.band_structure(np.array(PHONONS["waves"]), verbose=False)
    found = np.sort(energies, axis=1) / 4.135667696e-3
    np.testing.assert_allclose(found, PHONONS["frequencies"], atol=2e-4)


def test_repetitions_have_the_energy_of_as_many_parents_in_any_order_and_shape(calculator):
    atoms = calculator.parent_atoms()
    atoms.positions[1] += [0.1, 0.05, -0.02]
    atoms.calc = calculator
    energy, forces, stress = atoms.get_potential_energy(), atoms.get_forces(), atoms.get_stress()
    for made in (
        atoms.repeat((2, 1, 1)),
        make_supercell(atoms, ROWS),
        make_supercell(atoms, [[0, 1, 0], [1, 0, 0], [0, 0, 1]]),
    ):
        order = np.random.default_rng(1).permutation(len(made))
        many = made[order]
        many.calc = calculator
        times = len(made) // 2
        assert many.get_potential_energy() == pytest.approx(times * energy, abs=1e-8)
        np.testing.assert_allclose(many.get_stress(), stress, atol=1e-9)
        sites = np.array(["Na", "Cl"])[:, None] == np.array(many.get_chemical_symbols())[None]
        for site in (0, 1):
            np.testing.assert_allclose(
                many.get_forces()[sites[site]], np.tile(forces[site], (times, 1)), atol=1e-8
            )


def test_forces_stress_and_derivatives_are_those_of_finite_differences(calculator):
    atoms = rattled(calculator)
    forces = atoms.get_forces()
    step = 1e-4
    for atom, axis in ((0, 0), (2, 1), (3, 2)):
        energies = []
        for sign in (1.0, -1.0):
            moved = atoms.copy()
            moved.positions[atom, axis] += sign * step
            moved.calc = calculator
            energies.append(moved.get_potential_energy())
        assert forces[atom, axis] == pytest.approx(-(energies[0] - energies[1]) / (2 * step), abs=2e-6)
    np.testing.assert_allclose(atoms.get_stress(), calculate_numerical_stress(atoms, eps=1e-5), atol=1e-7)
    weights = calculator.site_weights(atoms)
    slopes = calculator.derivatives(atoms)
    changed = next(n for n, one in enumerate(weights) if len(one) == 2)
    energies = []
    for sign in (1.0, -1.0):
        moved = [dict(one) for one in weights]
        moved[changed] = {"Na": 0.6 - sign * step, "K": 0.4 + sign * step}
        calculator.set_site_weights(moved)
        energies.append(atoms.get_potential_energy())
    slope = slopes[changed]["K"] - slopes[changed]["Na"]
    assert slope == pytest.approx((energies[0] - energies[1]) / (2 * step), abs=2e-6)


def test_no_change_is_answered_with_old_numbers(calculator):
    atoms = rattled(calculator)
    before = atoms.get_potential_energy()
    calls = calculator.potential_calls
    atoms.get_forces()
    assert calculator.potential_calls == calls
    calculator.set_composition("cation:Na=0.1,K=0.9")
    assert calculator.composition == {"cation": {"Na": 0.1, "K": 0.9}}
    other = atoms.get_potential_energy()
    assert abs(other - before) > 1e-3
    calculator.set_composition(HALF)
    assert atoms.get_potential_energy() == before
    # Other atoms of as many, in another order: mapped anew, each by its position.
    shuffled = atoms[::-1]
    shuffled.calc = calculator
    assert shuffled.get_potential_energy() == pytest.approx(before, abs=1e-9)


def test_per_site_weights_of_whole_atoms_are_the_explicit_crystal(calculator):
    atoms = rattled(calculator, [[2, 0, 0], [0, 2, 0], [0, 0, 1]])
    cations = [n for n, symbol in enumerate(atoms.get_chemical_symbols()) if symbol == "Na"]
    explicit = atoms.copy()
    for n in cations[:2]:
        explicit[n].symbol = "K"
    calculator.set_site_weights([{symbol: 1.0} for symbol in explicit.get_chemical_symbols()])
    plain = AlchemicalCalculator({"structure": explicit, "potential": {"name": "sevennet-0"}})
    explicit.calc = plain
    assert atoms.get_potential_energy() == pytest.approx(explicit.get_potential_energy(), abs=1e-9)
    np.testing.assert_allclose(atoms.get_forces(), explicit.get_forces(), atol=1e-9)
    np.testing.assert_allclose(calculator.masses(atoms), explicit.get_masses())
    larger = atoms.repeat((2, 1, 1))
    larger.calc = calculator
    with pytest.raises(ValueError, match="weights for 8 atoms, and 16 atoms; call set_site_weights again"):
        larger.get_potential_energy()
    calculator.set_composition(HALF)
    assert larger.get_potential_energy() < 0.0


def test_dynamics_keep_their_energy_and_their_atoms(calculator):
    atoms = calculator.parent_atoms().repeat((2, 2, 1))
    atoms.calc = calculator
    atoms.set_masses(calculator.masses(atoms))
    assert atoms.get_masses()[0] == pytest.approx(0.6 * 22.98977 + 0.4 * 39.0983, abs=1e-4)
    spread = np.sqrt(atoms.get_masses()[:, None] * units.kB * 600.0)
    atoms.set_momenta(spread * np.random.default_rng(0).standard_normal((len(atoms), 3)))
    dynamics = VelocityVerlet(atoms, 2.0 * units.fs)
    first = atoms.get_total_energy()
    for _ in range(4):
        dynamics.run(5)
        atoms.wrap()
        assert atoms.get_total_energy() == pytest.approx(first, abs=0.005)
    # Carried by a drift beyond half the way to the next site, they are still what they were.
    energy = atoms.get_potential_energy()
    for _ in range(4):
        atoms.translate([0.7, 0.0, 0.0])
        assert atoms.get_potential_energy() == pytest.approx(energy, abs=1e-8)


def test_at_the_relaxed_crystal_nothing_pulls_in_a_strained_parent(calculator):
    relaxed = orichalcum.evaluate(NAKCL, HALF)
    state = relaxed.structure
    atoms = ase.Atoms(
        "NaCl", cell=state.lattice, scaled_positions=[site.frac for site in state.sites], pbc=True
    )
    atoms = atoms.repeat((2, 1, 1))
    atoms.calc = calculator
    assert atoms.get_potential_energy() / 4 == pytest.approx(relaxed.energy_per_atom, abs=1e-7)
    np.testing.assert_allclose(atoms.get_stress(), 0.0, atol=1e-6)


def test_empty_sites_weigh_and_pull_nothing():
    problem = {**NAKCL, "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "Vac"]}]}
    calculator = AlchemicalCalculator(problem, {"cation": {"Na": 0.5, "Vac": 0.5}})
    atoms = calculator.parent_atoms().repeat((2, 2, 1))
    atoms.calc = calculator
    weights = calculator.site_weights(atoms)
    assert weights[0] == {"Na": 0.5, "Vac": 0.5}
    calculator.set_site_weights(
        [{"Vac": 1.0}, *({"Na": 1.0} if "Vac" in one else {"Cl": 1.0} for one in weights[1:])]
    )
    lacking = atoms[1:]
    lacking.calc = AlchemicalCalculator({"structure": lacking, "potential": {"name": "sevennet-0"}})
    assert atoms.get_potential_energy() == pytest.approx(lacking.get_potential_energy(), abs=1e-8)
    np.testing.assert_allclose(atoms.get_forces()[0], 0.0, atol=1e-12)
    assert calculator.masses(atoms)[0] == 0.0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda atoms: atoms[1:], "3 atoms are no multiple of the 2 sites"),
        (
            lambda atoms: atoms.set_cell(atoms.cell * [1.6, 1, 1]),
            "no repetition of the parent's with 2 cells",
        ),
        (lambda atoms: atoms.rotate(40, "z", rotate_cell=True), "parent"),
        (lambda atoms: atoms.translate([1.4, 1.4, 0.0]), "from the nearest site of the parent"),
        (
            lambda atoms: atoms.positions.__setitem__(0, atoms.positions[2] + 0.01),
            "two atoms are on one site",
        ),
        (lambda atoms: atoms.set_pbc([True, True, False]), "not periodic in all directions"),
    ],
)
def test_what_is_no_supercell_is_refused_with_the_reason(mixed, change, said):
    mixed.set_composition(HALF)
    mixed._map = None
    atoms = mixed.parent_atoms().repeat((2, 1, 1))
    atoms = change(atoms) or atoms
    atoms.calc = mixed
    with pytest.raises(NotASupercell, match=said):
        atoms.get_potential_energy()


def test_what_is_no_composition_or_weight_is_refused(calculator):
    for wrong, said in (
        ({"anion": {"Cl": 1.0}}, "/composition"), ({"cation": {"Na": 0.5}}, "/composition"), (5, "not of type int"),
    ):  # fmt: skip
        with pytest.raises(ProblemInvalid, match=said):
            calculator.set_composition(wrong)
    with pytest.raises(ProblemInvalid):
        AlchemicalCalculator(NAKCL)
    with pytest.raises(ValueError, match="atom 0: shares are 0 or more and add up to 1"):
        calculator.set_site_weights([{"Na": 0.5}, {"Cl": 1.0}])
    calculator.set_site_weights([{"Na": 1.0}, {"Br": 1.0}])
    atoms = calculator.parent_atoms()
    atoms.calc = calculator
    with pytest.raises(ValueError, match=r"atom 1 is on site 1, which may hold \['Cl'\], not Br"):
        atoms.get_potential_energy()
