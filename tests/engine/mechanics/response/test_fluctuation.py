"""The energy of disorder against brute force: explicit relaxations, all decorations, differences of crystals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.mechanics.relax import Tolerance
from engine.mechanics.response.departures import Departures, covariance
from engine.mechanics.response.fluctuation import disorder_energy
from tests.engine.mechanics.response.conftest import Mixed
from tests.engine.potentials.mace_models import build
from tests.soak import amount, later, longer


def richardson(value, step):
    """The limit of an even function of a step, from two steps."""
    return (4.0 * value(step / 2.0) - value(step)) / 3.0


def test_one_site_moved_from_the_mean_costs_more_than_all_moved_alike_by_half_the_trace_of_c_v(salt):
    q = salt.mean_field().q
    (probe,) = salt.disorder.probes
    found = salt.energy(q).energy / probe.factor / 2.0
    uniform = salt.disorder.supercell.everywhere(salt.crystal.weights(salt.x))
    single, all_alike = probe.sites[0], np.tile(probe.alike, (4, 1)) / 4.0

    def cost(step):
        total = 0.0
        for element, share in enumerate(salt.x):
            away = step * (np.eye(len(salt.x))[element] - salt.x)
            one, shared = (salt.decorated(q, uniform + pattern @ away) for pattern in (single, all_alike))
            total += share * (one - shared)
        return total / step**2

    assert found == pytest.approx(richardson(cost, 0.1), rel=1e-3)


def test_the_canonical_form_is_the_mean_over_all_decorations_at_small_amplitude(salt):
    q = salt.mean_field().q
    found = salt.energy(q).energy * salt.disorder.supercell.supercell.n_cells
    uniform = salt.disorder.supercell.everywhere(salt.crystal.weights(salt.x))
    nothing = salt.decorated(q, uniform)
    decorations = list(salt.decorations())
    assert len(decorations) == 6

    def cost(amplitude):
        mixed = [uniform + amplitude * (lam - uniform) for lam in decorations]
        return np.mean([salt.decorated(q, lam) - nothing for lam in mixed]) / amplitude**2

    assert found == pytest.approx(richardson(cost, 0.1), rel=5e-4)


def test_an_element_mixed_with_itself_has_no_energy_of_disorder(mixed):
    salt = mixed("rocksalt", ["Na", "Cl"], [("Na", ["Na", "K"])], [0.3, 0.7], (1, 1, 4))
    salt.use(
        replace(
            salt.crystal,
            copy_species=np.where(salt.crystal.copy_species == 19, 11, salt.crystal.copy_species),
        )
    )
    found = salt.relaxed()
    plain = salt.mean_field()
    assert found.energy == pytest.approx(0.0, abs=1e-6)
    assert found.relaxed.q == pytest.approx(plain.q, abs=1e-6)
    assert found.dh_dx @ salt.directions == pytest.approx(0.0, abs=1e-5)


def test_a_pure_crystal_has_no_energy_of_disorder_and_its_one_sided_slope(salt):
    pure = np.array([1.0, 0.0])
    found, plain = salt.relaxed(pure), salt.mean_field(pure)
    assert found.energy == pytest.approx(0.0, abs=1e-8)
    assert found.relaxed.q == pytest.approx(plain.q, abs=1e-7)
    (direction,) = salt.directions.T
    inward = -direction if direction[0] > 0 else direction

    def values(step):
        there = salt.relaxed(pure + step * inward).relaxed
        return np.array([there.enthalpy - found.relaxed.enthalpy, *(there.q - found.relaxed.q)]) / step

    one_sided = 2.0 * values(0.002) - values(0.004)
    assert found.dh_dx @ inward == pytest.approx(one_sided[0], rel=1e-3)
    sign = float(inward @ direction)
    assert found.response[:, 0] * sign == pytest.approx(one_sided[1:], rel=1e-3)


CRYSTALS = {
    "one sublattice": ("rocksalt", ["Na", "Cl"], [("Na", ["Na", "K"])], [0.4, 0.6], (1, 1, 3)),
    "three elements": ("rocksalt", ["Na", "Cl"], [("Na", ["Na", "K", "Rb"])], [0.4, 0.3, 0.3], 8),
    "two sublattices": (
        "rocksalt", ["Na", "Cl"], [("Na", ["Na", "K"]), ("Cl", ["Cl", "Br"])], [0.4, 0.6, 0.7, 0.3], (1, 1, 3),
    ),
    "internal coordinates": ("wurtzite", ["Al", "N"], [("Al", ["Al", "Ga"])], [0.4, 0.6], 4),
    "soft modes": ("perovskite", ["Sr", "Ti", "O"], [("Ti", ["Ti", "Zr"])], [0.5, 0.5], 8),
    "vacancies": ("rocksalt", ["Ti", "C"], [("C", ["C", "Vac"])], [0.8, 0.2], 8),
}  # fmt: skip
SHORT = ("one sublattice",)


@longer
@pytest.mark.parametrize("name", [name if name in SHORT else later(name) for name in CRYSTALS])
def test_gradients_of_enthalpy_and_cell_are_those_of_differences(mixed, name):
    crystal = mixed(*CRYSTALS[name])
    found = crystal.relaxed()
    assert found.relaxed.converged
    assert (found.soft > 0) == (name == "soft modes")
    for number, direction in enumerate(crystal.directions.T):

        def slope(step, direction=direction):
            plus, minus = (crystal.relaxed(crystal.x + sign * step * direction).relaxed for sign in (1, -1))
            return np.array([plus.enthalpy - minus.enthalpy, *(plus.q - minus.q)]) / (2.0 * step)

        expected = richardson(slope, 0.004) if amount(0, 1) else slope(0.002)
        assert found.dh_dx @ direction == pytest.approx(expected[0], rel=1e-4)
        strains = crystal.coordinates.n_strain
        scale = 1e-3 + np.abs(expected[1 : 1 + strains])
        assert np.abs(found.response[:strains, number] - expected[1 : 1 + strains]) == pytest.approx(
            0.0, abs=1e-3 * scale.max() + 5e-5
        )


def test_the_covariance_is_that_of_one_element_drawn():
    x = np.array([0.2, 0.3, 0.5])
    departures = np.eye(3) - x
    assert covariance(x) == pytest.approx(np.einsum("k,ka,kb->ab", x, departures, departures))


@pytest.mark.parametrize("x", [[0.3, 0.7], [0.2, 0.3, 0.5], [0.1, 0.2, 0.3, 0.4]])
def test_departures_make_up_the_covariance_and_its_derivative(x):
    def made_up(x):
        found = Departures.of(x)
        return np.einsum("m,am,bm->ab", found.shares, found.directions, found.directions)

    x = np.array(x)
    assert made_up(x) == pytest.approx(covariance(x))
    along = np.linspace(-1.0, 1.0, len(x))
    here = Departures.of(x)
    turned = here.turning * np.outer(along, np.ones(len(here.shares)))
    slope = np.einsum("m,am,bm->ab", here.by_x @ along, here.directions, here.directions)
    slope += np.einsum("m,am,bm->ab", here.shares, turned, here.directions)
    slope += np.einsum("m,am,bm->ab", here.shares, here.directions, turned)
    assert slope == pytest.approx(
        (covariance(x + 1e-6 * along) - covariance(x - 1e-6 * along)) / 2e-6, abs=1e-8
    )


@pytest.mark.parametrize("family", ["mp-0a-small", later("mp-0b-small"), later("mpa-0-medium")])
def test_mace_has_it_too(family):
    """With random weights no crystal is stable, so sites answer with what was drawn: derivatives hold there, too."""
    import torch

    from engine.potentials.mace.potential import Mace

    model = build(family, channels=8)
    potential = Mace("test", model, dtype=torch.float64, device=torch.device("cpu"), head="Default")
    salt = Mixed(potential, "rocksalt", ["Na", "Cl"], [("Na", ["Na", "K"])], [0.4, 0.6], (1, 1, 3))
    probes, q = salt.disorder.probes, np.zeros(salt.coordinates.n_q)
    constants = salt.disorder.force_constants(q, salt.x)
    draw = np.random.default_rng(0)
    responses = [0.05 * draw.normal(size=probe.nothing.shape) for probe in probes]

    def energy(along_q, along_x):
        at = salt.disorder.mean_field(q + along_q, salt.x + along_x * np.array([1.0, -1.0]))
        return disorder_energy(at, probes, constants, responses)

    def slopes(step):
        by_q, by_x = (
            energy(step * (k == 0), step * (k == 1)).energy
            - energy(-step * (k == 0), -step * (k == 1)).energy
            for k in range(2)
        )
        return np.array([by_q, by_x]) / (2 * step)

    found, expected = energy(0.0, 0.0), richardson(slopes, 2e-3)
    assert found.by_q[0] == pytest.approx(expected[0], rel=1e-4)
    assert found.by_x @ [1.0, -1.0] == pytest.approx(expected[1], rel=1e-4)


def test_a_neighbour_saves_calls_and_changes_nothing(mixed):
    salt = mixed("rocksalt", ["Na", "Cl"], [("Na", ["Na", "K"])], [0.5, 0.5], 8)
    first = salt.relaxed(tolerance=Tolerance())
    x = salt.x + np.array([0.08, -0.08])
    cold = salt.relaxed(x, Tolerance())
    warm = salt.relaxed(x, Tolerance(), first.remembered)
    assert warm.supercell_calls < 0.8 * cold.supercell_calls
    assert warm.relaxed.enthalpy == pytest.approx(cold.relaxed.enthalpy, abs=1e-6)
    assert warm.relaxed.q == pytest.approx(cold.relaxed.q, abs=2e-5)
    assert warm.dh_dx == pytest.approx(cold.dh_dx, abs=1e-4)
    assert warm.response == pytest.approx(cold.response, rel=2e-3)
