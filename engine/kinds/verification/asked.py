"""The tasks of explicit supercells of an evaluation, and why there can be none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.supercells import SupercellTask
from engine.kinds.verification import holding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api_schemas.choices import Verify
    from api_schemas.evaluations import EvaluationRecord, RelaxationState
    from engine.problem.resolved import ResolvedProblem


def supercell_tasks(
    resolved: ResolvedProblem,
    record: EvaluationRecord,
    verify: Verify,
    seed: int,
    first: int,
    after: int | None = None,
) -> list[SupercellTask]:
    """A task for every decoration of an evaluation.

    Args:
        resolved: The problem.
        record: The evaluation.
        verify: How many decorations, and how large.
        seed: Of the decorations.
        first: Number of the first task.
        after: Number of the last evaluation told, where a search asks that goes on from there.
    """
    return [
        SupercellTask(
            index=first + decoration,
            tier=resolved.problem.potential.tier,
            composition=record.composition,
            evaluation=record.index,
            after=after,
            decoration=decoration,
            sites=verify.sites,
            seed=seed,
            warm_start=_start_of(record),
        )
        for decoration in range(verify.supercells)
    ]


def hindrance(resolved: ResolvedProblem, record: EvaluationRecord, verify: Verify) -> str | None:
    """Why an evaluation cannot be verified; None where it can."""
    if not record.converged:
        return "did not converge"
    crystal, x = resolved.crystal, resolved.space.to_vector(record.composition)
    if not holding.is_mixed(crystal, x):
        return "mixes nothing: its crystal is explicit already"
    absent = holding.lost(crystal, x, verify.sites)
    if absent:
        return (
            f"has too little {absent[0]} ({holding.words(crystal.columns, x)}) for supercells of "
            f"{verify.sites} sites: {holding.enough(crystal, x)}"
        )
    return None


def hindrance_words(
    resolved: ResolvedProblem, records: Sequence[EvaluationRecord], verify: Verify
) -> list[str]:
    """Which evaluations cannot be verified, and why."""
    reasons = [(record.index, hindrance(resolved, record, verify)) for record in records]
    return [
        f"evaluation {index + 1} was not verified: it {reason}"
        for index, reason in reasons
        if reason is not None
    ]


def _start_of(record: EvaluationRecord) -> RelaxationState | None:
    """The mean-field crystal of an evaluation; what a tier makes of it is of no use to a supercell."""
    return None if record.relaxation is None else record.relaxation.model_copy(update={"disorder": None})
