"""Exchanges of two sites of a decoration, guided by derivatives, as steps of an explicit state.

At a decoration the gain of every exchange is foreseen from the derivatives by the occupancies, to first order and with
second derivatives learned on the way (docs/science.md, Eq. 90). The best are computed, one of those that look alike;
the first that lowers the energy is taken. Where none does, the search has ended.

A `State` says which decoration is to be evaluated next; `told` makes the next state of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from engine.mechanics.occupancies import Composition

MOST_TRIED = 4
"""Exchanges computed at a decoration before it is the end."""
LEAST_GAIN = 1e-5
"""eV of the supercell; an exchange that lowers the energy by less is none."""
ALIKE = 1e-5
"""eV; exchanges whose foreseen gains differ by less are taken to be alike by symmetry."""


@dataclass(frozen=True, eq=False)
class State:
    """Where a search is; nothing else is remembered from one evaluation to the next.

    Attributes:
        held: Column that each mixed site holds, [n_sites], at the best decoration.
        energy: Its energy, eV; infinite before it was evaluated.
        queue: Pairs of sites to be exchanged and evaluated, the next one first, [n_left, 2]; empty before the first
            evaluation.
        tried: Exchanges evaluated.
        accepted: Those that were taken.
        ended: Whether there is nothing more to evaluate.
    """

    held: NDArray[np.int64]
    energy: float = np.inf
    queue: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))
    tried: int = 0
    accepted: int = 0
    ended: bool = False

    @property
    def next(self) -> NDArray[np.int64]:
        """What the sites hold in the decoration to evaluate next, [n_sites]."""
        found = self.held.copy()
        if len(self.queue):
            found[self.queue[0]] = found[self.queue[0][::-1]]
        return found

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """The state as arrays, to be saved; `restored` undoes it bit for bit."""
        return {name: np.array(getattr(self, name), dtype=float) for name in self.__dataclass_fields__}


def restored(arrays: Mapping[str, NDArray[np.float64]]) -> State:
    """The state that `State.arrays` saved."""
    held, queue = (np.rint(arrays[name]).astype(np.int64) for name in ("held", "queue"))
    return State(
        held=held,
        energy=float(arrays["energy"]),
        queue=queue,
        tried=int(arrays["tried"]),
        accepted=int(arrays["accepted"]),
        ended=bool(arrays["ended"]),
    )


def told(
    state: State,
    energy: float,
    gradient: NDArray[np.float64],
    curvature: Callable[[], NDArray[np.float64]],
    composition: Composition,
) -> State:
    """The state after its next decoration was evaluated.

    Args:
        state: The state whose ``next`` was evaluated.
        energy: The energy there, eV.
        gradient: Its derivatives by the occupancies, [n_sites, n_columns] eV.
        curvature: Gives second derivatives by all occupancies in a row, [n, n] eV, as far as they are known.
        composition: What the sites hold.
    """
    first = not np.isfinite(state.energy)
    tried = state.tried + (not first)
    if not first and not energy < state.energy - LEAST_GAIN:
        left = state.queue[1:]
        return replace(state, queue=left, tried=tried, ended=not len(left))
    held = state.next
    if not (np.isfinite(energy) and np.isfinite(gradient).all()):
        return replace(state, ended=True)
    queue = _ranked(held, gradient, curvature(), composition)
    return replace(
        state,
        held=held,
        energy=float(energy),
        queue=queue,
        tried=tried,
        accepted=state.accepted + (not first),
        ended=not len(queue),
    )


def gains(
    held: NDArray[np.int64],
    pairs: NDArray[np.int64],
    gradient: NDArray[np.float64],
    curvature: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Changes of the energy that are foreseen where pairs of sites [n_pairs, 2] are exchanged, [n_pairs] eV.

    Args:
        held: What the sites hold, [n_sites].
        pairs: Of sites.
        gradient: Derivatives by the occupancies, [n_sites, n_columns] eV.
        curvature: Second derivatives by all occupancies in a row, [n, n] eV.
    """
    n_columns = gradient.shape[1]
    i, j = pairs.T
    changed = np.stack([i, i, j, j], axis=1) * n_columns
    changed += np.stack([held[j], held[i], held[i], held[j]], axis=1)
    signs = np.array([1.0, -1.0, 1.0, -1.0])
    first = gradient.reshape(-1)[changed] @ signs
    second = np.einsum("pab,a,b->p", curvature[changed[:, :, None], changed[:, None, :]], signs, signs)
    return np.asarray(first + 0.5 * second)


def _ranked(
    held: NDArray[np.int64],
    gradient: NDArray[np.float64],
    curvature: NDArray[np.float64],
    composition: Composition,
) -> NDArray[np.int64]:
    """The exchanges with the most foreseen, one of those that are alike, [n, 2]."""
    i, j = np.triu_indices(len(held), 1)
    unlike = (held[i] != held[j]) & (composition.owner[i] == composition.owner[j])
    pairs = np.stack([i[unlike], j[unlike]], axis=1)
    foreseen = gains(held, pairs, gradient, curvature)
    order = np.argsort(foreseen, kind="stable")
    found: list[int] = []
    for number in order:
        if not found or foreseen[number] - foreseen[found[-1]] > ALIKE:
            found.append(int(number))
        if len(found) == MOST_TRIED:
            break
    return pairs[found]
