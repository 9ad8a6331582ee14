"""Descent of occupancies from disorder to an ordering, as steps of an explicit state.

The free energy F = E - T S of occupancies (docs/science.md, Eq. 86) falls at every accepted step, and T is lowered from
step to step until every site holds one element. A step goes to the minimum of a model of F: the exact gradient at the
best point, second derivatives learned from all gradients (`engine.mechanics.pair_model`), the exact entropy, and a
relative entropy that keeps it near where a step before had failed (Eq. 88).

A `State` says which occupancies are to be evaluated next; `told` makes the next state of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.mechanics.mirror import FreeEnergyModel
from engine.mechanics.occupancies import LEAST, entropy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from engine.mechanics.occupancies import Composition
    from engine.mechanics.pair_model import PairModel

NOISE = 0.1
"""Of the logarithms of the weights at the start."""
MOST_PROBES = 6
DEPTH, COOLING = 0.5, 0.25
"""Where the temperature begins below the instability of disorder, and by how much it falls, as shares of the ordering
temperature."""
ORDERED = 0.9
"""Weight that each site's element has at least where the descent ends."""
MEMORY = 16
"""Points, the newest and the best, of which second derivatives are learned."""
STILL, STILL_DAMPED = 0.05, 1e-3
"""A step that changes no weight by more is not worth a call; one that is short since others failed may be so short."""
TRUSTED, FIRST_DAMPING = 0.5, 0.25
"""Share of the fall that was foreseen from which the damping is eased, and the first one as a share of the ordering
temperature."""
MOST_LOWERINGS = 40
NEAR = 0.3
"""Distance within which points count alike when second derivatives are learned."""
LEAST_ORDERING = 1e-4
"""eV; an ordering temperature below is taken to be this."""


@dataclass(frozen=True, eq=False)
class State:
    """Where a descent is; nothing else is remembered from one evaluation to the next.

    Attributes:
        point: The occupancies to evaluate next, or, where it has ended, those where it did, [n_sites, n_columns].
        points: Occupancies evaluated, [n_kept, n_sites, n_columns].
        gradients: Derivatives of the energy there, eV.
        energies: The energies, [n_kept] eV.
        best: Which of them the descent is at; -1 before the first evaluation.
        temperature: Of the step to the point, eV.
        ordering: Estimate of the ordering temperature, eV, by which the temperature is lowered.
        damping: Weight of the relative entropy in the model, eV.
        foreseen: By how much the model says that F falls with the step to the point, eV.
        lowerings: How often the temperature was lowered since the last accepted step.
        evaluations: How many there were.
        steps: Temperature, and free energy before and after, of every accepted step, [n_steps, 3] eV.
        probes: Occupancies to be evaluated before the first step, for the sake of second derivatives, [n_left, n_sites,
            n_columns].
        ended: Whether there is nothing more to evaluate.
    """

    point: NDArray[np.float64]
    points: NDArray[np.float64]
    gradients: NDArray[np.float64]
    energies: NDArray[np.float64]
    best: int = -1
    temperature: float = 0.0
    ordering: float = 0.0
    damping: float = 0.0
    foreseen: float = 0.0
    lowerings: int = 0
    evaluations: int = 0
    steps: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 3)))
    probes: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0, 0)))
    ended: bool = False

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """The state as arrays, to be saved; `restored` undoes it bit for bit."""
        return {name: np.array(getattr(self, name), dtype=float) for name in self.__dataclass_fields__}


def restored(arrays: Mapping[str, NDArray[np.float64]]) -> State:
    """The state that `State.arrays` saved."""
    points, gradients, point, energies, steps, probes = (
        np.array(arrays[name], dtype=float)
        for name in ("points", "gradients", "point", "energies", "steps", "probes")
    )
    return State(
        point=point,
        points=points,
        gradients=gradients,
        energies=energies,
        steps=steps,
        probes=probes,
        best=int(arrays["best"]),
        temperature=float(arrays["temperature"]),
        ordering=float(arrays["ordering"]),
        damping=float(arrays["damping"]),
        foreseen=float(arrays["foreseen"]),
        lowerings=int(arrays["lowerings"]),
        evaluations=int(arrays["evaluations"]),
        ended=bool(arrays["ended"]),
    )


def begin(point: NDArray[np.float64], probes: NDArray[np.float64] | None = None) -> State:
    """The state before the first evaluation, which is that of occupancies [n_sites, n_columns].

    Args:
        point: Where the descent starts.
        probes: Further occupancies to be evaluated, [n, n_sites, n_columns]; see `probes_for`.
    """
    none = np.zeros((0, *point.shape))
    return State(point, none, none, np.zeros(0), probes=none if probes is None else probes)


def noisy(composition: Composition, draw: np.random.Generator) -> NDArray[np.float64]:
    """Every site of a sublattice alike but for noise, [n_sites, n_columns]."""
    noise = draw.normal(size=composition.uniform.shape)
    return composition.balanced(np.log(np.maximum(composition.uniform, LEAST)) + NOISE * noise)


def probes_for(model: PairModel, draw: np.random.Generator) -> NDArray[np.float64]:
    """Noisy occupancies that with one more tell all second derivatives at disorder, [n, n_sites, n_columns].

    With two elements on one sublattice there are none: one gradient tells all. Where MOST_PROBES do not tell all, as
    in crystals of little symmetry, there are none either.
    """
    points = np.stack([noisy(model.composition, draw) for _ in range(MOST_PROBES + 2)])
    known = [model.known(points[:n]) for n in range(1, len(points) + 1)]
    needed = known.index(known[-1])
    return points[:needed] if needed <= MOST_PROBES else points[:0]


def told(state: State, energy: float, gradient: NDArray[np.float64], model: PairModel) -> State:
    """The state after its point was evaluated.

    Args:
        state: The state whose ``point`` was evaluated.
        energy: The energy there, eV; what is not finite counts as a step too far.
        gradient: Its derivatives by the occupancies, [n_sites, n_columns] eV.
        model: Learns second derivatives; the same at every step.
    """
    state = replace(state, evaluations=state.evaluations + 1)
    finite = bool(np.isfinite(energy) and np.isfinite(gradient).all())
    if state.best < 0:
        state = _with_point(state, energy, gradient) if finite else state
        if not len(state.energies):
            return replace(state, ended=True)
        if len(state.probes):
            return replace(state, point=state.probes[0], probes=state.probes[1:])
        return _proposed(_begun(state, model), model)
    before = state.energies[state.best] - state.temperature * entropy(state.points[state.best])
    after = energy - state.temperature * entropy(state.point)
    if finite:
        state = _with_point(state, energy, gradient)
    if not (finite and after < before):
        least = FIRST_DAMPING * state.ordering + max(0.0, -state.temperature)
        harder = max(4.0 * state.damping, least)
        return _proposed(replace(state, damping=harder), model)
    if before - after > TRUSTED * state.foreseen:
        state = replace(state, damping=_eased(state.damping, FIRST_DAMPING * state.ordering))
    step = [state.temperature, before, after]
    state = replace(
        state, best=len(state.energies) - 1, steps=np.concatenate([state.steps, [step]]), lowerings=0
    )
    if _least_weight(state.point) >= ORDERED:
        return replace(state, ended=True)
    return _proposed(_lowered(state), model)


def instability(curvature: NDArray[np.float64], composition: Composition) -> tuple[float, float]:
    """Where disorder becomes unstable, and the ordering temperature without what a site does to itself, eV.

    They are minus the least eigenvalue of C^1/2 B C^1/2 over changes that keep the composition, and the mean of the
    eigenvalues minus the least one (docs/science.md, section 18).

    Args:
        curvature: B, [n, n] by all occupancies in a row, eV.
        composition: What the sites hold.
    """
    root = np.sqrt(composition.uniform)
    kept = [np.where(np.arange(len(root))[:, None] == site, root, 0.0) for site in range(len(root))]
    for sites, columns in composition.blocks:
        for column in columns:
            one = np.zeros_like(root)
            one[sites, column] = root[sites, column]
            kept.append(one)
    flat, held = root.reshape(-1), composition.allowed.reshape(-1)
    scaled = (flat[:, None] * curvature * flat)[np.ix_(held, held)]
    left, sizes, _ = np.linalg.svd(np.array([one.reshape(-1)[held] for one in kept]).T)
    free = left[:, int((sizes > 1e-9).sum()) :]
    values = np.linalg.eigvalsh(free.T @ scaled @ free)
    return (-float(values[0]), float(values.mean() - values[0])) if len(values) else (0.0, 0.0)


def learned(state: State, model: PairModel) -> NDArray[np.float64]:
    """Second derivatives from the points, those near the best one counting the most."""
    distances = np.linalg.norm(state.points - state.points[state.best], axis=(1, 2))
    return model.learned(state.points, state.gradients, 1.0 / (NEAR + distances))


def noted(state: State, energy: float, gradient: NDArray[np.float64]) -> State:
    """The state, at its point, which was evaluated outside of the descent."""
    if not (np.isfinite(energy) and np.isfinite(gradient).all()):
        return state
    state = _with_point(state, energy, gradient)
    return replace(state, best=len(state.energies) - 1)


def _begun(state: State, model: PairModel) -> State:
    """At the first point, with a temperature below the instability of disorder."""
    state = replace(state, best=0)
    unstable, ordering = instability(learned(state, model), model.composition)
    ordering = max(ordering, LEAST_ORDERING)
    return replace(state, ordering=ordering, temperature=unstable - DEPTH * ordering)


def _lowered(state: State) -> State:
    return replace(
        state, temperature=state.temperature - COOLING * state.ordering, lowerings=state.lowerings + 1
    )


def _proposed(state: State, model: PairModel) -> State:
    """The next point to evaluate; the temperature is lowered until the model leads away from the best point."""
    curvature = learned(state, model)
    at, gradient = state.points[state.best], state.gradients[state.best]
    while state.lowerings < MOST_LOWERINGS:
        of_step = FreeEnergyModel(at, gradient, curvature, state.temperature, state.damping)
        point = of_step.minimum(model.composition, state.ordering)
        still = STILL_DAMPED if state.damping > 0.0 else STILL
        if np.abs(point - at).max(initial=0.0) > still:
            foreseen = replace(of_step, damping=0.0)
            fall = foreseen.value(at)[0] - foreseen.value(point)[0]
            return replace(state, point=point, foreseen=fall)
        state = _lowered(state)
    return replace(state, point=at, ended=True)


def _with_point(state: State, energy: float, gradient: NDArray[np.float64]) -> State:
    """The state with what was evaluated; of more than MEMORY points the oldest but the best is forgotten."""
    points, gradients = (
        np.concatenate([old, new[None]])
        for old, new in ((state.points, state.point), (state.gradients, gradient))
    )
    energies = np.append(state.energies, energy)
    best = state.best
    if len(energies) > MEMORY:
        gone = 1 if best == 0 else 0
        points, gradients = np.delete(points, gone, axis=0), np.delete(gradients, gone, axis=0)
        energies, best = np.delete(energies, gone), best - (gone < best)
    return replace(state, points=points, gradients=gradients, energies=energies, best=best)


def _eased(damping: float, first: float) -> float:
    return damping / 4.0 if damping > first else 0.0


def _least_weight(p: NDArray[np.float64]) -> float:
    """Weight of the main element of the site that is the least ordered."""
    return float(p.max(axis=1).min(initial=1.0))
