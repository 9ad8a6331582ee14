"""Tasks and records: what a plan asks of a worker, and what the worker answers; each unit has its own form of both."""

from __future__ import annotations

from pydantic import Field

from api_schemas.base import Output
from api_schemas.cost import Cost


class Task(Output):
    """What a plan wants computed."""

    index: int = Field(description="Number of the task among those of its unit in its plan, rising from 0.")
    unit: str = Field(description="What a worker has to do.")
    tier: str = Field("mean_field", description="How mixed crystals are computed.")
    phase: int | None = Field(
        None,
        description="Which of the crystals that its problem compares it is of, from 0; null for the problem's own.",
    )
    other: int | None = Field(
        None,
        description="Which of its problem's other potentials computes it, from 0; null for the problem's own.",
    )
    continues: int | None = Field(
        None,
        description="Number of the task of the same unit from whose last checkpoint this one goes on; null for none.",
    )
    background: bool = Field(
        default=False,
        description="Whether the plan can ask on before this one is told; it is told before the plan ends.",
    )
    counted: bool = Field(default=True, description="Whether it counts as progress.")
    batch: list[int] = Field(
        default=[],
        description="Numbers of the tasks of its unit that are computed together, in order, its own among them; empty "
        "where it is computed alone. The last digits of its record depend on them.",
    )


class Record(Output):
    """What a worker computed for a task."""

    index: int = Field(0, description="Number of the task.")
    unit: str
    cost: Cost
