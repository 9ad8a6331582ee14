"""The unit ``supercell``: one explicit decoration of a mixed crystal, relaxed with the same potential."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.supercells import SUPERCELL, SupercellRecord, SupercellTask
from engine.units.one_by_one import OneByOne

if TYPE_CHECKING:
    from engine.evaluation.evaluator import Evaluator
    from engine.problem.resolved import ResolvedProblem
    from engine.units.unit import Workplace


class ExplicitSupercell(OneByOne[SupercellTask, SupercellRecord]):
    """Relaxes decorations; a checkpoint is saved after every potential call of the supercell."""

    name = SUPERCELL
    task = SupercellTask
    record = SupercellRecord

    def said(self, resolved: ResolvedProblem, task: SupercellTask) -> str:
        """Which decoration it is, counted from 1: ``decoration 2 of evaluation 5, 64 atoms``."""
        from engine.units.supercell_size import explicit_atoms, supercell_size

        if task.explicit is not None:
            atoms = explicit_atoms(resolved, task.explicit)
        else:
            atoms = supercell_size(resolved, task.composition, task.sites).atoms
        return f"decoration {task.decoration + 1} of evaluation {task.evaluation + 1}, {atoms} atoms"

    def computed(
        self, resolved: ResolvedProblem, task: SupercellTask, evaluator: Evaluator, workplace: Workplace
    ) -> SupercellRecord:
        """Relax a decoration."""
        from engine.evaluation.supercell import ExplicitCrystal

        save = workplace.save
        return ExplicitCrystal(
            resolved, task, evaluator, workplace.on_call, workplace.checkpoint, save
        ).relaxed()
