"""Paired mixing in MACE: within a sublattice a copy receives from its own element only, with weight 1."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.crystals.graph import build_graph
from engine.potentials.errors import UnpairedCopies
from engine.potentials.mace.potential import Mace
from tests.engine.potentials.mace_models import build
from tests.engine.potentials.samples import Sample, plain

FAMILIES = (
    "mp-0a-medium",
    "mpa-0-medium",
    "mp-0b-medium",
    "mh",
)  # radial parts without and with elements, repulsion


def two_sublattices():
    """A triclinic cell: (Cu, Au) on two sites, (Al, Ni, Mg) on one that its images neighbour, O on one."""
    return Sample(
        np.array([[3.9, 0.2, -0.3], [1.1, 3.7, 0.4], [-0.6, 0.9, 4.2]]),
        np.array([[0.1, 0.0, 0.2], [2.3, 1.6, 0.4], [1.2, 2.4, 2.7], [2.9, 0.3, 2.4]]),
        ((29, 79), (13, 28, 12), (29, 79), (8,)),
        ((0.3, 0.7), (0.2, 0.5, 0.3), (0.3, 0.7), (1.0,)),
        groups=(0, 1, 0, -1),
    )


@pytest.fixture(scope="module", params=FAMILIES)
def models(request):
    """One model of a family under both rules."""
    torch.set_num_threads(1)
    model = build(request.param, channels=8)
    head = getattr(model, "heads", ["Default"])[-1]
    return {
        rule: Mace("test", model, dtype=torch.float64, device=torch.device("cpu"), head=head, mixing=rule)
        for rule in ("mean_field", "paired")
    }


def inputs(potential, sample):
    found = build_graph(
        [sample.cell], [sample.positions], [sample.copies], potential.cutoff, 0.3, groups=[sample.groups]
    )
    flat = [weight for of_site in sample.weights for weight in of_site]
    weights = torch.tensor(flat, dtype=torch.float64)
    return found.graph, found.positions, torch.zeros(1, 3, 3, dtype=torch.float64), weights


def energy(potential, sample):
    return float(potential.energy(*inputs(potential, sample)))


def test_at_a_fixed_cell_one_sublattice_is_the_linear_mix_of_the_pure_crystals(models):
    sample = two_sublattices()
    cell, positions = sample.cell, sample.positions[[0, 2]]

    def mixed(x):
        return Sample(cell, positions, ((29, 79),) * 2, ((1 - x, x),) * 2, groups=(0, 0))

    pure = [
        energy(models["mean_field"], plain(cell, positions, [z, z]).with_(groups=(0, 0))) for z in (29, 79)
    ]
    for x in (0.0, 0.3, 1.0):
        assert energy(models["paired"], mixed(x)) == pytest.approx((1 - x) * pure[0] + x * pure[1], abs=1e-9)
    assert abs(energy(models["mean_field"], mixed(0.5)) - sum(pure) / 2) > 1e-3


def test_two_sublattices_receive_from_each_other_as_in_the_mean_field(models):
    sample = two_sublattices()
    wide = Sample(
        np.diag([16.0, 16.0, 16.0]),
        sample.positions[:2],
        sample.copies[:2],
        sample.weights[:2],
        groups=(0, 1),
    )
    assert energy(models["paired"], wide) == pytest.approx(energy(models["mean_field"], wide), abs=1e-10)


def test_one_element_on_every_sublattice_is_the_plain_crystal(models):
    sample = two_sublattices()
    decorated = sample.with_(weights=((0.0, 1.0), (0.0, 0.0, 1.0), (0.0, 1.0), (1.0,)))
    expected = plain(sample.cell, sample.positions, [79, 12, 79, 8]).with_(groups=sample.groups)
    assert energy(models["paired"], decorated) == pytest.approx(
        energy(models["mean_field"], expected), abs=1e-9
    )


def test_an_element_split_into_copies_of_itself_is_the_plain_crystal(models):
    sample = two_sublattices()
    split = sample.with_(
        copies=((29, 29), (13, 13, 13), (29, 29), (8,)),
        weights=((0.3, 0.7), (0.2, 0.5, 0.3), (0.3, 0.7), (1.0,)),
    )
    expected = plain(sample.cell, sample.positions, [29, 13, 29, 8]).with_(groups=sample.groups)
    assert energy(models["paired"], split) == pytest.approx(energy(models["mean_field"], expected), abs=1e-9)


def test_first_derivatives_agree_with_central_differences(models):
    potential = models["paired"]
    graph, *leaves = inputs(potential, two_sublattices())
    leaves = [leaf.requires_grad_() for leaf in leaves]
    gradients = torch.autograd.grad(potential.energy(graph, *leaves).sum(), leaves)
    rng, step = np.random.default_rng(5), 1e-4
    for which, gradient in enumerate(gradients):
        direction = torch.tensor(rng.normal(size=gradient.shape))

        def along(h, which=which, direction=direction):
            moved = [leaf.detach() + (h * direction if n == which else 0) for n, leaf in enumerate(leaves)]
            return float(potential.energy(graph, *moved))

        slopes = [(along(h) - along(-h)) / (2 * h) for h in (step, 2 * step)]
        difference = (4 * slopes[0] - slopes[1]) / 3
        assert float((gradient * direction).sum()) == pytest.approx(difference, rel=1e-6, abs=1e-6)


def test_the_rules_differ_within_a_sublattice(models):
    sample = two_sublattices()
    assert abs(energy(models["paired"], sample) - energy(models["mean_field"], sample)) > 1e-3


def test_sites_of_a_sublattice_with_different_elements_are_refused(models):
    sample = two_sublattices().with_(copies=((29, 79), (13, 28, 12), (79, 29), (8,)))
    with pytest.raises(UnpairedCopies, match="same elements"):
        energy(models["paired"], sample)
