"""Numbers of neighbours against textbooks, and what counts as another phase than the parent's."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk

from api_schemas.problem import Problem
from engine.acceptance.resolve import resolved_problem
from engine.crystals.coordination import neighbour_counts, shells
from engine.crystals.phase import departure


def crystal(prototype, species, **more):
    first = species[0]
    document = {
        "kind": "evaluate",
        "structure": {"prototype": prototype, "species": species, **more},
        "sublattices": [{"name": "mixed", "sites": [first], "elements": [first]}],
        "at": [{"mixed": {first: 1.0}}],
        "potential": {"name": "sevennet-0"},
    }
    return resolved_problem(Problem.model_validate(document)).crystal


def counts(atoms):
    return set(neighbour_counts(shells(np.array(atoms.cell), atoms.positions)))


@pytest.mark.parametrize("size", [0.5, 1.0, 3.0])
@pytest.mark.parametrize(
    ("atoms", "expected"),
    [
        (bulk("Cu", "fcc", a=3.6), 12),
        (bulk("Mg", "hcp", a=3.2, covera=1.62), 12),
        (bulk("Fe", "bcc", a=2.87), 14),  # eight, and six that are 15 % farther
        (bulk("Si", "diamond", a=5.43), 4),
        (bulk("NaCl", "rocksalt", a=5.64), 6),
        (bulk("AlN", "wurtzite", a=3.11, c=4.98, u=0.382), 4),
        (bulk("GaAs", "zincblende", a=5.65), 4),
    ],
)
def test_neighbours_are_those_of_textbooks_whatever_the_size(atoms, expected, size):
    atoms = atoms.copy()
    atoms.set_cell(size * atoms.cell, scale_atoms=True)
    assert counts(atoms) == {expected}


def test_along_the_bain_path_body_centred_iron_becomes_face_centred():
    parent = bulk("Fe", "bcc", a=2.87, cubic=True)
    before = shells(np.array(parent.cell), parent.positions)

    def stretched(ratio):
        atoms = parent.copy()
        atoms.set_cell(parent.cell * np.array([1.0, 1.0, ratio]), scale_atoms=True)
        return set(neighbour_counts(shells(np.array(atoms.cell), atoms.positions), before))

    assert stretched(1.05) == {14}
    assert stretched(np.sqrt(2.0)) == {12}


def test_wurtzite_that_is_pressed_flat_is_another_phase_and_says_what_changed():
    parent = crystal("wurtzite", ["Al", "N"], a=3.13, c=5.02)
    flat = np.array([[3.53, 0.0, 0.0], [-1.765, 3.53 * np.sqrt(0.75), 0.0], [0.0, 0.0, 4.35]])
    frac = np.array(parent.frac)
    nitrogen = np.array([symbol == "N" for symbol in parent.parent_symbols])
    for site in np.flatnonzero(nitrogen):  # halfway between the metals above and below
        metal = int(np.argmin(np.linalg.norm((frac[~nitrogen] - frac[site])[:, :2], axis=1)))
        frac[site, 2] = frac[~nitrogen][metal, 2] + 0.5
    assert departure(parent, parent.lattice, parent.frac) is None
    found = departure(parent, flat, frac)
    assert found is not None
    assert found.phase == "P6_3/mmc (194), neighbours: mixed 5, N 5"
    assert "mixed and N have 5 neighbours instead of 4" in found.words
    assert "P6_3/mmc (194) from P6_3mc (186)" in found.words
    assert "c/a is 1.232, 1.604 in the parent" in found.words


@pytest.mark.parametrize("strain", [0.85, 1.0, 1.2])
def test_what_merely_grows_or_shrinks_stays_its_parent(strain):
    parent = crystal("rocksalt", ["Na", "Cl"], a=5.64)
    assert departure(parent, strain * parent.lattice, parent.frac) is None


def test_a_cell_of_few_digits_that_becomes_exact_has_found_no_new_symmetry():
    exact = crystal("rocksalt", ["Na", "Cl"], a=5.64)
    cubic = exact.conventional @ exact.lattice
    rows = "\n".join(
        f"0 0 0 {x} {y} {z}".replace("0 0 0 ", "")
        for x, y, z in [(0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0.003),
                        (0.5, 0, 0), (0, 0.5, 0), (0, 0, 0.5), (0.5, 0.5, 0.5)]
    )  # fmt: skip
    poscar = f"off\n1.0\n5.64 0 0\n0 5.65 0\n0 0 5.64\nNa Cl\n4 4\nDirect\n{rows}\n"
    document = {
        "kind": "evaluate",
        "structure": {"poscar": poscar},
        "sublattices": [],
        "potential": {"name": "sevennet-0"},
    }
    parent = resolved_problem(Problem.model_validate(document)).crystal
    frac = np.round(2.0 * parent.frac) / 2.0
    assert departure(parent, np.abs(np.round(cubic, 6)), frac) is None
