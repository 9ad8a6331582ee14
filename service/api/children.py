"""Making jobs that come of another one, which they name as their parent."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from anyio.to_thread import run_sync
from fastapi import Response

from api_schemas.errors import FieldError, ProblemInvalid
from api_schemas.jobs import Job, Priority
from api_schemas.problem import Problem
from api_schemas.tasks import Record, Task
from service.api.caller import Caller
from service.api.checking import accepted, checking
from service.api.context import Context
from service.api.submitting import submitted, submitted_once
from service.lifecycle.submission import Options, Submission, submit
from service.repositories import idempotency


async def answered_child(
    context: Context,
    caller: Caller,
    key: str | None,
    asked: dict[str, Any],
    store: Callable[[str | None], Awaitable[Job]],
) -> Response:
    """The answer to whoever asks for a job that comes of another one.

    Args:
        context: Of the application.
        caller: Who asks.
        key: The Idempotency-Key, if there is one.
        asked: All that makes two requests the same.
        store: Stores it, and the answer under the key.
    """
    job, _ = await submitted_once(context, caller, key, idempotency.digest(asked), store, Job)
    return await submitted(job)


async def stored_child(
    context: Context,
    caller: Caller,
    parent: str,
    asked: tuple[Problem, Priority],
    *,
    key: str | None,
    of_body: Callable[[FieldError], FieldError],
    known: Sequence[tuple[Task, Record]] = (),
) -> Job:
    """Check the problem of a job that comes of another one, and store it.

    Args:
        context: Of the application.
        caller: Who asks.
        parent: Id of the other job.
        asked: The problem, and the priority of the other job.
        key: Idempotency key.
        of_body: A fault of the problem as one of the request.
        known: Its tasks that are done already.

    Raises:
        ProblemInvalid: with the faults of the request.
        TooMany: if a quota of the tenant is used up.
    """
    problem, priority = asked
    try:
        async with checking(context, json.dumps(problem.document()).encode()) as check:
            checked, estimate = await accepted(check)
    except ProblemInvalid as invalid:
        raise ProblemInvalid([of_body(error) for error in invalid.errors], invalid.more) from None
    submission = Submission(
        problem=checked,
        estimate=estimate,
        options=Options(tenant=caller.tenant, priority=priority),
        key=key,
        parent=parent,
        known=known,
    )
    return await run_sync(submit, context.database, context.settings, submission)
