"""Paired mixing: within a sublattice a copy receives from its own element only, with weight 1."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.potentials.errors import UnpairedCopies, UnsupportedMixing
from engine.potentials.weights import read_weights
from tests.engine.potentials.explicit_network import explicit_energy
from tests.engine.potentials.samples import Sample, arguments, derivatives, plain

NAMES = ("sevennet-l3i5", "sevennet-0")


def two_sublattices():
    """A triclinic cell: (Cu, Au) on two sites, (Al, Ni, Mg) on one that its images neighbour, O on one."""
    return Sample(
        np.array([[3.9, 0.2, -0.3], [1.1, 3.7, 0.4], [-0.6, 0.9, 4.2]]),
        np.array([[0.1, 0.0, 0.2], [2.3, 1.6, 0.4], [1.2, 2.4, 2.7], [2.9, 0.3, 2.4]]),
        ((29, 79), (13, 28, 12), (29, 79), (8,)),
        ((0.3, 0.7), (0.2, 0.5, 0.3), (0.3, 0.7), (1.0,)),
        groups=(0, 1, 0, -1),
    )


def copper_gold(x, a=3.75):
    """Fcc with one sublattice, x gold."""
    cell = a / 2 * np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]])
    return Sample(cell, np.zeros((1, 3)), ((29, 79),), ((1 - x, x),), groups=(0,))


@pytest.fixture(params=NAMES)
def paired(load, request):
    return load(request.param, mixing="paired")


@pytest.mark.parametrize("name", NAMES)
def test_it_equals_an_edge_for_every_pair_of_copies_that_send_to_each_other(load, name):
    sample = two_sublattices()
    expected = explicit_energy(*read_weights(name), sample, "paired")
    assert derivatives(load(name, mixing="paired"), sample).energy[0] == pytest.approx(expected, abs=1e-9)
    assert abs(explicit_energy(*read_weights(name), sample) - expected) > 0.01


def test_at_a_fixed_cell_one_sublattice_is_the_linear_mix_of_the_pure_crystals(paired):
    x = np.array([0.0, 0.25, 0.5, 0.8, 1.0])
    found = derivatives(paired, *(copper_gold(value) for value in x)).energy
    lattice = copper_gold(0).cell
    pure = [derivatives(paired, plain(lattice, np.zeros((1, 3)), [z])).energy[0] for z in (29, 79)]
    assert found == pytest.approx((1 - x) * pure[0] + x * pure[1], abs=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_the_mean_field_is_not_linear_there(load, name):
    first, middle, last = derivatives(load(name), *(copper_gold(x) for x in (0.0, 0.5, 1.0))).energy
    assert abs(middle - (first + last) / 2) > 0.01


def test_two_sublattices_receive_from_each_other_as_in_the_mean_field(load):
    sample = two_sublattices()
    apart = sample.with_(
        positions=sample.positions[:2] * 1.0,
        copies=sample.copies[:2],
        weights=sample.weights[:2],
        groups=(0, 1),
    )
    wide = apart.with_(cell=np.diag([12.0, 12.0, 12.0]))  # no image of a site is a neighbour of it
    rules = [derivatives(load("sevennet-l3i5", mixing=rule), wide) for rule in ("mean_field", "paired")]
    assert rules[1].energy == pytest.approx(rules[0].energy, abs=1e-11)
    assert np.allclose(rules[1].weights, rules[0].weights, atol=1e-11)


def test_one_element_on_every_sublattice_is_the_plain_crystal(paired):
    sample = two_sublattices().with_(weights=((0.0, 1.0), (0.0, 0.0, 1.0), (0.0, 1.0), (1.0,)))
    found = derivatives(paired, sample)
    expected = derivatives(paired, plain(sample.cell, sample.positions, [79, 12, 79, 8]))
    assert found.energy == pytest.approx(expected.energy, abs=1e-10)
    assert np.allclose(found.positions, expected.positions, atol=1e-10)
    assert np.allclose(found.strain, expected.strain, atol=1e-9)


def test_an_order_within_a_sublattice_is_not_seen_rightly(load):
    """Its weight-1 edges receive from elements that are not there: why per-site weights and vacancies are refused."""
    edge = 3.1  # Å
    cell, positions = np.eye(3) * edge, np.array([[0.0, 0, 0], [0.5, 0.5, 0.5]]) * edge
    ordered = Sample(cell, positions, ((29, 79), (29, 79)), ((1.0, 0.0), (0.0, 1.0)), groups=(0, 0))
    caesium_chloride = plain(cell, positions, [29, 79])
    energies = [
        derivatives(load("sevennet-l3i5", mixing=rule), sample).energy[0]
        for rule, sample in (("mean_field", caesium_chloride), ("mean_field", ordered), ("paired", ordered))
    ]
    assert energies == pytest.approx([-7.43, -7.43, -6.68], abs=0.005)


def test_first_derivatives_agree_with_central_differences(paired):
    sample, step = two_sublattices(), 1e-4
    graph, positions, strain, weights = arguments([sample])
    leaves = (positions, strain, weights)
    energy = paired.energy(graph, *leaves)
    gradients = torch.autograd.grad(energy.sum(), leaves)
    rng = np.random.default_rng(5)
    for which, gradient in enumerate(gradients):
        direction = torch.tensor(rng.normal(size=gradient.shape))

        def along(h, which=which, direction=direction):
            moved = [leaf.detach() + (h * direction if n == which else 0) for n, leaf in enumerate(leaves)]
            return float(paired.energy(graph, *moved))

        slopes = [(along(h) - along(-h)) / (2 * h) for h in (step, 2 * step)]
        difference = (4 * slopes[0] - slopes[1]) / 3
        assert float((gradient * direction).sum()) == pytest.approx(difference, rel=1e-6, abs=1e-7)


def test_several_crystals_in_one_batch_do_not_mix(paired):
    samples = [
        two_sublattices(),
        copper_gold(0.4),
        plain(np.eye(3) * 3.0, np.zeros((1, 3)), [29]).with_(groups=(-1,)),
    ]
    together = derivatives(paired, *samples).energy
    assert together == pytest.approx([derivatives(paired, s).energy[0] for s in samples], abs=1e-10)


def test_blocks_of_neighbours_change_nothing(load):
    whole = load("sevennet-0", mixing="paired")
    expected = derivatives(whole, two_sublattices())
    kept = whole.block_sizes
    whole.block_sizes = {"whole": 10, "block": 64}
    try:
        found = derivatives(whole, two_sublattices())
    finally:
        whole.block_sizes = kept
    assert found.energy == pytest.approx(expected.energy, abs=1e-10)
    assert np.allclose(found.weights, expected.weights, atol=1e-10)


def test_sites_of_a_sublattice_with_different_elements_are_refused(paired):
    sample = two_sublattices().with_(copies=((29, 79), (13, 28, 12), (79, 29), (8,)))
    with pytest.raises(UnpairedCopies, match="same elements"):
        derivatives(paired, sample)


def test_an_unknown_rule_is_refused(load):
    with pytest.raises(UnsupportedMixing, match="mean_field"):
        load("sevennet-0", mixing="median")
