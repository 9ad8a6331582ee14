"""The composition in the steps of a resolution that promises most, among many near a given one."""

from __future__ import annotations

from itertools import permutations, product
from math import gcd
from typing import TYPE_CHECKING

import numpy as np

from engine.composition.polytope import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from engine.composition.region import Region
    from engine.optimize.objective import Loss
    from engine.optimize.surrogates.phases import Surrogate

KEPT = 32
"""Compositions whose neighbours are looked at in each round."""
MOST_NEIGHBOURS = 1000
"""Of those kept in a round, the best ones' first."""
MOST_STEPS = 4
"""Steps of one exchange that another makes up for: three of a sublattice with one site for one of three sites."""
_AT_ONCE = 500
"""Compositions whose means are computed together."""
_ROUNDS = 30
_PATIENCE = 8
"""Rounds without a better composition that end the search."""
_DIGITS = 9


def most_promising(
    region: Region,
    loss: Loss,
    surrogates: Mapping[str, Surrogate],
    start: NDArray[np.float64],
    tried: Sequence[NDArray[np.float64]],
) -> tuple[NDArray[np.float64], tuple[float, float]] | None:
    """The composition in steps with the least expected violation and loss, and these; None where all were tried.

    A beam search from ``start``: neighbours differ by `exchanges`. Sublattices without steps stay as they are.

    Args:
        region: With steps.
        loss: Objectives and property constraints.
        surrogates: By property.
        start: A feasible composition in steps, [n_columns].
        tried: What is not wanted again, [n_columns] each.

    Returns:
        The composition, [n_columns], and its expected violation (in scales) and loss.
    """
    changes = exchanges(region)
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
        for x in _feasible(region, (beam[:, None] + changes).reshape(-1, beam.shape[1])):
            key = _key(x)
            if key not in seen:
                seen.add(key)
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


def exchanges(region: Region) -> NDArray[np.float64]:
    """Changes that lead from a composition in steps to its neighbours, [n, n_columns].

    One element of a sublattice gives a step to another. Where linear constraints tie elements together, also two such
    exchanges at once, of up to `MOST_STEPS` steps each where an equality (charge neutrality) must be kept.
    """
    changes = []
    for number, step in region.steps.items():
        part = region.space.slices[number]
        for one, other in permutations(range(part.start, part.stop), 2):
            change = np.zeros(region.space.n_columns)
            change[[one, other]] = step.size, -step.size
            changes.append(change)
    single = np.array(changes).reshape(-1, region.space.n_columns)
    if not region.rows:
        return single
    kept = np.array([row.coefficients for row in region.rows if row.is_equality])
    first, second = np.triu_indices(len(single), 1)
    most = MOST_STEPS if len(kept) else 1
    several = [
        a * single[first] + b * single[second]
        for a, b in product(range(1, most + 1), repeat=2)
        if gcd(a, b) == 1
    ]
    found = np.vstack([single, *several])
    return found if len(kept) == 0 else found[np.all(np.abs(found @ kept.T) <= TOLERANCE, axis=1)]


def _feasible(region: Region, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Those of compositions [n, n_columns] that obey bounds and constraints."""
    lower, upper = region.space.lower - TOLERANCE, region.space.upper + TOLERANCE
    inside = x[np.all((x >= lower) & (x <= upper), axis=1)]
    return inside[region.obeyed(inside)]


def _ranks(loss: Loss, surrogates: Mapping[str, Surrogate], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Expected violations and losses at compositions [n, n_columns], [n, 2]."""
    parts = np.array_split(x, -(-len(x) // _AT_ONCE))  # the kernel of all pairs takes memory
    means = np.column_stack(
        [np.concatenate([surrogates[name].mean(part) for part in parts]) for name in loss.properties]
    )
    return np.column_stack([loss.violation_of_columns(means), loss.of_columns(means)])


def _key(x: NDArray[np.float64]) -> bytes:
    return bytes((np.round(x, _DIGITS) + 0.0).tobytes())
