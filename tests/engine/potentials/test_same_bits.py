"""Energies and gradients have the same bits whatever the number of threads, and each time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.mechanics.threads import COPIES_FOR_THREADS
from engine.potentials.mace.potential import Mace
from tests.engine.potentials.mace_models import build
from tests.engine.potentials.samples import Sample, arguments, derivatives

PROCESSORS = Path("/proc/cpuinfo")


def rock_salt():
    """Eight sites, (Na, K) on four, each away from its place: 12 copies."""
    places = np.array(
        [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=float
    )
    moved = 2.8 * places + 0.1 * np.random.default_rng(2).normal(size=(8, 3))
    return Sample(5.6 * np.eye(3), moved, ((11, 19),) * 4 + ((17,),) * 4, ((0.3, 0.7),) * 4 + ((1.0,),) * 4)


@pytest.fixture
def threads():
    """Sets their number in this process, until the test ends."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.fixture
def potential(load, request):
    """By its name: a SevenNet, or a MACE of mace-torch's with few channels."""
    if request.param.startswith("sevennet"):
        return load(request.param)
    model = build(request.param, channels=8)
    return Mace("test", model, dtype=torch.float64, device=torch.device("cpu"), head=model.heads[-1])


@pytest.mark.skipif(
    not PROCESSORS.exists() or "GenuineIntel" not in PROCESSORS.read_text(),
    reason="the products of matrices are those of MKL, which promises it on Intel's processors",
)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_number_of_threads_changes_no_bit(load, threads, dtype):
    potential = load("sevennet-0", dtype=dtype)
    samples = [rock_salt()] * 5
    assert sum(len(of_site) for one in samples for of_site in one.copies) > COPIES_FOR_THREADS
    found = []
    for count in (1, 2, 3):
        threads(count)
        found.append(derivatives(potential, *samples, dtype=getattr(torch, dtype)))
    for other in found[1:]:
        for name in ("energy", "positions", "strain", "weights"):
            assert np.array_equal(getattr(found[0], name), getattr(other, name)), name


@pytest.mark.parametrize("potential", ["sevennet-0", "mp-0b-small", "mh"], indirect=True)
def test_no_gradient_is_summed_in_the_order_in_which_threads_come(potential):
    """In float32 several threads add gradients of `x[index]` as they come, those of `index_select` in order."""
    graph, *leaves = arguments([rock_salt(), rock_salt()])
    energy = potential.energy(graph, *leaves).sum()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        torch.autograd.grad(energy, leaves)
    names = {event.name for event in profile.events()}
    assert any("index_add" in one for one in names)
    assert not [one for one in names if "index_put" in one]
