"""What a segment of trajectories sees on its way, and not at its end alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.dynamics.baoab import Moment
from engine.dynamics.state import begin
from engine.dynamics.watch import overlapping
from engine.evaluation.segment_seen import Looking, seen_again

BOLTZMANN = 8.617333262e-5
LATTICE = 10.0 * np.eye(3)
MASSES = np.array([20.0, 20.0])


def test_atoms_that_meet_on_the_way_and_part_again_are_seen_and_what_was_is_told_again():
    """Two atoms 3 Å apart that are 1 Å apart halfway; of a second replica the cell grows by a tenth instead."""
    sites = np.array([[[0.0, 0.0, 0.0], [3.0, 0.0, 0.0]]])
    state = begin(np.repeat(sites, 2, axis=0), MASSES, BOLTZMANN * 300.0, 0, range(2))
    looking = Looking(LATTICE, MASSES, np.array([True, True]))
    speeds = []
    for step in range(13):
        apart = 1.0 + 2.0 * abs(step - 6) / 6.0
        positions = state.positions.copy()
        positions[0, 1, 0] = apart
        strain = np.stack([np.zeros((3, 3)), 0.1 * step / 12 * np.diag([1.0, 0.0, 0.0])])
        velocities = state.velocities * (1.0 + step)
        looking.see(
            Moment(replace(state, positions=positions, strain=strain, velocities=velocities), None, None)
        )
        speeds.append((1.0 + step) ** 2)
    met = overlapping(looking.shortest, 3.0)
    assert [one.replicas for one in met] == [(0,)]
    assert "within 1.67 Å" in met[0].message  # at steps 4 and 8
    seen = looking.seen(["one"], np.arange(16.0).reshape(8, 2))
    assert seen.closest == pytest.approx(5.0 / 3.0)
    # The first moment is the last one of the segment before.
    assert seen.volume == pytest.approx(1000.0 * (1.0 + 0.5 * np.mean(0.1 * np.arange(1, 13) / 12)))
    energies = 0.5 * 103.642697 * (MASSES[:, None] * state.velocities**2).sum(axis=(1, 2))
    assert seen.measured == pytest.approx(
        np.mean(2 * energies / 3 / BOLTZMANN) * np.mean(speeds[1:]), rel=1e-6
    )
    assert seen.work_by_part == [0.5 + 2.0 * n for n in range(8)]
    assert seen_again(seen.array()) == seen
