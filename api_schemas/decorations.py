"""Explicit decorations of a supercell, and the task of computing many of them without relaxing any."""

from __future__ import annotations

from pydantic import Field

from api_schemas.base import Composition, Output
from api_schemas.evaluations import RelaxationState
from api_schemas.tasks import Record, Task

DECORATIONS = "decorations"
"""Name of the unit."""


class ExplicitDecoration(Output):
    """What each site of a supercell holds."""

    matrix: list[list[int]] = Field(description="Vectors of the supercell in units of the parent's, as rows.")
    columns: list[int] = Field(
        description="Column of the composition that each site holds, cell by cell; -1 on a site of no sublattice."
    )


class DecorationsTask(Task):
    """The task of computing the energies of decorations of one composition as they stand in its mean-field crystal."""

    unit: str = DECORATIONS
    composition: Composition
    evaluation: int = Field(description="Number of the evaluation of the composition.")
    decorations: list[ExplicitDecoration]
    warm_start: RelaxationState | None = Field(
        None, description="The mean-field crystal at the composition; null for the parent as it was given."
    )


class DecorationsRecord(Record):
    """Energies of decorations that were not relaxed."""

    unit: str = DECORATIONS
    evaluation: int
    energies: list[float | None] = Field(
        description="eV per parent cell, of each decoration; null where the potential gave none."
    )
