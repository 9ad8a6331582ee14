"""The two Celery tasks; what they do is in ``advance`` and ``evaluation``."""

from __future__ import annotations

from celery import Celery

from service.messages import ADVANCE, EVALUATE
from service.worker.advance import run_advance
from service.worker.context import WorkerContext
from service.worker.evaluation import run_evaluation


def register(app: Celery, context: WorkerContext) -> None:
    """Bind both tasks to the context of this process."""

    def advance(job_id: str) -> None:
        run_advance(context, job_id)

    def evaluate(evaluation_id: int) -> None:
        run_evaluation(context, evaluation_id)

    app.task(name=ADVANCE)(advance)
    app.task(name=EVALUATE)(evaluate)
