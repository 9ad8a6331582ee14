"""The unit ``supercell``: one explicit decoration of a mixed crystal, relaxed with the same potential."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from api_schemas.supercells import SUPERCELL, SupercellRecord, SupercellTask
from engine.tiers.mean_field import evaluator_at
from engine.units.unit import OF_THE_PLAN

if TYPE_CHECKING:
    from api_schemas.tasks import Task
    from engine.problem.resolved import ResolvedProblem
    from engine.units.unit import Workplace


class ExplicitSupercell:
    """Relaxes decorations; a checkpoint is saved after every potential call of the supercell."""

    name = SUPERCELL
    task = SupercellTask
    record = SupercellRecord
    without_effect = OF_THE_PLAN

    def together(self, resolved: ResolvedProblem) -> int:
        """One: a decoration fills a core, and saves checkpoints."""
        del resolved
        return 1

    def words(self, resolved: ResolvedProblem, task: Task) -> str:
        """Which decoration it is, counted from 1: ``decoration 2 of evaluation 5, 64 atoms``."""
        if not isinstance(task, SupercellTask):
            return self.name
        from engine.units.supercell_size import explicit_atoms, supercell_size

        if task.explicit is not None:
            atoms = explicit_atoms(resolved, task.explicit)
        else:
            atoms = supercell_size(resolved, task.composition, task.sites).atoms
        return f"decoration {task.decoration + 1} of evaluation {task.evaluation + 1}, {atoms} atoms"

    def perform(
        self, resolved: ResolvedProblem, tasks: Sequence[Task], workplace: Workplace
    ) -> list[SupercellRecord]:
        """Relax decorations, in order."""
        from engine.evaluation.supercell import ExplicitCrystal

        found = []
        for task in tasks:
            if isinstance(task, SupercellTask):
                told = workplace.in_steps(self.words(resolved, task))
                evaluator = evaluator_at(resolved, told)
                found.append(
                    ExplicitCrystal(
                        resolved, task, evaluator, told.on_call, told.checkpoint, told.save
                    ).relaxed()
                )
        return found
