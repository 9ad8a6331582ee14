"""One explicit decoration of a composition: made, relaxed from the mean-field crystal with its Hessian, described."""

from __future__ import annotations

import hashlib
import json
import time
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
from engine.evaluation.settling import Settling, part, restored_progress
from engine.evaluation.supercell_record import Outcome, supercell_record
from engine.mechanics.response.decorated import Relaxation
from engine.mechanics.response.host import Host, host_at, restored_host
from engine.mechanics.threads import fitting_threads
from engine.references.shared_values import SharedValues, shared_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

KEPT_UP_TO = 20_000
"""Numbers of a host up to which it is kept for the other decorations of its composition."""
_HOST = "host."


class ExplicitCrystal(AtWork[SupercellTask]):
    """A task of relaxing a decoration, at work."""

    def relaxed(self) -> SupercellRecord:
        """Relax the decoration, from the checkpoint if there is one, and describe it."""
        began = time.perf_counter()
        with fitting_threads(self.supercell.n_cells * self.resolved.crystal.n_copies):
            shared = shared_values(self.resolved, self.evaluator.solver)
            saved = self.checkpoint
            host = self._host(shared) if saved is None else restored_host(part(saved, _HOST))
            relaxation = Relaxation(
                self.evaluator.potential,
                host,
                self.decoration,
                shared.surroundings.pressure,
                self.on_call,
            )
            kept = {f"{_HOST}{name}": array for name, array in host.arrays().items()}
            end = Settling(
                relaxation,
                self.task.lowers_symmetry,
                self.task.seed,
                lambda progress: self.save({**kept, **progress.arrays()}),
            ).settled(None if saved is None or "progress" not in saved else restored_progress(saved))
        return supercell_record(
            self.resolved,
            self.task,
            Outcome(
                x=self.x,
                coordinates=self.evaluator.coordinates(self.resolved.crystal),
                relaxation=end.relaxation,
                state=end.state,
                shared=shared,
                gained=end.gained,
            ),
            Cost(
                potential_calls=end.calls,
                shared_calls=shared.calls + host.calls,
                seconds=time.perf_counter() - began,
                supercell_calls=end.calls,
                primitive_equivalents=float(end.calls * self.supercell.n_cells),
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
