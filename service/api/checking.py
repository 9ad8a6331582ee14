"""Checking a problem in a thread and within a time limit, so that the event loop never waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import scipy.optimize  # noqa: F401  (comes with the API, not while its first caller waits)
from anyio.to_thread import run_sync

from api_schemas.errors import parse
from api_schemas.jobs import CostEstimate, Validation
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve
from engine.acceptance.validate import validate
from engine.kinds.registry import KINDS
from service.api.context import Context
from service.http.refusals import Unprocessable

_T = TypeVar("_T")


async def accepted(context: Context, data: dict[str, Any]) -> tuple[Problem, CostEstimate]:
    """The problem and what it will cost.

    Raises:
        ProblemInvalid: with every fault found.
        Unprocessable: if checking takes too long.
    """
    return await _bounded(context, lambda: _accepted(data))


async def examined(context: Context, data: dict[str, Any]) -> Validation:
    """The normalised problem with its sites and cost, or the faults found.

    Raises:
        Unprocessable: if checking takes too long.
    """
    return await _bounded(context, lambda: _examined(data))


def _accepted(data: dict[str, Any]) -> tuple[Problem, CostEstimate]:
    problem = parse(Problem, data)
    resolved = resolve(problem)
    return resolved.problem, KINDS[problem.kind].estimate(resolved)


def _examined(data: dict[str, Any]) -> Validation:
    return validate(parse(Problem, data))


async def _bounded(context: Context, work: Callable[[], _T]) -> _T:
    seconds = context.settings.max_request_seconds
    try:
        async with asyncio.timeout(seconds):
            return await run_sync(work, limiter=context.checking, abandon_on_cancel=True)
    except TimeoutError:
        raise Unprocessable(
            "too-complex",
            "The problem takes too long to check",
            f"checking was given up after {seconds:g} s; give a smaller or simpler structure",
        ) from None
