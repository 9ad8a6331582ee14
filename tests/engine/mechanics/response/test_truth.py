"""The energy of disorder against explicit supercells of the same potential that another code relaxed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from engine.crystals.supercells import Supercell
from engine.mechanics.relax import Tolerance
from tests.soak import amount, long, longer

FILE = Path(__file__).parents[3] / "data" / "supercell_truth.json"
PARENTS = {
    "NaKCl": ("rocksalt", ["Na", "Cl"], "Na", None),
    # Nearly as many sites as the listed supercells: at this size a metal still sees its images.
    "CuNi": ("fcc", ["Cu"], "Cu", 2 * np.array([[-1, 1, 1], [1, -1, 1], [1, 1, -1]])),
    "AlGaN": ("wurtzite", ["Al", "N"], "Al", None),
}
RECORDS = [r for r in json.loads(FILE.read_text())["records"] if r["system"] in PARENTS]


def errors(mixed, load, record):
    """Of the lattice constants in percent, and of the mixing energy in meV/atom."""
    from engine.crystals.supercells import supercell_for_disorder

    prototype, species, site, matrix = PARENTS[record["system"]]
    crystal = mixed(prototype, species, [(site, record["elements"])], record["x"], 2)
    crystal.potential = load(record["potential"])
    crystal.supercell = Supercell(matrix) if matrix is not None else supercell_for_disorder(crystal.crystal)
    crystal.use(crystal.crystal)
    found = crystal.relaxed(tolerance=Tolerance())
    assert found.relaxed.converged
    assert found.soft == 0
    lattice, _ = crystal.coordinates.geometry(found.relaxed.q)
    a, _, c = np.linalg.norm(crystal.crystal.conventional @ lattice, axis=1)
    ends = sum(x * end["energy_per_atom"] for x, end in zip(record["x"], record["end_members"], strict=True))
    mixing = 1000 * (found.relaxed.enthalpy / crystal.crystal.n_sites - ends)
    truth = record["supercell"]
    return [100 * (a / truth["a"] - 1), 100 * (c / truth["c"] - 1), mixing - truth["mixing_energy_meV"]]


@longer
def test_cell_and_mixing_energy_are_those_of_explicit_supercells(mixed, load):
    short = [r for r in RECORDS if r["potential"] == "sevennet-0" and r["x"] == [0.5, 0.5]]
    found = np.abs([errors(mixed, load, record) for record in (RECORDS if amount(0, 1) else short)])
    assert found[:, :2].max() < 0.15
    assert found[:, 2].max() < 8.0
    assert found[:, :2].mean() < 0.08
    assert found[:, 2].mean() < 4.0


@long
def test_the_energy_settles_as_the_supercell_grows(mixed):
    def per_atom(cells):
        salt = mixed("rocksalt", ["Na", "Cl"], [("Na", ["Na", "K"])], [0.5, 0.5], cells)
        return 500 * salt.energy(salt.mean_field().q).energy

    settled = per_atom((4, 4, 4))
    left = [abs(per_atom(cells) - settled) for cells in ((2, 2, 2), (2, 2, 4), (3, 3, 3))]
    assert left[0] > left[1] > left[2]
    assert left[2] < 1.0  # meV/atom, of the size that is taken
