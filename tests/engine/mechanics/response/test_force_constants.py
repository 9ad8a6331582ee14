"""Force constants from the fewest rows against all rows of the supercell."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from engine.mechanics.response.force_constants import SOFT

CRYSTALS = {
    "rocksalt": (("rocksalt", ["Na", "Cl"], [("Na", ["Na", "K"])], [0.5, 0.5], 8), 2),
    "wurtzite": (("wurtzite", ["Al", "N"], [("Al", ["Al", "Ga"])], [0.5, 0.5], 3), None),
    "perovskite": (("perovskite", ["Sr", "Ti", "O"], [("Ti", ["Ti", "Zr"])], [0.5, 0.5], 8), 3),
}


@pytest.fixture(scope="module")
def computed(mixed):
    """The crystal of a name, its force constants as it was given, and the calls that they took."""

    @cache
    def of(name):
        crystal = mixed(*CRYSTALS[name][0])
        before = crystal.disorder.supercell.calls
        constants = crystal.disorder.force_constants(np.zeros(crystal.coordinates.n_q), crystal.x)
        return crystal, constants, crystal.disorder.supercell.calls - before

    return of


@pytest.mark.parametrize("name", CRYSTALS)
def test_a_few_rows_give_every_row(computed, name):
    crystal, constants, calls = computed(name)
    assert calls == CRYSTALS[name][1] or CRYSTALS[name][1] is None
    landscape, lattice = crystal.disorder.supercell, crystal.coordinates.lattice
    moved = np.random.default_rng(0).normal(size=(2, landscape.n_sites, 3))
    moved -= moved.mean(axis=1, keepdims=True)
    positions = landscape.supercell.positions(lattice, crystal.coordinates.positions)
    lam = landscape.everywhere(crystal.crystal.weights(crystal.x))

    def forces(step):
        return landscape.first(positions + step, np.zeros((3, 3)), lam).by_position

    exact = np.stack([(forces(1e-3 * step) - forces(-1e-3 * step)) / 2e-3 for step in moved])
    # The potential has no parity: operations that turn left into right are symmetries of it to a few parts in 10^4.
    assert constants.apply(moved) - constants.lift(moved) == pytest.approx(
        exact, abs=3e-3 * np.abs(exact).max()
    )
    assert constants.solve(constants.apply(moved)) == pytest.approx(moved, abs=1e-9)


def test_soft_modes_are_counted_and_lifted(computed):
    tilting, constants, _ = computed("perovskite")
    assert constants.lowest < SOFT
    assert constants.soft > 0
    n = tilting.disorder.supercell.n_sites
    dense = constants.apply(np.eye(3 * n).reshape(-1, n, 3)).reshape(3 * n, 3 * n)
    values = np.linalg.eigvalsh(dense)
    assert values[3:].min() == pytest.approx(SOFT, rel=1e-6)
    assert values[:3] == pytest.approx(0.0, abs=1e-9)


def test_a_stiff_crystal_has_none(salt):
    constants = salt.disorder.force_constants(salt.mean_field().q, salt.x)
    assert constants.soft == 0
    assert constants.lowest > SOFT
