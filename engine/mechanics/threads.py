"""How many threads a computation uses: small crystals and surrogates are slower on several, large ones faster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch
from threadpoolctl import ThreadpoolController

COPIES_FOR_THREADS = 48
"""From this many copies (over a whole batch) on, a potential call is long enough to be shared between threads."""


@contextmanager
def fitting_threads(copies: int) -> Iterator[None]:
    """Run with one thread where the work is small, with the process's own number where it is not.

    Threads that wait for one another spin: on a machine with other work, small crystals on two threads were seen to
    take ten times as long as on one, and fits of surrogates three times. The BLAS of numpy and scipy has threads of its
    own.
    """
    if copies >= COPIES_FOR_THREADS:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with _pools().limit(limits=1, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(before)


@cache
def _pools() -> ThreadpoolController:
    """The libraries of this process that have threads; looking for them takes milliseconds."""
    import scipy.linalg  # noqa: F401  (brings a BLAS beside numpy's, which must be there to be found)

    return ThreadpoolController()
