"""Large graphs in blocks of edges: the same numbers, less memory."""

from __future__ import annotations

import pytest
import torch

from engine.crystals.graph import build_graph
from engine.potentials.equivariant.padded_neighbours import neighbour_blocks
from engine.potentials.sevennet.potential import SevenNet
from engine.potentials.weights import read_weights
from tests.engine.potentials.samples import arguments, plain, skewed_alloy

SPARSE = plain([[3.0, 0, 0], [0, 9.0, 0], [0, 0, 9.0]], [[0.0, 0, 0], [1.5, 4.0, 0.0]], [14, 8])


@pytest.fixture(scope="module")
def in_blocks(weights_fetched):
    tensors, architecture = read_weights("sevennet-l3i5")
    return SevenNet(
        "sevennet-l3i5",
        tensors,
        architecture,
        smoothness=2,
        dtype=torch.float64,
        device=torch.device("cpu"),
        block_sizes={"whole": 50, "block": 70},
    )


def rows(potential, samples):
    """Energy, first derivatives, and one row of second derivatives."""
    graph, *inputs = arguments(samples)
    energy = potential.energy(graph, *inputs)
    first = torch.autograd.grad(energy.sum(), inputs, create_graph=True)
    second = torch.autograd.grad(sum((g * g).sum() for g in first), inputs)
    return [energy.detach(), *(g.detach() for g in first), *second]


def test_blocks_change_no_value_and_no_derivative(in_blocks, l3i5):
    samples = [skewed_alloy(), SPARSE]
    for blocked, whole in zip(rows(in_blocks, samples), rows(l3i5, samples), strict=True):
        assert torch.allclose(blocked, whole, atol=1e-9, rtol=1e-10)


def test_first_derivatives_in_blocks_need_no_graph_of_the_second(in_blocks, l3i5):
    graph, *inputs = arguments([skewed_alloy()])
    blocked = torch.autograd.grad(in_blocks.energy(graph, *inputs).sum(), inputs)
    whole = torch.autograd.grad(l3i5.energy(graph, *inputs).sum(), inputs)
    assert all(torch.allclose(a, b, atol=1e-10) for a, b in zip(blocked, whole, strict=True))


@pytest.mark.parametrize("limit", [1, 60, 150, 10_000])
def test_every_edge_has_exactly_one_place(limit):
    graph = build_graph(
        [skewed_alloy().cell, SPARSE.cell],
        [skewed_alloy().positions, SPARSE.positions],
        [skewed_alloy().copies, SPARSE.copies],
        5.0,
    ).graph
    blocks = neighbour_blocks(graph, limit, torch.float64)
    assert sum(block.n_sites for block in blocks) == graph.n_sites
    found, first = [], 0
    for block in blocks:
        receivers = torch.arange(first, first + block.n_sites).repeat_interleave(block.width)
        filled = block.orientation != 0
        found += list(
            zip(
                receivers[filled].tolist(),
                block.sender[filled].tolist(),
                block.pair[filled].tolist(),
                block.orientation[filled].tolist(),
                strict=True,
            )
        )
        first += block.n_sites
    expected = [
        (int(graph.receivers[edge]), int(graph.senders[edge]), pair, sign)
        for pair, edges in enumerate(graph.pairs.tolist())
        for edge, sign in zip(edges, (1.0, -1.0), strict=True)
    ]
    assert sorted(found) == sorted(expected)


def test_crystals_of_different_density_do_not_share_a_wide_block():
    dense = plain([[2.5, 0, 0], [0, 2.5, 0], [0, 0, 2.5]], [[0.0, 0, 0]], [26])
    sparse = plain([[4.8, 0, 0], [0, 4.8, 0], [0, 0, 4.8]], [[0.0, 0, 0]], [26])
    samples = [dense] * 20 + [sparse] * 40
    graph = build_graph(
        [s.cell for s in samples], [s.positions for s in samples], [s.copies for s in samples], 5.0
    ).graph
    blocks = neighbour_blocks(graph, 10_000, torch.float64)
    assert len(blocks) > 1
    assert sum(block.n_padded for block in blocks) < 1.3 * graph.n_edges
