"""How many replicas one graph holds: as many as make each of them cheapest, by measurement."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from engine.dynamics.hamiltonian import Hamiltonian

    FloatArray = NDArray[np.float64]

ROUNDS = 4
LOST = 1.3
"""Sizes from which on a replica takes so many times what it takes in the best are tried no more, nor larger ones."""
GAIN = 1.05
"""By what factor a larger batch has to be faster: less may be chance, on a machine with other work."""


def measured_batch(
    hamiltonian: Hamiltonian,
    positions: FloatArray,
    strain: FloatArray,
    most: int,
    *,
    by_strain: bool = False,
    clock: Callable[[], float] = time.perf_counter,
) -> int:
    """How many replicas to compute at once: 1, 2, 4, ..., whichever makes each of them the cheapest.

    In small crystals most of a step is the overhead of many small operations, which a batch shares; above some size a
    model runs in pieces that are computed again, and a batch costs more than its replicas alone. Where that is depends
    on the machine: the answer belongs into the task, since the last digits of trajectories depend on who else is in
    the graph. Sizes take turns and the least time of each counts, so that other work on the machine counts little.

    Args:
        hamiltonian: What trajectories are to move in.
        positions: Of one replica, [n, 3] Å, in the frame of the unstrained cell.
        strain: Of its cell, [3, 3].
        most: Replicas that there are, one or more.
        by_strain: Whether steps will want the derivative by strain, besides that by lam.
        clock: Seconds.
    """

    def taken(size: int) -> float:
        places, cells = (np.repeat(one[None], size, axis=0) for one in (positions, strain))
        began = clock()
        hamiltonian.evaluate(places, cells, np.full(size, 0.5), by_lam=True, by_strain=by_strain)
        return (clock() - began) / size

    least: dict[int, float] = {}
    for size in (2**power for power in range(most.bit_length())):
        taken(size)  # the first takes longer
        least[size] = taken(size)
        if least[size] > LOST * min(least.values()):
            break
    for _ in range(ROUNDS if len(least) > 1 else 0):
        best = min(least.values())
        for size in [one for one, seconds in least.items() if seconds < LOST * best]:
            least[size] = min(least[size], taken(size))
    chosen = 1
    for size, seconds in least.items():
        if GAIN * seconds < least[chosen]:
            chosen = size
    return chosen
