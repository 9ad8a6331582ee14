"""Messages: what a reader of a result must see, in sentences."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api_schemas.base import Output

Role = Literal[
    "headline",
    "answer",
    "target",
    "uncertainty",
    "warning",
    "potential",
    "verification",
    "limit",
    "stopped",
    "note",
]


class Message(Output):
    """A sentence that every surface shows."""

    role: Role = Field(
        description="headline: the answer in a line; answer: what the kind answers; target: how far an objective is "
        "met; uncertainty: how sure the composition is; warning; potential: what another one says; verification: what "
        "explicit supercells say; limit: what holds the answer back; stopped: why the job ended; note: how the answer "
        "was found."
    )
    text: str


class ObjectiveCheck(Output):
    """How far an objective is met by the best evaluation."""

    property: str
    unit: str
    goal: str | None = Field(None, description="minimize or maximize; null with a target.")
    target: float | None = Field(None, description="A same_as target as a number.")
    tolerance: float | None = None
    value: float | None = None
    met: bool | None = Field(None, description="Whether the value is within the tolerance; null of a goal.")
    uncertainty: float | None = Field(
        None, description="Typical error of the tier; null where it was not measured."
    )
