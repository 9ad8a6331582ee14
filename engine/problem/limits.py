"""How large a problem may be on this machine."""

from __future__ import annotations

import os
from dataclasses import dataclass

from engine.crystals.structure_faults import MAX_ATOMS

_SHARE_OF_MEMORY = 0.75
_WEEK = 7 * 24 * 3600.0


@dataclass(frozen=True)
class Limits:
    """Bounds beyond which a problem is refused.

    Attributes:
        max_atoms: Sites of a parent crystal.
        max_points: Compositions of a scan or of `at`.
        max_supercells: Explicit supercells that a job may relax.
        max_supercell_atoms: Sites of an explicit supercell.
        max_end_members: Products of one element a sublattice, each of which is relaxed.
        memory_bytes: Memory that one evaluation may take.
        seconds: Computing time that a job may take by the estimate.
        model_files: Whether a problem may name a model file to be read, which can run code: only on one's own machine.
    """

    max_atoms: int = MAX_ATOMS
    max_points: int = 10_000
    max_supercells: int = 1000
    max_supercell_atoms: int = 1000
    max_end_members: int = 512
    memory_bytes: int = 16 * 2**30
    seconds: float = _WEEK
    model_files: bool = False

    @classmethod
    def of_this_machine(cls) -> Limits:
        """The bounds for this machine: three quarters of its memory, unless the environment says otherwise.

        ORICHALCUM_MAX_ATOMS, ORICHALCUM_MAX_MEMORY_GB and ORICHALCUM_MAX_JOB_HOURS set the atoms, the memory
        and the time.
        """
        import psutil

        memory = _positive_number("ORICHALCUM_MAX_MEMORY_GB")
        hours = _positive_number("ORICHALCUM_MAX_JOB_HOURS")
        atoms = _positive_number("ORICHALCUM_MAX_ATOMS")
        return cls(
            max_atoms=MAX_ATOMS if atoms is None else int(atoms),
            memory_bytes=int(
                _SHARE_OF_MEMORY * psutil.virtual_memory().total if memory is None else memory * 2**30
            ),
            seconds=_WEEK if hours is None else hours * 3600.0,
        )


def _positive_number(variable: str) -> float | None:
    """A positive number from the environment; None where it is not set.

    Raises:
        ValueError: if it is set to something else.
    """
    text = os.environ.get(variable, "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value < float("inf"):
        raise ValueError(f"{variable} is {text!r}; it must be a positive number")
    return value
