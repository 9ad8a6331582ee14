"""Small computations run on one thread, in torch and in the BLAS of numpy and scipy."""

from __future__ import annotations

import sys

import pytest
import torch
from threadpoolctl import threadpool_info

from engine.mechanics.threads import COPIES_FOR_THREADS, fitting_threads


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


@pytest.fixture
def threads():
    """Two in this process, whatever the tests before left."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("copies", [0, COPIES_FOR_THREADS])
def test_small_computations_have_one_thread_and_large_ones_those_of_the_process(threads, copies):
    before = torch.get_num_threads(), blas_threads()
    assert before[0] == 2
    assert len(before[1]) >= 2 or sys.platform == "darwin"  # numpy's and scipy's
    with fitting_threads(copies):
        inside = torch.get_num_threads(), blas_threads()
    assert inside == (2 if copies else 1, [1] * len(before[1]))
    assert (torch.get_num_threads(), blas_threads()) == before


def test_what_is_computed_decides_not_what_it_is_a_part_of(threads):
    with fitting_threads(0):
        with fitting_threads(COPIES_FOR_THREADS):
            assert torch.get_num_threads() == 2
        assert torch.get_num_threads() == 1
    with fitting_threads(COPIES_FOR_THREADS), fitting_threads(0):
        assert torch.get_num_threads() == 1
