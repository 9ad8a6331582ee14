"""What one call of a potential costs in memory and time, from sizes alone. Torch-free: submissions are weighed with it.

The numbers are fits to measured peaks of resident memory and to times on one core of a 2020s server CPU, with 168 to
8400 edges and up to five copies per site. Peaks are met within about 15 %; times depend on the machine and are rough.
For MACE see `mace_cost`.
"""

from __future__ import annotations

from math import pi

from engine.potentials.description import CallCost, MaceSize
from engine.potentials.errors import UnsupportedDtype
from engine.potentials.families import FAMILIES
from engine.potentials.mace import cost as mace_cost
from engine.potentials.registry import LOCAL_FILE, describe

EDGES_IN_ONE_PIECE = (
    4096  # above this the network runs in blocks that are recomputed: less memory, more time per edge
)


_SMALLEST = 10e6  # bytes: what any call takes
_SECOND_WHOLE, _SECOND_BLOCKS = 3.2, 2.1  # a differentiable gradient against a plain one, in memory
_SECOND_TIME = 2.0  # a row of second derivatives against an energy with first derivatives, in time


def estimate_edges(n_sites: int, volume: float, cutoff: float, skin: float = 0.0) -> int:
    """Directed edges of a crystal whose sites fill space evenly.

    Args:
        n_sites: Number of sites in the cell.
        volume: Volume of the cell, Å^3.
        cutoff: Cutoff of the potential, Å.
        skin: How much farther neighbours are listed, Å.
    """
    return round(n_sites * n_sites / volume * 4.0 / 3.0 * pi * (cutoff + skin) ** 3)


def estimate_memory(
    n_edges: int,
    n_copies: int,
    dtype: str,
    name: str,
    *,
    second_derivatives: bool = False,
    n_links: int | None = None,
    size: MaceSize | None = None,
) -> int:
    """Peak memory of one call with derivatives, beyond what the process holds with the model loaded.

    Args:
        n_edges: Number of directed edges within the cutoff, over all crystals of a batch.
        n_copies: Number of copies over all sites; of a MACE model of its nodes, which are sites where senders are mixed
            first.
        dtype: Number format, "float64" or "float32".
        name: Name of the potential.
        second_derivatives: Whether the gradient is differentiated again, as for a Hessian.
        n_links: Pairs of nodes of a MACE model within a cell, over all cells, where that is known.
        size: Size of a MACE model of one's own.

    Returns:
        Bytes, for a CPU.

    Raises:
        UnknownPotential: if there is no such potential.
        UnsupportedDtype: if it is not offered in that number format.
    """
    if _by_nodes(name):
        size = size or _size_of(name)
        options = (n_edges, n_copies, n_links, EDGES_IN_ONE_PIECE, dtype, size)
        return round(mace_cost.memory(*options, second_derivatives=second_derivatives))
    cost = _cost(name, dtype)
    if n_edges <= EDGES_IN_ONE_PIECE:
        edges = n_edges * cost.bytes_per_edge * (_SECOND_WHOLE if second_derivatives else 1.0)
    else:
        edges = cost.bytes_in_blocks + n_edges * cost.bytes_per_edge_in_blocks
        edges *= _SECOND_BLOCKS if second_derivatives else 1.0
    copies = n_copies * cost.bytes_per_copy * (2.0 if second_derivatives else 1.0)
    return round(_SMALLEST + edges + copies)


def estimate_seconds(
    n_edges: int,
    dtype: str,
    name: str,
    *,
    second_derivatives: bool = False,
    n_copies: int = 0,
    n_links: int | None = None,
    size: MaceSize | None = None,
) -> float:
    """Time of one call on one core: energy with first derivatives, or one row of second derivatives.

    Args:
        n_edges: Number of directed edges within the cutoff, over all crystals of a batch.
        dtype: Number format, "float64" or "float32".
        name: Name of the potential.
        second_derivatives: Whether a row of second derivatives is meant.
        n_copies: Number of copies, or of nodes of a MACE model, over all sites; those of SevenNet hardly count.
        n_links: Pairs of nodes of a MACE model within a cell, over all cells, where that is known.
        size: Size of a MACE model of one's own.

    Returns:
        Seconds.

    Raises:
        UnknownPotential: if there is no such potential.
        UnsupportedDtype: if it is not offered in that number format.
    """
    if _by_nodes(name):
        size = size or _size_of(name)
        options = (n_edges, n_copies, n_links, EDGES_IN_ONE_PIECE, dtype, size)
        return mace_cost.seconds(*options, second_derivatives=second_derivatives)
    cost = _cost(name, dtype)
    in_blocks = n_edges > EDGES_IN_ONE_PIECE
    per_edge = cost.seconds_per_edge_in_blocks if in_blocks else cost.seconds_per_edge
    return (cost.seconds + n_edges * per_edge) * (_SECOND_TIME if second_derivatives else 1.0)


def _by_nodes(name: str) -> bool:
    return name == LOCAL_FILE or FAMILIES[describe(name).family].by_nodes


def _size_of(name: str) -> MaceSize | None:
    return None if name == LOCAL_FILE else describe(name).size


def _cost(name: str, dtype: str) -> CallCost:
    description = describe(name)
    if dtype not in description.dtypes:
        raise UnsupportedDtype(f"{name} is offered in {', '.join(description.dtypes)}, not in {dtype}")
    return dict(description.costs)[dtype]
