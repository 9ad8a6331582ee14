"""Explicit supercells: the task of relaxing one decoration of a mixed crystal, and its record."""

from __future__ import annotations

from pydantic import Field

from api_schemas.base import Composition, Output
from api_schemas.decorations import ExplicitDecoration
from api_schemas.evaluations import CrystalState, RelaxationState
from api_schemas.tasks import Record, Task

SUPERCELL = "supercell"
"""Name of the unit."""


class SupercellTask(Task):
    """The task of relaxing one explicit decoration of a composition."""

    unit: str = SUPERCELL
    composition: Composition = Field(
        description="What is wanted; the supercell holds what its sites can hold."
    )
    evaluation: int = Field(description="Number of the evaluation that it is an explicit crystal of.")
    after: int | None = Field(
        None,
        description="Number of the last evaluation told when a search asked for it; null where none did.",
    )
    decoration: int = Field(description="Which of the decorations of this composition it is, from 0.")
    sites: int = Field(description="Mixed sites of the supercell, about.")
    seed: int = Field(description="Of the decoration, together with its number; and of a displacement.")
    explicit: ExplicitDecoration | None = Field(
        None, description="The decoration itself; null for a quasi-random one of the composition."
    )
    host: list[list[int]] | None = Field(
        None,
        description="The supercell of the mean-field crystal whose force constants start the relaxation; null for its "
        "own.",
    )
    lowers_symmetry: bool = Field(
        default=False,
        description="Whether it is relaxed again from displacements along soft modes of the mean-field crystal and "
        "of its own, and kept so where that lowers its energy.",
    )
    warm_start: RelaxationState | None = Field(
        None, description="The mean-field crystal at the evaluation's composition."
    )


class ShortRangeOrder(Output):
    """Warren-Cowley parameters of two elements of a sublattice in one shell of neighbours."""

    sublattice: str
    elements: list[str] = Field(description="The two elements.")
    shell: int = Field(description="Of neighbours on the sublattice, from 1.")
    distance: float = Field(description="Å, in the mean-field crystal.")
    value: float = Field(description="1 - p/x: 0 for random, below where unlike neighbours are preferred.")


class SupercellRecord(Record):
    """One relaxed decoration."""

    unit: str = SUPERCELL
    evaluation: int
    after: int | None = Field(None, description="As in its task.")
    decoration: int
    composition: Composition = Field(description="What the supercell holds.")
    matrix: list[list[int]] = Field(description="Its lattice vectors in units of the parent's, as rows.")
    sites: dict[str, int] = Field(description="Mixed sites of each sublattice.")
    properties: dict[str, float] = Field(
        description="Values by name, of the properties that need no curvature."
    )
    energy_per_atom: float | None
    converged: bool
    left_parent: bool = Field(description="Whether atoms have left the sites of the parent lattice.")
    largest_displacement: float = Field(description="Å, from the sites of the mean-field crystal.")
    changed_coordination: float = Field(
        description="Share of the sites whose neighbours are not those of the parent."
    )
    warren_cowley: list[ShortRangeOrder] = []
    structure: CrystalState | None
    message: str | None = None
