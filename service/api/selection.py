"""Which jobs are meant: the filters of the list, which whatever is done with many jobs takes too."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Query
from pydantic import AfterValidator, BeforeValidator, StringConstraints

from api_schemas.base import refusal
from api_schemas.jobs import JobState, Tag
from service.repositories.jobs import JobFilter

_LINE = r"^[^\x00-\x1f\x7f-\x9f]*$"
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ].*)?")


def _a_date(value: object) -> object:
    if isinstance(value, str) and not _DATE.fullmatch(value):
        raise refusal("invalid-parameter", "give a date such as 2026-01-31, or 2026-01-31T12:00:00Z")
    return value


Moment = Annotated[
    datetime,
    BeforeValidator(_a_date),
    AfterValidator(lambda moment: moment if moment.tzinfo else moment.replace(tzinfo=UTC)),
]
"""A date, or a date with a time; in UTC where it names no zone."""

JobId = Annotated[str, StringConstraints(pattern=r"^[0-9a-z]{26}$")]


def _written(
    state: Annotated[list[JobState] | None, Query(description="Only jobs in one of these states.")] = None,
    name: Annotated[
        str | None,
        Query(
            max_length=200,
            pattern=_LINE,
            description="Only jobs with this in their name, in whatever case.",
        ),
    ] = None,
    tag: Annotated[
        list[Tag] | None,
        Query(max_length=20, description="Only jobs with all of these tags, in whatever case."),
    ] = None,
    search: Annotated[
        str | None,
        Query(
            max_length=200,
            pattern=_LINE,
            description="Only jobs with this in their name, their note or one of their tags, in whatever case.",
        ),
    ] = None,
    starred: Annotated[
        bool | None, Query(description="true: only starred jobs; false: only those that are not.")
    ] = None,
) -> JobFilter:
    """Their states, and what people wrote on them."""
    return JobFilter(
        states=tuple(state or ()),
        name=name or None,
        tags=tuple(tag or ()),
        search=search or None,
        starred=starred,
    )


def _made(
    created_after: Annotated[
        Moment | None, Query(description="Only jobs made at this time or after it, e.g. 2026-01-31.")
    ] = None,
    created_before: Annotated[Moment | None, Query(description="Only jobs made before this time.")] = None,
    parent: Annotated[
        JobId | None,
        Query(
            description="Only jobs that come of this one: that verify its answer, or evaluate compositions for it."
        ),
    ] = None,
    array: Annotated[JobId | None, Query(description="Only jobs of this array.")] = None,
    id: Annotated[  # noqa: A002  (the name of the parameter)
        list[JobId] | None, Query(max_length=200, description="Only these jobs.")
    ] = None,
) -> JobFilter:
    """When and from what they were made."""
    return JobFilter(
        created_after=created_after,
        created_before=created_before,
        parent=parent,
        array=array,
        ids=tuple(id or ()),
    )


def _selected(
    written: Annotated[JobFilter, Depends(_written)], made: Annotated[JobFilter, Depends(_made)]
) -> JobFilter:
    return replace(
        made,
        states=written.states,
        name=written.name,
        tags=written.tags,
        search=written.search,
        starred=written.starred,
    )


Selected = Annotated[JobFilter, Depends(_selected)]
