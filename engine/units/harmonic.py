"""The unit ``harmonic``: force constants of a mean-field crystal, and its model at samples of the harmonic crystal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.dynamics import HARMONIC, HarmonicRecord, HarmonicTask
from engine.units.one_by_one import OneByOne
from engine.units.unit import OF_THE_PLAN

if TYPE_CHECKING:
    from engine.evaluation.evaluator import Evaluator
    from engine.problem.resolved import ResolvedProblem
    from engine.units.unit import Workplace


class Harmonic(OneByOne[HarmonicTask, HarmonicRecord]):
    """Samples the harmonic crystal; samples are independent, so that each batch is a task of its own."""

    name = HARMONIC
    task = HarmonicTask
    record = HarmonicRecord
    without_effect = OF_THE_PLAN | {"properties"}

    def said(self, resolved: ResolvedProblem, task: HarmonicTask) -> str:
        """Which samples they are, counted from 1: ``samples 17 to 32 at 300 K``."""
        del resolved
        if not task.pairs:
            return "force constants"
        first, last = task.first + 1, task.first + task.pairs
        if task.learned is not None:
            return f"samples {first} to {last} with an energy of bonds at {task.temperature:g} K"
        return f"samples {2 * first - 1} to {2 * last} at {task.temperature:g} K"

    def computed(
        self, resolved: ResolvedProblem, task: HarmonicTask, evaluator: Evaluator, workplace: Workplace
    ) -> HarmonicRecord:
        """Find the force constants, and sample."""
        from engine.evaluation.harmonic import HarmonicSamples

        save = workplace.save
        return HarmonicSamples(
            resolved, task, evaluator, workplace.on_call, workplace.checkpoint, save
        ).sampled()
