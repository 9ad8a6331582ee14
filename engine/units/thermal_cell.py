"""The unit ``thermal_cell``: the cell of a mean-field crystal at a temperature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.dynamics import THERMAL_CELL, ThermalCellRecord, ThermalCellTask
from engine.units.one_by_one import OneByOne
from engine.units.unit import OF_THE_PLAN

if TYPE_CHECKING:
    from engine.evaluation.evaluator import Evaluator
    from engine.problem.resolved import ResolvedProblem
    from engine.units.unit import Workplace


class ThermalCellUnit(OneByOne[ThermalCellTask, ThermalCellRecord]):
    """Finds the cell; force constants that were found are in the store, and not lost when it is stopped."""

    name = THERMAL_CELL
    task = ThermalCellTask
    record = ThermalCellRecord
    without_effect = OF_THE_PLAN | {"properties"}

    def said(self, resolved: ResolvedProblem, task: ThermalCellTask) -> str:
        """Of which crystal, counted from 1: ``cell of crystal 2 at 300 K``."""
        del resolved
        return f"cell of crystal {task.crystal.evaluation + 1} at {task.temperature:g} K"

    def computed(
        self, resolved: ResolvedProblem, task: ThermalCellTask, evaluator: Evaluator, workplace: Workplace
    ) -> ThermalCellRecord:
        """Find the cell."""
        from engine.evaluation.thermal_cell import ThermalCell

        save = workplace.save
        return ThermalCell(resolved, task, evaluator, workplace.on_call, workplace.checkpoint, save).found()
