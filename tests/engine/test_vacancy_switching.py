"""Vacancies with a real potential: at rest against ASE, in segments bit for bit, cold against the static value."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from ase import Atoms
from ase.build import make_supercell
from ase.optimize import BFGS

from api_schemas.dynamics import DynamicsTask, EmptySite, HarmonicTask, RestingCrystal, Tether
from api_schemas.errors import parse
from api_schemas.evaluations import Suggestion
from api_schemas.free_energies import FreeEnergyAnswer
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve
from engine.campaign.evaluate import evaluate
from engine.campaign.run import run
from engine.crystals.crystal import build_crystal
from engine.crystals.parent import ParentCrystal
from engine.mechanics.ase_calculator import AlchemicalCalculator, parent_atoms
from engine.references.store import MemoryStore
from engine.units.registry import UNITS
from engine.units.unit import Workplace
from tests.observing import Silent
from tests.soak import long

CELLS = [[2, 0, 0], [0, 2, 0], [0, 0, 1]]
SALT = {"cation": {"Na": 1.0}}
BOLTZMANN = 8.617333262e-5
THZ = 15.6333042
"""Of 1 eV/Å^2 and 1 u."""
PLANCK = 4.135667696e-3


def problem(**options):
    return parse(
        Problem,
        {
            "kind": "free_energy",
            "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
            "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na"]}],
            "potential": {"name": "sevennet-0"},
            "conditions": {"chemical_potentials": {"Na": -1.3}},
            "free_energy": {
                "path": "vacancy", "vacancy": {"sublattice": "cation", "element": "Na"}, "atoms": 8, **options,
            },
        },
    )  # fmt: skip


@pytest.fixture(scope="module")
def salt(weights_fetched):
    """Rock salt at rest, with what its tasks share."""
    resolved, store = resolve(problem()), MemoryStore()
    record = evaluate(resolved, Suggestion(index=0, origin="free_energy", composition=SALT), references=store)
    assert record.converged
    return resolved, store, RestingCrystal(evaluation=0, composition=SALT, q=record.relaxation.q)


def performed(salt, task, **workplace):
    (record,) = UNITS[task.unit].perform(salt[0], [task], Workplace(references=salt[1], **workplace))
    return record


@pytest.fixture(scope="module")
def rested(salt):
    """The perfect crystal and the one with the first site empty, both at rest."""
    return performed(
        salt,
        HarmonicTask(
            index=0, crystal=salt[2], matrix=CELLS, temperature=300.0, seed=0, empty=EmptySite(site=0, removed="Na")
        ),
    )  # fmt: skip


def segment(salt, rested, begin, end, checkpoint=None, **changes):
    saved = []
    asked = {
        "reference": "vacancy", "crystals": [salt[2]], "matrix": CELLS, "temperature": 300.0, "timestep": 4.0,
        "friction": 0.01, "seed": 3, "run": 2, "replicas": 2, "forward": True, "equilibration": 6, "steps": 14,
        "tether": Tether(site=0, spring=rested.defect.spring), **changes,
    }  # fmt: skip
    task = DynamicsTask(index=begin, begin=begin, end=end, continues=None if begin == 0 else 0, **asked)
    return performed(salt, task, checkpoint=checkpoint, save=saved.append), saved


def explicit(record, matrix, load, *, without=None):
    """The supercell as plain ASE atoms, without the first of an element, computed as any ordered crystal."""
    cell = Atoms(
        [next(iter(site.species)) for site in record.structure.sites],
        scaled_positions=[site.frac for site in record.structure.sites],
        cell=record.structure.lattice,
        pbc=True,
    )
    atoms = make_supercell(cell, np.array(matrix))
    if without is not None:
        del atoms[atoms.get_chemical_symbols().index(without)]
    crystal = build_crystal(
        ParentCrystal(np.array(atoms.cell), atoms.get_scaled_positions(), tuple(atoms.get_chemical_symbols()))
    )
    plain = parent_atoms(crystal)
    plain.calc = AlchemicalCalculator(load("sevennet-0"), crystal, np.zeros(0))
    return plain


def at_rest(salt):
    asked = Suggestion(index=0, origin="free_energy", composition=SALT)
    return evaluate(salt[0], asked, references=salt[1])


def test_the_crystal_with_an_empty_site_rests_where_ase_says(salt, rested, load):
    defect = rested.defect
    atoms = explicit(at_rest(salt), CELLS, load, without="Na")
    before = atoms.get_potential_energy()
    atoms.rattle(0.02, seed=1)
    BFGS(atoms, logfile=None).run(fmax=1e-3, steps=300)
    assert defect.converged
    assert defect.energy == pytest.approx(atoms.get_potential_energy(), abs=2e-4)
    assert defect.energy < before - 0.01
    perfect = explicit(at_rest(salt), CELLS, load)
    assert rested.energy == pytest.approx(perfect.get_potential_energy(), abs=1e-5)
    assert defect.chemical_potential == -1.3
    assert defect.reference == "Na, given, -1.3000 eV/atom"


@pytest.mark.parametrize("forward", [True, False])
def test_a_run_in_segments_is_the_run_bit_for_bit(salt, rested, forward):
    whole, _ = segment(salt, rested, 0, 20, forward=forward)
    assert whole.failed is None
    assert whole.works[0] != whole.works[1]
    for cut in (4, 6, 13):  # at the first end, at the beginning of the switch, in its middle
        first, saved = segment(salt, rested, 0, cut, forward=forward)
        assert first.works is None
        second, _ = segment(salt, rested, cut, 20, checkpoint=saved[-1], forward=forward)
        assert second.works == whole.works


def test_in_the_cold_the_switch_does_what_the_crystals_at_rest_differ_in(salt, rested):
    """Both directions bound it, and their mean is near; at 1 K all vibrations together have less than 6 meV."""
    cold = partial(segment, salt, rested, 0, 80, temperature=1.0, equilibration=10, steps=70)
    ahead, back = (np.array(cold(forward=forward)[0].works) for forward in (True, False))
    static = rested.defect.energy - rested.energy
    assert static > 4.0
    assert np.mean(ahead) > static - 0.01
    assert np.mean(-back) < static + 0.01
    assert (np.mean(ahead) - np.mean(back)) / 2 == pytest.approx(static, abs=0.02)


def test_a_step_that_is_too_long_is_found_before_anything_moves(salt, rested):
    record, saved = segment(salt, rested, 0, 20, timestep=60.0, run=0)
    assert "time step of 60 fs too large" in record.failed
    assert saved == []


def vibrating(atoms, temperature, seed):
    """Energy of a crystal at rest, and classical free energy of its 3 N - 3 vibrations with its error, eV.

    Force constants are differences of ASE's forces; what is beyond them is the exponential average over 200 samples.
    """
    from scipy.special import logsumexp

    BFGS(atoms, logfile=None).run(fmax=1e-4, steps=300)
    rest, energy, heat = atoms.get_positions(), atoms.get_potential_energy(), BOLTZMANN * temperature
    n, step = len(atoms), 0.01
    rows = []
    for k in range(3 * n):
        moved = np.zeros(3 * n)
        moved[k] = step
        sides = []
        for sign in (1.0, -1.0):
            atoms.set_positions(rest + sign * moved.reshape(n, 3))
            sides.append(atoms.get_forces().reshape(-1))
        rows.append((sides[1] - sides[0]) / (2 * step))
    hessian = (np.array(rows) + np.array(rows).T) / 2
    root = np.sqrt(np.repeat(atoms.get_masses(), 3))
    values, vectors = np.linalg.eigh(hessian / np.outer(root, root))
    still = np.abs(values) < 1e-6  # the three of translation
    values, vectors = values[~still], vectors[:, ~still]
    assert len(values) == 3 * n - 3
    assert values.min() > 0.0
    harmonic = heat * np.log(PLANCK * THZ * np.sqrt(values) / heat).sum()
    draw, beyond = np.random.default_rng(seed), []
    for _ in range(100):
        u = np.sqrt(heat) * (vectors @ (draw.standard_normal(len(values)) / np.sqrt(values))) / root
        for sign in (1.0, -1.0):
            atoms.set_positions(rest + sign * u.reshape(n, 3))
            beyond.append(atoms.get_potential_energy() - energy - u @ hessian @ u / 2)
    reduced = np.array(beyond) / heat
    weights = np.exp(reduced.min() - reduced)
    difference = -heat * (logsumexp(-reduced) - np.log(len(reduced)))
    return energy, harmonic + difference, heat * weights.std() / weights.mean() / np.sqrt(len(reduced) / 2)


@long
def test_switching_is_the_difference_of_two_absolute_free_energies(weights_fetched, load):
    """Copper, 16 and 15 atoms, each by itself with ASE, at 200 K; and what an atom of the crystal has."""
    document = {
        "kind": "free_energy",
        "structure": {"prototype": "fcc", "species": ["Cu"]},
        "sublattices": [{"name": "copper", "sites": ["Cu"], "elements": ["Cu"]}],
        "potential": {"name": "sevennet-0"},
        "free_energy": {
            "path": "vacancy", "vacancy": {"sublattice": "copper", "element": "Cu"}, "temperatures": [200], "atoms": 16,
            "accuracy": 0.006, "budget": {"runs": 16, "steps": 120},
        },
    }  # fmt: skip
    resolved = resolve(parse(Problem, document))
    (one,) = FreeEnergyAnswer.model_validate(run(resolved, Silent()).answer).free_energies
    composition = {"copper": {"Cu": 1.0}}
    asked = Suggestion(index=0, origin="free_energy", composition=composition)
    rest = evaluate(resolved, asked, references=MemoryStore())
    energy, perfect, perfect_error = vibrating(explicit(rest, one.supercell, load), 200.0, 1)
    above, vacant, vacant_error = vibrating(explicit(rest, one.supercell, load, without="Cu"), 200.0, 2)
    n, heat = one.atoms, BOLTZMANN * 200.0
    between = (above + vacant) - (energy + perfect) - 1.5 * heat * np.log((n - 1) / n)
    expected = between + energy / n + perfect / (n - 1)
    error = np.sqrt(one.standard_error**2 + perfect_error**2 + vacant_error**2)
    assert one.accurate
    assert error < 0.008
    assert one.contributions.static == pytest.approx(above - energy + energy / n, abs=1e-3)
    assert abs(one.free_energy - expected) < 3 * error
