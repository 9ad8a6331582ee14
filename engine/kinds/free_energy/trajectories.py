"""What the runs of a leg are like up to now, by the segments that came back. Pure arithmetic on records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from api_schemas.free_energies import Trajectories

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api_schemas.dynamics import DynamicsRecord
    from engine.kinds.free_energy.legs import Leg
    from engine.kinds.free_energy.told import FreeEnergyTold


def trajectories(told: FreeEnergyTold, leg: Leg, atoms: float) -> Trajectories | None:
    """Means over all steps of the runs of a leg; None before its first segment.

    Args:
        told: All records.
        leg: Whose runs.
        atoms: Of the supercell.
    """
    segments = [
        (record, (end - begin) * record.replicas)
        for forward in (True, False)
        for batch in range(told.runs(leg).batches)
        for record, (begin, end) in zip(
            told.chain(leg, batch, forward=forward), told.segments(leg, forward=forward), strict=False
        )
        if not record.failed
    ]
    if not segments:
        return None
    volume = _mean([(record.volume, steps) for record, steps in segments])
    records = [record for record, _ in segments]
    return Trajectories(
        replicas=told.replicas,
        timestep=records[0].timestep,
        steps=sum(steps for _, steps in segments),
        ended=sum(len(record.works or ()) for record in records),
        temperature=_mean([(record.measured, steps) for record, steps in segments]),
        volume_per_atom=None if volume is None else volume / atoms,
        drift=max(_known(records, "drift"), default=None),
        closest=min(_known(records, "closest"), default=None),
        pace=told.pace(leg)
        if any(record.run >= told.first_batches * told.replicas for record in records)
        else None,
    )


def _mean(values: Sequence[tuple[float | None, int]]) -> float | None:
    """By the number of steps; None where nothing is known."""
    known = [(value, steps) for value, steps in values if value is not None]
    if not known:
        return None
    return float(np.average([value for value, _ in known], weights=[steps for _, steps in known]))


def _known(records: Sequence[DynamicsRecord], name: str) -> list[float]:
    return [value for record in records if (value := getattr(record, name)) is not None]
