"""MACE on alchemical crystals against mace-torch itself, and against differences."""

from __future__ import annotations

import gc
import warnings

import numpy as np
import pytest
import torch
from ase import Atoms

from engine.crystals.graph import build_graph
from engine.potentials.errors import UnknownSpecies, UnsupportedModel
from engine.potentials.interface import Potential
from engine.potentials.mace.potential import Mace
from engine.potentials.mace.support import check_architecture
from tests.engine.potentials.mace_models import FAMILIES, build
from tests.engine.potentials.samples import Sample, plain, skewed_alloy, voigt_stress
from tests.soak import later

CPU = torch.device("cpu")
ONE_HOT = ((0.0, 1.0, 0.0), (1.0, 0.0), (1.0,))
NUMBERS = [79, 13, 8]


LATER = ("mp-0a-small", "mp-0a-large", "mp-0b-medium", "mp-0b2-small", "omat-0-large")
"""Families of which every part is in another one."""


@pytest.fixture(scope="module")
def model():
    """`build` with 8 channels unless told otherwise; each model is made once."""
    torch.set_num_threads(1)
    made = {}

    def get(family, **options):
        key = (family, *sorted(options.items()))
        if key not in made:
            made[key] = build(family, **({"channels": 8} | options))
        return made[key]

    yield get
    made.clear()
    gc.collect()


def ours(model, dtype=torch.float64, **options):
    heads = getattr(model, "heads", ["Default"])
    return Mace("test", model, dtype=dtype, device=CPU, head=heads[-1], **options)


def theirs(model, sample, numbers, dtype="float64"):
    """Energy, forces and stress (xx yy zz yz xz xy) of mace-torch's own calculator."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mace.calculators import MACECalculator

        before = torch.get_default_dtype()
        try:
            # Else mace-torch multiplies the nuclear charges of its pair repulsion in float32.
            torch.set_default_dtype(getattr(torch, dtype))
            calculator = MACECalculator(
                models=[model], device="cpu", default_dtype=dtype, head=model.heads[-1]
            )
            atoms = Atoms(numbers=numbers, cell=sample.cell, positions=sample.positions, pbc=True)
            atoms.calc = calculator
            return atoms.get_potential_energy(), atoms.get_forces(), atoms.get_stress()
        finally:
            torch.set_default_dtype(before)


def arguments(samples, cutoff, dtype=torch.float64, skin=0.3):
    found = build_graph(
        [s.cell for s in samples],
        [s.positions for s in samples],
        [s.copies for s in samples],
        cutoff,
        skin,
        dtype=dtype,
    )
    flat = [weight for s in samples for of_site in s.weights for weight in of_site]
    return (
        found.graph,
        found.positions.clone().requires_grad_(),
        torch.zeros(len(samples), 3, 3, dtype=dtype, requires_grad=True),
        torch.tensor(flat, dtype=dtype, requires_grad=True),
    )


def evaluated(potential, *samples, dtype=torch.float64):
    """Energies, and gradients by positions, strain and weights."""
    graph, *inputs = arguments(samples, potential.cutoff, dtype)
    energy = potential.energy(graph, *inputs)
    gradients = torch.autograd.grad(energy.sum(), inputs)
    return energy.detach().numpy(), *(gradient.numpy() for gradient in gradients)


@pytest.mark.parametrize("family", [later(name) if name in LATER else name for name in FAMILIES])
def test_one_hot_weights_equal_mace_torch(model, family):
    sample = skewed_alloy().with_(weights=ONE_HOT)
    expected = theirs(model(family), sample, NUMBERS)
    assert np.abs(expected[1]).max() > 1e-2  # the interactions are not hidden by the energies of the atoms
    for sum_images in (False, True):
        potential = ours(model(family), sum_images=sum_images)
        energy, by_position, by_strain, _ = evaluated(potential, sample)
        assert energy[0] == pytest.approx(expected[0], abs=1e-10)
        assert np.allclose(-by_position, expected[1], atol=1e-10)
        assert np.allclose(voigt_stress(sample, by_strain[0]), expected[2], atol=1e-10)


@pytest.mark.parametrize("family", ["mp-0a-medium", "mpa-0-medium"])
def test_the_full_width_of_a_foundation_model_equals_mace_torch_in_both_precisions(model, family):
    trained = model(family, channels=128, dtype=torch.float32)
    sample = skewed_alloy().with_(weights=ONE_HOT)
    for dtype, name, tolerance in ((torch.float64, "float64", 1e-10), (torch.float32, "float32", 1e-5)):
        expected = theirs(trained, sample, NUMBERS, name)
        energy, by_position, by_strain, _ = evaluated(ours(trained, dtype), sample)
        scale = max(1.0, abs(expected[0]))
        assert energy[0] == pytest.approx(expected[0], abs=tolerance * scale)
        assert np.allclose(-by_position, expected[1], atol=tolerance * max(1.0, np.abs(expected[1]).max()))
        assert np.allclose(voigt_stress(sample, by_strain[0]), expected[2], atol=tolerance)


@pytest.mark.parametrize("family", ["mp-0a-medium", "mpa-0-medium", "mh"])
def test_a_decorated_supercell_equals_mace_torch(model, family):
    random = np.random.default_rng(3)
    cell = np.array([[4.1, 0.1, 0.0], [0.2, 4.0, 0.3], [0.0, -0.2, 4.2]])
    basis = np.array([[0.0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    positions = np.concatenate([basis, basis + np.array([1, 0, 0])]) @ cell + random.normal(
        scale=0.1, size=(8, 3)
    )
    numbers = [29, 79, 47, 29, 79, 79, 29, 47]
    elements = (29, 47, 79)
    weights = tuple(tuple(float(z == k) for k in elements) for z in numbers)
    sample = Sample(np.diag([2, 1, 1]) @ cell, positions, (elements,) * 8, weights)
    energy, by_position, by_strain, _ = evaluated(ours(model(family)), sample)
    expected = theirs(model(family), sample, numbers)
    assert energy[0] == pytest.approx(expected[0], abs=1e-10)
    assert np.allclose(-by_position, expected[1], atol=1e-10)
    assert np.allclose(voigt_stress(sample, by_strain[0]), expected[2], atol=1e-10)


@pytest.mark.parametrize("family", ["mp-0a-large", "plain-first", "three-layers", "gaussian"])
def test_mixing_senders_first_equals_an_edge_for_every_pair_of_copies(model, family):
    mixed = evaluated(ours(model(family)), skewed_alloy())
    by_pairs = evaluated(ours(model(family), premix=False), skewed_alloy())
    for one, other in zip(mixed, by_pairs, strict=True):
        assert np.allclose(one, other, atol=1e-10)


@pytest.mark.parametrize("family", ["mp-0a-large", "mp-0b-small", "mpa-0-medium", "mh-1"])
def test_filters_summed_over_images_equal_a_tensor_product_an_edge(model, family):
    """In a batch of crystals of different sizes, whose pairs of nodes are not all filled."""
    samples = [
        skewed_alloy(),
        plain(np.diag([2.9, 2.9, 40.0]), [[0.0, 0, 0], [1.4, 1.4, 1.5]], [26, 28]),
        plain(np.eye(3) * 30.0, [[0.0, 0, 0], [1.4, 1.4, 1.5], [20.0, 0, 0], [0, 20.0, 0]], [26, 28, 18, 8]),
    ]
    by_edge = evaluated(ours(model(family), sum_images=False), *samples)
    by_image = evaluated(ours(model(family), sum_images=True), *samples)
    for one, other in zip(by_edge, by_image, strict=True):
        assert np.allclose(one, other, atol=1e-10)


def test_small_dense_cells_are_summed_over_images_and_large_ones_are_not(model):
    potential = ours(model("mp-0a-small"))
    small, _, _, _ = arguments([plain(np.eye(3) * 2.9, [[0.0, 0, 0], [1.45, 1.45, 1.45]], [26, 26])], 6.0)
    sparse, _, _, _ = arguments([plain(np.eye(3) * 30.0, [[0.0, 0, 0], [1.4, 1.4, 1.5]], [26, 28])], 6.0)
    assert potential._plan(small).edges.images is not None
    assert potential._plan(sparse).edges.images is None


def test_mixing_first_is_refused_where_radial_functions_know_the_elements(model):
    with pytest.raises(UnsupportedModel, match="depend on the elements"):
        ours(model("mpa-0-medium"), premix=True)


@pytest.mark.parametrize("family", ["mp-0a-medium", "mpa-0-medium", "mh"])
def test_the_expected_energy_of_random_senders_is_that_of_the_mixture(model, family):
    """To first order in what is sent: the derivative by a sender's weight is that of the whole sender's presence."""
    potential = ours(model(family))
    sample = skewed_alloy()
    split = sample.with_(
        copies=((29, 79, 79, 47), (13, 28), (8, 8)), weights=((0.2, 0.1, 0.4, 0.3), (0.35, 0.65), (0.7, 0.3))
    )
    whole, parts = evaluated(potential, sample), evaluated(potential, split)
    assert parts[0] == pytest.approx(whole[0], abs=1e-10)
    assert np.allclose(parts[1], whole[1], atol=1e-10)
    assert np.allclose(parts[3][[0, 1, 2, 3]], whole[3][[0, 1, 1, 2]], atol=1e-10)


@pytest.mark.parametrize("family", ["mp-0a-medium", "mpa-0-medium", "mh"])
def test_a_site_of_weight_zero_equals_a_deleted_atom(model, family):
    potential = ours(model(family))
    sample = skewed_alloy()
    emptied = sample.with_(weights=((0.2, 0.5, 0.3), (0.0, 0.0), (1.0,)))
    keep = [0, 2]
    deleted = Sample(
        sample.cell,
        sample.positions[keep],
        tuple(sample.copies[i] for i in keep),
        tuple(sample.weights[i] for i in keep),
    )
    found, expected = evaluated(potential, emptied), evaluated(potential, deleted)
    assert found[0] == pytest.approx(expected[0], abs=1e-10)
    assert np.allclose(found[1][keep], expected[1], atol=1e-10)
    assert np.abs(found[1][1]).max() == 0.0
    assert np.allclose(found[2], expected[2], atol=1e-9)


@pytest.mark.parametrize("family", ["mp-0a-medium", "mpa-0-medium", "mh", "last-readout"])
def test_first_derivatives_are_those_of_central_differences(model, family):
    potential = ours(model(family))
    graph, *inputs = arguments([skewed_alloy()], potential.cutoff)
    gradients = torch.autograd.grad(potential.energy(graph, *inputs).sum(), inputs)
    random = np.random.default_rng(1)
    for which, step in ((0, 1e-4), (1, 3e-5), (2, 1e-4)):
        direction = torch.tensor(random.normal(size=inputs[which].shape))
        values = []
        for shift in (-2, -1, 1, 2):
            moved = [tensor.detach() for tensor in inputs]
            moved[which] = moved[which] + shift * step * direction
            values.append(float(potential.energy(graph, *moved).sum()))
        slope = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)
        assert float((gradients[which] * direction).sum()) == pytest.approx(slope, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("family", ["mp-0a-medium", "mpa-0-medium", "mh"])
def test_second_derivatives_are_the_differences_of_first_ones(model, family):
    """Among them d(stress)/dlam and d(forces)/dlam."""
    potential = ours(model(family))
    graph, *inputs = arguments([skewed_alloy()], potential.cutoff)
    random = np.random.default_rng(2)
    directions = [torch.tensor(random.normal(size=tensor.shape)) for tensor in inputs]
    gradients = torch.autograd.grad(potential.energy(graph, *inputs).sum(), inputs, create_graph=True)
    along = sum((g * d).sum() for g, d in zip(gradients, directions, strict=True))
    rows = torch.autograd.grad(along, inputs)
    step = 1e-5
    shifted = []
    for sign in (1, -1):
        moved = [
            (tensor + sign * step * d).detach().requires_grad_()
            for tensor, d in zip(inputs, directions, strict=True)
        ]
        shifted.append(torch.autograd.grad(potential.energy(graph, *moved).sum(), moved))
    for row, up, down in zip(rows, *shifted, strict=True):
        difference = (up - down) / (2 * step)
        assert float((row - difference).abs().max()) < 1e-5 * float(difference.abs().max())


@pytest.mark.parametrize("family", ["mp-0a-medium", "mpa-0-medium"])
def test_third_derivatives_are_the_differences_of_second_ones(model, family):
    potential = ours(model(family))
    graph, positions, strain, weights = arguments([skewed_alloy()], potential.cutoff)
    stretch = torch.eye(3, dtype=torch.float64)
    mixing = torch.tensor([1.0, -1.0, 0.0, 0.5, -0.5, 0.0], dtype=torch.float64)

    def curvature(lam):
        (slope,) = torch.autograd.grad(
            potential.energy(graph, positions, strain, lam).sum(), strain, create_graph=True
        )
        (row,) = torch.autograd.grad((slope[0] * stretch).sum(), strain, create_graph=True)
        return (row[0] * stretch).sum()

    (third,) = torch.autograd.grad(curvature(weights), weights)
    up, down = (float(curvature((weights + s * 1e-4 * mixing).detach()).detach()) for s in (1, -1))
    assert float((third * mixing).sum()) == pytest.approx((up - down) / 2e-4, rel=1e-5)


@pytest.mark.parametrize("family", ["mp-0a-medium", "mpa-0-medium"])
def test_the_same_crystal_in_a_left_handed_or_skewed_cell_has_the_same_stress(model, family):
    potential = ours(model(family))
    sample = skewed_alloy()
    reference = evaluated(potential, sample)
    left_handed = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]])
    skewer = np.array([[1, 2, 0], [0, 1, -1], [0, 0, 1]])
    for change in (left_handed, skewer, left_handed @ skewer):
        moved = sample.with_(cell=change @ sample.cell)
        found = evaluated(potential, moved)
        assert found[0] == pytest.approx(reference[0], abs=1e-9)
        assert np.allclose(found[1], reference[1], atol=1e-9)
        assert np.allclose(
            voigt_stress(moved, found[2][0]), voigt_stress(sample, reference[2][0]), atol=1e-10
        )


def test_the_stress_of_a_left_handed_cell_equals_mace_torch(model):
    sample = skewed_alloy().with_(weights=ONE_HOT)
    sample = sample.with_(cell=sample.cell[[1, 0, 2]])
    assert np.linalg.det(sample.cell) < 0
    _, _, by_strain, _ = evaluated(ours(model("mp-0a-medium")), sample)
    right_handed = sample.with_(cell=sample.cell[[1, 0, 2]])
    expected = theirs(model("mp-0a-medium"), right_handed, NUMBERS)
    assert np.allclose(voigt_stress(sample, by_strain[0]), expected[2], atol=1e-10)


@pytest.mark.parametrize("family", ["mp-0a-medium", "mpa-0-medium"])
def test_two_sublattices_receive_from_each_other(model, family):
    """Mixing one sublattice changes what the other's elements are worth, which the paper's code missed."""
    potential = ours(model(family))
    sample = skewed_alloy()
    other = sample.with_(weights=((0.7, 0.1, 0.2), (0.35, 0.65), (1.0,)))
    one, two = evaluated(potential, sample)[3], evaluated(potential, other)[3]
    assert abs((one[4] - one[3]) - (two[4] - two[3])) > 1e-3


@pytest.mark.parametrize("family", ["mp-0a-medium", "mpa-0-medium"])
def test_weights_changed_at_the_same_positions_and_graph_give_new_results(model, family):
    potential = ours(model(family))
    graph, *inputs = arguments([skewed_alloy()], potential.cutoff)
    first = potential.energy(graph, *inputs)
    moved = inputs[2].detach() + torch.tensor([0.1, -0.1, 0.0, 0.2, -0.2, 0.0], dtype=torch.float64)
    again = potential.energy(graph, inputs[0], inputs[1], moved)
    fresh = evaluated(potential, skewed_alloy().with_(weights=((0.3, 0.4, 0.3), (0.55, 0.45), (1.0,))))[0]
    assert abs(float((again - first).detach())) > 1e-3
    assert again.detach().numpy() == pytest.approx(fresh, abs=1e-10)


@pytest.mark.parametrize("family", ["mp-0a-medium", "mpa-0-medium"])
def test_a_batch_equals_its_crystals_one_at_a_time(model, family):
    potential = ours(model(family))
    rocksalt = Sample(
        np.array([[0, 2.8, 2.8], [2.8, 0, 2.8], [2.8, 2.8, 0]]),
        np.array([[0, 0, 0], [2.8, 0, 0]]),
        ((11, 19), (17,)),
        ((0.4, 0.6), (1.0,)),
    )
    samples = [skewed_alloy(), rocksalt, plain(np.eye(3) * 2.9, [[0.0, 0, 0], [1.45, 1.45, 1.45]], [26, 26])]
    together = evaluated(potential, *samples)
    alone = [evaluated(potential, sample) for sample in samples]
    for which in range(4):
        assert np.allclose(together[which], np.concatenate([one[which] for one in alone]), atol=1e-9)


@pytest.mark.parametrize("family", ["mp-0a-medium", "mpa-0-medium", "mh"])
def test_small_blocks_that_are_computed_again_change_nothing(model, family, monkeypatch):
    whole = evaluated(ours(model(family)), skewed_alloy())
    monkeypatch.setattr("engine.potentials.mace.product._NUMBERS_IN_ONE_PIECE", 1)
    monkeypatch.setattr("engine.potentials.mace.images.LINKS_IN_ONE_PIECE", 4)
    small = {"whole": 10, "block": 40}
    for sum_images in (False, True):
        pieces = evaluated(ours(model(family), block_sizes=small, sum_images=sum_images), skewed_alloy())
        for one, other in zip(whole, pieces, strict=True):
            assert np.allclose(one, other, atol=1e-10)


@pytest.mark.parametrize("family", ["mp-0a-medium", "mpa-0-medium"])
def test_an_atom_without_neighbours_has_the_energy_that_mace_torch_gives(model, family):
    lonely = plain(np.eye(3) * 30.0, [[0.0, 0.0, 0.0]], [18])
    energy = evaluated(ours(model(family)), lonely)[0]
    assert energy[0] == pytest.approx(theirs(model(family), lonely, [18])[0], abs=1e-10)


def test_a_head_is_chosen_by_name_and_a_wrong_one_is_named(model):
    two = model("two-heads")
    with pytest.raises(UnsupportedModel, match="several heads; choose one with head: pbe, r2scan"):
        Mace("test", two, dtype=torch.float64, device=CPU)
    with pytest.raises(
        UnsupportedModel, match=r"no head 'r2scn'; did you mean r2scan\? its heads are pbe, r2scan"
    ):
        Mace("test", two, dtype=torch.float64, device=CPU, head="r2scn")
    sample = skewed_alloy().with_(weights=ONE_HOT)
    first = evaluated(Mace("test", two, dtype=torch.float64, device=CPU, head="pbe"), sample)[0]
    assert abs(first[0] - evaluated(ours(two), sample)[0][0]) > 1e-3


def test_an_element_that_the_model_does_not_know_is_named(model):
    few = model("mp-0a-small", elements=(8, 13, 29, 79))
    with pytest.raises(UnknownSpecies, match="does not know Ni, Ag"):
        evaluated(ours(few), skewed_alloy())


def test_the_model_itself_is_left_as_it_was(model):
    kept = model("mp-0a-small", dtype=torch.float32)
    before = {name: value.clone() for name, value in kept.state_dict().items()}
    ours(kept)
    assert all(torch.equal(value, before[name]) for name, value in kept.state_dict().items())
    assert next(kept.parameters()).dtype == torch.float32


def test_what_the_pass_does_not_know_is_refused_by_name(model):
    kept = model("mp-0a-small", elements=(8, 13))
    with pytest.raises(UnsupportedModel, match="holds a Linear, not a MACE model"):
        check_architecture(torch.nn.Linear(1, 1))
    kept.add_module("joint_embedding", torch.nn.Identity())
    try:
        with pytest.raises(UnsupportedModel, match="charge or spin"):
            check_architecture(kept)
    finally:
        del kept.joint_embedding
    kept.add_module("les", torch.nn.Identity())
    try:
        with pytest.raises(UnsupportedModel, match="part les"):
            check_architecture(kept)
    finally:
        del kept.les
    check_architecture(kept)


def test_a_mace_is_a_potential(model):
    potential = ours(model("mp-0a-small"))
    assert isinstance(potential, Potential)
    assert (potential.cutoff, potential.smoothness, len(potential.species)) == (6.0, 2, 89)
