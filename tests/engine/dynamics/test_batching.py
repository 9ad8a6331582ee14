"""How many replicas are computed at once."""

from __future__ import annotations

import numpy as np
import pytest

from engine.dynamics.batching import measured_batch


class Costly:
    """An energy that takes so many seconds of its own clock for so many replicas."""

    def __init__(self, seconds):
        self.seconds, self.now, self.largest = seconds, 0.0, 0

    def evaluate(self, positions, strain, lam, *, by_lam=False, by_strain=False):
        self.now += self.seconds(len(positions))
        self.largest = max(self.largest, len(positions))

    def clock(self):
        return self.now


@pytest.mark.parametrize(
    ("seconds", "most", "expected"),
    [
        (lambda m: 1.0 + m, 8, 8),  # an overhead that a batch shares
        (lambda m: 1.0 + m, 7, 4),
        (lambda m: m, 8, 1),  # nothing to share
        (lambda m: 1.0 + m if m <= 4 else 3.0 * m, 64, 4),  # in pieces from somewhere on
        (lambda m: 1.0 + m, 1, 1),
        (lambda m: 1.0 * m if m == 1 else 0.97 * m, 8, 1),  # what may be chance
        (
            lambda m: 1.0 * m if m == 1 else 1.5 * m if m == 2 else 0.1,
            8,
            1,
        ),  # no more is tried where it gets worse
    ],
)
def test_the_batch_makes_each_replica_the_cheapest(seconds, most, expected):
    costly = Costly(seconds)
    found = measured_batch(costly, np.zeros((4, 3)), np.zeros((3, 3)), most, clock=costly.clock)
    assert found == expected
    assert costly.largest <= most
