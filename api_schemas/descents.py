"""Searches for orderings: the task of one descent from disorder to a decoration of a supercell, and its record."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api_schemas.base import Composition, Output
from api_schemas.evaluations import RelaxationState
from api_schemas.tasks import Record, Task

DESCENT = "descent"
"""Name of the unit."""


class DescentTask(Task):
    """The task of one search for the ordering of lowest energy in a supercell, sites and cell held."""

    unit: str = DESCENT
    composition: Composition = Field(
        description="What is wanted; the supercell holds what its sites can hold."
    )
    evaluation: int = Field(0, description="Number of the evaluation at whose composition it searches.")
    matrix: list[list[int]] = Field(
        description="The supercell's lattice vectors in units of the parent's, as rows; of positive determinant."
    )
    number: int = Field(description="Which of the searches it is, from 0.")
    seed: int = Field(description="Of the noise that it starts from, together with its number.")
    calls: int = Field(60, ge=2, description="Potential calls of the supercell after which it is given up.")
    warm_start: RelaxationState | None = Field(
        None, description="The mean-field crystal at the composition, in whose sites and cell is searched."
    )
    start: list[list[float]] | None = Field(
        None,
        description="Instead of noise: weights by site of the supercell, cell by cell, and column of the composition; "
        "they are brought to the composition. Sites of no sublattice have rows of zeros.",
    )
    decoration: list[int] | None = Field(
        None,
        description="Instead of a descent: the column that each site holds, -1 on a site of no sublattice, from which "
        "sites are exchanged. Its composition is the one that is searched.",
    )


class DescentStep(Output):
    """An accepted step: the free energy falls at the step's own temperature, which is lowered between steps."""

    temperature: float = Field(
        description="K; below zero where sites would stay mixed in the mean field at 0 K."
    )
    before: float = Field(description="Free energy E - T S at the step's start, eV/atom.")
    after: float = Field(description="And at its end.")


class DescentRecord(Record):
    """What one search found."""

    unit: str = DESCENT
    evaluation: int
    number: int
    composition: Composition = Field(description="What the supercell holds.")
    matrix: list[list[int]]
    columns: list[int] = Field(
        description="Column of the composition that each site of the supercell holds, cell by cell; -1 on a site of no "
        "sublattice."
    )
    energy_per_atom: float | None = Field(
        description="Of the decoration in the sites and the cell of the mean-field crystal, eV/atom; null where the "
        "potential gave none."
    )
    start_energy_per_atom: float | None = Field(description="Of the start, eV/atom.")
    steps: list[DescentStep] = Field(description="Of the descent, in order.")
    swaps_tried: int = Field(description="Exchanges of two sites that were computed.")
    swaps_accepted: int = Field(description="Those that lowered the energy.")
    ended: Literal["ordered", "budget", "failed"] = Field(
        description="ordered: no exchange that was tried lowers the energy; budget: the calls were spent before; "
        "failed: the potential gave no energy."
    )
    message: str | None = None
