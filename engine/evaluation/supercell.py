"""One explicit decoration of a composition: made, relaxed from the mean-field crystal with its Hessian, described."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from api_schemas.cost import Cost
from api_schemas.errors import FieldError, ProblemInvalid
from api_schemas.supercells import SupercellRecord, SupercellTask
from engine.crystals.decorations import Decoration, decorate, decoration_of, supercell_of
from engine.crystals.holding import held, held_by, supercell_holding
from engine.crystals.sqs_process import DecorationsUnavailable
from engine.crystals.supercells import Supercell
from engine.crystals.symmetry import operations
from engine.evaluation.at_work import AtWork
from engine.evaluation.mean_crystal import relaxed_mean
from engine.evaluation.supercell_record import Outcome, supercell_record
from engine.mechanics.preconditioned import State, begin, restored, told
from engine.mechanics.response.decorated import Relaxation
from engine.mechanics.response.host import Host, host_at, restored_host
from engine.mechanics.threads import fitting_threads
from engine.references.shared_values import SharedValues, shared_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

MOST_CALLS = 100
"""Potential calls after which the relaxation of a decoration is given up."""
KEPT_UP_TO = 20_000
"""Numbers of a host up to which it is kept for the other decorations of its composition."""
MOST_CALLS_IN_WELLS = 200
"""The same from a displacement along soft modes: tilts of octahedra are a long way (20 to 40 calls seen)."""
DISPLACED, STARTS = 0.3, 4
"""Å; how far the atom that moves most is displaced along soft modes to see whether the crystal leaves its symmetry, and
among how many such displacements the lowest is where that starts."""
LEAST_GAIN = 1e-5
"""eV an atom that lower symmetry has to gain."""
_HOST, _STATE, _FIRST = "host.", "state.", "first."


class ExplicitCrystal(AtWork[SupercellTask]):
    """A task of relaxing a decoration, at work."""

    def relaxed(self) -> SupercellRecord:
        """Relax the decoration, from the checkpoint if there is one, and describe it."""
        began = time.perf_counter()
        with fitting_threads(self.supercell.n_cells * self.resolved.crystal.n_copies):
            shared = shared_values(self.resolved, self.evaluator.solver)
            saved = self.checkpoint
            host = self._host(shared) if saved is None else restored_host(_part(saved, _HOST))
            relaxation = Relaxation(
                self.evaluator.potential,
                host,
                self.decoration,
                shared.surroundings.pressure,
                self.on_call,
            )
            relaxation, state, calls, gained = self._settled(relaxation)
        return supercell_record(
            self.resolved,
            self.task,
            Outcome(
                x=self.x,
                coordinates=self.evaluator.coordinates(self.resolved.crystal),
                relaxation=relaxation,
                state=state,
                shared=shared,
                gained=gained,
            ),
            Cost(
                potential_calls=calls,
                shared_calls=shared.calls + host.calls,
                seconds=time.perf_counter() - began,
                supercell_calls=calls,
                primitive_equivalents=float(calls * self.supercell.n_cells),
            ),
        )

    @cached_property
    def supercell(self) -> Supercell:
        """The supercell that the composition is decorated in."""
        if self.task.explicit is not None:
            return supercell_of(self.task.explicit)
        return supercell_holding(self.resolved.crystal, self._wanted, self.task.sites)

    @cached_property
    def x(self) -> NDArray[np.float64]:
        """The composition that it holds, [n_columns]."""
        if self.task.explicit is not None:
            return held_by(self.resolved.crystal, np.array(self.task.explicit.columns))
        return held(self.resolved.crystal, self._wanted, self.supercell.n_cells)

    @cached_property
    def decoration(self) -> Decoration:
        """What each of its sites holds.

        Raises:
            ProblemInvalid: if no random decorations can be made on this machine.
        """
        task = self.task
        if task.explicit is not None:
            return decoration_of(self.resolved.crystal, self.supercell, np.array(task.explicit.columns))
        try:
            return decorate(self.resolved.crystal, self.supercell, self.x, task.seed, task.decoration)
        except DecorationsUnavailable as error:
            text = f"{error}; remove verify to have the answer without supercells"
            raise ProblemInvalid(
                [FieldError(pointer="/verify", type="no-decorations", message=text)]
            ) from error

    @cached_property
    def _wanted(self) -> NDArray[np.float64]:
        return self.resolved.space.to_vector(self.task.composition)

    def _host(self, shared: SharedValues) -> Host:
        """The mean-field supercell, from the store or computed now."""
        supercell = self.supercell if self.task.host is None else Supercell(np.array(self.task.host))
        return self._kept(shared, supercell).folded(self.supercell)

    def _kept(self, shared: SharedValues, supercell: Supercell) -> Host:
        crystal = self.resolved.crystal
        if supercell.n_cells * (3 * crystal.n_sites) ** 2 > KEPT_UP_TO:
            return self._computed(shared, supercell)
        warm = self.task.warm_start
        start = [
            None if warm is None else warm.model_dump(mode="json"),
            self._wanted.tolist(),
            supercell.matrix.tolist(),
        ]
        digest = hashlib.sha256(json.dumps(start).encode()).hexdigest()

        def compute() -> dict[str, Any]:
            return {
                name: array.tolist() for name, array in self._computed(shared, supercell).arrays().items()
            }

        solver, pressure = self.evaluator.solver, self.evaluator.pressure
        return restored_host(solver.remembered(crystal, pressure, f"host {digest}", compute, self.x))

    def _computed(self, shared: SharedValues, supercell: Supercell) -> Host:
        """The mean-field crystal relaxed at what the decoration holds, and what holds its sites and its cell."""
        crystal = self.resolved.crystal
        landscape, mean = relaxed_mean(self.evaluator, self.task, self.x, shared.members)
        lam = crystal.weights(self.x)
        host = host_at(landscape, supercell, mean.q, lam, operations(crystal), self.on_call)
        return host.after(mean.calls)

    def _settled(self, relaxation: Relaxation) -> tuple[Relaxation, State, int, float]:
        """The relaxation that ends lowest, where it ends, all potential calls, and what leaving symmetry gained, eV.

        Where symmetry may be lowered and the mean-field crystal has soft modes it goes on from a displacement along
        these, and the lower of both ends counts.
        """
        saved = self.checkpoint or {}
        first = restored(_part(saved, _FIRST)) if f"{_FIRST}q" in saved else None
        state = restored(_part(saved, _STATE)) if saved else begin(relaxation.start)
        if first is None:
            state = self._minimised(relaxation, state, None)
            soft = relaxation.host.constants.soft
            if not (self.task.lowers_symmetry and soft and state.finished):
                return relaxation, state, state.evaluations, 0.0
            first = state
            draw = np.random.default_rng([self.task.seed, *self.decoration.species.tolist()])
            state = begin(_lowest_start(relaxation, first, draw))
        wells = replace(relaxation, in_wells=True)
        state = self._minimised(wells, state, first)
        gain = relaxation.corrected(first)[1] - wells.corrected(state)[1]
        calls = first.evaluations + STARTS + state.evaluations
        if gain > LEAST_GAIN * len(relaxation.atoms):
            return wells, state, calls, gain
        return relaxation, first, calls, 0.0

    def _minimised(self, relaxation: Relaxation, state: State, first: State | None) -> State:
        kept = {f"{_HOST}{name}": array for name, array in relaxation.host.arrays().items()}
        if first is not None:
            kept |= {f"{_FIRST}{name}": array for name, array in first.arrays().items()}
        most = MOST_CALLS if first is None else MOST_CALLS_IN_WELLS
        while not state.ended and state.evaluations < most:
            value, gradient = relaxation.evaluate(state.q)
            state = told(state, relaxation.told_value(value, state), gradient, relaxation.method)
            self.save({**kept, **{f"{_STATE}{name}": a for name, a in state.arrays().items()}})
        return state


def _lowest_start(relaxation: Relaxation, first: State, draw: np.random.Generator) -> NDArray[np.float64]:
    """The lowest of some displacements along soft modes from the end of a relaxation, [6 + 3 n_atoms]."""
    starts = [first.best_q + relaxation.along_soft(draw, DISPLACED) for _ in range(STARTS)]
    values = [relaxation.told_value(relaxation.evaluate(q)[0], first) for q in starts]
    return starts[int(np.argmin([value if np.isfinite(value) else np.inf for value in values]))]


def _part(saved: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in saved.items() if name.startswith(prefix)}
