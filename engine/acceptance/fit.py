"""Whether a problem fits on this machine: its memory and its computing time against the limits."""

from __future__ import annotations

from api_schemas.choices import PotentialChoice
from api_schemas.errors import FieldError
from api_schemas.jobs import CostEstimate
from engine.problem.limits import Limits


def lighter(choice: PotentialChoice) -> str:
    """What of the choice of a potential would take less memory, to be listed among mends."""
    if choice.tier != "mean_field":
        return "tier: mean_field, "
    return "dtype: float32, " if choice.dtype != "float32" else ""


def fit_faults(cost: CostEstimate, limits: Limits, choice: PotentialChoice, asked: str) -> list[FieldError]:
    """Why a problem does not fit on this machine, if it does not.

    Args:
        cost: What it will cost.
        limits: What is allowed.
        choice: Its potential.
        asked: Pointer to the field that says how much is computed.
    """
    found: list[FieldError] = []
    if cost.memory_bytes > limits.memory_bytes:
        text = (
            f"an evaluation needs about {cost.memory_bytes / 2**30:.1f} GiB of memory, and "
            f"{limits.memory_bytes / 2**30:.1f} GiB are allowed; give a smaller cell, {lighter(choice)}"
            "or raise ORICHALCUM_MAX_MEMORY_GB on the server"
        )
        found.append(FieldError(pointer="/structure", type="does-not-fit", message=text))
    if cost.seconds > limits.seconds:
        text = (
            f"the job takes about {cost.seconds / 3600:.0f} hours of computing, and {limits.seconds / 3600:.0f} are "
            "allowed; ask for less, or a smaller cell, or raise ORICHALCUM_MAX_JOB_HOURS on the server"
        )
        found.append(FieldError(pointer=asked, type="does-not-fit", message=text))
    return found
