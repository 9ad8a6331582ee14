"""What must hold for the energy of any alchemical crystal, whatever the potential's insides."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from engine.potentials.errors import UnknownSpecies
from engine.potentials.interface import Potential
from engine.potentials.weights import read_weights
from tests.engine.potentials.explicit_network import explicit_energy
from tests.engine.potentials.samples import Sample, arguments, derivatives, plain, skewed_alloy

NAMES = ("sevennet-l3i5", "sevennet-0")


@pytest.fixture(params=NAMES)
def potential(load, request) -> Potential:
    return load(request.param)


@pytest.mark.parametrize("name", NAMES)
def test_premixed_senders_equal_an_edge_for_every_pair_of_copies(load, name):
    sample = skewed_alloy()
    expected = explicit_energy(*read_weights(name), sample)
    assert derivatives(load(name), sample).energy[0] == pytest.approx(expected, abs=1e-9)


def test_one_hot_weights_equal_the_plain_crystal(potential):
    sample = skewed_alloy()
    decorated = sample.with_(weights=((0.0, 1.0, 0.0), (1.0, 0.0), (1.0,)))
    found = derivatives(potential, decorated)
    expected = derivatives(potential, plain(sample.cell, sample.positions, [79, 13, 8]))
    assert found.energy == pytest.approx(expected.energy, abs=1e-10)
    assert np.allclose(found.positions, expected.positions, atol=1e-10)
    assert np.allclose(found.strain, expected.strain, atol=1e-9)


def test_one_hot_weights_may_differ_within_a_sublattice(potential):
    cell, positions = np.eye(3) * 3.0, np.array([[0.0, 0, 0], [1.5, 1.5, 1.5]])
    both = Sample(cell, positions, ((29, 79), (29, 79)), ((1.0, 0.0), (0.0, 1.0)))
    expected = derivatives(potential, plain(cell, positions, [29, 79]))
    assert derivatives(potential, both).energy == pytest.approx(expected.energy, abs=1e-10)


def test_splitting_an_element_into_identical_copies_changes_nothing(potential):
    sample = skewed_alloy()
    split = sample.with_(
        copies=((29, 79, 79, 47), (13, 28), (8, 8)), weights=((0.2, 0.1, 0.4, 0.3), (0.35, 0.65), (0.7, 0.3))
    )
    whole, parts = derivatives(potential, sample), derivatives(potential, split)
    assert parts.energy == pytest.approx(whole.energy, abs=1e-10)
    assert np.allclose(parts.positions, whole.positions, atol=1e-10)
    assert np.allclose(parts.weights[[0, 1, 2, 3]], whole.weights[[0, 1, 1, 2]], atol=1e-10)


def test_a_site_of_weight_zero_equals_a_deleted_atom(potential):
    sample = skewed_alloy()
    emptied = sample.with_(weights=((0.2, 0.5, 0.3), (0.0, 0.0), (1.0,)))
    deleted = Sample(
        sample.cell,
        sample.positions[[0, 2]],
        (sample.copies[0], sample.copies[2]),
        (sample.weights[0], sample.weights[2]),
    )
    found, expected = derivatives(potential, emptied), derivatives(potential, deleted)
    assert found.energy == pytest.approx(expected.energy, abs=1e-10)
    assert np.allclose(found.positions[[0, 2]], expected.positions, atol=1e-10)
    assert np.abs(found.positions[1]).max() == 0.0
    assert np.allclose(found.strain, expected.strain, atol=1e-9)
    assert np.allclose(found.weights[[0, 1, 2, 5]], expected.weights, atol=1e-10)


def test_an_absent_element_has_the_derivative_of_its_first_trace(potential):
    sample = skewed_alloy().with_(weights=((0.0, 0.6, 0.4), (0.0, 0.0), (1.0,)))
    graph, positions, strain, weights = arguments([sample])
    energy = potential.energy(graph, positions, strain, weights)
    gradient = torch.autograd.grad(energy.sum(), weights)[0]
    for copy in (0, 3, 4):
        assert float(gradient[copy]) == pytest.approx(
            _slope(potential, graph, positions, strain, weights, copy), abs=2e-6
        )


def _slope(potential, graph, positions, strain, weights, copy, step=2e-4):
    """dE/dlam by a central difference of fourth order."""
    values = []
    for shift in (-2, -1, 1, 2):
        moved = weights.detach().clone()
        moved[copy] += shift * step
        values.append(float(potential.energy(graph, positions.detach(), strain.detach(), moved).sum()))
    return (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)


def test_rotation_translation_and_order_of_sites_do_not_matter(potential):
    sample = skewed_alloy()
    reference = derivatives(potential, sample)
    rotation = Rotation.from_euler("zyx", [0.3, 1.0, -2.0]).as_matrix()
    turned = derivatives(
        potential, sample.with_(cell=sample.cell @ rotation.T, positions=sample.positions @ rotation.T)
    )
    assert turned.energy == pytest.approx(reference.energy, abs=1e-9)
    assert np.allclose(turned.positions, reference.positions @ rotation.T, atol=1e-9)
    assert np.allclose(turned.strain[0], rotation @ reference.strain[0] @ rotation.T, atol=1e-8)
    moved = derivatives(potential, sample.with_(positions=sample.positions + np.array([5.3, -2.2, 9.1])))
    assert moved.energy == pytest.approx(reference.energy, abs=1e-9)
    assert np.allclose(moved.positions, reference.positions, atol=1e-9)
    order = [2, 0, 1]
    permuted = derivatives(
        potential,
        sample.with_(
            positions=sample.positions[order],
            copies=tuple(sample.copies[i] for i in order),
            weights=tuple(sample.weights[i] for i in order),
        ),
    )
    assert permuted.energy == pytest.approx(reference.energy, abs=1e-9)
    assert np.allclose(permuted.positions, reference.positions[order], atol=1e-9)


def test_the_same_crystal_in_another_cell_has_the_same_energy(potential):
    sample = skewed_alloy()
    reference = derivatives(potential, sample)
    left_handed = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]])
    skewer = np.array([[1, 2, 0], [0, 1, -1], [0, 0, 1]])
    for change in (left_handed, skewer, left_handed @ skewer):
        found = derivatives(potential, sample.with_(cell=change @ sample.cell))
        assert found.energy == pytest.approx(reference.energy, abs=1e-9)
        assert np.allclose(found.positions, reference.positions, atol=1e-9)
        assert np.allclose(found.strain, reference.strain, atol=1e-8)


def test_a_doubled_cell_has_twice_the_energy(potential):
    sample = skewed_alloy()
    doubled = Sample(
        np.diag([2, 1, 1]) @ sample.cell,
        np.concatenate([sample.positions, sample.positions + sample.cell[0]]),
        sample.copies * 2,
        sample.weights * 2,
    )
    assert derivatives(potential, doubled).energy == pytest.approx(
        2 * derivatives(potential, sample).energy, abs=1e-9
    )


def test_first_derivatives_are_those_of_central_differences(l3i5):
    graph, *inputs = arguments([skewed_alloy()])
    energy = l3i5.energy(graph, *inputs)
    gradients = torch.autograd.grad(energy.sum(), inputs)
    random = np.random.default_rng(1)
    for which, step, tolerance in ((0, 1e-4, 1e-6), (1, 3e-5, 1e-5), (2, 1e-4, 1e-6)):
        direction = torch.tensor(random.normal(size=inputs[which].shape))
        values = []
        for sign in (1, -1):
            moved = [tensor.detach() for tensor in inputs]
            moved[which] = moved[which] + sign * step * direction
            values.append(float(l3i5.energy(graph, *moved).sum()))
        assert float((gradients[which] * direction).sum()) == pytest.approx(
            (values[0] - values[1]) / (2 * step), abs=tolerance, rel=1e-6
        )


def test_second_derivatives_are_the_differences_of_first_ones(l3i5):
    graph, *inputs = arguments([skewed_alloy()])
    random = np.random.default_rng(2)
    directions = [torch.tensor(random.normal(size=tensor.shape)) for tensor in inputs]
    gradients = torch.autograd.grad(l3i5.energy(graph, *inputs).sum(), inputs, create_graph=True)
    along = sum((g * d).sum() for g, d in zip(gradients, directions, strict=True))
    rows = torch.autograd.grad(along, inputs)
    step = 3e-5
    shifted = []
    for sign in (1, -1):
        moved = [
            (tensor + sign * step * d).detach().requires_grad_()
            for tensor, d in zip(inputs, directions, strict=True)
        ]
        shifted.append(torch.autograd.grad(l3i5.energy(graph, *moved).sum(), moved))
    for row, up, down in zip(rows, *shifted, strict=True):
        difference = (up - down) / (2 * step)
        assert float((row - difference).abs().max()) < 1e-5 * float(difference.abs().max())


def test_third_derivatives_are_the_differences_of_second_ones(l3i5):
    graph, positions, strain, weights = arguments([skewed_alloy()])
    stretch = torch.eye(3, dtype=torch.float64)
    mixing = torch.tensor([1.0, -1.0, 0.0, 0.5, -0.5, 0.0], dtype=torch.float64)

    def curvature(lam):
        energy = l3i5.energy(graph, positions, strain, lam).sum()
        (slope,) = torch.autograd.grad(energy, strain, create_graph=True)
        (row,) = torch.autograd.grad((slope[0] * stretch).sum(), strain, create_graph=True)
        return (row[0] * stretch).sum()

    (third,) = torch.autograd.grad(curvature(weights), weights)
    step = 1e-4
    up, down = (float(curvature((weights + sign * step * mixing).detach()).detach()) for sign in (1, -1))
    assert float((third * mixing).sum()) == pytest.approx((up - down) / (2 * step), rel=1e-6)


def test_strain_may_be_any_matrix_and_equals_a_deformed_cell(potential):
    sample = skewed_alloy()
    matrix = np.array([[0.02, 0.01, -0.015], [-0.005, -0.01, 0.02], [0.0, 0.03, 0.01]])
    graph, positions, _, weights = arguments([sample], skin=1.0)
    strained = potential.energy(graph, positions, torch.tensor(matrix)[None], weights)
    deform = np.eye(3) + matrix
    deformed = sample.with_(cell=sample.cell @ deform.T, positions=sample.positions @ deform.T)
    assert strained.detach().numpy() == pytest.approx(derivatives(potential, deformed).energy, abs=1e-9)


def test_a_batch_equals_its_crystals_one_at_a_time(potential):
    rocksalt = Sample(
        np.array([[0, 2.8, 2.8], [2.8, 0, 2.8], [2.8, 2.8, 0]]),
        np.array([[0, 0, 0], [2.8, 0, 0]]),
        ((11, 19), (17,)),
        ((0.4, 0.6), (1.0,)),
    )
    samples = [skewed_alloy(), rocksalt, plain(np.eye(3) * 2.9, [[0.0, 0, 0], [1.45, 1.45, 1.45]], [26, 26])]
    together = derivatives(potential, *samples)
    alone = [derivatives(potential, sample) for sample in samples]
    assert together.energy == pytest.approx(np.concatenate([one.energy for one in alone]), abs=1e-9)
    assert np.allclose(together.positions, np.concatenate([one.positions for one in alone]), atol=1e-9)
    assert np.allclose(together.strain, np.concatenate([one.strain for one in alone]), atol=1e-9)
    assert np.allclose(together.weights, np.concatenate([one.weights for one in alone]), atol=1e-9)


def test_an_atom_without_neighbours_is_alone(potential):
    lonely = plain(np.eye(3) * 20.0, [[0.0, 0.0, 0.0]], [18])
    pair = plain(np.eye(3) * 20.0, [[0.0, 0.0, 0.0], [10.0, 10.0, 10.0]], [18, 18])
    one, two = derivatives(potential, lonely), derivatives(potential, pair)
    assert two.energy == pytest.approx(2 * one.energy, abs=1e-12)
    assert np.abs(two.positions).max() == 0.0


def test_an_element_that_the_model_does_not_know_is_named(potential):
    with pytest.raises(UnknownSpecies, match="does not know Po, Cm") as refused:
        derivatives(potential, plain(np.eye(3) * 4.0, [[0.0, 0, 0], [2.0, 2, 2]], [84, 96]))
    assert refused.value.symbols == ("Po", "Cm")


def test_float32_returns_the_dtype_of_the_positions(load):
    sample = skewed_alloy()
    mixed = derivatives(load("sevennet-0", "float32"), sample)
    exact = derivatives(load("sevennet-0"), sample)
    assert mixed.energy.dtype == np.float64
    assert mixed.energy == pytest.approx(exact.energy, abs=1e-5)
    assert np.allclose(mixed.positions, exact.positions, atol=1e-4)


def test_models_are_potentials(potential):
    assert isinstance(potential, Potential)
    assert potential.cutoff == 5.0
    assert len(potential.species) == 89
