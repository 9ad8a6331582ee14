"""How long evaluations took, by what they were of: from this estimates of problems are learned."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api_schemas.choices import PotentialChoice
from api_schemas.jobs import CostEstimate
from api_schemas.tasks import Record
from service.tables.tallies import TallyRow

_SECONDS, _CALLS, _COUNT = "speed_seconds", "speed_calls", "speed_evaluations"
FARTHEST = 2.0
"""Crystals of up to so many times as many sites, or as few, tell of one another."""
MOST = 1e12
"""Sums from 0 to so much are believed: what is beyond it was not measured."""
ENOUGH = 2
"""Evaluations before what they took is believed: the first of a worker loads the model."""


def learned(
    choice: PotentialChoice, kind: str, sites: int, record: Record
) -> Sequence[tuple[str, str, float]]:
    """What an evaluation adds to the tallies; nothing where it made no calls, or cannot have taken what it says.

    Args:
        choice: Potential, number format, mixing and tier.
        kind: Of its job.
        sites: In the cell.
        record: What it took.
    """
    if record.cost.potential_calls <= 0 or not 0.0 < record.cost.seconds < MOST or not sites:
        return ()
    label = f"{_label(choice, kind)}{sites}"
    return (
        (_SECONDS, label, record.cost.seconds),
        (_CALLS, label, float(record.cost.potential_calls)),
        (_COUNT, label, 1.0),
    )


def from_experience(
    session: Session, estimate: CostEstimate, choice: PotentialChoice, kind: str, sites: int
) -> CostEstimate:
    """The estimate with the seconds that a call took here, where evaluations of crystals as large were computed.

    Of other sizes within a factor of `FARTHEST` the nearest counts, its time a call in proportion to the sites.
    """
    before = _label(choice, kind)
    sums = (
        select(TallyRow.name, TallyRow.label, func.sum(TallyRow.value))
        .where(
            TallyRow.name.in_((_SECONDS, _CALLS, _COUNT)),
            TallyRow.label.startswith(before, autoescape=True),
            TallyRow.value > 0.0,
            TallyRow.value < MOST,
        )
        .group_by(TallyRow.name, TallyRow.label)
    )
    found: defaultdict[int, dict[str, float]] = defaultdict(dict)
    for name, label, value in session.execute(sums):
        found[int(label.removeprefix(before))][name] = float(value)
    near = {
        size: told
        for size, told in found.items()
        if told.keys() >= {_SECONDS, _CALLS}
        and told.get(_COUNT, 0.0) >= ENOUGH
        and abs(math.log(size / sites)) <= math.log(FARTHEST) + 1e-9
    }
    if not near:
        return estimate
    size = min(near, key=lambda size: (abs(math.log(size / sites)), size))
    told = near[size]
    each = told[_SECONDS] / told[_CALLS] * sites / size
    return estimate.model_copy(
        update={"seconds": estimate.potential_calls * each, "learned_from": int(told[_COUNT])}
    )


def _label(choice: PotentialChoice, kind: str) -> str:
    """Of everything that matters but the size. A potential's name has at most 200 characters, a label as many."""
    return f"{choice.name[:100]}|{choice.dtype}|{choice.mixing}|{choice.tier}|{kind}|"
