"""Checking a problem that starts from answers of other jobs before these are there. Torch-free."""

from __future__ import annotations

from dataclasses import replace

from api_schemas.base import Composition
from api_schemas.errors import ProblemInvalid
from api_schemas.jobs import CostEstimate
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve
from engine.kinds.registry import KINDS
from engine.problem.limits import Limits
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


def estimate_before_answers(resolved: ResolvedProblem, most: int) -> CostEstimate:
    """What a problem may cost that starts from so many compositions to come.

    Args:
        resolved: As `resolve_before_answers` has found it, with one composition in the place of all of them.
        most: So many may come; each costs as much as the first composition that the problem has.
    """
    kind, at = KINDS[resolved.problem.kind], resolved.problem.at
    one = kind.estimate(resolved)
    if not at:
        return one
    problem = resolved.problem.model_copy(update={"at": [at[0], *at]})
    # Two that are the same are a fault of some kinds; here only the number counts.
    examined = kind.examine(problem, resolved.region, Limits.of_this_machine(), bounded=True)
    two = kind.estimate(replace(resolved, problem=problem, planned=examined.planned))
    return one.model_copy(
        update={
            name: getattr(one, name) + (most - 1) * max(0, getattr(two, name) - getattr(one, name))
            for name in ("evaluations", "potential_calls", "seconds")
        }
    )


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
