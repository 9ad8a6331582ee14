"""Checking a problem on behalf of a request: in a process of its own, a few at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio.to_thread import run_sync

from api_schemas.jobs import CostEstimate
from api_schemas.problem import Problem
from service.api.context import Context
from service.checking.checker import Check
from service.checking.frames import What
from service.lifecycle.submission import Member
from service.repositories.jobs import parsed_problem


@asynccontextmanager
async def checking(
    context: Context,
    body: bytes,
    *,
    what: What = "problem",
    taking: bool = False,
    digest: dict[str, Any] | None = None,
) -> AsyncIterator[Check]:
    """A check of a body, begun once few enough others are under way; see `Checker.check`."""
    seconds = context.settings.max_request_seconds
    async with (
        context.checking,
        context.checker.check(seconds, body, what=what, taking=taking, digest=digest) as check,
    ):
        yield check


async def accepted(check: Check) -> tuple[Problem, CostEstimate]:
    """The normalised problem and what it will cost.

    Raises:
        ProblemInvalid: with the faults found.
        ServiceProblem: if the body cannot be read, or the check takes too long.
    """
    found = await check.answer()
    problem = await run_sync(parsed_problem, found["problem"])
    return problem, CostEstimate.model_validate(found["estimate"])


async def accepted_array(check: Check) -> list[Member]:
    """The problems of an array, normalised, with what each will cost and its values.

    Raises:
        ProblemInvalid: with the faults of all of them.
        ServiceProblem: if the body cannot be read, or the check takes too long.
    """
    found = await check.answer()

    def read() -> list[Member]:
        return [
            Member(
                parsed_problem(one["problem"]), CostEstimate.model_validate(one["estimate"]), one["values"]
            )
            for one in found["members"]
        ]

    return await run_sync(read)
