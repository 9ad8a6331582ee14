"""How jobs are submitted, beside their problems: the query parameters of every call that takes a problem to solve."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Depends, Query

from api_schemas.errors import FieldError
from api_schemas.jobs import Priority, Tag
from service.api.caller import Submitter
from service.api.selection import JobId
from service.http.refusals import Unprocessable
from service.lifecycle.submission import Options

MOST_BEFORE = 20
"""Jobs after which one may start."""


def _options(
    caller: Submitter,
    priority: Annotated[
        Priority, Query(description="Whether it goes before the jobs of others, or after.")
    ] = "normal",
    time_limit: Annotated[
        float | None,
        Query(
            ge=1,
            le=31_536_000,
            allow_inf_nan=False,
            description="Seconds from its start after which the job ends with the best so far.",
        ),
    ] = None,
    tag: Annotated[
        list[Tag] | None, Query(max_length=20, description="Words by which it is found again.")
    ] = None,
    after: Annotated[
        list[JobId] | None,
        Query(max_length=MOST_BEFORE, description="Jobs that have to succeed before it starts."),
    ] = None,
    take: Annotated[
        Literal["answer"] | None,
        Query(description="answer: the compositions that those before it answered come first in its `at`."),
    ] = None,
) -> Options:
    if take is not None and not after:
        text = "name the jobs whose answer is taken: after=ID"
        fault = FieldError(pointer="/take", type="missing-parameter", message=text)
        raise Unprocessable("missing-parameter", "It is not said whose answer is taken", text, errors=[fault])
    return Options(
        tenant=caller.tenant,
        priority=priority,
        time_limit=time_limit,
        tags=tuple(tag or ()),
        after=tuple(after or ()),
        takes_answer=take is not None,
    )


SubmitOptions = Annotated[Options, Depends(_options)]


def same(options: Options) -> dict[str, Any]:
    """What makes two submissions of one body the same."""
    found: dict[str, Any] = {"priority": options.priority, "time_limit": options.time_limit}
    given = {"tags": options.tags, "after": options.after, "take": options.takes_answer}
    return found | {name: value for name, value in given.items() if value}
