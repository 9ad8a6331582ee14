"""Replicas of a crystal in one graph: the same numbers as other codes and as one at a time."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from engine.dynamics.replicas import Replicas, site_masses
from engine.potentials.loading import load_chosen
from tests.engine.dynamics.toys import fcc, pairs

DATA = Path(__file__).parents[2] / "data" / "sevennet_golden.json"
MODEL = Path(__file__).parents[3] / "examples" / "models" / "alkali_halides" / "alkali-halides.model"


def salt(potential, spread=0.12, m=3, seed=0):
    """Rocksalt of 8 sites, sodium to potassium and chlorine to bromine at once; m displaced replicas at several lam."""
    atoms = bulk("NaCl", "rocksalt", a=5.9, cubic=True)
    copies = [(11, 19) if z == 11 else (17, 35) for z in atoms.numbers]
    start, end = np.tile([1.0, 0.0], 8), np.tile([0.0, 1.0], 8)
    random = np.random.default_rng(seed)
    positions = atoms.positions + random.normal(scale=spread, size=(m, 8, 3))
    strain = random.normal(scale=0.01, size=(m, 3, 3))
    return (
        Replicas(potential, atoms.cell.array, copies, start, end),
        positions,
        strain,
        np.linspace(0.1, 0.8, m),
    )


@cache
def mace(dtype):
    from api_schemas.choices import PotentialChoice

    return load_chosen(PotentialChoice(name="mace", file=str(MODEL), dtype=dtype))


@pytest.mark.parametrize("crystal", ["NaCl", "AlN"])
def test_energies_and_forces_are_those_of_sevenn(sevennet0, crystal):
    data = next(
        values for name, values in json.loads(DATA.read_text())["crystals"].items() if crystal in name
    )
    expected = data["7net-0"]["float64"]
    replicas = Replicas(
        sevennet0, np.array(data["cell"]), [(z,) for z in data["numbers"]], np.ones(len(data["numbers"]))
    )
    twice = np.array([data["positions"]] * 2)
    found = replicas.evaluate(twice, np.zeros((2, 3, 3)), np.zeros(2))
    assert found.energy == pytest.approx([expected["energy"]] * 2, abs=1e-7)
    assert np.abs(-found.by_position - np.array(expected["forces"])).max() < 1e-6


def differences(replicas, positions, strain, lam, h=1e-4):
    """Central differences of one replica by one position, one strain and lam."""

    def energy(moved=0.0, strained=0.0, changed=0.0):
        at, of = positions.copy(), strain.copy()
        at[1, 3, 2] += moved
        of[1, 0, 1] += strained
        return replicas.evaluate(at, of, lam + changed).energy[1]

    return [
        (energy(**{name: h}) - energy(**{name: -h})) / (2 * h) for name in ("moved", "strained", "changed")
    ]


@pytest.mark.parametrize("which", ["sevennet", "mace"])
def test_every_derivative_is_that_of_differences(which, request):
    potential = mace("float64") if which == "mace" else request.getfixturevalue("sevennet0")
    replicas, positions, strain, lam = salt(potential)
    found = replicas.evaluate(positions, strain, lam, by_lam=True, by_strain=True)
    expected = differences(replicas, positions, strain, lam)
    got = [found.by_position[1, 3, 2], found.by_strain[1, 0, 1], found.by_lam[1]]
    assert got == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("which", ["sevennet", "mace"])
def test_a_batch_equals_one_replica_at_a_time(which, request):
    potential = mace("float64") if which == "mace" else request.getfixturevalue("sevennet0")
    replicas, positions, strain, lam = salt(potential)
    together = replicas.evaluate(positions, strain, lam, by_lam=True, by_strain=True)
    assert replicas.calls == 3
    for one in range(3):
        this = slice(one, one + 1)
        alone = replicas.evaluate(positions[this], strain[this], lam[this], by_lam=True, by_strain=True)
        for name in ("energy", "by_position", "by_lam", "by_strain"):
            assert np.abs(getattr(together, name)[this] - getattr(alone, name)).max() < 1e-10, name


def test_replicas_that_are_not_all_in_one_graph_give_the_same():
    lattice, sites = fcc()
    positions = sites + np.random.default_rng(1).normal(scale=0.1, size=(5, 4, 3))
    where = (positions, np.random.default_rng(2).normal(scale=0.01, size=(5, 3, 3)), np.linspace(0.1, 0.9, 5))
    together = pairs(sites, lattice).evaluate(*where, by_lam=True, by_strain=True)
    two = pairs(sites, lattice, at_once=2)
    found = two.evaluate(*where, by_lam=True, by_strain=True)
    assert two.calls == 5
    for name in ("energy", "by_position", "by_lam", "by_strain"):
        assert getattr(found, name).shape == getattr(together, name).shape
        assert np.abs(getattr(found, name) - getattr(together, name)).max() < 1e-12, name


@pytest.mark.parametrize("which", ["sevennet", "mace"])
def test_float32_gives_the_energies_of_float64_to_its_own_precision(which, load):
    single, double = (
        mace(dtype) if which == "mace" else load("sevennet-0", dtype) for dtype in ("float32", "float64")
    )
    found, expected = (
        replicas.evaluate(positions, strain, lam, by_lam=True)
        for replicas, positions, strain, lam in (salt(single), salt(double))
    )
    assert found.by_position.dtype == np.float64
    assert np.abs(found.energy - expected.energy).max() < 3e-5  # eV of 8 atoms
    assert np.abs(found.by_position - expected.by_position).max() < 3e-5
    assert np.abs(found.by_lam - expected.by_lam).max() < 1e-4


def test_derivatives_that_were_not_asked_for_are_not_there():
    lattice, positions = fcc()
    found = pairs(positions, lattice).evaluate(positions[None], np.zeros((1, 3, 3)), np.zeros(1))
    assert found.by_lam is None
    assert found.by_strain is None


def test_a_copy_that_is_absent_all_the_way_changes_nothing():
    lattice, positions = fcc()
    positions = positions[None] + np.random.default_rng(1).normal(scale=0.1, size=(2, 4, 3))
    where = (positions, np.zeros((2, 3, 3)), np.array([0.3, 0.6]))
    few = pairs(positions[0], lattice).evaluate(*where, by_lam=True)
    many = pairs(positions[0], lattice, (11, 37, 19), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)).evaluate(
        *where, by_lam=True
    )
    for name in ("energy", "by_position", "by_lam"):
        assert np.array_equal(getattr(few, name), getattr(many, name)), name


def test_an_atom_that_is_switched_off_leaves_the_crystal_without_it(sevennet0):
    _, positions, strain, _ = salt(sevennet0, m=1)
    numbers = bulk("NaCl", "rocksalt", a=5.9, cubic=True).numbers
    copies = [(int(z),) for z in numbers]
    end = np.ones(8)
    end[2] = 0.0
    lattice = bulk("NaCl", "rocksalt", a=5.9, cubic=True).cell.array
    switched = Replicas(sevennet0, lattice, copies, np.ones(8), end)
    others = np.arange(8) != 2
    without = Replicas(sevennet0, lattice, [copies[i] for i in np.flatnonzero(others)], np.ones(7))
    found = switched.evaluate(positions, strain, np.ones(1))
    expected = without.evaluate(positions[:, others], strain, np.zeros(1))
    assert found.energy == pytest.approx(expected.energy, abs=1e-9)
    assert np.abs(found.by_position[:, others] - expected.by_position).max() < 1e-9
    assert np.abs(found.by_position[:, 2]).max() == 0.0


def test_masses_are_the_mean_of_both_ends():
    copies = [(11, 19, 37), (17,), (35, 17)]
    start, end = np.array([1.0, 0, 0, 1, 0, 0]), np.array([0.0, 0.5, 0.5, 0, 0, 0])
    sodium, chlorine, potassium, bromine, rubidium = 22.98976928, 35.45, 39.0983, 79.904, 85.4678
    expected = [0.5 * sodium + 0.25 * potassium + 0.25 * rubidium, chlorine, bromine]
    assert site_masses(copies, start, end) == pytest.approx(expected)


def test_weights_that_do_not_belong_to_the_copies_are_refused():
    lattice, positions = fcc()
    with pytest.raises(ValueError, match="8 copies need as many weights, got 8 and 7"):
        Replicas(pairs(positions, lattice).potential, lattice, [(11, 19)] * 4, np.ones(8), np.ones(7))
