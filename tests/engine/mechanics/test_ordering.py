"""Searches for orderings: what they keep at every step, what they learn, where they end."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest
from ase import Atoms
from ase.build import make_supercell
from ase.neighborlist import neighbor_list
from scipy.special import entr

from api_schemas.sublattices import Sublattice
from engine.crystals.crystal import build_crystal
from engine.crystals.decorations import explicit_crystal
from engine.crystals.pair_orbits import pair_orbits
from engine.crystals.prototypes import PROTOTYPES
from engine.crystals.supercells import Supercell
from engine.mechanics import descent, ordering, swaps
from engine.mechanics.ase_calculator import AlchemicalCalculator
from engine.mechanics.coordinates import symmetry_coordinates
from engine.mechanics.landscape import Landscape
from engine.mechanics.mirror import FreeEnergyModel
from engine.mechanics.mixed_sites import MixedSites
from engine.mechanics.occupancies import Composition, entropy
from engine.mechanics.pair_model import PairModel
from engine.mechanics.relax import Start, relax
from engine.mechanics.sites import SiteLandscape
from tests.soak import later, longer

DOUBLED = [[2, 0, 0], [0, 2, 0], [0, 0, 2]]
CUBIC_32 = [[-2, 2, 2], [2, -2, 2], [2, 2, -2]]
MOST_CALLS = 45


def crystal_of(prototype, species, sublattices):
    parent = PROTOTYPES[prototype].build(species)
    return build_crystal(
        parent, [Sublattice(name=n, sites=[site], elements=e) for n, (site, e) in sublattices.items()]
    )


def mixed_sites(potential, crystal, matrix, counts, scale=1.0):
    """The sites of a supercell of the parent as it is, scaled."""
    landscape = SiteLandscape(potential, crystal, crystal.lattice * scale, Supercell(np.array(matrix)))
    positions = landscape.supercell.positions(crystal.lattice * scale, crystal.positions * scale)
    return MixedSites(landscape, positions, np.array(counts))


@cache
def copper_gold(potential):
    """32 sites of fcc, cubic with a = 3.93 Å."""
    crystal = crystal_of("fcc", ["Cu"], {"mixed": ("Cu", ["Cu", "Au"])})
    scale = 3.93 / (4.0 * crystal.volume) ** (1 / 3)
    return mixed_sites(potential, crystal, CUBIC_32, [16, 16], scale)


@cache
def double_perovskite(potential):
    """Ba2MgWO6 in 40 atoms, as large as the mean-field crystal."""
    crystal = crystal_of("perovskite", ["Ba", "W", "O"], {"B": ("W", ["Mg", "W"])})
    landscape = Landscape(potential, crystal, symmetry_coordinates(crystal))
    (mean,) = relax(landscape, crystal.weights(np.array([0.5, 0.5]))[None], [Start(np.zeros(1))])
    scale = 1.0 + landscape.coordinates.strain(mean.q)[0, 0]
    return mixed_sites(potential, crystal, DOUBLED, [4, 4], scale)


def several(potential):
    """Three elements on one sublattice and vacancies on another, 2 x 2 x 2 primitive cells of zincblende."""
    crystal = crystal_of(
        "zincblende",
        ["Ga", "As"],
        {"cation": ("Ga", ["Al", "Ga", "In"]), "anion": ("As", ["As", "P", "Vac"])},
    )
    return mixed_sites(potential, crystal, DOUBLED, [2, 3, 3, 5, 2, 1])


def searched(sites, seed, calls=MOST_CALLS):
    """The states of a search, and what was evaluated: occupancies, energies."""
    state = ordering.begin(sites, seed)
    states, points, energies = [state], [], []
    while not state.ended and state.evaluations < calls:
        energy, gradient = sites.evaluate(state.point)
        points.append(state.point)
        energies.append(energy)
        state = ordering.told(state, energy, gradient, sites, last=state.evaluations + 2 >= calls)
        states.append(state)
    return states, points, energies


def plain_energy(potential, sites, held):
    """eV, of the decoration as an ordered crystal of the potential without weights."""
    crystal, cells = sites.landscape.crystal, sites.landscape.supercell.n_cells
    symbols = list(crystal.parent_symbols) * cells
    for site, column in zip(sites.sites, held, strict=True):
        symbols[site] = crystal.columns[column].split(":")[1]
    here = [n for n, symbol in enumerate(symbols) if symbol != "Vac"]
    lattice = sites.landscape.supercell.matrix @ sites.landscape.lattice
    atoms = Atoms([symbols[n] for n in here], positions=sites.positions[here], cell=lattice, pbc=True)
    return energy_of(potential, atoms)


def energy_of(potential, atoms):
    crystal = explicit_crystal(atoms.cell.array, atoms.positions, atoms.numbers)
    atoms.calc = AlchemicalCalculator(potential, crystal, np.zeros(0))
    return float(atoms.get_potential_energy())


def test_occupancies_are_the_nearest_ones_of_their_composition():
    draw = np.random.default_rng(5)
    owner = np.array([0] * 7 + [1] * 5)
    composition = Composition(owner, np.array([0, 0, 0, 1, 1]), np.array([4, 0, 3, 2, 3]))
    for width in (0.1, 3.0, 30.0):
        theta = width * draw.normal(size=(12, 5))
        p = composition.balanced(theta)
        np.testing.assert_allclose(p.sum(axis=1), 1.0, atol=1e-12)
        np.testing.assert_allclose(p.sum(axis=0), composition.counts, atol=1e-12)
        assert (p >= 0.0).all()
        assert (p[~composition.allowed] == 0.0).all()
    theta = draw.normal(size=(12, 5))
    off = np.log(composition.balanced(theta)[:7][:, [0, 2]]) - theta[:7][:, [0, 2]]
    off -= off.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(off - off.mean(axis=0), 0.0, atol=1e-10)  # a number a site and one a column


def test_the_decoration_is_the_nearest_one():
    draw = np.random.default_rng(1)
    composition = Composition(np.zeros(6, dtype=int), np.zeros(3, dtype=int), np.array([2, 3, 1]))
    p = composition.balanced(draw.normal(size=(6, 3)))
    every = set(itertools.permutations([0, 0, 1, 1, 1, 2]))
    best = max(every, key=lambda held: p[np.arange(6), list(held)].sum())
    assert tuple(composition.rounded(p)) == best


def test_pairs_that_symmetry_takes_to_one_another_are_alike():
    crystal = crystal_of("fcc", ["Cu"], {"mixed": ("Cu", ["Cu", "Au"])})
    supercell = Supercell(np.array(CUBIC_32))
    orbits = pair_orbits(crystal, supercell, np.arange(32))
    # Shells of fcc in a cube of two lattice constants: 12, 6, 24, 12, 24, 8 neighbours, of which 12, 3, 12, 3, 1 are
    # different sites: the fourth and the sixth are their own images.
    assert sorted(np.bincount(orbits.labels[0])) == [1, 1, 3, 3, 12, 12]
    np.testing.assert_array_equal(orbits.reverse, np.arange(6))


@pytest.mark.parametrize("elements", [["Cu", "Au"], ["Cu", "Ag", "Au"]])
def test_gradients_at_noise_tell_the_second_derivatives_of_an_energy_of_pairs(elements):
    """The energy is a quadratic form with random interactions of the parent's symmetry, which are known here."""
    draw = np.random.default_rng(3)
    crystal = crystal_of("fcc", ["Cu"], {"mixed": ("Cu", elements)})
    supercell = Supercell(np.array([[3, 0, 0], [0, 3, 0], [0, 0, 3]]))
    n, k = supercell.n_cells, len(elements)
    orbits = pair_orbits(crystal, supercell, np.arange(n))
    values = draw.normal(size=(orbits.count, k, k))
    values += values.transpose(0, 2, 1)
    matrix = np.einsum("ijab->iajb", values[orbits.labels]).reshape(n * k, n * k)
    composition = Composition(
        np.zeros(n, dtype=int), np.zeros(k, dtype=int), np.array([27 // k + 27 % k] + [27 // k] * (k - 1))
    )
    model = PairModel(orbits, composition)
    points = np.concatenate([descent.noisy(composition, draw)[None], descent.probes_for(model, draw)])
    gradients = np.stack([(matrix @ p.reshape(-1)).reshape(n, k) + draw.normal(size=k) for p in points])
    found = model.learned(points, gradients, np.ones(len(points)))
    change = model.tangent(draw.normal(size=(n, k)))
    np.testing.assert_allclose(
        model.tangent((found @ change.reshape(-1)).reshape(n, k)),
        model.tangent((matrix @ change.reshape(-1)).reshape(n, k)),
        atol=1e-8,
    )


def test_the_slope_of_the_free_energy_is_that_of_its_differences(sevennet0):
    sites, draw, temperature, h = several(sevennet0), np.random.default_rng(2), 0.07, 1e-4
    composition = sites.composition
    p = composition.balanced(draw.normal(size=composition.uniform.shape))
    direction = composition.balanced(draw.normal(size=p.shape)) - p
    ends = [
        sites.evaluate(p + sign * h * direction)[0] - temperature * entr(p + sign * h * direction).sum()
        for sign in (1, -1)
    ]
    _, gradient = sites.evaluate(p)
    held = composition.allowed
    slope = (gradient + temperature * (np.log(np.where(held, p, 1.0)) + 1.0)) * direction
    assert slope[held].sum() == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-6)
    assert entropy(p) == pytest.approx(entr(p).sum(), rel=1e-12)
    n = p.size
    bend = draw.normal(size=(n, n))
    model = FreeEnergyModel(p, gradient, bend + bend.T, temperature, damping=0.03)
    there = p + 0.1 * direction
    _, at, logarithms = model.value(there)
    whole = ((at + (temperature + 0.03) * (logarithms + 1.0)) * direction)[held].sum()
    up, down = (model.value(there + sign * h * direction)[0] for sign in (1, -1))
    assert whole == pytest.approx((up - down) / (2 * h), rel=1e-5)


@pytest.mark.parametrize("name", ["copper_gold", "double_perovskite", "several"])
def test_the_free_energy_falls_at_every_step_and_the_composition_is_kept(sevennet0, name):
    sites = {"copper_gold": copper_gold, "double_perovskite": double_perovskite, "several": several}[name](
        sevennet0
    )
    states, points, energies = searched(sites, 0)
    for p in points:
        assert (p >= 0.0).all()
        np.testing.assert_allclose(p.sum(axis=1), 1.0, atol=1e-12)
        np.testing.assert_allclose(p.sum(axis=0), sites.counts, atol=1e-12)
        for sublattice, part in enumerate(sites.landscape.crystal.column_slices):
            assert (p[sites.composition.owner != sublattice, part] == 0.0).all()
    steps = states[-1].descent.steps
    assert len(steps) >= 1
    assert (steps[:, 2] < steps[:, 1]).all()
    known = {round(e, 9): entr(p).sum() for e, p in zip(energies, points, strict=True)}
    for temperature, *ends in steps:  # each end is the free energy of something that was evaluated
        for end in ends:
            assert min(abs(e - temperature * s - end) for e, s in known.items()) < 1e-7
    assert (np.diff(steps[:, 0]) < 0.0).all()
    best = states[-1].swaps
    assert best.energy == pytest.approx(plain_energy(sevennet0, sites, best.held), abs=1e-8)
    assert best.energy <= min(
        e for e, p in zip(energies, points, strict=True) if set(np.unique(p)) <= {0.0, 1.0}
    )
    np.testing.assert_array_equal(np.bincount(best.held, minlength=len(sites.counts)), sites.counts)


def test_the_gain_of_an_exchange_is_exact_where_the_energy_is_quadratic():
    draw = np.random.default_rng(4)
    matrix = draw.normal(size=(15, 15))
    matrix += matrix.T
    held = np.array([0, 0, 1, 1, 2])
    composition = Composition(np.zeros(5, dtype=int), np.zeros(3, dtype=int), np.array([2, 2, 1]))

    def energy(of):
        p = composition.one_hot(of).reshape(-1)
        return 0.5 * p @ matrix @ p

    gradient = (matrix @ composition.one_hot(held).reshape(-1)).reshape(5, 3)
    pairs = np.array([[i, j] for i in range(5) for j in range(i) if held[i] != held[j]])
    for pair, foreseen in zip(pairs, swaps.gains(held, pairs, gradient, matrix), strict=True):
        swapped = held.copy()
        swapped[pair] = held[pair[::-1]]
        assert foreseen == pytest.approx(energy(swapped) - energy(held), abs=1e-12)


def fingerprint(atoms):
    """Unlike pairs by distance: the same for decorations that symmetry takes to one another."""
    i, j, d = neighbor_list("ijd", atoms, 7.0)
    unlike = np.round(d[atoms.numbers[i] != atoms.numbers[j]], 3)
    found, counts = np.unique(unlike, return_counts=True)
    return tuple(zip(found.tolist(), (counts / len(atoms)).round(6).tolist(), strict=True))


@cache
def lowest_copper_gold(potential):
    """eV/atom: of every ordering CuAu of fcc with up to four sites in its cell."""
    cell = Atoms("Cu", cell=np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]]) * 3.93 / 2, pbc=True)
    found = {}
    for n in (2, 4):
        for a, d in ((a, d) for a in range(1, n + 1) for d in range(1, n + 1) if n % (a * d) == 0):
            f = n // (a * d)
            for b, c, e in itertools.product(range(d), range(f), range(f)):
                large = make_supercell(cell, [[a, b, c], [0, d, e], [0, 0, f]])
                for gold in itertools.combinations(range(n), n // 2):
                    atoms = large.copy()
                    atoms.numbers[list(gold)] = 79
                    found.setdefault(fingerprint(atoms), atoms)
    assert len(found) >= 6  # L1_0, L1_1, Z2, W2, A2B2 of [301] and of [210], at the least
    return min(energy_of(potential, atoms) / len(atoms) for atoms in found.values())


@cache
def lowest_double_perovskite(potential):
    """eV/atom: of the 70 decorations, of which symmetry leaves six."""
    sites = double_perovskite(potential)
    found = {}
    for tungsten in itertools.combinations(range(8), 4):
        held = np.zeros(8, dtype=int)
        held[list(tungsten)] = 1
        lattice = 2 * sites.landscape.lattice
        atoms = Atoms(
            np.where(held == 1, "W", "Mg"), positions=sites.positions[sites.sites], cell=lattice, pbc=True
        )
        found.setdefault(fingerprint(atoms), held)
    assert len(found) == 6
    return min(plain_energy(potential, sites, held) / 40 for held in found.values())


GOALS = {
    "CuAu": (copper_gold, lowest_copper_gold),
    "Ba2MgWO6": (double_perovskite, lowest_double_perovskite),
}


@longer
@pytest.mark.parametrize(
    ("system", "seeds"), [("CuAu", 3), ("Ba2MgWO6", 2), later("CuAu", 10), later("Ba2MgWO6", 10)]
)
def test_searches_end_at_the_lowest_ordering_that_enumeration_knows(sevennet0, system, seeds):
    sites_of, lowest_of = GOALS[system]
    sites, lowest = sites_of(sevennet0), lowest_of(sevennet0)
    ends, calls = [], []
    for seed in range(seeds):
        states, _, energies = searched(sites, seed)
        ends.append(states[-1].swaps.energy / sites.atoms)
        calls.append(len(energies))
        assert states[-1].ended
    assert sum(end < lowest + 1e-6 for end in ends) >= 0.9 * seeds
    assert np.median(calls) <= MOST_CALLS


def test_a_poor_decoration_is_bettered_by_exchanges(sevennet0):
    sites = double_perovskite(sevennet0)
    poor = np.array([1, 1, 1, 0, 1, 0, 0, 0])
    state = ordering.begin_at(poor, sites)
    while not state.ended:
        energy, gradient = sites.evaluate(state.point)
        state = ordering.told(state, energy, gradient, sites)
    assert state.start_energy == pytest.approx(plain_energy(sevennet0, sites, poor), abs=1e-8)
    assert state.swaps.accepted >= 1
    assert state.swaps.energy < state.start_energy - 1.0


def test_an_energy_that_is_not_finite_ends_the_search_or_shortens_the_step():
    crystal = crystal_of("fcc", ["Cu"], {"mixed": ("Cu", ["Cu", "Au"])})
    supercell = Supercell(np.array(DOUBLED))
    composition = Composition(np.zeros(8, dtype=int), np.zeros(2, dtype=int), np.array([4, 4]))
    model = PairModel(pair_orbits(crystal, supercell, np.arange(8)), composition)
    begun = descent.begin(descent.noisy(composition, np.random.default_rng(0)))
    assert descent.told(begun, np.nan, 0 * begun.point, model).ended
    like = (
        np.kron(1.0 - np.eye(8), np.array([[1.0, -1.0], [-1.0, 1.0]])) / 8
    )  # unlike neighbours are preferred
    gradient = (like @ begun.point.reshape(-1)).reshape(8, 2)
    state = first = descent.told(begun, 0.0, gradient, model)
    for _ in range(6):
        state = descent.told(state, np.nan, gradient, model)
        assert not state.ended
    assert state.damping > first.damping
    assert np.abs(state.point - begun.point).max() < 0.5 * np.abs(first.point - begun.point).max()
