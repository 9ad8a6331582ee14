"""What a problem will cost: potential calls, seconds and memory, before anything is computed."""

from __future__ import annotations

import math

import numpy as np
import spglib

from api_schemas.errors import FieldError
from api_schemas.jobs import CostEstimate
from engine.crystals.crystal import AlchemicalCrystal
from engine.problems.limits import Limits
from engine.problems.resolved import ResolvedProblem

_SYMPREC = 1e-3
_NEWTON_UP_TO = 30
"""Coordinates up to which a relaxation uses the exact Hessian."""

_CALLS_BESIDE_HESSIAN = 8
_CALLS_OF_LARGE_RELAXATION = 80

_BASE_SECONDS = 0.03
_BASE_MEMORY = 0.8e9
_SECONDS_PER_EDGE = {"float64": 3.5e-4, "float32": 1.8e-4}
_MEMORY_PER_EDGE = {"float64": 2.0e5, "float32": 1.0e5}
_SECOND_DERIVATIVES = 2.0
"""Memory of a row of second derivatives over that of first derivatives."""


def estimate(resolved: ResolvedProblem) -> CostEstimate:
    """Expected cost of a job on one CPU worker.

    Evaluations are the most there can be (a search often needs far fewer). Calls per evaluation follow from
    the number of symmetry-adapted coordinates; end members and the crystals of targets are counted once.
    """
    crystal, problem = resolved.crystal, resolved.problem
    seconds, memory, calls = _of_crystal(crystal, problem.potential.dtype, resolved.potential.cutoff)
    members = math.prod(len(elements) for elements in resolved.space.elements)
    evaluations = resolved.planned
    total_calls = (evaluations + members) * calls
    total_seconds = total_calls * seconds
    for other in {id(other): other for other in resolved.same_as if other is not None}.values():
        other_seconds, other_memory, other_calls = _of_crystal(
            other, problem.potential.dtype, resolved.potential.cutoff
        )
        total_calls += other_calls
        total_seconds += other_calls * other_seconds
        memory = max(memory, other_memory)
    return CostEstimate(
        evaluations=evaluations, potential_calls=total_calls, seconds=total_seconds, memory_bytes=int(memory)
    )


def fit_faults(cost: CostEstimate, limits: Limits) -> list[FieldError]:
    """Why a problem does not fit on this machine, if it does not."""
    found: list[FieldError] = []
    if cost.memory_bytes > limits.memory_bytes:
        text = (
            f"an evaluation needs about {cost.memory_bytes / 2**30:.1f} GiB of memory, and "
            f"{limits.memory_bytes / 2**30:.1f} GiB are allowed; give a smaller cell, dtype: float32, "
            "or raise ORICHALCUM_MAX_MEMORY_GB on the server"
        )
        found.append(FieldError(pointer="/structure", type="does-not-fit", message=text))
    if cost.seconds > limits.seconds:
        text = (
            f"the job takes about {cost.seconds / 3600:.0f} hours of computing, and {limits.seconds / 3600:.0f} are "
            "allowed; take fewer evaluations or a smaller cell, or raise ORICHALCUM_MAX_JOB_HOURS on the server"
        )
        found.append(FieldError(pointer="/strategy/max_evaluations", type="does-not-fit", message=text))
    return found


def coordinate_count(crystal: AlchemicalCrystal) -> int:
    """Number of symmetry-adapted strain and internal coordinates of the labelled parent, by characters.

    The average over the symmetry operations of the trace of their action on strains, plus that on
    displacements, minus that on rigid translations (M. Hamermesh, Group Theory, 1962, section 3-17).
    """
    found = spglib.get_symmetry((crystal.lattice, crystal.frac, crystal.labels), symprec=_SYMPREC)
    if found is None:
        return 6 + 3 * crystal.n_sites - 3
    rotations = np.asarray(found["rotations"], dtype=float)
    translations = np.asarray(found["translations"], dtype=float)
    total = 0.0
    for rotation, translation in zip(rotations, translations, strict=True):
        moved = crystal.frac @ rotation.T + translation - crystal.frac
        moved -= np.round(moved)
        kept = int(np.sum(np.linalg.norm(moved @ crystal.lattice, axis=1) < 10 * _SYMPREC))
        trace = float(np.trace(rotation))
        strains = (trace**2 + float(np.trace(rotation @ rotation))) / 2.0
        total += strains + trace * (kept - 1)
    return round(total / len(rotations))


def edge_count(crystal: AlchemicalCrystal, cutoff: float) -> float:
    """Expected number of directed pairs of sites within the cutoff (Å), from the density."""
    neighbours = crystal.n_sites / crystal.volume * 4.0 / 3.0 * math.pi * cutoff**3
    return crystal.n_sites * neighbours


def _of_crystal(crystal: AlchemicalCrystal, dtype: str, cutoff: float) -> tuple[float, float, int]:
    """Seconds a call, peak memory in bytes, and calls a relaxation."""
    edges = edge_count(crystal, cutoff)
    coordinates = coordinate_count(crystal)
    small = coordinates <= _NEWTON_UP_TO
    calls = 2 * coordinates + _CALLS_BESIDE_HESSIAN if small else _CALLS_OF_LARGE_RELAXATION
    seconds = _BASE_SECONDS + _SECONDS_PER_EDGE[dtype] * edges
    memory = _BASE_MEMORY + _SECOND_DERIVATIVES * _MEMORY_PER_EDGE[dtype] * edges
    return seconds, memory, calls
