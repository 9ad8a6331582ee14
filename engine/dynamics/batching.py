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

ROUNDS = 5
LOST = 1.3
"""Sizes from which on a replica takes so many times what it takes in the best one are not tried again."""


def measured_batch(
    hamiltonian: Hamiltonian,
    positions: FloatArray,
    most: int,
    *,
    by_lam: bool = True,
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
        most: Replicas that there are, one or more.
        by_lam: Whether steps will want the derivative by lam.
        clock: Seconds.
    """
    sizes = [2**power for power in range(most.bit_length())]
    least = dict.fromkeys(sizes, np.inf)
    for number in range(ROUNDS + 1):
        for size in sizes:
            batch = np.repeat(positions[None], size, axis=0)
            began = clock()
            hamiltonian.evaluate(batch, np.zeros((size, 3, 3)), np.full(size, 0.5), by_lam=by_lam)
            taken = (clock() - began) / size
            if number:  # the first is longer
                least[size] = min(least[size], taken)
        if number:
            best = min(least.values())
            sizes = [size for size in sizes if least[size] < LOST * best]
    return min(least, key=lambda size: (least[size], size))
