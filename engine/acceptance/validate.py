"""Validation: what a problem comes to, or what is wrong with it."""

from __future__ import annotations

from api_schemas.errors import ProblemInvalid
from api_schemas.jobs import SiteOfProblem, Validation
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve
from engine.kinds.registry import KINDS
from engine.problem.limits import Limits


def validate(problem: Problem, limits: Limits | None = None) -> Validation:
    """The normalised problem with its sites, lattice and cost; or every fault found. Never raises for a bad problem."""
    try:
        resolved = resolve(problem, limits)
    except ProblemInvalid as fault:
        return Validation(valid=False, errors=list(fault.errors), more=fault.more)
    crystal = resolved.crystal
    names = [sublattice.name for sublattice in crystal.sublattices]
    sites = [
        SiteOfProblem(
            index=index,
            element=symbol,
            sublattice=names[owner] if owner >= 0 else None,
            frac=[float(value) for value in crystal.frac[index]],
        )
        for index, (symbol, owner) in enumerate(
            zip(crystal.parent_symbols, crystal.site_sublattice.tolist(), strict=True)
        )
    ]
    return Validation(
        valid=True,
        problem=resolved.problem,
        sites=sites,
        lattice=[[float(value) for value in row] for row in crystal.lattice],
        estimate=KINDS[problem.kind].estimate(resolved),
    )
