"""Neighbour graphs against a search over every image, and how long they may be reused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.crystals.graph import active, build_graph
from engine.potentials.errors import CoincidentSites
from tests.engine.potentials.explicit_network import neighbours
from tests.engine.potentials.samples import skewed_alloy

CUTOFF = 5.0
seeds = st.integers(0, 2**32 - 1)


def random_crystal(seed):
    """A cell of any handedness and skewness, and sites that may lie outside it."""
    random = np.random.default_rng(seed)
    cell = random.normal(size=(3, 3)) * 2 + np.diag(random.choice([-1, 1], 3) * random.uniform(2.5, 5.0, 3))
    sites = random.uniform(-1.5, 2.5, size=(random.integers(1, 4), 3))
    return cell, sites @ cell


def build(cell, sites, skin=0.0, strain=None):
    strains = None if strain is None else [strain]
    return build_graph([cell], [sites], [[[29]] * len(sites)], CUTOFF, skin, strains=strains)


def lengths(graph, positions, strain):
    return torch.sort(graph.pair_vectors(positions, strain).norm(dim=1)).values.numpy()


def usable(cell):
    """Neither flat nor so small that a brute-force search takes long."""
    heights = abs(np.linalg.det(cell)) / np.linalg.norm(np.cross(cell[[1, 2, 0]], cell[[2, 0, 1]]), axis=1)
    return heights.min() > 1.2


def try_build(*args, **kwargs):
    try:
        return build(*args, **kwargs)
    except CoincidentSites:
        assume(False)


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_edges_are_those_of_a_search_over_every_image(seed):
    cell, sites = random_crystal(seed)
    assume(usable(cell))
    graph = try_build(cell, sites).graph
    vectors = sites[graph.senders] + graph.shifts.numpy() - sites[graph.receivers]
    found = np.column_stack([graph.receivers, graph.senders, vectors])
    expected = np.array([(i, j, *vector) for i, j, vector in neighbours(cell, sites, CUTOFF)]).reshape(-1, 5)
    assert found.shape == expected.shape
    order, wanted = (np.lexsort(np.round(a, 6).T) for a in (found, expected))
    assert np.allclose(found[order], expected[wanted], atol=1e-9)


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_pairs_hold_every_edge_once_and_its_reverse(seed):
    cell, sites = random_crystal(seed)
    assume(usable(cell))
    graph = try_build(cell, sites).graph
    forward, backward = graph.pairs.T
    assert sorted(graph.pairs.flatten().tolist()) == list(range(graph.n_edges))
    assert torch.equal(graph.receivers[forward], graph.senders[backward])
    assert torch.equal(graph.senders[forward], graph.receivers[backward])
    assert torch.allclose(graph.shifts[forward], -graph.shifts[backward])
    assert torch.all(graph.receivers.diff() >= 0)


def moved(found, seed, size):
    random = np.random.default_rng(seed)
    step = random.normal(size=found.positions.shape)
    strain = random.normal(size=(1, 3, 3)) * 0.5
    return found.positions + torch.tensor(size * step), found.strain + torch.tensor(size * strain * 0.2)


@given(seeds, st.floats(0.0, 0.4))
@settings(max_examples=60, deadline=None)
def test_while_a_graph_is_valid_no_pair_is_missing(seed, size):
    cell, sites = random_crystal(seed)
    assume(usable(cell))
    found = try_build(cell, sites, skin=0.8)
    positions, strain = moved(found, seed + 1, size)
    assume(found.still_valid(positions, strain))
    fresh = try_build(cell, positions.numpy(), strain=strain[0].numpy())
    reused = found.active(positions, strain)
    assert np.allclose(lengths(reused, positions, strain), lengths(fresh.graph, positions, strain), atol=1e-9)


def test_a_graph_serves_small_moves_and_not_large_ones():
    sample = skewed_alloy()
    found = build_graph([sample.cell], [sample.positions], [sample.copies], CUTOFF, 0.5)
    still = found.strain
    assert found.still_valid(found.positions, still)
    assert found.still_valid(found.positions + torch.tensor([0.1, 0.1, 0.1]), still)
    assert not found.still_valid(found.positions + torch.tensor([0.3, 0.0, 0.0]), still)
    shrunk = -torch.eye(3, dtype=torch.float64)[None]
    assert found.still_valid(found.positions, 0.09 * shrunk)
    assert not found.still_valid(found.positions, 0.0912 * shrunk)
    assert found.still_valid(found.positions, -0.5 * shrunk)


def test_one_crystal_of_a_batch_can_outgrow_the_graph():
    sample = skewed_alloy()
    found = build_graph([sample.cell] * 2, [sample.positions] * 2, [sample.copies] * 2, CUTOFF, 0.5)
    strain = torch.zeros(2, 3, 3, dtype=torch.float64)
    strain[1] = -0.1 * torch.eye(3)
    assert not found.still_valid(found.positions, strain)


def test_neighbours_can_be_found_at_a_strain():
    sample = skewed_alloy()
    strain = np.diag([-0.2, -0.15, -0.2])
    found = build_graph([sample.cell], [sample.positions], [sample.copies], CUTOFF, 0.3, strains=[strain])
    deform = np.eye(3) + strain
    shrunk = build_graph(
        [sample.cell @ deform.T], [sample.positions @ deform.T], [sample.copies], CUTOFF, 0.3
    )
    assert found.still_valid(found.positions, found.strain)
    assert np.allclose(
        lengths(found.graph, found.positions, found.strain),
        lengths(shrunk.graph, shrunk.positions, shrunk.strain),
        atol=1e-10,
    )


def test_energies_along_a_path_are_the_same_with_a_reused_graph(l3i5):
    sample = skewed_alloy()
    found = build_graph([sample.cell], [sample.positions], [sample.copies], CUTOFF, 0.8)
    weights = torch.tensor([w for of_site in sample.weights for w in of_site], dtype=torch.float64)
    random = np.random.default_rng(3)
    direction, stretch = torch.tensor(random.normal(size=(3, 3))), torch.tensor(random.normal(size=(1, 3, 3)))
    edges = set()
    for step in np.linspace(-1, 1, 7):
        positions, strain = found.positions + 0.04 * step * direction, 0.01 * step * stretch
        assert found.still_valid(positions, strain)
        fresh = build_graph(
            [sample.cell], [positions.numpy()], [sample.copies], CUTOFF, strains=[strain[0].numpy()]
        )
        graph = found.active(positions, strain)
        edges.add(graph.n_edges)
        expected = l3i5.energy(fresh.graph, positions, strain, weights)
        assert torch.allclose(l3i5.energy(graph, positions, strain, weights), expected, atol=1e-10)
        assert torch.allclose(l3i5.energy(found.graph, positions, strain, weights), expected, atol=1e-10)
    assert len(edges) > 1


def test_dropping_nothing_gives_the_same_graph_back():
    sample = skewed_alloy()
    found = build_graph([sample.cell], [sample.positions], [sample.copies], CUTOFF, 0.0)
    assert active(found.graph, found.positions, found.strain, CUTOFF) is found.graph


def test_sites_and_copies_of_a_batch_follow_one_another():
    graph = build_graph(
        [np.eye(3) * 3, np.eye(3) * 4],
        [[[0, 0, 0], [1.5, 1.5, 1.5]], [[0, 0, 0]]],
        [[[29, 79], [8]], [[11, 19, 37]]],
        CUTOFF,
    ).graph
    assert (graph.n_graphs, graph.n_sites, graph.n_copies) == (2, 3, 6)
    assert graph.site_graph.tolist() == [0, 0, 1]
    assert graph.copy_site.tolist() == [0, 0, 1, 2, 2, 2]
    assert graph.copy_species.tolist() == [29, 79, 8, 11, 19, 37]
    assert torch.equal(graph.site_graph[graph.receivers], graph.site_graph[graph.senders])


@pytest.mark.parametrize("second", [[0.0, 0.0, 0.0], [3.0, 0.0, 1e-5]])
def test_two_sites_at_one_place_are_refused(second):
    with pytest.raises(CoincidentSites, match="crystal 0: sites"):
        build(np.eye(3) * 3.0, np.array([[0.0, 0, 0], second]))


def test_input_that_does_not_belong_together_is_refused():
    with pytest.raises(ValueError, match="plane"):
        build(np.ones((3, 3)), np.zeros((1, 3)))
    with pytest.raises(ValueError, match="as many copy lists"):
        build_graph([np.eye(3)], [np.zeros((1, 3))], [[[]]], CUTOFF)
    with pytest.raises(ValueError, match="one cell"):
        build_graph([np.eye(3)], [], [], CUTOFF)
    with pytest.raises(ValueError, match="at least one crystal"):
        build_graph([], [], [], CUTOFF)
    with pytest.raises(ValueError, match="3x3"):
        build(np.eye(2), np.zeros((1, 3)))
