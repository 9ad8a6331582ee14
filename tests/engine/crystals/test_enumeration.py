"""Orderings of cells up to a size and of named cells, against published numbers, bsym and brute force."""

from __future__ import annotations

from collections import Counter
from itertools import product
from math import factorial, prod

import numpy as np
import pytest
import spglib
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Lattice, Structure

from api_schemas.sublattices import Sublattice
from api_schemas.symbols import SYMBOLS
from engine.crystals.crystal import build_crystal
from engine.crystals.decorations import decoration_of
from engine.crystals.enumerable import NotEnumerable
from engine.crystals.enumeration import (
    TooManyOrderings,
    count_in_cell,
    count_up_to,
    orderings_in_cell,
    orderings_up_to,
)
from engine.crystals.hermite import hermite_forms
from engine.crystals.holding import sites_that_hold
from engine.crystals.parent import ParentCrystal
from engine.crystals.prototypes import PROTOTYPES
from engine.crystals.supercells import Supercell

EYE = np.eye(3, dtype=np.int64)
CUBE_OF_FCC = np.array([[-1, 1, 1], [1, -1, 1], [1, 1, -1]])


def crystal(prototype, species, **sublattices):
    return build_crystal(
        PROTOTYPES[prototype].build(species),
        [Sublattice(name=n, sites=[site], elements=list(e)) for n, (site, e) in sublattices.items()],
    )


def fcc(*elements):
    return crystal("fcc", ["Cu"], mix=("Cu", elements or ("Cu", "Au")))


def perovskite(**sublattices):
    return crystal("perovskite", ["Ba", "Ti", "O"], **(sublattices or {"B": ("Ti", ("Ti", "W"))}))


def cubic_fcc():
    sites = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    parent = ParentCrystal(3.7 * np.eye(3), sites, ("Cu",) * 4)
    return build_crystal(parent, [Sublattice(name="mix", sites=["Cu"], elements=["Cu", "Au"])])


def structure(of, supercell, columns):
    held = decoration_of(of, supercell, columns)
    positions = supercell.positions(of.lattice, of.positions)
    return Structure(
        Lattice(supercell.matrix @ of.lattice),
        [SYMBOLS[number] for number in held.species[held.present]],
        positions[held.present],
        coords_are_cartesian=True,
    )


def per_size(orderings):
    return dict(sorted(Counter(o.supercell.n_cells for o in orderings).items()))


def test_fcc_binaries_are_as_many_as_hart_and_forcade_list():
    """With exchanged elements counted once: 2, 3, 12, 14, 50, 52, 229; of odd cells those are half of all."""
    found = orderings_up_to(fcc(), 8)
    assert per_size(found) == {2: 2, 3: 6, 4: 19, 5: 28, 6: 80, 7: 104, 8: 390}
    shares = Counter((o.supercell.n_cells, round(o.x[0] * o.supercell.n_cells)) for o in found)
    assert all(shares[n, a] == shares[n, n - a] for n, a in shares)
    once = {n: sum(count for (m, a), count in shares.items() if m == n and 2 * a < n) for n in (3, 5, 7)}
    assert once == {3: 3, 5: 14, 7: 52}


def test_exchange_of_elements_counted_as_the_same_leaves_half_and_the_self_dual_ones():
    of = fcc()
    found = orderings_up_to(of, 4)
    structures = {n: [] for n in (2, 3, 4)}
    for ordering in found:
        structures[ordering.supercell.n_cells].append(structure(of, ordering.supercell, ordering.columns))
    matcher = StructureMatcher(primitive_cell=False, scale=False, stol=0.01, ltol=0.01, angle_tol=0.1)
    exchange = {"Cu": "Au", "Au": "Cu"}
    for n, expected in {2: 2, 3: 3, 4: 12}.items():
        kept = []
        for each in structures[n]:
            other = each.copy()
            other.replace_species(exchange)
            if not any(matcher.fit(other, k) or matcher.fit(each, k) for k in kept):
                kept.append(each)
        assert len(kept) == expected


@pytest.mark.parametrize(("elements", "n"), [(2, 2), (2, 3), (3, 2)])
def test_orderings_are_those_left_of_all_decorations_of_all_cells_by_comparing_structures(elements, n):
    """Brute force: every decoration of every cell, reduced to its primitive cell, compared with all others."""
    of = fcc(*("Cu", "Au", "Pd")[:elements])
    matcher = StructureMatcher(primitive_cell=False, scale=False, stol=0.01, ltol=0.01, angle_tol=0.1)
    kept, made = [], 0
    for form in hermite_forms(n):
        supercell = Supercell(form)
        for columns in product(range(elements), repeat=n):
            if len(set(columns)) == 1:
                continue
            found = structure(of, supercell, np.array(columns))
            made += 1
            if not any(matcher.fit(found, other) for other in kept):
                kept.append(found)
    own = [o for o in orderings_up_to(of, n) if o.supercell.n_cells == n]
    assert len(own) == len(kept)
    assert (
        sum(o.degeneracy for o in own) == made
    )  # of a prime number of cells no mixed one has a smaller period
    given = [structure(of, o.supercell, o.columns) for o in own]
    assert all(sum(matcher.fit(each, other) for other in given) == 1 for each in kept)


def test_degeneracies_are_the_orientations_and_translations_of_well_known_orderings():
    degeneracies = {(tuple(o.x), o.degeneracy) for o in orderings_up_to(fcc(), 4)}
    assert {
        ((0.5, 0.5), 6),
        ((0.5, 0.5), 8),
        ((0.25, 0.75), 4),
        ((0.25, 0.75), 12),
    } <= degeneracies  # L1_0, L1_1, L1_2
    cube = orderings_up_to(perovskite(), 2)
    assert sorted(o.degeneracy for o in cube) == [2, 6, 6]  # rock-salt; layered, columnar


def test_the_b_sites_of_a_perovskite_order_in_24_ways_in_primitive_cells_of_four():
    assert per_size(orderings_up_to(perovskite(), 4)) == {2: 3, 3: 6, 4: 24}


def test_degeneracies_of_all_cells_add_up_to_all_decorations_with_no_smaller_period():
    """Of index n there are sum d sigma(d) sublattices; decorations with a smaller period are those of larger ones."""
    found = orderings_up_to(fcc(), 8)
    for n in range(2, 9):
        with_no_smaller = 0
        for form in hermite_forms(n):
            cell = Supercell(form)
            rows = np.array(list(product((0, 1), repeat=n)))
            moved = rows[:, cell.sums[1:]]
            with_no_smaller += int((moved != rows[:, None]).any(axis=2).all(axis=1).sum())
        assert sum(o.degeneracy for o in found if o.supercell.n_cells == n) == with_no_smaller


def test_a_named_cell_keeps_orderings_with_a_smaller_period():
    found = orderings_in_cell(perovskite(), Supercell(2 * EYE), np.array([0.5, 0.5]))
    assert len(found) == 6
    assert sum(o.degeneracy for o in found) == 70
    assert sorted(o.degeneracy for o in found) == [2, 6, 6, 8, 24, 24]


@pytest.mark.parametrize(
    ("prototype", "species", "site", "matrix", "counts"),
    [
        ("perovskite", ["Ba", "Ti", "O"], "Ti", 2 * EYE, {"Ti": 3, "W": 5}),
        ("perovskite", ["Ba", "Ti", "O"], "O", np.diag([2, 1, 1]), {"O": 3, "F": 3}),
        ("fcc", ["Cu"], "Cu", CUBE_OF_FCC @ np.diag([2, 1, 1]), {"Cu": 4, "Au": 2, "Pd": 2}),
        ("hcp", ["Mg"], "Mg", np.diag([2, 2, 1]), {"Mg": 6, "Cd": 2}),
        ("wurtzite", ["Al", "N"], "Al", np.diag([2, 2, 1]), {"Al": 4, "Sc": 3, "Ga": 1}),
        ("bcc", ["Fe"], "Fe", np.array([[1, 1, 0], [0, 2, 1], [0, 0, 3]]), {"Fe": 4, "Al": 2}),
        ("spinel", ["Mg", "Al", "O"], "Al", np.diag([2, 1, 1]), {"Al": 5, "Cr": 3}),
    ],
)
def test_orderings_of_a_named_cell_are_those_of_bsym(prototype, species, site, matrix, counts):
    """B. J. Morgan, J. Open Source Softw. 2, 370 (2017), doi:10.21105/joss.00370."""
    from bsym.interface.pymatgen import unique_structure_substitutions

    of = crystal(prototype, species, mix=(site, tuple(counts)))
    supercell = Supercell(matrix if np.linalg.det(matrix) > 0 else -matrix)
    parent = structure(of, supercell, np.where(np.tile(of.site_sublattice, supercell.n_cells) < 0, -1, 0))
    theirs = unique_structure_substitutions(parent, site, counts)
    share = np.array(list(counts.values())) / sum(counts.values())
    ours = orderings_in_cell(of, supercell, share)
    expected = sorted(each.number_of_equivalent_configurations for each in theirs)
    assert sorted(o.degeneracy for o in ours) == expected
    assert count_in_cell(of, supercell, share) == len(expected)


def test_orderings_of_two_sublattices_are_those_of_bsym_one_after_the_other():
    from bsym.interface.pymatgen import unique_structure_substitutions

    of = perovskite(A=("Ba", ("Ba", "Sr")), B=("Ti", ("Ti", "W")))
    supercell = Supercell(np.diag([2, 2, 1]))
    half = np.full(4, 0.5)
    parent = structure(of, supercell, np.tile([0, 2, -1, -1, -1], 4))
    theirs = [
        both.full_configuration_degeneracy
        for one in unique_structure_substitutions(parent, "Ba", {"Ba": 2, "Sr": 2})
        for both in unique_structure_substitutions(one, "Ti", {"Ti": 2, "W": 2})
    ]
    ours = orderings_in_cell(of, supercell, half)
    assert sorted(o.degeneracy for o in ours) == sorted(theirs)
    assert sum(theirs) == 36


CRYSTALS = {
    "three elements": (fcc("Cu", "Au", "Pd"), CUBE_OF_FCC),
    "two sublattices": (perovskite(A=("Ba", ("Ba", "Sr")), O=("O", ("O", "F"))), np.diag([2, 1, 1])),
    "vacancies": (crystal("rocksalt", ["Mg", "O"], c=("Mg", ("Mg", "Li", "Vac"))), np.diag([2, 1, 2])),
    "one element": (perovskite(A=("Ba", ("Ba",)), B=("Ti", ("Ti", "W"))), np.diag([2, 2, 1])),
    "given as a cube": (cubic_fcc(), np.diag([2, 1, 1])),
    "skew": (crystal("hcp", ["Mg"], mix=("Mg", ("Mg", "Cd"))), np.array([[1, 1, 0], [0, 2, 1], [0, 0, 2]])),
}


@pytest.mark.parametrize("name", CRYSTALS)
def test_degeneracies_of_a_named_cell_add_up_to_all_decorations_and_burnside_counts_them(name):
    of, matrix = CRYSTALS[name]
    supercell = Supercell(matrix)
    every = orderings_in_cell(of, supercell)
    sites = [len(s.sites) * supercell.n_cells for s in of.sublattices]
    assert sum(o.degeneracy for o in every) == prod(
        len(s.elements) ** n for s, n in zip(of.sublattices, sites, strict=True)
    )
    assert count_in_cell(of, supercell) == len(every)
    for x in np.unique([o.x for o in every], axis=0):
        own = orderings_in_cell(of, supercell, x)
        multinomial = 1
        for part, n in zip(of.column_slices, sites, strict=True):
            multinomial *= factorial(n) // prod(factorial(round(v * n)) for v in x[part])
        assert sum(o.degeneracy for o in own) == multinomial
        assert count_in_cell(of, supercell, x) == len(own)
        assert sorted(o.degeneracy for o in own) == sorted(o.degeneracy for o in every if (o.x == x).all())


@pytest.mark.parametrize("seed", range(12))
def test_burnside_counts_what_is_made_in_random_cells(seed):
    draw = np.random.default_rng(seed)
    lattice = 4.0 * np.eye(3) if seed % 3 == 0 else 4.0 * np.eye(3) + draw.normal(scale=0.4, size=(3, 3))
    frac = np.array([[0, 0, 0], [0.5, 0.5, 0.5]]) if seed % 2 else draw.random((2, 3)) * 0.3 + [[0.0], [0.5]]
    parent = ParentCrystal(lattice, frac, ("Na", "Cl"))
    of = build_crystal(
        parent,
        [
            Sublattice(name="a", sites=["Na"], elements=["Na", "K", "Vac"][: 2 + seed % 2]),
            Sublattice(name="b", sites=["Cl"], elements=["Cl", "Br"]),
        ],
    )
    forms = hermite_forms(int(draw.integers(2, 5)))
    supercell = Supercell(forms[draw.integers(len(forms))])
    found = orderings_in_cell(of, supercell)
    assert len({o.columns.tobytes() for o in found}) == len(found) == count_in_cell(of, supercell)
    elements = len(of.sublattices[0].elements)
    assert sum(o.degeneracy for o in found) == (2 * elements) ** supercell.n_cells
    assert count_up_to(of, 4) >= len(orderings_up_to(of, 4))


def test_a_parent_given_as_a_cube_has_the_orderings_of_its_primitive_cell():
    cube, primitive = cubic_fcc(), fcc()
    found, expected = orderings_up_to(cube, 5), orderings_up_to(primitive, 5)
    key = lambda o: (*o.x, o.degeneracy)  # noqa: E731
    assert sorted(map(key, found)) == sorted(map(key, expected))
    assert all(np.bincount(o.columns, minlength=2) / len(o.columns) == pytest.approx(o.x) for o in found)
    matcher = StructureMatcher(scale=True, stol=0.01, ltol=0.01, angle_tol=0.1)
    ours = [structure(cube, o.supercell, o.columns) for o in found[:8]]
    for each in (structure(primitive, o.supercell, o.columns) for o in expected[:8]):
        assert sum(matcher.fit(each, other) for other in ours) == 1
    assert {(o.degeneracy, o.supercell.n_cells) for o in found[:2]} == {
        (6, 1),
        (8, 2),
    }  # L1_0 is in a cube, L1_1 is not


def test_the_list_is_by_size_then_composition_and_the_same_every_time():
    of = perovskite(A=("Ba", ("Ba", "Sr")), B=("Ti", ("Ti", "W")))
    found = orderings_up_to(of, 6)
    keys = [(o.supercell.n_cells, o.x.tolist()) for o in found]
    assert keys == sorted(keys)
    again = orderings_up_to(of.with_geometry(of.lattice * 1.0000001, of.frac), 6)
    assert [o.columns.tolist() for o in again] == [o.columns.tolist() for o in found]
    assert [o.supercell.matrix.tolist() for o in again] == [o.supercell.matrix.tolist() for o in found]
    assert orderings_up_to(of, 6)[0] is found[0]  # a plan that is made anew pays once


def test_at_a_composition_are_those_of_all_compositions_that_hold_it():
    every = orderings_up_to(fcc(), 6)
    third = orderings_up_to(fcc(), 6, np.array([0.3333, 0.6667]))
    expected = [o for o in every if abs(o.x[0] - 1 / 3) < 1e-9]
    assert Counter(o.degeneracy for o in third) == Counter(o.degeneracy for o in expected)
    assert third[0].x.tolist() == [1 / 3, 2 / 3]
    half = orderings_up_to(perovskite(), 12, np.array([0.5, 0.5]))
    assert set(per_size(half)) == {2, 4, 6, 8, 10, 12}


def test_elements_of_a_decoration_are_those_of_its_columns():
    of = crystal("rocksalt", ["Mg", "O"], c=("Mg", ("Li", "Vac")))
    supercell = Supercell(np.diag([2, 1, 1]))
    assert decoration_of(of, supercell, np.array([0, -1, 1, -1])).species.tolist() == [3, 8, 0, 8]


def inequivalent_pairs(edge):
    """Pairs of sites in a cell of edge^3 sites of fcc: vectors up to the cube's rotations, inversion among them."""
    rotations = spglib.get_symmetry((fcc().lattice, [[0, 0, 0]], [1]))["rotations"]
    vectors = set(product(range(edge), repeat=3)) - {(0, 0, 0)}
    orbits = {min(tuple((r @ v % edge).tolist()) for r in rotations) for v in vectors}
    return len(orbits)


def test_too_many_orderings_are_counted_and_none_is_made():
    with pytest.raises(TooManyOrderings, match="allowed") as told:
        orderings_up_to(fcc(), 8, limit=100)
    assert told.value.count == count_up_to(fcc(), 8) == 891
    with pytest.raises(TooManyOrderings):
        orderings_in_cell(fcc(), Supercell(5 * EYE))
    large = count_in_cell(fcc(), Supercell(5 * EYE), np.array([0.4, 0.6]))
    assert large == factorial(125) // (factorial(50) * factorial(75)) // (48 * 125)
    with pytest.raises(TooManyOrderings):
        orderings_up_to(fcc("Cu", "Au", "Pd", "Pt", "Ni"), 20)
    assert count_in_cell(fcc(), Supercell(5 * EYE), np.array([1 / 125, 124 / 125])) == 1
    assert count_in_cell(fcc(), Supercell(5 * EYE), np.array([2 / 125, 123 / 125])) == inequivalent_pairs(5)


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: orderings_up_to(fcc(), 21), "20 mixed sites"),
        (lambda: orderings_up_to(perovskite(O=("O", ("O", "F"))), 2), "3 mixed sites"),
        (lambda: orderings_up_to(fcc(), 4, np.array([0.2, 0.8])), "cells with 5, 10, 15"),
        (lambda: orderings_up_to(fcc(), 4, np.array([0.137, 0.863])), "simpler fractions"),
        (lambda: orderings_in_cell(fcc(), Supercell(2 * EYE), np.array([1 / 3, 2 / 3])), "cells with 3, 6"),
        (lambda: orderings_in_cell(fcc(), Supercell(-2 * EYE)), "right-handed"),
        (lambda: orderings_in_cell(fcc(), Supercell(10**6 * EYE)), "128"),
        (lambda: count_in_cell(perovskite(A=("Ba", ("Ba",))), Supercell(EYE)), "nothing to order"),
    ],
)
def test_what_cannot_be_enumerated_says_why_and_what_can(ask, says):
    with pytest.raises(NotEnumerable, match=says):
        ask()


def test_sites_that_hold_a_composition_are_multiples_of_its_denominators():
    both = perovskite(A=("Ba", ("Ba", "Sr")), B=("Ti", ("Ti", "W")))
    assert sites_that_hold(both, np.array([1 / 2, 1 / 2, 1 / 3, 2 / 3]), 30) == [12, 24]
    assert sites_that_hold(fcc(), np.array([0.25, 0.75]), 13) == [4, 8, 12]
