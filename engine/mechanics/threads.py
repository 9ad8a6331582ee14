"""How many threads a computation uses: small crystals and surrogates are slower on several, large ones faster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

import torch
from threadpoolctl import ThreadpoolController

COPIES_FOR_THREADS = 48
"""From this many copies (over a whole batch) on, a potential call is long enough to be shared between threads."""


_own: ContextVar[int | None] = ContextVar("threads of the process before any was taken away", default=None)


@contextmanager
def fitting_threads(copies: int) -> Iterator[None]:
    """Run with one thread where the work is small, with the process's own number where it is not.

    Threads that wait for one another spin: on a machine with other work, small crystals on two threads were seen to
    take ten times as long as on one, and fits of surrogates three times. The BLAS of numpy and scipy has threads of its
    own, and what this house gives it is small always.

    Args:
        copies: Copies of atoms in what is computed together. It alone decides, also inside another such block: a
            relaxation has the same bits whatever it is a part of.
    """
    before = torch.get_num_threads()
    own = _own.get() or before
    token = _own.set(own)
    torch.set_num_threads(own if copies >= COPIES_FOR_THREADS else 1)
    try:
        with _pools().limit(limits=1, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(before)
        _own.reset(token)


@cache
def _pools() -> ThreadpoolController:
    """The libraries of this process that have threads; looking for them takes milliseconds."""
    import scipy.linalg  # noqa: F401  (brings a BLAS beside numpy's, which must be there to be found)

    return ThreadpoolController()
