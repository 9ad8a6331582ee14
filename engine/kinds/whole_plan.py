"""A plan over compositions with all beside it: what its evaluations share, other potentials, what verifies it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.kinds.fidelity.plan import WithSupercells
from engine.kinds.others.plan import WithOthers
from engine.kinds.verification.plan import WithVerification
from engine.kinds.with_shared import WithShared

if TYPE_CHECKING:
    from engine.kinds.composition_plan import CompositionPlan
    from engine.kinds.kind import Plan


def whole_plan(plan: CompositionPlan, most: int, seed: int, *, shared: bool) -> Plan:
    """The plan with the tasks beside it that its problem asks for.

    Args:
        plan: The plan over compositions; told of nothing yet.
        most: At most so many evaluations are verified, or evaluated with other potentials.
        seed: Of everything random.
        shared: Whether it asks for what its evaluations share, too.
    """
    whole: Plan = WithShared(plan) if shared else plan
    if plan.resolved.others:
        whole = WithOthers(whole, plan.answer_records, plan.resolved, most)
    verify = plan.resolved.problem.supercells
    if verify is None:
        return whole
    if plan.resolved.problem.corrected:
        return WithSupercells(whole, plan, verify, seed)
    return WithVerification(whole, plan.answer_records, plan.resolved, verify, most, seed)
