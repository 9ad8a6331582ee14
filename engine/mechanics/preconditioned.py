"""Limited-memory BFGS with a given initial inverse Hessian, as steps of an explicit state.

The two-loop recursion of J. Nocedal and S. J. Wright (Numerical Optimization, 2nd edition, Springer 2006, section 7.2,
doi:10.1007/978-0-387-40065-5) starts from an inverse Hessian that the caller knows, which saves most of the steps of a
crystal (D. Packwood et al., J. Chem. Phys. 144, 164109 (2016), doi:10.1063/1.4947024). There is no line search: a step
is taken as it is proposed, no longer than is allowed, and shortened where the value rose by more than its noise.

Nothing here knows what the coordinates are. A `State` says which point is to be evaluated next; `told` makes the next
state of it, so that several minimisations can be evaluated together, and one that was interrupted after any evaluation
goes on bit for bit from what was saved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Inverse = Callable[[NDArray[np.float64]], NDArray[np.float64]]

FAILED_SHARE = 0.3
"""How long the next step may be, against one that led uphill or to where there is no value."""
MOST_FAILURES = 12
"""Steps in a row that may fail from one point before no more are tried."""
REGAINED, LEAST_TRUST = 1.5, 1e-3
"""By how much a step that leads downhill lengthens the next, and what share of the longest one it then may have."""
MOST_HALVINGS = 30
FLATTEST = 1e-10
"""Pairs whose cosine between step and change of gradient is not above this tell no curvature and are not kept."""


def _anywhere(q: NDArray[np.float64]) -> bool:
    del q
    return True


@dataclass(frozen=True)
class Method:
    """How to go downhill.

    Attributes:
        inverse: The initial inverse Hessian, symmetric positive definite: [n] to [n].
        finished: Whether a point and its gradient, [n] each, are where the minimisation ends.
        longest: Length of a step [n] as a share of the longest one allowed; see `within_limits`.
        guard: Whether a point [n] may be evaluated; a step to one that may not is halved until it may.
        learned: If given, makes the initial inverse Hessian of what a state has seen, once it holds a pair; it must
            depend on the state alone, or an interrupted minimisation goes on otherwise.
        noise: Error of a value, relative to it where it is above 1; a rise below is no rise.
        memory: Pairs of steps and changes of gradient that are kept.
        rescaled: Whether the initial inverse Hessian is scaled to the curvature along the newest step.
    """

    inverse: Inverse
    finished: Callable[[NDArray[np.float64], NDArray[np.float64]], bool]
    longest: Callable[[NDArray[np.float64]], float]
    guard: Callable[[NDArray[np.float64]], bool] = _anywhere
    learned: Callable[[State], Inverse] | None = None
    noise: float = 1e-12
    memory: int = 30
    rescaled: bool = True


@dataclass(frozen=True, eq=False)
class State:
    """Where a minimisation is; nothing else is remembered from one evaluation to the next.

    Attributes:
        q: The point to evaluate next, or, where it has ended, the point where it did, [n].
        best_q: The best point evaluated so far, [n]; meaningless before the first evaluation.
        best_gradient: The gradient there, [n].
        best_value: The value there; infinite before the first evaluation.
        steps: Steps between evaluated points, oldest first, [n_pairs, n].
        changes: Changes of the gradient over them, [n_pairs, n].
        trust: Share of the longest step allowed, 0 to 1.
        failures: Steps in a row that led nowhere from the best point.
        evaluations: How many there were.
        finished: Whether the point q was found to be the end.
        stuck: Whether no step is left to try: none is short enough to lead downhill, or none passes the guard.
    """

    q: NDArray[np.float64]
    best_q: NDArray[np.float64]
    best_gradient: NDArray[np.float64]
    best_value: float = np.inf
    steps: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))
    changes: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))
    trust: float = 1.0
    failures: int = 0
    evaluations: int = 0
    finished: bool = False
    stuck: bool = False

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to evaluate."""
        return self.finished or self.stuck

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """The state as arrays, to be saved; `restored` undoes it bit for bit."""
        return {name: np.array(getattr(self, name), dtype=float) for name in self.__dataclass_fields__}


def begin(q: NDArray[np.float64]) -> State:
    """The state before the first evaluation, which is that of q [n]."""
    start = np.array(q, dtype=float)
    none = np.zeros((0, len(start)))
    return State(start, start, np.zeros_like(start), steps=none, changes=none)


def restored(arrays: Mapping[str, NDArray[np.float64]]) -> State:
    """The state that `State.arrays` saved.

    Raises:
        ValueError: Shapes that do not fit together.
    """
    n = len(arrays["q"])
    pairs = len(arrays["steps"])
    shapes = {"q": (n,), "best_q": (n,), "best_gradient": (n,), "steps": (pairs, n), "changes": (pairs, n)}
    vectors = {name: np.array(arrays[name], dtype=float) for name in shapes}
    for name, shape in shapes.items():
        if vectors[name].shape != shape:
            raise ValueError(f"the saved {name} has the shape {vectors[name].shape} instead of {shape}")
    return State(
        **vectors,
        best_value=float(arrays["best_value"]),
        trust=float(arrays["trust"]),
        failures=int(arrays["failures"]),
        evaluations=int(arrays["evaluations"]),
        finished=bool(arrays["finished"]),
        stuck=bool(arrays["stuck"]),
    )


def within_limits(limits: NDArray[np.float64]) -> Callable[[NDArray[np.float64]], float]:
    """A measure of steps for `Method.longest` that allows every coordinate a change up to limits [n]."""
    return lambda step: float((np.abs(step) / limits).max(initial=0.0))


def told(state: State, value: float, gradient: NDArray[np.float64], method: Method) -> State:
    """The state after its point was evaluated.

    Args:
        state: The state whose ``q`` was evaluated.
        value: The value there; what is not finite counts as a step too far.
        gradient: The gradient there, [n].
        method: How to go on; the same at every step.
    """
    state = replace(state, evaluations=state.evaluations + 1)
    if not (np.isfinite(value) and np.isfinite(gradient).all()):
        return _shortened(state, method)
    if method.finished(state.q, gradient):
        return replace(state, best_q=state.q, best_gradient=gradient, best_value=value, finished=True)
    first = not np.isfinite(state.best_value)
    if not first:
        state = _remembering(state, gradient, method.memory)
        if value > state.best_value + method.noise * max(1.0, abs(value)):
            return _shortened(state, method)
    state = replace(
        state,
        best_q=state.q,
        best_gradient=np.array(gradient, dtype=float),
        best_value=float(value),
        trust=state.trust if first else min(1.0, max(REGAINED * state.trust, LEAST_TRUST)),
        failures=0,
    )
    return _stepped(state, method)


def minimise(
    evaluate: Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]],
    state: State,
    method: Method,
    budget: int,
    saved: Callable[[State], None] | None = None,
) -> State:
    """Evaluate until the end is reached, no step is left, or the budget is spent.

    Args:
        evaluate: Value and gradient [n] at a point [n].
        state: Where to start, from `begin`, or to go on.
        method: How to go downhill.
        budget: Evaluations that the state may have had when it is given up.
        saved: Called with the state after every evaluation.
    """
    while not state.ended and state.evaluations < budget:
        state = told(state, *evaluate(state.q), method)
        if saved is not None:
            saved(state)
    return state


def descent(state: State, method: Method) -> NDArray[np.float64]:
    """Minus the inverse Hessian times the gradient at the best point, [n], by the two-loop recursion."""
    vector = state.best_gradient.copy()
    learned = method.learned if len(state.steps) else None
    inverse = method.inverse if learned is None else learned(state)
    curvatures = np.einsum("ij,ij->i", state.steps, state.changes)
    shares = np.zeros(len(curvatures))
    for i in reversed(range(len(curvatures))):
        shares[i] = state.steps[i] @ vector / curvatures[i]
        vector -= shares[i] * state.changes[i]
    vector = np.array(inverse(vector))
    if method.rescaled and len(curvatures):
        newest = state.changes[-1]
        vector *= curvatures[-1] / float(newest @ inverse(newest))
    for i in range(len(curvatures)):
        vector += (shares[i] - state.changes[i] @ vector / curvatures[i]) * state.steps[i]
    return -vector


def _remembering(state: State, gradient: NDArray[np.float64], memory: int) -> State:
    """The state with the pair that the new point makes with the best one, where it tells a positive curvature."""
    step, change = state.q - state.best_q, gradient - state.best_gradient
    lengths = float(np.linalg.norm(step) * np.linalg.norm(change))
    if not float(step @ change) > FLATTEST * lengths:
        return state
    return replace(
        state,
        steps=np.concatenate([state.steps, step[None]])[-memory:],
        changes=np.concatenate([state.changes, change[None]])[-memory:],
    )


def _shortened(state: State, method: Method) -> State:
    """Back to the best point, with a shorter step; stuck where there is no best point or no shorter step."""
    if not np.isfinite(state.best_value):
        return replace(state, stuck=True)
    if state.failures == MOST_FAILURES:
        return replace(state, q=state.best_q, stuck=True)
    trust = FAILED_SHARE * min(state.trust, method.longest(state.q - state.best_q))
    return _stepped(replace(state, trust=trust, failures=state.failures + 1), method)


def _stepped(state: State, method: Method) -> State:
    """The next point from the best one: within the trust, and past the guard."""
    step = descent(state, method)
    length = method.longest(step)
    if length > state.trust:
        step *= state.trust / length
    for _ in range(MOST_HALVINGS):
        if method.guard(state.best_q + step):
            return replace(state, q=state.best_q + step)
        step *= 0.5
    return replace(state, q=state.best_q, stuck=True)
