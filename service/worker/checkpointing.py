"""Checkpoints as a unit sees them, arrays by name, and as the store keeps them: safetensors, never pickle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from service.repositories.checkpoints import MOST_BYTES
from service.repositories.tasks import Claim
from service.work.work import Work
from service.worker.lease import Interrupted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.units.unit import State


class CheckpointFailed(Exception):  # noqa: N818
    """A checkpoint cannot be stored, or is not there where a task has to go on from one; the message says which."""


class Checkpoints:
    """The checkpoints of a task that is held.

    Args:
        work: Where they are kept.
        claim: On the task.
    """

    def __init__(self, work: Work, claim: Claim) -> None:
        self._work, self._claim = work, claim
        self.used = False
        """Whether the task went on from a checkpoint, or saved one."""

    def save(self, state: State) -> None:
        """Store a checkpoint in place of the one before.

        Raises:
            CheckpointFailed: if it is too large, or holds what safetensors does not know.
            Interrupted: if the task is no longer ours.
        """
        self.used = True
        data = packed(state)
        if not self._work.save(self._claim, data):
            raise Interrupted("lost")

    def found(self) -> State | None:
        """Where the task goes on: its own checkpoint, else that of the task it continues; None where it begins.

        Raises:
            CheckpointFailed: if there is none although it continues another task, or it cannot be read.
        """
        if self._claim.attempt == 1 and self._claim.continues is None:
            return None  # nobody can have saved one
        data = self._work.checkpoint(self._claim)
        self.used = data is not None
        return _unpacked_for(self._claim, data)


def _unpacked_for(claim: Claim, data: bytes | None) -> State | None:
    if data is not None:
        return unpacked(data)
    if claim.continues is not None:
        raise CheckpointFailed(
            f"{claim.unit} {claim.index} goes on from {claim.unit} {claim.continues}, of which no checkpoint is "
            "stored; submit the job again"
        )
    return None


def packed(state: Mapping[str, NDArray[Any]]) -> bytes:
    """A checkpoint as safetensors.

    Raises:
        CheckpointFailed: if it is too large, or holds what safetensors does not know.
    """
    size = sum(np.asarray(array).nbytes for array in state.values())
    if size <= MOST_BYTES:
        try:
            data: bytes = save({name: np.asarray(array, order="C") for name, array in state.items()})
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise CheckpointFailed(f"a checkpoint cannot be written as safetensors: {error}") from None
        size = len(data)
        if size <= MOST_BYTES:
            return data
    raise CheckpointFailed(
        f"a checkpoint of {size / 2**20:.1f} MiB is too large: at most {MOST_BYTES // 2**20} MiB are stored; take a "
        "smaller crystal, or fewer of them at a time"
    )


def unpacked(data: bytes) -> State:
    """The arrays of a stored checkpoint.

    Raises:
        CheckpointFailed: if it is too large, or no safetensors.
    """
    if len(data) > MOST_BYTES:
        raise CheckpointFailed(f"a stored checkpoint has {len(data)} bytes, more than {MOST_BYTES}")
    try:
        arrays: dict[str, NDArray[Any]] = load(data)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise CheckpointFailed(f"a stored checkpoint cannot be read: {error}") from None
    return arrays
