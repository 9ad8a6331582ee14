"""A search for the ordering of lowest energy: a descent of occupancies, its rounding, and exchanges of sites.

A `State` says which occupancies are to be evaluated next; `told` makes the next state of it, so that a search that was
interrupted after any evaluation goes on bit for bit from what was saved.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.mechanics import descent, swaps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from engine.mechanics.mixed_sites import MixedSites

_DESCENT, _SWAPS = "descent.", "swaps."


@dataclass(frozen=True, eq=False)
class State:
    """Where a search is.

    Attributes:
        descent: From disorder to order; it keeps what was evaluated while sites are exchanged, too.
        swaps: The exchanges; None while the descent goes on.
        start_energy: Of the start, eV; infinite before the first evaluation.
        evaluations: How many there were.
    """

    descent: descent.State
    swaps: swaps.State | None = None
    start_energy: float = np.inf
    evaluations: int = 0

    @property
    def point(self) -> NDArray[np.float64]:
        """The occupancies to evaluate next, [n_sites, n_columns]."""
        return self.descent.point

    @property
    def failed(self) -> bool:
        """Whether the potential gave no energy at the start, or of the first decoration."""
        if self.swaps is None:
            return self.descent.ended and self.descent.best < 0
        return self.swaps.ended and not np.isfinite(self.swaps.energy)

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to evaluate."""
        return self.failed or (self.swaps is not None and self.swaps.ended)

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """The state as arrays, to be saved; `restored` undoes it bit for bit."""
        found = {f"{_DESCENT}{name}": array for name, array in self.descent.arrays().items()}
        if self.swaps is not None:
            found |= {f"{_SWAPS}{name}": array for name, array in self.swaps.arrays().items()}
        return {
            **found,
            "start_energy": np.array(self.start_energy),
            "evaluations": np.array(float(self.evaluations)),
        }


def restored(arrays: Mapping[str, NDArray[np.float64]]) -> State:
    """The state that `State.arrays` saved."""
    parts: dict[str, dict[str, NDArray[np.float64]]] = {_DESCENT: {}, _SWAPS: {}}
    for name, array in arrays.items():
        for prefix, part in parts.items():
            if name.startswith(prefix):
                part[name.removeprefix(prefix)] = array
    return State(
        descent=descent.restored(parts[_DESCENT]),
        swaps=swaps.restored(parts[_SWAPS]) if parts[_SWAPS] else None,
        start_energy=float(arrays["start_energy"]),
        evaluations=int(arrays["evaluations"]),
    )


def begin(sites: MixedSites, seed: int, number: int = 0, start: NDArray[np.float64] | None = None) -> State:
    """A search that starts from disorder with seeded noise.

    Args:
        sites: What is ordered.
        seed: Of the noise.
        number: Which of the searches it is; each has noise of its own.
        start: Occupancies to start from instead, [n_sites, n_columns].
    """
    draw = np.random.default_rng([seed, number])
    point = descent.noisy(sites.composition, draw) if start is None else start
    return State(descent.begin(point, descent.probes_for(sites.model, draw)))


def begin_at(held: NDArray[np.int64], sites: MixedSites) -> State:
    """A search that starts from a decoration, what each mixed site holds [n_sites], by exchanges alone."""
    return State(descent.begin(sites.composition.one_hot(held)), swaps.State(held))


def told(
    state: State, energy: float, gradient: NDArray[np.float64], sites: MixedSites, *, last: bool = False
) -> State:
    """The state after its point was evaluated.

    Args:
        state: The state whose ``point`` was evaluated.
        energy: The energy there, eV.
        gradient: Its derivatives by the occupancies, [n_sites, n_columns] eV.
        sites: What is ordered.
        last: Whether only one more evaluation is allowed, which a descent then leaves to its decoration.
    """
    state = replace(state, evaluations=state.evaluations + 1)
    if state.evaluations == 1:
        state = replace(state, start_energy=float(energy))
    composition = sites.composition
    if state.swaps is None:
        descended = descent.told(state.descent, energy, gradient, sites.model)
        exchanged = None
        if descended.best >= 0 and (descended.ended or last):
            exchanged = swaps.State(composition.rounded(descended.points[descended.best]))
    else:
        descended = descent.noted(state.descent, energy, gradient)
        exchanged = swaps.told(
            state.swaps, energy, gradient, lambda: descent.learned(descended, sites.model), composition
        )
    if exchanged is not None:
        descended = replace(descended, point=composition.one_hot(exchanged.next))
    return replace(state, descent=descended, swaps=exchanged)
