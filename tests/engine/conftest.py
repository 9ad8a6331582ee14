"""Potentials for the engine's tests. Their weights are fetched once and kept in the cache folder."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def weights_fetched():
    """Both SevenNets converted in the cache folder; downloads them the first time."""
    from engine.potentials.weights import fetch

    return {name: fetch(name) for name in ("sevennet-l3i5", "sevennet-0")}


@pytest.fixture(scope="session")
def load(weights_fetched):
    """`load_potential`, with one thread: the crystals of the tests are small and the machine is shared."""
    import torch

    from engine.potentials.loading import load_potential

    torch.set_num_threads(1)
    return load_potential


@pytest.fixture(scope="session")
def l3i5(load):
    """SevenNet-l3i5 in float64."""
    return load("sevennet-l3i5")


@pytest.fixture(scope="session")
def sevennet0(load):
    """SevenNet-0 in float64."""
    return load("sevennet-0")
