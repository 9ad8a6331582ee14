"""The composition in the steps of a resolution that promises most, among many near a given one."""

from __future__ import annotations

from itertools import combinations, permutations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from engine.composition.region import Region
    from engine.optimize.gaussian_process import GaussianProcess
    from engine.optimize.objective import Loss

KEPT = 32
"""Compositions whose neighbours are looked at in each round."""
MOST_NEIGHBOURS = 1000
"""Of those kept in a round, the best ones' first."""
_AT_ONCE = 500
_ROUNDS = 30
_PATIENCE = 8
"""Rounds without a better composition that end the search."""
_DIGITS = 9


def most_promising(
    region: Region,
    loss: Loss,
    surrogates: Mapping[str, GaussianProcess],
    start: NDArray[np.float64],
    tried: Sequence[NDArray[np.float64]],
) -> tuple[NDArray[np.float64], tuple[float, float]] | None:
    """The composition in steps with the least expected violation and loss, and these; None where all were tried.

    A beam search from ``start``: a neighbour has one step more of one element and one less of another of its
    sublattice, or two such exchanges where constraints tie several elements together. Sublattices without steps stay as
    they are.

    Args:
        region: With steps.
        loss: Objectives and property constraints.
        surrogates: By property.
        start: A feasible composition in steps, [n_columns].
        tried: What is not wanted again.
    """
    exchanges = _exchanges(region)
    seen = {_key(start)}
    taken = {_key(x) for x in tried}
    beam, ranks = start[None], _ranks(loss, surrogates, start[None])
    best: tuple[NDArray[np.float64], tuple[float, float]] | None = None
    waited = 0
    for _ in range(_ROUNDS):
        found = next(
            (
                (x, (float(rank[0]), float(rank[1])))
                for x, rank in zip(beam, ranks, strict=True)
                if _key(x) not in taken
            ),
            None,
        )
        waited += 1
        if found is not None and (best is None or found[1] < best[1]):
            best, waited = found, 0
        fresh = []
        for x in (beam[:, None] + exchanges).reshape(-1, beam.shape[1]):
            key = _key(x)
            if key not in seen and x.min() > -0.5 / region.divisions.max():
                seen.add(key)
                if region.contains(x):
                    fresh.append(x)
                if len(fresh) == MOST_NEIGHBOURS:
                    break
        if waited > _PATIENCE or not fresh:
            break
        beam = np.vstack([beam, fresh])
        ranks = np.vstack([ranks, _ranks(loss, surrogates, np.array(fresh))])
        order = np.lexsort((ranks[:, 1], ranks[:, 0]))[:KEPT]
        beam, ranks = beam[order], ranks[order]
    return best


def _exchanges(region: Region) -> NDArray[np.float64]:
    """Changes of one step between two elements; and sums of two such where linear constraints hold, [n, n_columns]."""
    single = []
    for number, step in region.steps.items():
        part = region.space.slices[number]
        for one, other in permutations(range(part.start, part.stop), 2):
            change = np.zeros(region.space.n_columns)
            change[[one, other]] = step.size, -step.size
            single.append(change)
    twice = [one + other for one, other in combinations(single, 2)] if region.rows else []
    return np.array([*single, *twice]).reshape(-1, region.space.n_columns)


def _ranks(
    loss: Loss, surrogates: Mapping[str, GaussianProcess], x: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Expected violations and losses at compositions [n, n_columns], [n, 2]."""
    parts = np.array_split(x, -(-len(x) // _AT_ONCE))  # the kernel of all pairs takes memory
    means = np.column_stack(
        [np.concatenate([surrogates[name].mean(part) for part in parts]) for name in loss.properties]
    )
    return np.column_stack([loss.violation_of_columns(means), loss.of_columns(means)])


def _key(x: NDArray[np.float64]) -> bytes:
    return bytes((np.round(x, _DIGITS) + 0.0).tobytes())
