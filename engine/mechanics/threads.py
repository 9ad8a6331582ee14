"""How many threads a relaxation uses: small crystals are slower on several, large ones faster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

COPIES_FOR_THREADS = 48
"""From this many copies (over a whole batch) on, a potential call is long enough to be shared between threads."""


@contextmanager
def fitting_threads(copies: int) -> Iterator[None]:
    """Run with one thread where the work is small, with the process's own number where it is not.

    Threads that wait for one another spin: on a machine with other work, small crystals on two threads were seen to
    take ten times as long as on one.
    """
    before = torch.get_num_threads()
    if copies < COPIES_FOR_THREADS:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
