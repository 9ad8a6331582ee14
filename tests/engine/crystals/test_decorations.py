"""Compositions in whole numbers of sites, quasi-random decorations, and their short-range order."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from api_schemas.sublattices import Sublattice
from api_schemas.symbols import SYMBOLS
from engine.crystals.coordination import changed_coordination
from engine.crystals.crystal import build_crystal
from engine.crystals.decorations import EMPTY, decorate, shells_on
from engine.crystals.holding import held, rounded_counts, sites_of, supercell_holding
from engine.crystals.prototypes import PROTOTYPES
from engine.crystals.short_range_order import shells_of
from engine.crystals.sqs_process import DecorationsUnavailable

A = 3.6
FCC_SITES = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])


def crystal(prototype, species, **sublattices):
    return build_crystal(
        PROTOTYPES[prototype].build(species),
        [Sublattice(name=name, sites=[site], elements=e) for name, (site, e) in sublattices.items()],
    )


def copper_nickel(*elements):
    return crystal("fcc", ("Cu",), mix=("Cu", list(elements or ("Cu", "Ni"))))


def decorated(of, x, sites=16, seed=0, number=0):
    supercell = supercell_holding(of, np.array(x), sites)
    kept = held(of, np.array(x), supercell.n_cells)
    return supercell, kept, decorate(of, supercell, kept, seed, number)


@pytest.mark.parametrize(
    ("fractions", "sites", "counts"),
    [
        ([0.5, 0.5], 8, [4, 4]),
        ([0.27, 0.73], 16, [4, 12]),
        ([1 / 3, 1 / 3, 1 / 3], 8, [3, 3, 2]),  # of equal remainders the first
        ([0.1, 0.2, 0.7], 7, [1, 1, 5]),
        ([0.0, 1.0], 5, [0, 5]),
        ([0.29999999999, 0.70000000001], 10, [3, 7]),
    ],
)
def test_fractions_become_whole_numbers_of_sites_by_the_largest_remainder(fractions, sites, counts):
    assert rounded_counts(np.array(fractions), sites).tolist() == counts


def test_counts_add_up_and_are_within_one_of_what_is_wanted():
    rng = np.random.default_rng(0)
    for _ in range(200):
        fractions, sites = rng.dirichlet(np.full(int(rng.integers(2, 6)), 0.4)), int(rng.integers(1, 60))
        counts = rounded_counts(fractions, sites)
        assert counts.sum() == sites
        assert (counts >= 0).all()
        assert np.abs(counts - fractions * sites).max() < 1.0


@pytest.mark.parametrize("x", [0.5, 0.25, 0.2, 1 / 3])
def test_a_composition_that_some_number_of_cells_holds_is_held(x):
    of = copper_nickel()
    supercell = supercell_holding(of, np.array([x, 1 - x]), 16)
    assert 13 <= supercell.n_cells <= 20
    np.testing.assert_allclose(held(of, np.array([x, 1 - x]), supercell.n_cells), [x, 1 - x], atol=1e-12)


def test_a_decoration_holds_the_composition_and_is_the_same_every_time_and_another_for_every_number():
    of = copper_nickel("Cu", "Ni", "Au")
    seen = set()
    for number in range(3):
        supercell, x, found = decorated(of, [0.5, 0.25, 0.25], number=number)
        again = decorated(of, [0.5, 0.25, 0.25], number=number)[2]
        np.testing.assert_array_equal(found.columns, again.columns)
        np.testing.assert_array_equal(found.species, np.array([29, 28, 79])[found.columns])
        np.testing.assert_allclose(np.bincount(found.columns) / supercell.n_cells, x)
        seen.add(found.columns.tobytes())
    assert len(seen) == 3
    assert decorated(of, [0.5, 0.25, 0.25], seed=1)[2].columns.tobytes() not in seen


def test_decorations_are_nearer_to_random_than_most_permutations():
    of = copper_nickel()
    supercell, _, found = decorated(of, [0.5, 0.5], 32)
    shells = shells_on(of, supercell, 0)
    rng = np.random.default_rng(0)
    others = np.array([rng.permutation(found.columns) for _ in range(300)])
    np.testing.assert_allclose(shells.warren_cowley(found.columns, 2)[:, 0, 1], 0.0, atol=1e-12)
    assert shells.disorder(found.columns, 2) < np.quantile(shells.disorder(others, 2), 0.01)


def test_of_few_sites_no_two_decorations_are_alike_by_symmetry():
    of = copper_nickel()
    supercell, x, _ = decorated(of, [0.75, 0.25], 8)
    shells = shells_on(of, supercell, 0)
    orders = {
        np.round(shells.warren_cowley(decorate(of, supercell, x, 0, n).columns, 2)[:, 0, 1], 6).tobytes()
        for n in range(2)
    }
    assert len(orders) == 2


def test_the_warren_cowley_parameters_of_ordered_crystals_are_those_counted_by_hand():
    """L1_0: 8 of 12 neighbours unlike, then 0 of 6, then 16 of 24. L1_2 (Cu3Au): every neighbour of Au is Cu."""
    box = np.eye(3) * A
    shells = shells_of(box, FCC_SITES @ box)
    np.testing.assert_allclose(shells.distances, A * np.sqrt([0.5, 1.0, 1.5]))
    np.testing.assert_array_equal(shells.neighbours.sum(axis=2), np.outer([12, 6, 24], np.ones(4)))
    layers = shells.warren_cowley(np.array([0, 1, 1, 0]), 2)
    np.testing.assert_allclose(layers[:, 0, 1], [1 - (8 / 12) / 0.5, 1.0, 1 - (16 / 24) / 0.5])
    gold = shells.warren_cowley(np.array([1, 0, 0, 0]), 2)
    np.testing.assert_allclose(gold[:, 0, 1], [1 - 1 / 0.75, 1.0, 1 - 1 / 0.75])
    np.testing.assert_allclose(gold, gold.transpose(0, 2, 1))


def test_the_smallest_triangles_are_those_of_the_lattice():
    box = np.eye(3) * A
    assert (
        len(shells_of(box, FCC_SITES @ box).triangles) == 4 * 12 * 4
    )  # of three first neighbours, each corner
    bcc = shells_of(box, np.array([[0, 0, 0], [0.5, 0.5, 0.5]]) @ box)
    assert len(bcc.triangles) == 2 * 8 * 3  # the third side is of the second shell


def test_several_sublattices_are_decorated_each_by_itself():
    of = crystal("rocksalt", ("Na", "Cl"), cation=("Na", ["Na", "K"]), anion=("Cl", ["Cl", "Br"]))
    supercell, x, found = decorated(of, [0.5, 0.5, 0.75, 0.25], 16)
    assert supercell.n_cells == 8
    for number, part in enumerate(of.column_slices):
        own = found.columns[sites_of(of, supercell, number)]
        np.testing.assert_allclose(np.bincount(own, minlength=4)[part] / 8, x[part])
    assert sorted(set(found.species)) == [11, 17, 19, 35]


def test_sites_may_be_empty_and_sites_of_no_sublattice_are_not():
    of = crystal("rocksalt", ("Na", "Cl"), cation=("Na", ["Na", "Vac"]))
    found = decorated(of, [0.75, 0.25], 8)[2]
    assert np.bincount(found.species)[[EMPTY, 11, 17]].tolist() == [2, 6, 8]
    assert len(found.present) == 14
    assert (found.columns[found.species == 17] == -1).all()


def test_a_composition_of_one_element_needs_no_search(monkeypatch):
    monkeypatch.setattr("engine.crystals.decorations.quasi_random", None)
    assert set(decorated(copper_nickel(), [1.0, 0.0])[2].species) == {29}


def test_a_search_leaves_the_signals_of_the_process_alone():
    """Sqsgenerator resets them to what ends a process at once, where it runs."""
    heard = []
    before = signal.signal(signal.SIGTERM, lambda *_: heard.append(True))
    try:
        decorated(copper_nickel(), [0.5, 0.5], 8)
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [True]


def test_without_sqsgenerator_it_says_where_to_get_it(tmp_path, monkeypatch):
    (tmp_path / "sqsgenerator.py").write_text("raise ImportError('no wheel for this system')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(DecorationsUnavailable, match=r"no wheel for this system.*glibc 2\.34"):
        decorated(copper_nickel(), [0.5, 0.5], 8)


def moved(lattice, frac, strain=0.0, displacement=None):
    box = lattice @ (np.eye(3) + np.diag([strain, strain, -2 * strain]))
    positions = frac @ box
    return box, positions if displacement is None else positions + displacement


@pytest.mark.parametrize(
    ("sites", "strain", "amplitude", "changed"),
    [
        (FCC_SITES, 0.0, 0.0, 0.0),
        (FCC_SITES, 0.02, 0.1, 0.0),
        (np.array([[0, 0, 0], [0.5, 0.5, 0.5]]), 0.02, 0.1, 0.0),  # both first shells of bcc are its nearest
        (FCC_SITES, 0.13, 0.0, 1.0),  # along Bain's path to c/a = 0.65, past bcc
    ],
)
def test_neighbours_are_those_of_the_parent_until_others_are_nearer(sites, strain, amplitude, changed):
    box = np.eye(3) * A
    displacement = amplitude * np.random.default_rng(0).uniform(-1, 1, sites.shape)
    found = changed_coordination(box, sites @ box, *moved(box, sites, strain, displacement))
    assert found == changed


def test_an_atom_in_the_place_of_another_has_changed_its_neighbours():
    box = np.eye(3) * 4 * A
    sites = np.array([[i, j, k] for i in range(4) for j in range(4) for k in range(4)]) / 4.0
    swapped = sites.copy()
    swapped[[0, 42]] = sites[[42, 0]]
    share = changed_coordination(box, sites @ box, box, swapped @ box)
    assert share == pytest.approx(14 / 64)  # the two, and the six neighbours of each


def test_as_many_elements_as_a_sublattice_may_offer_are_decorated():
    twenty = SYMBOLS[21:41]
    _, x, found = decorated(copper_nickel(*twenty), np.full(20, 0.05), sites=20)
    assert np.bincount(found.columns, minlength=20).tolist() == (x * len(found.columns)).round().tolist()
    assert {SYMBOLS[number] for number in found.species} == set(twenty)
