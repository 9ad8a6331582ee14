"""How problems of kind ``dummy`` are written, and the form of the unit's tasks and records."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api_schemas.base import Model
from api_schemas.kinds import KINDS, KindSchema
from api_schemas.tasks import Record, Task
from api_schemas.tiers import TIERS, TierSchema

WALK, SHIFTED, DUMMY = "walk", "shifted", "dummy"


class DummyOptions(Model):
    """A random walk that is cut into tasks."""

    tasks: Annotated[int, Field(strict=True, ge=1, le=100)] = Field(3, description="How many tasks.")
    steps: Annotated[int, Field(strict=True, ge=1, le=1000)] = Field(20, description="Steps of each.")
    pause: Annotated[float, Field(ge=0.0, le=10.0)] = Field(0.0, description="Seconds before each step.")


class WalkTask(Task):
    """So many steps of a walk."""

    unit: str = WALK
    steps: int
    seed: int
    pause: float


class WalkRecord(Record):
    """Where a walk had come to, and how many steps this worker took for it."""

    unit: str = WALK
    place: float
    taken: int


KINDS.add(
    KindSchema(
        name=DUMMY,
        summary="Walk at random.",
        uses=frozenset({"kind", "name", "structure", "potential", "strategy.seed"}),
        options={"dummy": DummyOptions},
        counts="walks",
        views=("answer",),
        example="dummy:\n  tasks: 3\n  steps: 20\n",
    )
)
TIERS.add(TierSchema(SHIFTED, "The alchemical crystal with its energies raised by 1 eV an atom."))
