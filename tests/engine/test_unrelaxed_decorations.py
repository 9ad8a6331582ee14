"""The unit `decorations`: energies of ordered crystals at the sites of the mean-field one, many at a time."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from ase import Atoms

from api_schemas.decorations import DecorationsRecord, DecorationsTask, ExplicitDecoration
from api_schemas.errors import parse
from api_schemas.evaluations import RelaxationState, Suggestion
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve
from engine.crystals.decorations import explicit_crystal
from engine.crystals.supercells import Supercell
from engine.mechanics.ase_calculator import AlchemicalCalculator
from engine.mechanics.coordinates import symmetry_coordinates
from engine.tiers.mean_field import evaluator_at
from engine.units.registry import UNITS
from engine.units.unit import Workplace

SALT = {
    "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"], "a": 6.0},
    "sublattices": [{"name": "mix", "sites": ["Na"], "elements": ["Na", "K", "Vac"]}],
    "at": [{"mix": {"Na": 0.5, "K": 0.25, "Vac": 0.25}}],
}
SYMBOLS = {0: "Na", 1: "K", 2: None}
TWICE = [[2, 0, 0], [0, 2, 0], [0, 0, 2]]
FCC = 3.0 * np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]])


def resolved(**changes):
    document = {"kind": "order", "potential": {"name": "sevennet-0"}, **SALT, **changes}
    return resolve(parse(Problem, document))


def energies(problem, decorations, warm_start=None, **workplace):
    """What the unit tells, eV per parent cell."""
    task = DecorationsTask(
        index=3,
        composition=problem.problem.at[0],
        evaluation=0,
        decorations=decorations,
        warm_start=warm_start,
    )
    (record,) = UNITS["decorations"].perform(problem, [task], Workplace(**workplace))
    assert (record.index, record.evaluation, record.cost.potential_calls) == (3, 0, len(decorations))
    assert DecorationsRecord.model_validate_json(record.model_dump_json()) == record
    return record.energies


def salt(matrix, held):
    """A decoration from what the cation of each cell holds."""
    columns = [column for cell in Supercell(np.array(matrix)).cells for column in (held(tuple(cell)), -1)]
    return ExplicitDecoration(matrix=matrix, columns=columns)


def drawn(seed):
    """Which column each of the eight cells holds: four Na, two K and two empty."""
    columns = np.random.default_rng(seed).permutation([0, 0, 0, 0, 1, 1, 2, 2])
    return dict(zip(itertools.product((0, 1), repeat=3), columns.tolist(), strict=True))


def test_they_are_the_plain_potentials_energies_of_the_ordered_crystals(sevennet0):
    problem = resolved()
    held = [drawn(seed) for seed in range(3)]
    found = energies(problem, [salt(TWICE, of.__getitem__) for of in held])
    for of, energy in zip(held, found, strict=True):
        symbols, positions = [], []
        for cell, column in of.items():
            for symbol, place in ((SYMBOLS[column], 0.0), ("Cl", 3.0)):
                if symbol is not None:
                    symbols.append(symbol)
                    positions.append(np.array(cell) @ FCC + [place, 0.0, 0.0])
        atoms = Atoms(symbols, positions=positions, cell=2 * FCC, pbc=True)
        made = explicit_crystal(atoms.cell.array, atoms.positions, atoms.numbers)
        atoms.calc = AlchemicalCalculator(sevennet0, made, np.zeros(0))
        assert energy == pytest.approx(atoms.get_potential_energy() / 8, abs=1e-8)


def test_equivalent_decorations_have_one_energy_and_other_bases_too(weights_fetched):
    """Moved by a cell, turned about [111], mirrored, written in another basis: within 1e-9 eV an atom."""
    neighbours = {(0, 0, 0): 1, (1, 0, 0): 1, (0, 1, 0): 2, (0, 1, 1): 2}
    opposite = {(0, 0, 0): 1, (1, 1, 1): 1, (0, 1, 0): 2, (0, 1, 1): 2}  # two K are second neighbours

    def at(*cell):
        return neighbours.get(tuple(n % 2 for n in cell), 0)

    same = [
        salt(TWICE, lambda c: at(*c)),
        salt(TWICE, lambda c: at(c[0] + 1, c[1], c[2] + 1)),
        salt(TWICE, lambda c: at(c[1], c[2], c[0])),
        salt(TWICE, lambda c: at(c[1], c[0], c[2])),
        salt([[2, 0, 0], [2, 2, 0], [0, 2, 2]], lambda c: at(*c)),
        salt([[2, 0, 0], [0, 2, 0], [0, 0, 4]], lambda c: at(*c)),
    ]
    other = salt(TWICE, lambda c: opposite.get(tuple(c), 0))
    found = energies(resolved(), [*same, other])
    assert np.ptp(found[:-1]) < 1e-9 * 14 / 8
    assert abs(found[-1] - found[0]) > 1e-4


def test_in_batches_and_one_at_a_time_they_are_the_same(weights_fetched):
    """More atoms than are computed together: 12 crystals of 14."""
    problem, said = resolved(), []
    decorations = [salt(TWICE, drawn(seed).__getitem__) for seed in range(12)]
    together = energies(problem, decorations, say=said.append)
    one_by_one = [energies(problem, [decoration])[0] for decoration in decorations]
    assert together == pytest.approx(one_by_one, abs=1e-9)
    assert 1 < len(said) < 12


def test_they_stand_in_the_relaxed_mean_field_crystal(sevennet0):
    problem = resolved()
    composition = problem.problem.at[0]
    evaluator = evaluator_at(problem, Workplace())
    (mean,) = evaluator.evaluate([Suggestion(index=0, composition=composition)])
    a = mean.properties["lattice_a"].value
    assert abs(a - 6.0) > 0.01
    columns = [0, -1]
    (energy,) = energies(
        problem, [ExplicitDecoration(matrix=np.eye(3, dtype=int).tolist(), columns=columns)], mean.relaxation
    )
    cell = FCC * a / 6.0
    atoms = Atoms("NaCl", positions=[[0.0, 0.0, 0.0], [a / 2, 0.0, 0.0]], cell=cell, pbc=True)
    made = explicit_crystal(cell, atoms.positions, atoms.numbers)
    atoms.calc = AlchemicalCalculator(sevennet0, made, np.zeros(0))
    assert energy == pytest.approx(atoms.get_potential_energy(), abs=1e-6)


POSCAR = """two places for one atom
1.0
5 0 0
0 5 0
0 0 5
Cl Na
1 2
Direct
0 0 0
0.4 0.5 0.5
0.6 0.5 0.5
"""


def test_where_atoms_coincide_there_is_no_energy_and_the_others_have_theirs(weights_fetched):
    half = {"Na": 0.5, "Vac": 0.5}
    problem = resolved(
        structure={"poscar": POSCAR},
        sublattices=[
            {"name": name, "sites": [site], "elements": ["Na", "Vac"]} for site, name in ((1, "a"), (2, "b"))
        ],
        at=[{"a": half, "b": half}],
    )
    coordinates = symmetry_coordinates(problem.crystal)

    def gap(q):
        frac = coordinates.geometry(q)[1]
        return frac[2] - frac[1]

    # The coordinates at which both places are one: they are linear in them.
    n, still = coordinates.n_q, coordinates.n_strain
    slopes = np.array([gap(unit) - gap(np.zeros(n)) for unit in np.eye(n)[still:]])
    q = np.zeros(n)
    q[still:] = np.linalg.lstsq(slopes.T, -gap(np.zeros(n)), rcond=None)[0]
    together = RelaxationState(q=q.tolist(), columns=[], dq_dx=[], hessian=[])
    matrix = [[2, 0, 0], [0, 1, 0], [0, 0, 1]]
    decorations = [
        ExplicitDecoration(matrix=matrix, columns=columns)
        for columns in ([-1, 0, 3, -1, 1, 2], [-1, 0, 2, -1, 1, 3], [-1, 1, 2, -1, 0, 3])
    ]
    first, none, last = energies(problem, decorations, together)
    assert none is None
    assert first == pytest.approx(last, abs=1e-9)
