"""Where a decoration comes to rest: relaxed in the symmetry of its sites, and away from it while that leads down.

A crystal at rest by symmetry may sit on a saddle. Soft modes of the mean-field crystal tell of some directions away
from it; the decoration's own, which the mean-field crystal need not have, are found from products of its Hessian. From
a displacement along either it is relaxed again, and the lower of both ends counts (docs/science.md, Eq. 94).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.mechanics.preconditioned import State, begin, restored, told

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from engine.mechanics.response.decorated import Relaxation

MOST_CALLS = 100
"""Potential calls after which the relaxation of a decoration is given up."""
MOST_CALLS_IN_SYMMETRY = 40
"""The same where symmetry may be lowered: what takes longer goes on with springs that are learned on the way, displaced
along soft modes if there are any."""
MOST_CALLS_IN_WELLS = 200
"""The same from a displacement along soft modes: tilts of octahedra are a long way (20 to 40 calls seen)."""
ALONG_MEAN_FIELD, ALONG_OWN = (0.3, 0.3, 0.3, 0.3), (0.3, 0.3, 0.15, 0.15)
"""Å; how far the atom that moves most is displaced along soft modes of the mean-field crystal, and of the decoration,
which may be as stiff as bonds: of each of these displacements the lowest is where a relaxation starts."""
LEAST_GAIN = 1e-5
"""eV an atom that lower symmetry has to gain."""
IN_SYMMETRY, MEAN_FIELD, OWN_FIRST, OWN_LAST = range(4)
"""Rounds: as the sites are, along soft modes of the mean-field crystal, and along the decoration's own, twice."""
_STATE, _LOWEST = "state.", "lowest."


@dataclass(frozen=True, eq=False)
class Progress:
    """How far the relaxations of a decoration have come.

    Attributes:
        state: Of the relaxation at work.
        round: Which it is.
        lowest: The lowest end of those before; None in the first.
        in_wells: Whether that was reached from a displacement, or after one was looked for.
        displaced: Whether the one at work began with a displacement.
        gained: What displacements have gained, eV.
        calls: Potential calls before the relaxation at work.
    """

    state: State
    round: int = IN_SYMMETRY
    lowest: State | None = None
    in_wells: bool = False
    displaced: bool = False
    gained: float = 0.0
    calls: int = 0

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """Everything as arrays, to be saved; `restored_progress` undoes it bit for bit."""
        found = {f"{_STATE}{name}": array for name, array in self.state.arrays().items()}
        if self.lowest is not None:
            found |= {f"{_LOWEST}{name}": array for name, array in self.lowest.arrays().items()}
        numbers = (self.round, self.in_wells, self.displaced, self.gained, self.calls)
        return {**found, "progress": np.array(numbers, dtype=float)}


def restored_progress(arrays: Mapping[str, NDArray[Any]]) -> Progress:
    """The progress that `Progress.arrays` saved.

    Raises:
        ValueError: Shapes that do not fit together.
    """
    number, in_wells, displaced, gained, calls = np.array(arrays["progress"], dtype=float).tolist()
    return Progress(
        state=restored(part(arrays, _STATE)),
        round=int(number),
        lowest=restored(part(arrays, _LOWEST)) if f"{_LOWEST}q" in arrays else None,
        in_wells=bool(in_wells),
        displaced=bool(displaced),
        gained=gained,
        calls=int(calls),
    )


@dataclass(frozen=True, eq=False)
class End:
    """Where a decoration came to rest.

    Attributes:
        relaxation: The relaxation that ended lowest.
        state: Its end.
        calls: Potential calls of all of them.
        gained: By how much leaving the symmetry of its sites lowered its energy, eV; 0 where it kept that.
    """

    relaxation: Relaxation
    state: State
    calls: int
    gained: float


@dataclass(frozen=True, eq=False)
class Settling:
    """A decoration that is brought to rest.

    Attributes:
        relaxation: Of the decoration in the symmetry of its sites.
        lowers_symmetry: Whether it may leave that.
        seed: Of displacements.
        save: Keeps the progress, after every potential call of a relaxation.
    """

    relaxation: Relaxation
    lowers_symmetry: bool
    seed: int
    save: Callable[[Progress], None]

    def settled(self, progress: Progress | None) -> End:
        """Go on from a progress, or begin."""
        now = Progress(begin(self.relaxation.start)) if progress is None else progress
        while True:
            now, lowest = self._compared(self._minimised(now))
            now, start = self._next(now, lowest)
            if start is None:
                return End(self._relaxation(in_wells=now.in_wells), lowest, now.calls, now.gained)
            now = replace(now, state=begin(start))

    def _relaxation(self, *, in_wells: bool) -> Relaxation:
        return replace(self.relaxation, in_wells=True) if in_wells else self.relaxation

    def _minimised(self, now: Progress) -> Progress:
        """The relaxation at work, to its end."""
        relaxation = self._relaxation(in_wells=now.round > IN_SYMMETRY)
        most = MOST_CALLS_IN_SYMMETRY if self.lowers_symmetry else MOST_CALLS
        if now.round > IN_SYMMETRY:
            most = MOST_CALLS_IN_WELLS
        while not now.state.ended and now.state.evaluations < most:
            value, gradient = relaxation.evaluate(now.state.q)
            value = relaxation.told_value(value, now.state)
            now = replace(now, state=told(now.state, value, gradient, relaxation.method))
            self.save(now)
        return now

    def _compared(self, now: Progress) -> tuple[Progress, State]:
        """The progress once a relaxation has ended, and the lowest end so far, which it holds."""
        now = replace(now, calls=now.calls + now.state.evaluations)
        if now.lowest is None:
            return replace(now, lowest=now.state), now.state
        before = self._relaxation(in_wells=now.in_wells).corrected(now.lowest)[1]
        gain = before - self._relaxation(in_wells=True).corrected(now.state)[1]
        if now.displaced and not gain > LEAST_GAIN * len(self.relaxation.atoms):
            return now, now.lowest
        gained = now.gained + (gain if now.displaced else 0.0)
        return replace(now, lowest=now.state, in_wells=True, gained=gained), now.state

    def _next(self, now: Progress, lowest: State) -> tuple[Progress, NDArray[np.float64] | None]:
        """The next round, and where it starts; None where nothing leads further down."""
        if not self.lowers_symmetry or not np.isfinite(lowest.best_value):
            return now, None
        if now.round == IN_SYMMETRY and self.relaxation.host.constants.soft:
            now = replace(now, round=MEAN_FIELD, displaced=True)
            draw = self._draw(now)
            return self._displaced(
                now, lowest, [self.relaxation.along_soft(draw, length) for length in ALONG_MEAN_FIELD]
            )
        in_vain = now.round >= OWN_FIRST and lowest is not now.state
        if now.round == OWN_LAST or in_vain or (now.in_wells and not lowest.finished):
            return now, None
        now = replace(now, round=max(now.round, MEAN_FIELD) + 1)
        draw = self._draw(now)
        found = self.relaxation.own_soft_modes(lowest, draw)
        now = replace(now, calls=now.calls + found.products, displaced=len(found.values) > 0)
        if not now.displaced:
            return now, None if lowest.finished else lowest.best_q
        return self._displaced(
            now, lowest, [self.relaxation.along(found, draw, length) for length in ALONG_OWN]
        )

    def _displaced(
        self, now: Progress, lowest: State, steps: Sequence[NDArray[np.float64]]
    ) -> tuple[Progress, NDArray[np.float64] | None]:
        """The lowest of some displacements from the end of a relaxation, [6 + 3 n_atoms], if any has an energy."""
        starts = [lowest.best_q + step for step in steps]
        values = [self.relaxation.told_value(self.relaxation.evaluate(q)[0], lowest) for q in starts]
        values = [value if np.isfinite(value) else np.inf for value in values]
        best = int(np.argmin(values))
        now = replace(now, calls=now.calls + len(starts))
        return now, starts[best] if np.isfinite(values[best]) else None

    def _draw(self, now: Progress) -> np.random.Generator:
        species = self.relaxation.decoration.species.tolist()
        return np.random.default_rng([self.seed, *species, *([now.round] if now.round > MEAN_FIELD else [])])


def part(saved: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """Of saved arrays those whose names begin with a prefix, without it."""
    return {name.removeprefix(prefix): array for name, array in saved.items() if name.startswith(prefix)}
