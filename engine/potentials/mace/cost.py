"""What one call of a MACE model costs in memory and time, from sizes alone. Torch-free.

Fits to measured peaks of resident memory and to times on one core, of the architectures of MACE-MP-0a small, medium and
large and of MACE-MPA-0 medium in float32 and float64, with 312 to 15000 edges and up to five copies per site. Peaks are
met within about 40 %, times within a factor of two on a quiet machine. Numbers are the medium model's in float32.
"""

from __future__ import annotations

from engine.potentials.description import MaceSize

EDGES_FOR_A_LINK = 3.0
"""Edges for each pair of nodes of a cell above which filters are summed over images before a tensor product."""

LINKS_IN_ONE_PIECE = 2048
"""Above this many pairs of nodes summed filters are computed again in the backward pass."""

_MEDIUM = MaceSize(channels=128, degree=1, by_element=False)
_SMALLEST = 2e6  # bytes
_BYTES_PER_NODE, _BYTES_PER_EDGE_SUMMED = 2.0e6, 2.1e3
_BYTES_PER_EDGE = 52e3
_BYTES_IN_BLOCKS, _BYTES_PER_EDGE_IN_BLOCKS = 65e6, 21e3
_SECONDS, _SECONDS_PER_NODE, _SECONDS_PER_EDGE_SUMMED, _SECONDS_PER_LINK = 5e-3, 2.4e-3, 3e-6, 80e-6
_SECONDS_PER_EDGE, _SECONDS_PER_EDGE_IN_BLOCKS = 85e-6, 115e-6
_SECOND_MEMORY, _SECOND_TIME = 2.1, 2.0  # a differentiable gradient, or a row of second derivatives
_DOUBLE = 2.0  # float64 against float32, in memory and time
_OF_DEGREE = (0.5, 1.0, 2.0)


def memory(
    n_edges: int,
    n_nodes: int,
    n_links: int | None,
    in_blocks_above: int,
    dtype: str,
    size: MaceSize | None,
    *,
    second_derivatives: bool,
) -> float:
    """Bytes at the peak of a call with derivatives.

    Args:
        n_edges: Number of directed edges between nodes.
        n_nodes: Number of nodes: sites where senders are mixed first, else copies.
        n_links: Pairs of nodes within a cell, over all cells; None where that is not known.
        in_blocks_above: Number of edges above which the network runs in blocks.
        dtype: Number format, "float64" or "float32".
        size: Size of the model; None for a medium one.
        second_derivatives: Whether the gradient is differentiated again.
    """
    if _summed(n_edges, n_links):
        found = n_nodes * _BYTES_PER_NODE + n_edges * _BYTES_PER_EDGE_SUMMED
    elif n_edges <= in_blocks_above:
        found = n_edges * _BYTES_PER_EDGE
    else:
        found = _BYTES_IN_BLOCKS + n_edges * _BYTES_PER_EDGE_IN_BLOCKS
    return _SMALLEST + found * _factor(dtype, size) * (_SECOND_MEMORY if second_derivatives else 1.0)


def seconds(
    n_edges: int,
    n_nodes: int,
    n_links: int | None,
    in_blocks_above: int,
    dtype: str,
    size: MaceSize | None,
    *,
    second_derivatives: bool,
) -> float:
    """Seconds of a call on one core: energy with first derivatives, or a row of second ones.

    Args:
        n_edges: Number of directed edges between nodes.
        n_nodes: Number of nodes: sites where senders are mixed first, else copies.
        n_links: Pairs of nodes within a cell, over all cells; None where that is not known.
        in_blocks_above: Number of edges above which the network runs in blocks.
        dtype: Number format, "float64" or "float32".
        size: Size of the model; None for a medium one.
        second_derivatives: Whether a row of second derivatives is meant.
    """
    if _summed(n_edges, n_links) and n_links is not None:
        again = 2.0 if n_links > LINKS_IN_ONE_PIECE else 1.0
        found = (
            n_nodes * _SECONDS_PER_NODE
            + n_edges * _SECONDS_PER_EDGE_SUMMED
            + again * n_links * _SECONDS_PER_LINK
        )
    else:
        per_edge = _SECONDS_PER_EDGE if n_edges <= in_blocks_above else _SECONDS_PER_EDGE_IN_BLOCKS
        found = n_edges * per_edge
    return (_SECONDS + found * _factor(dtype, size)) * (_SECOND_TIME if second_derivatives else 1.0)


def _summed(n_edges: int, n_links: int | None) -> bool:
    return n_links is not None and n_edges > EDGES_FOR_A_LINK * n_links


def _factor(dtype: str, size: MaceSize | None) -> float:
    size = size or _MEDIUM
    of_degree = _OF_DEGREE[min(size.degree, len(_OF_DEGREE) - 1)]
    return of_degree * size.channels / _MEDIUM.channels * (_DOUBLE if dtype == "float64" else 1.0)
