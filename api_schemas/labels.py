"""What people write on jobs: names, notes, tags and stars. Nothing that is computed depends on it."""

from __future__ import annotations

from typing import Annotated, cast

from pydantic import BeforeValidator, ConfigDict, Field, JsonValue, StrictBool

from api_schemas.base import Model, Title
from api_schemas.jobs import Tag

MOST_TAGS = 20
LONGEST_NOTE = 1000


def _one_sort_of_line_ends(note: object) -> object:
    return note.replace("\r\n", "\n").replace("\r", "\n") if isinstance(note, str) else note


Note = Annotated[
    str,
    Field(max_length=LONGEST_NOTE, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$"),
    BeforeValidator(_one_sort_of_line_ends),
]
"""A few lines of text; of control characters only tabs and ends of lines."""


def _without_defaults(schema: dict[str, JsonValue]) -> None:
    for field in cast("dict[str, dict[str, JsonValue]]", schema["properties"]).values():
        field.pop("default", None)  # what is left out is what it was before


class JobLabels(Model):
    """The body of ``PATCH /v1/jobs/{id}``: what is left out (see ``model_fields_set``) stays as it is."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    name: Title = Field("", description="What the job is called from now on.")
    note: Note = Field("", description='A remark, "" for none.')
    tags: list[Tag] = Field(
        [],
        max_length=MOST_TAGS,
        description="All words by which it is found again; they replace those before, [] for none.",
    )
    starred: StrictBool = Field(default=False, description="Whether it is one to come back to.")
