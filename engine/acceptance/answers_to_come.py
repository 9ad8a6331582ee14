"""Checking a problem that starts from answers of other jobs before these are there. Torch-free."""

from __future__ import annotations

from api_schemas.base import Composition
from api_schemas.errors import ProblemInvalid
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve
from engine.problem.resolved import ResolvedProblem

_HELD = "/at/0"


def resolve_before_answers(problem: Problem) -> ResolvedProblem:
    """The problem resolved with an even mixture in the place of the compositions that it will start from.

    Whatever is wrong with that composition alone is nobody's fault: the problem is then resolved without it.

    Raises:
        ProblemInvalid: with every other fault found, each with its pointer.
    """
    held = problem.model_copy(update={"at": [_even(problem), *problem.at]})
    try:
        return resolve(held)
    except ProblemInvalid as invalid:
        if any(not _of_held(fault.pointer) for fault in invalid.errors):
            faults = [fault for fault in invalid.errors if not _of_held(fault.pointer)]
            raise ProblemInvalid(
                [fault.model_copy(update={"pointer": _as_given(fault.pointer)}) for fault in faults],
                invalid.more,
            ) from None
    return resolve(problem)


def _of_held(pointer: str) -> bool:
    return pointer == _HELD or pointer.startswith(f"{_HELD}/")


def _as_given(pointer: str) -> str:
    """A pointer into the compositions as they were given: the one that was put before them is not among these."""
    parts = pointer.split("/")
    if len(parts) > 2 and parts[1] == "at" and parts[2].isdecimal():
        parts[2] = str(int(parts[2]) - 1)
    return "/".join(parts)


def _even(problem: Problem) -> Composition:
    return {
        one.name: {element: 1.0 / len(one.elements) for element in one.elements}
        for one in problem.sublattices
    }
