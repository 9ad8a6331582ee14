"""Names of orderings, against structures of the AFLOW library as pymatgen has them, and hand-written ones."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from pymatgen.analysis.prototypes import AFLOW_PROTOTYPE_LIBRARY

from api_schemas.sublattices import Sublattice
from engine.crystals.canonical import canonical_form, own_cell
from engine.crystals.crystal import build_crystal
from engine.crystals.enumeration import Ordering, orderings_in_cell, orderings_up_to
from engine.crystals.known_orderings import name_of
from engine.crystals.parent import ParentCrystal
from engine.crystals.prototypes import PROTOTYPES
from engine.crystals.supercells import Supercell
from engine.crystals.symmetry import space_group

EYE = np.eye(3, dtype=np.int64)


def crystal(prototype, species, **sublattices):
    return build_crystal(
        PROTOTYPES[prototype].build(species),
        [Sublattice(name=n, sites=[site], elements=list(e)) for n, (site, e) in sublattices.items()],
    )


FCC = crystal("fcc", ["Cu"], mix=("Cu", ("Cu", "Au")))
BCC = crystal("bcc", ["Fe"], mix=("Fe", ("Fe", "Al")))
HCP = crystal("hcp", ["Mg"], mix=("Mg", ("Mg", "Cd")))


def named(lattice, frac, letters, repeats=(1, 1, 1)):
    """The name of a structure whose sites are those of one mixed sublattice."""
    parent = ParentCrystal(np.array(lattice, dtype=float), np.array(frac, dtype=float), ("Cu",) * len(frac))
    of = build_crystal(parent, [Sublattice(name="mix", sites=["Cu"], elements=["Cu", "Au", "Pd"])])
    columns = np.array(["ABC".index(letter) for letter in letters])
    supercell = Supercell(np.diag(repeats))
    return name_of(of, Ordering(supercell, np.tile(columns, supercell.n_cells), 1, np.zeros(3)))


AFLOW = {
    "AB_tP2_123_a_d": "L1_0",
    "AB_hR2_166_a_b": "L1_1",
    "AB3_cP4_221_a_c": "L1_2",
    "A3B_tI8_139_bd_a": "D0_22",
    "A3B_tI16_139_cde_e": "D0_23",
    "AB4_tI10_87_a_h": "D1_a",
    "AB_cP2_221_b_a": "B2",
    "AB_cF16_227_a_b": "B32",
    "AB3_cF16_225_a_bc": "D0_3",
    "A3B_hP8_194_h_c": "D0_19",
    "AB_oP4_51_e_f": "B19",
    "AB_cF8_225_a_b": "rock-salt",  # both elements together are a simple cubic lattice
    "AB_cF8_216_c_a": None,  # zincblende: they are a diamond lattice
    "A2B_cF12_225_c_a": None,  # fluorite
    "AB3_hP8_194_c_h": None,
    "AB_oP8_62_c_c": None,
}


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize(
    "label", [k for k in AFLOW if any(e["tags"]["aflow"] == k for e in AFLOW_PROTOTYPE_LIBRARY)]
)
def test_structures_of_the_aflow_library_have_their_names(label, swap):
    """As measured: CuAu has c/a 0.927 of the cube, Al3Ti 1.115 of D0_22's, Zr in Al3Zr is off its ideal height."""
    for entry in (e for e in AFLOW_PROTOTYPE_LIBRARY if e["tags"]["aflow"] == label):
        found = entry["snl"].structure
        elements = sorted({site.specie.symbol for site in found}, reverse=swap)
        letters = "".join("AB"[elements.index(site.specie.symbol)] for site in found)
        expected = AFLOW[label]
        assert named(found.lattice.matrix, found.frac_coords, letters) == expected
        assert named(found.lattice.matrix, found.frac_coords, letters, (2, 1, 1)) == expected


BODY_CENTRED = [
    (0, 0, 0),
    (0, 0, 1 / 3),
    (0, 0, 2 / 3),
    (0.5, 0.5, 0.5),
    (0.5, 0.5, 5 / 6),
    (0.5, 0.5, 1 / 6),
]
FOUR_LAYERS = [(0, 0, 0), (0.5, 0.5, 0.25), (0, 0, 0.5), (0.5, 0.5, 0.75)]
CHALCOPYRITE = [
    *((0, 0, 0), (0, 0.5, 0.25), (0.5, 0.5, 0.5), (0.5, 0, 0.75)),
    *((0.5, 0.5, 0), (0.5, 0, 0.25), (0, 0, 0.5), (0, 0.5, 0.75)),
]


@pytest.mark.parametrize(
    ("name", "cell", "frac", "letters"),
    [
        ("MoPt2", (1, 2**0.5, 3), BODY_CENTRED, "ABBABB"),
        ("C11_b", (1, 1, 3), BODY_CENTRED, "ABBABB"),
        ("beta", (1, 1, 3 * 2**0.5), BODY_CENTRED, "ABBABB"),
        ("B11", (1, 1, 2), FOUR_LAYERS, "AABB"),
        ("Z2", (1, 1, 2**1.5), FOUR_LAYERS, "AABB"),
        ("chalcopyrite", (1, 1, 2), CHALCOPYRITE, "AAAABBBB"),
        ("columnar", (2, 2, 1), [(0, 0, 0), (0.5, 0, 0), (0, 0.5, 0), (0.5, 0.5, 0)], "ABBA"),
        ("layered", (1, 1, 2), [(0, 0, 0), (0, 0, 0.5)], "AB"),
        (None, (1, 1, 4), [(0, 0, 0), (0, 0, 0.25), (0, 0, 0.5), (0, 0, 0.75)], "AABB"),
        (None, (1, 1, 1), [(0, 0, 0), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5)], "AABC"),
    ],
)
def test_hand_written_structures_have_their_names(name, cell, frac, letters):
    """Pt2Mo with its positions at ideal thirds, MoSi2 and CuTi on the cube, CuFeS2 without its sulphur, and others."""
    lattice = 3.0 * np.diag(cell)
    assert named(lattice, frac, letters) == name
    assert (
        named(
            lattice @ (np.eye(3) + 0.02 * np.array([[1, 0.5, 0], [0.5, -1, 0], [0, 0, 0.3]])), frac, letters
        )
        == name
    )


def test_every_ordering_has_one_name_and_every_name_its_degeneracy():
    """Degeneracies by hand: orientations of the layers times the layers of a period, and the elements."""
    named_ones = Counter((name_of(FCC, o), o.degeneracy) for o in orderings_up_to(FCC, 4))
    layered = {"L1_0": 3 * 2, "L1_1": 4 * 2, "beta": 3 * 3, "alpha": 4 * 3, "MoPt2": 6 * 3, "Z2": 3 * 4, "V2": 4 * 4,
               "Y2": 6 * 4, "W2": 12 * 4}  # fmt: skip
    for name, degeneracy in layered.items():
        assert named_ones[name, degeneracy] == (1 if name in {"L1_0", "L1_1", "Z2", "V2", "Y2", "W2"} else 2)
    threes = {"L1_2": 4, "D0_22": 3 * 4, "Z1": 3 * 4, "V1": 4 * 4, "Y1": 6 * 4, "W1": 12 * 4}
    assert all(named_ones[name, degeneracy] == 2 for name, degeneracy in threes.items())
    assert sum(count for (name, _), count in named_ones.items() if name is None) == 2  # A3B and AB3


def test_orderings_of_bcc_and_hcp_are_named():
    bcc = Counter(name_of(BCC, o) for o in orderings_up_to(BCC, 4))
    assert (bcc["B2"], bcc["B32"], bcc["D0_3"], bcc["B11"], bcc["C11_b"]) == (1, 1, 2, 1, 2)
    hcp = Counter(name_of(HCP, o) for o in orderings_up_to(HCP, 8, np.array([0.25, 0.75])))
    assert hcp["D0_19"] == 1
    assert hcp[None] == sum(hcp.values()) - 1


def test_sublattices_of_compounds_are_named_by_their_own_sites():
    b = crystal("perovskite", ["Ba", "Ti", "O"], B=("Ti", ("Ti", "W")))
    names = Counter(name_of(b, o) for o in orderings_in_cell(b, Supercell(2 * EYE), np.array([0.5, 0.5])))
    assert names == {"rock-salt": 1, "layered": 1, "columnar": 1, None: 3}
    oxygen = crystal("perovskite", ["Ba", "Ti", "O"], X=("O", ("O", "F")))
    assert {name_of(oxygen, o) for o in orderings_up_to(oxygen, 3)} == {None}
    cations = crystal("rocksalt", ["Mg", "O"], c=("Mg", ("Mg", "Vac")))
    assert {name_of(cations, o) for o in orderings_up_to(cations, 2)} == {"L1_0", "L1_1"}
    both = crystal("perovskite", ["Ba", "Ti", "O"], A=("Ba", ("Ba", "Sr")), B=("Ti", ("Ti", "W")))
    names = {name_of(both, o) for o in orderings_up_to(both, 4)}
    assert "rock-salt" in names  # of one of them, the other is pure
    assert "layered on A, layered on B" in names


def test_no_name_is_given_where_one_of_two_ordered_sublattices_has_none():
    both = crystal("perovskite", ["Ba", "Ti", "O"], A=("Ba", ("Ba", "Sr")), B=("Ti", ("Ti", "W")))
    columns = np.tile([0, 2, -1, -1, -1], 4)
    columns[0], columns[1] = 1, 3  # every fourth
    assert name_of(both, Ordering(Supercell(np.diag([1, 1, 4])), columns, 1, np.zeros(4))) is None
    columns = np.tile([[0, 2, -1, -1, -1], [1, 2, -1, -1, -1]], (2, 1)).ravel()
    columns[1] = 3
    assert name_of(both, Ordering(Supercell(np.diag([1, 1, 4])), columns, 1, np.zeros(4))) is None


def test_a_pure_crystal_has_no_name():
    assert (
        name_of(FCC, Ordering(Supercell(2 * EYE), np.zeros(8, dtype=np.int64), 1, np.array([1.0, 0.0])))
        is None
    )


def test_exchange_counted_as_the_same_leaves_what_hart_and_forcade_list():
    """G. L. W. Hart, R. W. Forcade, Phys. Rev. B 77, 224115 (2008), doi:10.1103/PhysRevB.77.224115."""
    forms = {n: set() for n in range(2, 9)}
    for o in orderings_up_to(FCC, 8):
        own = [canonical_form(FCC, o.supercell, columns) for columns in (o.columns, 1 - o.columns)]
        forms[o.supercell.n_cells].add(min(own))
    assert [len(found) for found in forms.values()] == [2, 3, 12, 14, 50, 52, 229]


def test_an_image_in_another_supercell_has_the_same_canonical_form():
    draw = np.random.default_rng(0)
    for ordering in orderings_up_to(HCP, 6)[::7]:
        form = canonical_form(HCP, ordering.supercell, ordering.columns)
        larger = Supercell(np.array([[1, 1, 0], [0, 1, 0], [1, 0, 2]]) @ ordering.supercell.matrix)
        shift = draw.integers(-3, 4, 3)
        cells = ordering.supercell.numbers(larger.cells + shift)
        moved = ordering.columns.reshape(-1, 2)[cells].ravel()
        assert canonical_form(HCP, larger, moved) == form
        assert own_cell(HCP, larger, moved)[0].n_cells == ordering.supercell.n_cells


def test_space_groups_are_those_of_the_international_tables():
    halves = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    assert space_group(3.7 * np.eye(3), halves, np.full(4, 29)) == ("Fm-3m", 225)
    assert space_group(3.7 * np.eye(3), halves, np.array([79, 29, 29, 29])) == ("Pm-3m", 221)
    assert space_group(3.7 * np.eye(3), halves, np.array([79, 79, 29, 29])) == ("P4/mmm", 123)
